"""Finds, before publishing, what Home Assistant would refuse in a discovery payload.

`component_problems` names what costs one entity, `device_problems` what costs the whole device.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hub.mqtt.classes import CLASSES, NUMBERS, TEXTS, UNITLESS

PLATFORMS: Final = frozenset(CLASSES)
"""Platforms that the hub announces; every consumer since 2025.4 knows all of them."""

_REQUIRED: Final = {
    "binary_sensor": ("state_topic",),
    "button": ("command_topic",),
    "climate": (),
    "event": ("state_topic", "event_types"),
    "number": ("command_topic",),
    "select": ("command_topic", "options"),
    "sensor": ("state_topic",),
    "switch": ("command_topic",),
    "text": ("command_topic",),
    "update": ("state_topic",),
}
_ROOT: Final = frozenset(
    (
        "device",
        "origin",
        "components",
        "child_devices",
        "availability",
        "availability_mode",
        "availability_topic",
        "state_topic",
        "command_topic",
        "encoding",
        "qos",
        "migrate_discovery",
    )
)
_DEVICE: Final = frozenset(
    (
        "identifiers",
        "connections",
        "name",
        "manufacturer",
        "model",
        "model_id",
        "hw_version",
        "sw_version",
        "suggested_area",
        "serial_number",
        "via_device",
        "configuration_url",
    )
)
_ORIGIN: Final = frozenset(("name", "sw_version", "support_url"))
_STATE_CLASSES: Final = frozenset(("measurement", "measurement_angle", "total", "total_increasing"))
_ICON: Final = re.compile(r"[a-z0-9]+:[a-z0-9-]+")
_ENTITY_ID: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
_READ_ONLY: Final = frozenset(("binary_sensor", "sensor"))
_URL: Final = re.compile(r"https?://[^\s/]+", re.IGNORECASE)


def component_problems(component: Mapping[str, Any]) -> list[str]:
    """Return why an entity with these (long) keys would be refused; empty when it is fine."""
    platform = component.get("platform")
    if platform not in PLATFORMS:
        return [f"platform {platform!r} is not one that every consumer knows"]
    problems = list(_common(str(platform), component))
    check = _CHECKS.get(str(platform))
    if check is not None:
        problems += check(component)
    return problems


def device_problems(payload: Mapping[str, Any]) -> list[str]:
    """Return why a whole device payload with (long) keys would be refused."""
    problems = [f"unknown key {key}" for key in payload if key not in _ROOT]
    problems += _device(payload.get("device"))
    problems += _origin(payload.get("origin"))
    if "availability" in payload and "availability_topic" in payload:
        problems.append("availability and availability_topic exclude each other")
    problems += _availability(payload)
    if payload.get("qos", 0) not in (0, 1, 2):
        problems.append("qos must be 0, 1 or 2")
    components = payload.get("components")
    if not isinstance(components, dict):
        return [*problems, "components are missing"]
    for key, component in components.items():
        if component.get("platform") not in PLATFORMS:
            problems.append(f"component {key} has an unknown platform")
        elif len(component) > 1 and "unique_id" not in component:
            problems.append(f"component {key} has no unique_id")
    return problems


def _device(device: Any) -> Iterator[str]:
    if not isinstance(device, dict):
        yield "device is missing"
        return
    yield from (f"unknown key {key} in device" for key in device if key not in _DEVICE)
    yield from (f"{key} in device is null" for key, value in device.items() if value is None)
    if not device.get("identifiers") and not device.get("connections"):
        yield "device has neither identifiers nor connections"
    url = device.get("configuration_url")
    if url is not None and not _URL.match(str(url)):
        yield f"configuration_url {url!r} is not an http address"


def _origin(origin: Any) -> Iterator[str]:
    if not isinstance(origin, dict) or not origin.get("name"):
        yield "origin or its name is missing"
        return
    yield from (f"unknown key {key} in origin" for key in origin if key not in _ORIGIN)
    url = origin.get("support_url")
    if url is not None and not _URL.match(str(url)):
        yield f"url {url!r} of origin is not an http address"


def _availability(payload: Mapping[str, Any]) -> Iterator[str]:
    if payload.get("availability_mode", "latest") not in ("all", "any", "latest"):
        yield "availability_mode must be all, any or latest"
    for place in payload.get("availability", ()):
        extra = set(place) - {"topic", "payload_available", "payload_not_available"}
        if extra or not place.get("topic"):
            yield "an availability item has an unknown key or no topic"


def _common(platform: str, component: Mapping[str, Any]) -> Iterator[str]:
    if not component.get("unique_id"):
        yield "unique_id is missing"
    for key in _REQUIRED[platform]:
        if not component.get(key):
            yield f"{key} is missing"
    yield from _availability(component)
    device_class = component.get("device_class")
    if device_class is not None and device_class not in CLASSES[platform]:
        yield f"device class {device_class!r} is unknown for {platform}"
    icon = component.get("icon")
    if icon is not None and not _ICON.fullmatch(str(icon)):
        yield f"icon {icon!r} is not prefix:name"
    category = component.get("entity_category")
    if category not in (None, "config", "diagnostic"):
        yield f"entity category {category!r} is unknown"
    if category == "config" and platform in _READ_ONLY:
        yield f"entity category config is not for {platform}"
    wished = component.get("default_entity_id")
    if wished is not None and not _ENTITY_ID.fullmatch(str(wished)):
        yield f"default_entity_id {wished!r} has no domain"
    yield from _topics(component)


def _topics(component: Mapping[str, Any]) -> Iterator[str]:
    for key, value in component.items():
        if key.endswith("_topic") and (not isinstance(value, str) or set(value) & set("+#\0")):
            yield f"{key} is not a topic"


def _sensor(component: Mapping[str, Any]) -> Iterator[str]:
    yield from _unit(component)
    device_class = component.get("device_class")
    options, unit = component.get("options"), component.get("unit_of_measurement")
    state_class = component.get("state_class")
    if options is not None:
        if device_class != "enum":
            yield "options need device class enum"
        if state_class is not None or unit is not None:
            yield "options go with neither state class nor unit"
        if not options:
            yield "options are empty"
    if state_class is not None and state_class not in _STATE_CLASSES:
        yield f"state class {state_class!r} is unknown"
    if state_class == "measurement_angle" and unit != "°":
        yield "state class measurement_angle needs the unit °"
    if device_class in TEXTS and (unit is not None or state_class is not None):
        yield f"device class {device_class} goes with neither unit nor state class"


def _unit(component: Mapping[str, Any]) -> Iterator[str]:
    device_class, unit = component.get("device_class"), component.get("unit_of_measurement")
    allowed = NUMBERS.get(str(device_class))
    if allowed is None:
        return
    if unit is None and (device_class in UNITLESS or not allowed):
        return
    if unit not in allowed:
        yield f"unit {unit!r} is not one of device class {device_class}"


def _climate(component: Mapping[str, Any]) -> Iterator[str]:
    presets = component.get("preset_modes")
    if presets is not None and "none" in presets:
        yield "preset none is added by the consumer itself"
    if bool(presets) != ("preset_mode_command_topic" in component):
        yield "presets need a command topic and a command topic needs presets"
    if bool(component.get("fan_modes")) != ("fan_mode_command_topic" in component):
        yield "fan modes need a command topic and a command topic needs fan modes"
    if component.get("precision", 0.1) not in (0.1, 0.5, 1.0):
        yield "precision must be 0.1, 0.5 or 1"
    if component.get("temperature_unit", "C") not in ("C", "F"):
        yield "temperature unit must be C or F"
    if component.get("min_temp", 7) >= component.get("max_temp", 35):
        yield "min_temp must be below max_temp"


def _number(component: Mapping[str, Any]) -> Iterator[str]:
    yield from _unit(component)
    if component.get("min", 1) > component.get("max", 100):
        yield "min is above max"
    if component.get("step", 1) < 0.001:
        yield "step is below 0.001"
    if component.get("mode", "auto") not in ("auto", "box", "slider"):
        yield "mode must be auto, box or slider"


def _select(component: Mapping[str, Any]) -> Iterator[str]:
    if any(str(option).lower() == "none" for option in component.get("options") or ()):
        yield "an option called none can not be shown: it means unknown"


def _update(component: Mapping[str, Any]) -> Iterator[str]:
    if ("command_topic" in component) != ("payload_install" in component):
        yield "command_topic and payload_install belong together"


_CHECKS: Final[dict[str, Callable[[Mapping[str, Any]], Iterator[str]]]] = {
    "sensor": _sensor,
    "climate": _climate,
    "number": _number,
    "select": _select,
    "update": _update,
}
