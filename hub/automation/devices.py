"""Device triggers and conditions in the words of state and numeric_state.

Home Assistant's page writes them as `device_id`, `domain` (the kind of entity) and `type`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.limits import check_limits, limit
from hub.errors import NotFound
from hub.schema import entity_id, text

if TYPE_CHECKING:
    from hub.automation.world import World

Config = dict[str, Any]

_KEY: Final = re.compile(r"[0-9a-f]{32}")

_TOGGLES: Final = ("automation", "fan", "input_boolean", "light", "script", "switch", "update")

_ON_OFF: Final = {
    "bat_low": "not_bat_low",
    "charging": "not_charging",
    "co": "no_co",
    "cold": "not_cold",
    "connected": "not_connected",
    "gas": "no_gas",
    "hot": "not_hot",
    "light": "no_light",
    "moist": "not_moist",
    "motion": "no_motion",
    "moving": "not_moving",
    "not_locked": "locked",
    "occupied": "not_occupied",
    "opened": "not_opened",
    "plugged_in": "not_plugged_in",
    "powered": "not_powered",
    "present": "not_present",
    "problem": "no_problem",
    "running": "not_running",
    "smoke": "no_smoke",
    "sound": "no_sound",
    "tampered": "not_tampered",
    "turned_on": "turned_off",
    "unsafe": "not_unsafe",
    "update": "no_update",
    "vibration": "no_vibration",
}
"""What a binary sensor's `on` and `off` are called; a lock's sensor is on while it is open."""

_CLASSES: Final = {"battery_level": "battery"}
"""Types of sensors that are not called as their device class."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a device trigger or condition stands for."""

    kind: str
    """`state` or `numeric_state`."""
    entity_ids: list[str]
    config: Config


def _reference(value: object) -> str:
    """Accept an entity id, or the registry's key of an entity."""
    if isinstance(value, str) and _KEY.fullmatch(value) is not None:
        return value
    return entity_id(value)


FIELDS: Final[dict[vol.Marker, Any]] = {
    vol.Required("device_id"): text,
    vol.Required("domain"): text,
    vol.Required("type"): text,
    vol.Optional("entity_id"): _reference,
    vol.Optional("subtype"): text,
    vol.Optional("metadata"): dict,
    vol.Optional("above"): limit,
    vol.Optional("below"): limit,
    vol.Optional("for"): fields.period,
}

TRIGGER_FIELDS: Final[dict[vol.Marker, Any]] = {
    **FIELDS,
    vol.Optional("from"): fields.texts,
    vol.Optional("to"): fields.texts,
}

CONDITION_FIELDS: Final[dict[vol.Marker, Any]] = {
    **FIELDS,
    vol.Optional("hvac_mode"): text,
    vol.Optional("preset_mode"): text,
    vol.Optional("option"): text,
}


def trigger_config(config: Mapping[str, Any]) -> tuple[str, Config]:
    """Return the kind of trigger and its fields but the entities; raises `vol.Invalid`."""
    domain, type_ = config["domain"], config["type"]
    own: Config = {"for": config["for"]} if "for" in config else {}
    if domain in _TOGGLES:
        states = {"turned_on": ["on"], "turned_off": ["off"], "changed_states": ["on", "off"]}
        return "state", own | {"to": _one(states, type_)}
    if domain == "binary_sensor":
        return "state", own | {"to": [_one(_BINARY, type_)]}
    if domain == "sensor" or (domain, type_) == ("number", "value"):
        return "numeric_state", own | _limits(config)
    if domain == "climate":
        if type_ == "hvac_mode_changed":
            return "state", own | {"to": config.get("to")}
        attributes = {
            "current_temperature_changed": "current_temperature",
            "current_humidity_changed": "current_humidity",
        }
        attribute = _one(attributes, type_, "hvac_mode_changed")
        return "numeric_state", own | {"attribute": attribute} | _limits(config)
    if (domain, type_) == ("select", "current_option_changed"):
        chosen = {name: config[name] for name in ("from", "to") if name in config}
        return "state", own | (chosen or {"to": None})
    if (domain, type_) == ("button", "pressed"):
        return "state", own | {"to": None}
    raise _unsupported(config)


def condition_config(config: Mapping[str, Any]) -> tuple[str, Config]:
    """Return the kind of condition and its fields but the entities; raises `vol.Invalid`."""
    domain, type_ = config["domain"], config["type"]
    own: Config = {"for": config["for"]} if "for" in config else {}
    if domain in _TOGGLES:
        return "state", own | {"state": [_one({"is_on": "on", "is_off": "off"}, type_)]}
    if domain == "binary_sensor":
        return "state", own | {"state": [_one(_IS_BINARY, type_)]}
    if domain == "sensor" and type_.startswith("is_"):
        return "numeric_state", _limits(config)
    if domain == "climate":
        name = _one({"is_hvac_mode": "hvac_mode", "is_preset_mode": "preset_mode"}, type_)
        attribute = {"attribute": name} if name == "preset_mode" else {}
        return "state", own | attribute | {"state": [_needed(config, name)]}
    if (domain, type_) == ("select", "selected_option"):
        return "state", own | {"state": [_needed(config, "option")]}
    raise _unsupported(config)


def mapped(world: "World", config: Mapping[str, Any], found: tuple[str, Config]) -> Mapped:
    """Find the entities that are meant; raises `NotFound`."""
    kind, fields_ = found
    return Mapped(kind, _entities(world, config), fields_)


def _entities(world: "World", config: Mapping[str, Any]) -> list[str]:
    registry, device_id, domain = world.entity_registry, config["device_id"], config["domain"]
    if (named := config.get("entity_id")) is not None:
        entry = registry.by_key(named) if _KEY.fullmatch(named) else registry.get(named)
        if entry is None:
            raise NotFound(f"there is no entity {named}")
        return [entry.entity_id]
    if world.devices.get(device_id) is None:
        raise NotFound(f"there is no device {device_id}")
    entries = [
        entry
        for entry in registry.by_device(device_id)
        if entry.domain == domain and entry.disabled_by is None
    ]
    if domain in ("sensor", "binary_sensor") and (wanted := _class(config)) is not None:
        entries = [
            entry
            for entry in entries
            if wanted in (entry.device_class, entry.original_device_class)
        ]
    if not entries:
        raise NotFound(f"device {device_id} has no {domain} for {config['type']}")
    return [entry.entity_id for entry in entries]


def _class(config: Mapping[str, Any]) -> str | None:
    """Return the device class that a sensor's type names."""
    type_ = str(config["type"]).removeprefix("is_")
    if config["domain"] != "sensor" or type_ == "value":
        return None
    return _CLASSES.get(type_, type_)


def _limits(config: Mapping[str, Any]) -> Config:
    check_limits(config)
    return {name: config[name] for name in ("above", "below") if name in config}


def _needed(config: Mapping[str, Any], name: str) -> str:
    if name not in config:
        raise vol.Invalid(f"{name} is missing", path=[name])
    return str(config[name])


def _one(known: Mapping[str, Any], type_: str, *more: str) -> Any:
    if type_ not in known:
        words = ", ".join(sorted([*known, *more]))
        raise vol.Invalid(f"expected one of {words}", path=["type"])
    return known[type_]


def _unsupported(config: Mapping[str, Any]) -> vol.Invalid:
    return vol.Invalid(
        f"the type {config['type']} of {config['domain']} is not supported for devices: "
        "use the entity's state, or an event",
        path=["type"],
    )


_BINARY: Final = {
    **dict.fromkeys(_ON_OFF, "on"),
    **dict.fromkeys(_ON_OFF.values(), "off"),
}
_IS_BINARY: Final = {
    **{f"is_{name}": state for name, state in _BINARY.items() if not name.startswith("turned_")},
    "is_on": "on",
    "is_off": "off",
}
