"""What entities are made of, kind by kind, once they fit their registers.

Fields of an `EntitySpec`, beside those of all (enabled, category, icon, object_id):

sensor          device_class, state_class
binary_sensor   device_class, on: values or flag names that mean on; () = true, not 0, any flag
switch          device_class, on, off: values of the register; state: key of the register to read
select          options: labels
number          device_class, mode, min, max, step
button          device_class, value
climate         current_temperature, current_humidity, target_temperature: keys or None
                hvac_mode, fan_mode, preset_mode: {register, modes: {value: name}} or None
                hvac_action: {register, actions: {value: action}} or None
                heating, cooling: keys or None; not 0 = it does
                on_off: {register, on, off} or None
                fixed_mode, min_temp, max_temp, step

All values are as the register shows them; what is absent is None.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from integrations.modbus.mapping import ranges
from integrations.modbus.mapping.climates import climate
from integrations.modbus.mapping.fitting import Fields, Fitting, Tell
from integrations.modbus.mapping.models import EntitySpec, Register, Type, Value

_COMMON: Final = ("enabled", "category", "icon", "object_id")


def fit(fields: Fields, registers: Mapping[str, Register], tell: Tell) -> EntitySpec:
    """Return the entity; `tell` hears every reason why it does not fit, with its path."""
    fitting = Fitting(fields, registers, tell)
    kind = fields["kind"]
    own = _KINDS[kind](fitting)
    common = {name: fields.get(name) for name in _COMMON}
    key = fields.get("key") or fields["register"]
    return EntitySpec(
        kind=kind,
        key=key,
        name=_name(fields, key, registers.get(fields.get("register", ""))),
        registers=tuple(fitting.used),
        fields={**common, **own},
    )


def _name(fields: Fields, key: str, register: Register | None) -> str | None:
    """Return the name: its own, its register's, else the key in words; a climate is its device."""
    if "name" in fields:
        name: str | None = fields["name"]
        return name
    if fields["kind"] == "climate":
        return None
    named = "" if register is None or "key" in fields else register.name
    return named or key.replace("_", " ").capitalize()


def _sensor(fitting: Fitting) -> dict[str, Any]:
    fields = fitting.fields
    register = fitting.read("register")
    if fields.get("state_class"):
        fitting.number(register, "state_class")
    return {name: fields.get(name) for name in ("device_class", "state_class")}


def _binary_sensor(fitting: Fitting) -> dict[str, Any]:
    register, given = fitting.read("register"), fitting.fields.get("on")
    if given is None and register is not None and (register.labels or register.type is Type.STRING):
        fitting.tell(f"{register.key} shows {ranges.shows(register)}; say which mean on", "on")
    on = tuple(fitting.shown(register, value, "on", at) for at, value in enumerate(given or ()))
    return {"device_class": fitting.fields.get("device_class"), "on": on}


def _switch(fitting: Fitting) -> dict[str, Any]:
    fields = fitting.fields
    state = fitting.read("state") if "state" in fields else None
    on, off = fitting.on_off(fitting.written("register"))
    if state is not None and not _can_show(state, on, off):
        told = f"{state.key} shows {ranges.shows(state)}, but never both {on!r} and {off!r}"
        fitting.tell(f"{told}; name a register that shows the same values", "state")
    return {
        "device_class": fields.get("device_class"),
        "on": on,
        "off": off,
        "state": fields.get("state", fields["register"]),
    }


def _can_show(register: Register, *values: Value) -> bool:
    try:
        return all(ranges.as_shown(register, value) == value for value in values)
    except ValueError:
        return False


def _select(fitting: Fitting) -> dict[str, Any]:
    register = fitting.written("register")
    if register is None:
        return {"options": ()}
    if register.labels is None:
        fitting.tell(f"{register.key} has no enum; a select needs one", "register")
        return {"options": ()}
    labels = tuple(register.labels.values())
    options = tuple(fitting.fields.get("options", labels))
    for index, option in enumerate(options):
        if option not in labels:
            fitting.tell(f"{register.key} has no label {option!r}", "options", index)
        elif option in options[:index]:
            fitting.tell(f"{option!r} is listed twice; keep one", "options", index)
    return {"options": options}


def _number(fitting: Fitting) -> dict[str, Any]:
    fields = fitting.fields
    register = fitting.number(fitting.written("register"), "register")
    found = fitting.limits(register, ("min", "max", "step"), (-math.inf, math.inf))
    for name in ("min", "max"):
        if math.isinf(found[name]) and register is not None:
            fitting.tell(f"{register.key} has no limits; say min and max", name)
    return {"device_class": fields.get("device_class"), "mode": fields.get("mode", "auto"), **found}


def _button(fitting: Fitting) -> dict[str, Any]:
    register = fitting.written("register")
    value = fitting.value(register, fitting.fields["value"], "value")
    return {"device_class": fitting.fields.get("device_class"), "value": value}


_KINDS: Final[Mapping[str, Callable[[Fitting], dict[str, Any]]]] = {
    "sensor": _sensor,
    "binary_sensor": _binary_sensor,
    "switch": _switch,
    "select": _select,
    "number": _number,
    "button": _button,
    "climate": climate,
}
