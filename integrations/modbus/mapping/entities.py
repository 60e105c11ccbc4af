"""What the entities of a register map may say, kind by kind; whether it fits is `fitting`."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import boolean, described, slug
from integrations.modbus.mapping.validators import (
    Validator,
    label,
    listing,
    number,
    one_of,
    record,
    shown,
    table,
    words,
)

MODES: Final = ("off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only")
ACTIONS: Final = ("off", "heating", "cooling", "idle", "drying", "fan")

_REGISTER: Final = {vol.Required("register", description="Key of its register"): slug}
_DEVICE_CLASS: Final = {
    vol.Optional("device_class", description="What is measured or switched, such as energy"): words(
        50
    )
}


def _key(marker: type[vol.Marker], told: str) -> dict[Any, Any]:
    return {marker("key", description=told): slug}


_COMMON: Final[dict[Any, Any]] = {
    vol.Optional("name", description="What people call it; null = as its device"): vol.Any(
        None, words(100)
    ),
    vol.Optional("category", description="Not for everyday use: where the page puts it"): one_of(
        "diagnostic", "config"
    ),
    vol.Optional("enabled", default=True, description="Whether it is on from the start"): boolean,
    vol.Optional("icon", description="Such as mdi:flash"): words(60),
    vol.Optional("object_id", description="Suggested second half of its entity id"): slug,
}
_OWN_KEY: Final = _key(vol.Optional, "Part of its unique id; as its register when left out")


def _kind(name: str, *fields: Mapping[Any, Any]) -> Validator:
    found: dict[Any, Any] = {vol.Required("kind", description="What it is"): one_of(name)}
    for more in (*fields, _COMMON):
        found |= more
    return record(found)


def _choice(what: str, values: Any, told: str) -> Validator:
    """Accept a register and what its shown values mean."""
    return record(
        {**_REGISTER, vol.Required(what, description=told): table(label, values, 64, what)}
    )


def _temperature(name: str, told: str, low: float = -100) -> dict[Any, Any]:
    return {vol.Optional(name, description={"description": told, "unit": "°C"}): number(low, 1000)}


_SWITCHED: Final[dict[Any, Any]] = {
    vol.Optional("on", description="Value that turns it on; default 1"): shown,
    vol.Optional("off", description="Value that turns it off; default 0"): shown,
}
_CLIMATE: Final[dict[Any, Any]] = {
    vol.Optional("current_temperature", description="Register of the measured one"): slug,
    vol.Optional("current_humidity", description="Register of the measured one, percent"): slug,
    vol.Optional("target_temperature", description="Register of the set point"): slug,
    vol.Optional("hvac_mode", description="Register of the mode"): _choice(
        "modes", one_of(*MODES), "Mode of each value that the register shows"
    ),
    vol.Optional("on_off", description="Register that turns it on and off"): record(
        {**_REGISTER, **_SWITCHED}
    ),
    vol.Optional("hvac_action", description="Register of what it is doing"): _choice(
        "actions", one_of(*ACTIONS), "Action of each value that the register shows"
    ),
    vol.Optional("heating", description="Register that is not 0 while it heats, as of a valve"): (
        slug
    ),
    vol.Optional("cooling", description="Register that is not 0 while it cools"): slug,
    vol.Optional("fan_mode", description="Register of the fan's stage"): _choice(
        "modes", label, "Name of each value that the register shows"
    ),
    vol.Optional("preset_mode", description="Register of the preset"): _choice(
        "modes", label, "Name of each value that the register shows"
    ),
    vol.Optional("fixed_mode", description="Mode when no register tells it; default heat"): one_of(
        *MODES[1:]
    ),
    **_temperature("min_temp", "Lowest set point; default: as the register is written, or 7"),
    **_temperature("max_temp", "Highest set point; default: as the register is written, or 35"),
    **_temperature("step", "Distance of set points; default: as the register, or 0.5", 0.001),
}
_NUMBER: Final[dict[Any, Any]] = {
    vol.Optional("mode", default="auto", description="How the page shows it"): one_of(
        "auto", "box", "slider"
    ),
    vol.Optional("min", description="Default: as the register is written"): number(),
    vol.Optional("max", description="Default: as the register is written"): number(),
    vol.Optional("step", description="Default: as the register is written"): number(1e-9, 1e9),
}
_STATE_CLASS: Final[dict[Any, Any]] = {
    vol.Optional("state_class", description="How the number behaves over time"): one_of(
        "measurement", "total", "total_increasing"
    )
}
_ON: Final[dict[Any, Any]] = {
    vol.Optional(
        "on", description="Values or flags that mean on; default: true, not 0, any flag"
    ): listing(shown, 1, 64, "values")
}
_STATE: Final[dict[Any, Any]] = {
    vol.Optional("state", description="Register that shows whether it is on; default: the same"): (
        slug
    )
}
_OPTIONS: Final[dict[Any, Any]] = {
    vol.Optional("options", description="Labels that are offered; default: all"): listing(
        label, 1, 256, "labels"
    )
}
_VALUE: Final[dict[Any, Any]] = {
    vol.Required("value", description="What a press writes, as the register shows it"): shown
}

KINDS: Final[Mapping[str, Validator]] = {
    "sensor": _kind("sensor", _REGISTER, _OWN_KEY, _DEVICE_CLASS, _STATE_CLASS),
    "binary_sensor": _kind("binary_sensor", _REGISTER, _OWN_KEY, _DEVICE_CLASS, _ON),
    "switch": _kind("switch", _REGISTER, _OWN_KEY, _DEVICE_CLASS, _SWITCHED, _STATE),
    "select": _kind("select", _REGISTER, _OWN_KEY, _OPTIONS),
    "number": _kind("number", _REGISTER, _OWN_KEY, _DEVICE_CLASS, _NUMBER),
    "button": _kind("button", _REGISTER, _OWN_KEY, _DEVICE_CLASS, _VALUE),
    "climate": _kind("climate", _key(vol.Required, "Part of its unique id"), _CLIMATE),
}
"""The kinds of entities, each with its own fields."""


@described(schema=vol.Any(*KINDS.values()))
def entity(value: object) -> dict[str, Any]:
    """Accept the fields of the entity's kind."""
    if not isinstance(value, dict):
        raise vol.Invalid("expected a mapping with kind, register ...")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise vol.Invalid(f"expected one of {', '.join(KINDS)}", path=["kind"])
    found: dict[str, Any] = KINDS[kind](value)
    return found
