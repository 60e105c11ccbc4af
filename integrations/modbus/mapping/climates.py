"""What a thermostat is made of: temperatures, modes and what it is doing, each of a register."""

from typing import Any, Final

from integrations.modbus.mapping import ranges
from integrations.modbus.mapping.fitting import Fitting
from integrations.modbus.mapping.models import Type
from integrations.modbus.mapping.units import as_celsius

_CHOICES: Final = {
    "hvac_mode": "modes",
    "fan_mode": "modes",
    "preset_mode": "modes",
    "hvac_action": "actions",
}


def climate(fitting: Fitting) -> dict[str, Any]:
    """Return the fields of a climate entity."""
    fields = fitting.fields
    found: dict[str, Any] = {}
    for name in ("current_temperature", "target_temperature", "current_humidity"):
        writes = name == "target_temperature"
        register = fitting.written(name) if writes else fitting.read(name)
        fitting.number(register, name)
        found[name] = fields.get(name)
    for name, values in _CHOICES.items():
        found[name] = _choice(fitting, name, values)
    for name in ("heating", "cooling"):
        found[name] = _output(fitting, name)
    found["on_off"] = None
    if "on_off" in fields:
        on, off = fitting.on_off(fitting.written("on_off", "register"), "on_off")
        found["on_off"] = {"register": fields["on_off"]["register"], "on": on, "off": off}
    if not any(found.values()):
        fitting.tell("needs at least one register, such as current_temperature", "kind")
    if "fixed_mode" in fields and "hvac_mode" in fields:
        fitting.tell("hvac_mode tells the mode already; leave fixed_mode out", "fixed_mode")
    found["fixed_mode"] = fields.get("fixed_mode", "heat")
    return found | _temperatures(fitting)


def _output(fitting: Fitting, name: str) -> str | None:
    """Return a register that says by a number or a bit whether something runs."""
    if name not in fitting.fields:
        return None
    register = fitting.read(name)
    if register is not None and register.type is not Type.BOOL:
        fitting.number(register, name)
    if "hvac_action" in fitting.fields:
        fitting.tell(f"hvac_action tells what it is doing already; leave {name} out", name)
    key: str = fitting.fields[name]
    return key


def _choice(fitting: Fitting, name: str, values: str) -> dict[str, Any] | None:
    """Return a register and what each of its values means."""
    if name not in fitting.fields:
        return None
    is_action = values == "actions"
    find, check = (fitting.read, fitting.shown) if is_action else (fitting.written, fitting.value)
    given, register = fitting.fields[name], find(name, "register")
    meant: dict[Any, str] = {}
    for text, meaning in given[values].items():
        value = check(register, text, name, values, text)
        if value in meant:
            fitting.tell(f"{text!r} is the same value as another; keep one", name, values, text)
        meant[value] = meaning
    return {"register": given["register"], values: meant}


def _temperatures(fitting: Fitting) -> dict[str, float]:
    register = fitting.registers.get(fitting.fields.get("target_temperature", ""))
    if register is None or not ranges.is_number(register):
        return fitting.limits(None, ("min_temp", "max_temp", "step"), (7, 35)) | {
            "step": fitting.fields.get("step", 0.5)
        }
    register = as_celsius(register)
    write = register.write
    low, high = (register.low, register.high) if write is None else (write.low, write.high)
    usual = 7 if low is None else low, 35 if high is None else high
    found = fitting.limits(register, ("min_temp", "max_temp", "step"), usual)
    finest = ranges.step(register)
    fits_half = (0.5 / finest).is_integer() and (write is None or write.step is None)
    found["step"] = fitting.fields.get("step", 0.5 if fits_half else finest)
    return found
