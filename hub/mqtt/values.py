"""From a state to what lies on its topics: pure functions, bytes out."""

from collections.abc import Callable
from typing import Any, Final

from hub.const import UNAVAILABLE, UNKNOWN
from hub.mqtt.topics import OFFLINE, ONLINE
from hub.states import State
from hub.util.json import dumps

NONE: Final = b"None"
"""What Home Assistant reads as "unknown" on every platform."""

_SWITCHED: Final = frozenset(("binary_sensor", "switch", "update", "input_boolean"))
_ON_OFF: Final = {"on": b"ON", "off": b"OFF"}
_CLIMATE: Final = (
    ("temperature", "temperature"),
    ("current_temperature", "current_temperature"),
    ("current_humidity", "current_humidity"),
    ("action", "hvac_action"),
)
_CLIMATE_OPTIONAL: Final = (
    ("temperature_low", "target_temp_low"),
    ("temperature_high", "target_temp_high"),
    ("humidity", "humidity"),
    ("preset", "preset_mode"),
    ("fan_mode", "fan_mode"),
    ("swing_mode", "swing_mode"),
)
_CAPABILITY: Final = {
    "preset": "preset_modes",
    "fan_mode": "fan_modes",
    "swing_mode": "swing_modes",
}
_UPDATE_KEYS: Final = (
    "installed_version",
    "latest_version",
    "title",
    "release_summary",
    "release_url",
    "in_progress",
    "update_percentage",
)
_NOT_EVENT_DATA: Final = frozenset(
    ("event_types", "friendly_name", "device_class", "icon", "supported_features")
)


def main_value(state: State) -> bytes:
    """Return the plain text of the state topic: never empty, `None` when there is no value."""
    value = state.state
    if value in (UNKNOWN, UNAVAILABLE, ""):
        return NONE
    if state.domain in _SWITCHED:
        return _ON_OFF.get(value, NONE)
    return value.encode("utf-8", "replace")


def availability(state: State | None) -> bytes:
    """Return `online` for an entity that is reached."""
    return OFFLINE if state is None or state.state == UNAVAILABLE else ONLINE


def payloads(state: State) -> dict[str, bytes]:
    """Return every retained payload of an entity by the last level of its topic."""
    found = {"state": main_value(state), "attributes": state.attributes_json}
    found.update(extras(state) or {})
    found["availability"] = availability(state)
    return found


def extras(state: State) -> dict[str, bytes] | None:
    """Return the payloads that only some kinds have; None for a kind without any."""
    build = _EXTRA.get(state.domain)
    return None if build is None else build(state)


def event_payload(old: State | None, new: State) -> bytes | None:
    """Return the JSON of an event that just happened; None when none did."""
    event_type = new.attributes.get("event_type")
    if new.domain != "event" or event_type is None or new.state in (UNKNOWN, UNAVAILABLE):
        return None
    if old is None or old.state in (new.state, UNAVAILABLE):
        return None
    data = {key: value for key, value in new.attributes.items() if key not in _NOT_EVENT_DATA}
    return dumps(data)


def scalar(value: Any) -> bytes:
    """Return a value as plain text: shortest decimals, `None` for nothing."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return b"ON" if value else b"OFF"
    if isinstance(value, float) and value.is_integer():
        return str(int(value)).encode()
    return str(value).encode()


def _climate(state: State) -> dict[str, bytes]:
    gone = state.state == UNAVAILABLE
    found = {"mode": main_value(state)}
    attributes = state.attributes
    for level, key in _CLIMATE:
        found[level] = NONE if gone else scalar(attributes.get(key))
    for level, key in _CLIMATE_OPTIONAL:
        if key in attributes or attributes.get(_CAPABILITY.get(level, "")):
            found[level] = NONE if gone else scalar(attributes.get(key))
    return found


def _update(state: State) -> dict[str, bytes]:
    attributes = state.attributes
    return {
        "update": dumps({key: attributes.get(key) for key in _UPDATE_KEYS if key in attributes})
    }


_EXTRA: Final[dict[str, Callable[[State], dict[str, bytes]]]] = {
    "climate": _climate,
    "update": _update,
}
