"""Temperatures of thermostats: what is measured, and the set point of each mode."""

from collections.abc import Mapping
from typing import Any, Final

from integrations.modbus.importing.draft import Spec, Want
from integrations.modbus.importing.entity import HOLDING, TABLES, Entity
from integrations.modbus.importing.formats import Form, Format, decimals, formats, numbers
from integrations.modbus.importing.parts import Part

BY_REGISTER: Final = ("auto", "cool", "dry", "fan_only", "heat", "heat_cool", "off")
"""The mode that each of seven set point registers is of."""
PREFERRED: Final = ("heat", "cool", "heat_cool", "auto", "dry", "fan_only", "off")


class Climate:
    """One thermostat: the registers it needs, and its spec with their places in that list."""

    def __init__(self, entity: Entity) -> None:
        """Begin with nothing."""
        self.entity = entity
        self.part = entity.part
        self.wants: list[Want] = []
        self.fields: Spec = {}
        self.beside: list[tuple[int, Spec]] = []
        """Other entities, each with the number of its register."""

    def need(self, want: Want) -> int:
        """Return the number of a register."""
        self.wants.append(want)
        return len(self.wants) - 1


def temperatures(made: Climate) -> None:
    """Add the registers of what is measured and of every set point."""
    part, entity = made.part, made.entity
    custom = part.raw("data_type") == "custom"
    found = formats(part)
    if len(found) > 1 or found[0].is_text:
        raise part.unfit("a temperature is a single number", "make sensors of its words")
    one, fahrenheit = found[0], part.text("temperature_unit", "C") == "F"
    if fahrenheit:
        part.do("temperature_unit", "degrees Fahrenheit", "the hub shows degrees Celsius")
    current = _form(part, one, "current", custom=custom)
    target = _form(part, one, "target", custom=custom)
    limits = _limits(part, one, target)
    addresses = _addresses(part)
    table = TABLES[part.choice("input_type", ("holding", "input"), HOLDING)]
    address = part.whole("address")
    if table == HOLDING and address in addresses and _but_precision(current, target):
        current = target
    shared: dict[str, Any] = {"words": one.words, "unit": "°F" if fahrenheit else "°C"}
    made.fields["current_temperature"] = made.need(
        entity.words("current", table, address + one.at, current, **shared)
    )
    write: dict[str, Any] = {}
    if part.flag("target_temp_write_registers"):
        write["function"] = "multiple"
    if fahrenheit:
        # Limits of a definition's climates are degrees Celsius, those of a register its own.
        write |= dict(zip(("min", "max", "step"), limits, strict=True))
    else:
        made.fields |= dict(zip(("min_temp", "max_temp", "step"), limits, strict=True))
    main = _main(part, addresses)
    for number in dict.fromkeys([main, *addresses]):
        want = entity.words(
            "target" if number == main else f"target_{number}",
            HOLDING, number + one.at, target, write=dict(write), **shared,
        )  # fmt: skip
        at = made.need(want)
        if number == main:
            made.fields["target_temperature"] = at
        else:
            fields = {} if fahrenheit else dict(zip(("min", "max", "step"), limits, strict=True))
            made.beside.append((at, {**_set_point(entity, addresses, number), **fields}))
    if made.beside:
        names = [f"number.{spec['object_id']}" for _, spec in made.beside]
        part.do(
            "target_temp_register", "each mode has its own set point",
            f"the climate sets register {main}; the others are {', '.join(names)}",
        )  # fmt: skip


def _addresses(part: Part) -> list[int]:
    addresses = part.wholes("target_temp_register")
    if not addresses:
        raise part.unfit("target_temp_register is missing", "make a sensor of it")
    if len(addresses) not in (1, len(BY_REGISTER)):
        raise part.unfit(f"target_temp_register has {len(addresses)} registers, not 1 or 7")
    return addresses


def _form(part: Part, one: Format, which: str, *, custom: bool) -> Form:
    scale = part.real(f"{which}_temp_scale", part.real("scale", 1))
    offset = part.real(f"{which}_temp_offset", part.real("offset", 0))
    return numbers(part, one, scale, offset, custom=custom)


def _but_precision(one: Form, other: Form) -> bool:
    return {**one, "precision": None} == {**other, "precision": None}


def _limits(part: Part, one: Format, target: Form) -> tuple[float, float, float]:
    """Return lowest, highest and step, and let the set point's precision keep up with the step."""
    low, high = part.real("min_temp", 5), part.real("max_temp", 35)
    step = part.real("temp_step", 0.5)
    if one.is_whole:
        low, high, step = _held(part, one, target, low, high, step)
    if step <= 0 or low >= high:
        raise part.unfit(f"min_temp {low:g}, max_temp {high:g}, temp_step {step:g}: nothing to set")
    precision = target.get("precision")
    if precision is not None and precision < decimals(step):
        target["precision"] = decimals(step)
        part.note(
            "precision" if "precision" in part else None,
            f"the set point is shown with {decimals(step)} decimals, not {precision}: "
            "its step needs them",
        )
    return low, high, step


def _held(
    part: Part, one: Format, target: Form, low: float, high: float, step: float
) -> tuple[float, float, float]:
    """Return limits and step that a register of whole numbers can hold."""
    scale, offset = target.get("scale", 1), target.get("offset", 0)
    bits = 16 * one.words
    signed = not one.form["type"].startswith("u")
    ends = [
        raw * scale + offset
        for raw in ((-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1))
    ]
    if low < min(ends) or high > max(ends):
        low, high = max(low, min(ends)), min(high, max(ends))
        part.note(None, f"set points are from {low:g} to {high:g}: its register holds no others")
    if step < abs(scale):
        part.do(
            "temp_step" if "temp_step" in part else None,
            f"a temp_step of {step:g} is finer than its register, which holds steps of "
            f"{abs(scale):g}",
            f"the step is {abs(scale):g}",
        )  # fmt: skip
        step = abs(scale)
    return low, high, step


def _main(part: Part, addresses: list[int]) -> int:
    """Return the set point register of the mode that matters most."""
    if len(addresses) == 1:
        return addresses[0]
    values = part.raw("hvac_mode_register")
    given = values.get("values", {}) if isinstance(values, Mapping) else {}
    there = [mode for mode in PREFERRED if f"state_{mode}" in given or mode in given]
    return addresses[BY_REGISTER.index((there or ["auto"])[0])]


def _set_point(entity: Entity, addresses: list[int], address: int) -> Spec:
    """Return a number for the set point of other modes."""
    modes = [mode for mode, at in zip(BY_REGISTER, addresses, strict=True) if at == address]
    words = " ".join(modes).replace("_", " ")
    spec = entity.spec("number", f"target {words}", category="config")
    return {**spec, "suffix": f"target_{'_'.join(modes)}"}
