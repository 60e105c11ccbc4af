"""Whether entities fit their registers, and what they are made of once they do.

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
                on_off: {register, on, off} or None
                fixed_mode, min_temp, max_temp, step

All values are as the register shows them; what is absent is None.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from integrations.modbus.mapping import ranges
from integrations.modbus.mapping.models import EntitySpec, Register, Type, Value

Fields = Mapping[str, Any]
Tell = Callable[..., None]
"""Takes a message and the path of the field below the entity."""

_COMMON: Final = ("enabled", "category", "icon", "object_id")
_CHOICES: Final = {"hvac_mode": "modes", "fan_mode": "modes", "preset_mode": "modes"}


class _Fitting:
    """One entity beside the registers of its map."""

    def __init__(self, fields: Fields, registers: Mapping[str, Register], tell: Tell) -> None:
        self.fields = fields
        self.registers = registers
        self.tell = tell
        self.used: list[str] = []

    def register(self, *path: str) -> Register | None:
        """Return the register that a field names; None when there is none."""
        found: Any = self.fields
        for name in path:
            found = None if found is None else found.get(name)
        if found is None:
            return None
        register = self.registers.get(found)
        if register is None:
            self.tell(f"there is no register {found}", *path)
            return None
        if found not in self.used:
            self.used.append(found)
        return register

    def read(self, *path: str) -> Register | None:
        """Return a register that is read."""
        register = self.register(*path)
        if register is not None and not register.is_read:
            self.tell(f"{register.key} is never read: access is write", *path)
        return register

    def written(self, *path: str) -> Register | None:
        """Return a register that is written."""
        register = self.register(*path)
        if register is not None and register.write is None:
            self.tell(f"{register.key} is not written; give it write: {{}}", *path)
        return register

    def number(self, register: Register | None, *path: str) -> Register | None:
        """Return the register when it shows a number."""
        if register is not None and not ranges.is_number(register):
            self.tell(f"{register.key} shows {ranges.shows(register)}, no number", *path)
            return None
        return register

    def value(self, register: Register | None, value: Any, *path: str | int) -> Value:
        """Return a value as the register shows it."""
        if register is None:
            return value  # type: ignore[no-any-return]  # told already
        try:
            return ranges.as_shown(register, value)
        except ValueError as error:
            self.tell(f"{register.key}: {error}", *path)
            return value  # type: ignore[no-any-return]  # told


def fit(fields: Fields, registers: Mapping[str, Register], tell: Tell) -> EntitySpec:
    """Return the entity; `tell` hears every reason why it does not fit, with its path."""
    fitting = _Fitting(fields, registers, tell)
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
        return fields["name"]  # type: ignore[no-any-return]
    if fields["kind"] == "climate":
        return None
    named = "" if register is None or "key" in fields else register.name
    return named or key.replace("_", " ").capitalize()


def _sensor(fitting: _Fitting) -> dict[str, Any]:
    fields = fitting.fields
    register = fitting.read("register")
    if fields.get("state_class"):
        fitting.number(register, "state_class")
    return {name: fields.get(name) for name in ("device_class", "state_class")}


def _binary_sensor(fitting: _Fitting) -> dict[str, Any]:
    register, given = fitting.read("register"), fitting.fields.get("on")
    if given is None and register is not None and (register.labels or register.type is Type.STRING):
        fitting.tell(f"{register.key} shows {ranges.shows(register)}; say which mean on", "on")
    on = tuple(fitting.value(register, value, "on", at) for at, value in enumerate(given or ()))
    return {"device_class": fitting.fields.get("device_class"), "on": on}


def _switch(fitting: _Fitting) -> dict[str, Any]:
    state = fitting.read("state") if "state" in fitting.fields else None
    register = fitting.written("register")
    on, off = _on_off(fitting, register)
    if state is not None:
        for name, value in (("on", on), ("off", off)):
            if name in fitting.fields:
                fitting.value(state, value, name)
    shown = fitting.fields.get("state", fitting.fields["register"])
    return {
        "device_class": fitting.fields.get("device_class"),
        "on": on,
        "off": off,
        "state": shown,
    }


def _on_off(fitting: _Fitting, register: Register | None, *path: str) -> tuple[Value, Value]:
    """Return the values for on and off, told apart."""
    fields: Fields = fitting.fields
    for name in path:
        fields = fields[name]
    if register is not None and register.flags is not None:
        fitting.tell(f"{register.key} shows flags; make a register of its bit", *path, "register")
        return 1, 0
    on = fitting.value(register, fields.get("on", True), *path, "on")
    off = fitting.value(register, fields.get("off", False), *path, "off")
    if on == off:
        fitting.tell("on and off are the same value; name two", *path, "off")
    return on, off


def _select(fitting: _Fitting) -> dict[str, Any]:
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


def _number(fitting: _Fitting) -> dict[str, Any]:
    fields = fitting.fields
    register = fitting.number(fitting.written("register"), "register")
    found = _limits(fitting, register, ("min", "max", "step"), (-math.inf, math.inf))
    for name in ("min", "max"):
        if math.isinf(found[name]) and register is not None:
            fitting.tell(f"{register.key} has no limits; say min and max", name)
    return {"device_class": fields.get("device_class"), "mode": fields.get("mode", "auto"), **found}


def _limits(
    fitting: _Fitting,
    register: Register | None,
    names: tuple[str, str, str],
    usual: tuple[float, float],
) -> dict[str, float]:
    """Return lowest, highest and step: as said, else as the register is written."""
    first, last, step = names
    low, high = (-math.inf, math.inf) if register is None else ranges.writable(register)
    for name in (first, last):
        if name in fitting.fields and not low <= fitting.fields[name] <= high:
            fitting.tell(f"outside what may be written: {low:g} to {high:g}", name)
    lowest = fitting.fields.get(first, max(low, usual[0]))
    highest = fitting.fields.get(last, min(high, usual[1]))
    if lowest >= highest:
        fitting.tell(
            f"{lowest:g} is not below {highest:g}", last if last in fitting.fields else first
        )
    by_register = None if register is None else ranges.step(register)
    return {first: lowest, last: highest, step: fitting.fields.get(step, by_register or 0.1)}


def _button(fitting: _Fitting) -> dict[str, Any]:
    register = fitting.written("register")
    value = fitting.value(register, fitting.fields["value"], "value")
    return {"device_class": fitting.fields.get("device_class"), "value": value}


def _climate(fitting: _Fitting) -> dict[str, Any]:
    fields = fitting.fields
    found: dict[str, Any] = {}
    for name in ("current_temperature", "target_temperature", "current_humidity"):
        writes = name == "target_temperature"
        register = fitting.written(name) if writes else fitting.read(name)
        fitting.number(register, name)
        found[name] = fields.get(name)
    for name, values in _CHOICES.items():
        found[name] = _choice(fitting, fitting.written, name, values)
    found["hvac_action"] = _choice(fitting, fitting.read, "hvac_action", "actions")
    found["on_off"] = None
    if "on_off" in fields:
        on, off = _on_off(fitting, fitting.written("on_off", "register"), "on_off")
        found["on_off"] = {"register": fields["on_off"]["register"], "on": on, "off": off}
    if not any(found.values()):
        fitting.tell("needs at least one register, such as current_temperature", "kind")
    if "fixed_mode" in fields and "hvac_mode" in fields:
        fitting.tell("hvac_mode tells the mode already; leave fixed_mode out", "fixed_mode")
    found["fixed_mode"] = fields.get("fixed_mode", "heat")
    return found | _temperatures(fitting)


def _choice(
    fitting: _Fitting, find: Callable[..., Register | None], name: str, values: str
) -> dict[str, Any] | None:
    """Return a register and what each of its values means."""
    if name not in fitting.fields:
        return None
    given = fitting.fields[name]
    register = find(name, "register")
    meant: dict[Value, str] = {}
    for text, meaning in given[values].items():
        value = fitting.value(register, text, name, values, text)
        if value in meant:
            fitting.tell(f"{text!r} is the same value as another; keep one", name, values, text)
        meant[value] = meaning
    return {"register": given["register"], values: meant}


def _temperatures(fitting: _Fitting) -> dict[str, float]:
    register = fitting.registers.get(fitting.fields.get("target_temperature", ""))
    if register is None or not ranges.is_number(register):
        return _limits(fitting, None, ("min_temp", "max_temp", "step"), (7, 35)) | {
            "step": fitting.fields.get("step", 0.5)
        }
    write = register.write
    low, high = (register.low, register.high) if write is None else (write.low, write.high)
    usual = 7 if low is None else low, 35 if high is None else high
    found = _limits(fitting, register, ("min_temp", "max_temp", "step"), usual)
    finest = ranges.step(register)
    fits_half = (0.5 / finest).is_integer() and (write is None or write.step is None)
    found["step"] = fitting.fields.get("step", 0.5 if fits_half else finest)
    return found


_KINDS: Final[Mapping[str, Callable[[_Fitting], dict[str, Any]]]] = {
    "sensor": _sensor,
    "binary_sensor": _binary_sensor,
    "switch": _switch,
    "select": _select,
    "number": _number,
    "button": _button,
    "climate": _climate,
}
