"""Sensors and binary sensors."""

from typing import Final

from integrations.modbus.importing.draft import Spec, Want
from integrations.modbus.importing.entity import BITS, TABLES, Entity
from integrations.modbus.importing.formats import formats, numbers
from integrations.modbus.importing.parts import Part

STATE_CLASSES: Final = ("measurement", "total", "total_increasing")
MOST: Final = 2000
_SAME: Final = {
    "min_value": "what is below is shown as it is, not as {}",
    "max_value": "what is above is shown as it is, not as {}",
    "zero_suppress": "what is within {} of 0 is shown as it is, not as 0",
}


def sensor(entity: Entity) -> None:
    """Take over a sensor, or the several that `virtual_count` or a structure makes."""
    part = entity.part
    table = TABLES[part.choice("input_type", ("holding", "input"), "holding")]
    address = part.whole("address")
    custom = part.raw("data_type") == "custom"
    found = formats(part)
    scale, offset = part.real("scale", 1), part.real("offset", 0)
    forms = [numbers(part, one, scale, offset, custom=custom) for one in found]
    unit, shown = _unit(part), _shown(part, text=found[0].is_text)
    if len(found) > 1:
        several = f"{entity.name} 1 to {entity.name} {len(found)}"
        part.do(
            "structure", f"{entity.name} is {len(found)} values in one text",
            f"they are sensors of their own: {several}",
        )  # fmt: skip
        places = [(address + one.at, number) for number, one in enumerate(found, 1)]
    else:
        count = _count(part, why="is refused beside it" if custom else "")
        first = address + found[0].at
        places = [(first + number * found[0].words, number) for number in range(count + 1)]
        forms *= count + 1
        found *= count + 1
    part.finish()
    for one, form, (at, number) in zip(found, forms, places, strict=True):
        own = entity.numbered(number)

        def make(register: str, own: Entity = own) -> list[Spec]:
            return [own.spec("sensor", register=register, **shown)]

        interval = entity.interval
        own.add([Want("", table, at, form, words=one.words, unit=unit, interval=interval)], make)


def _shown(part: Part, *, text: bool) -> Spec:
    """Return what is shown beside the value, and tell what is done to the value no more."""
    shown = {"device_class": part.word("device_class"), "state_class": _state_class(part)}
    for key, told in _SAME.items():
        if key in part:
            todo = "min and max of its register make such values unknown"
            part.left_out(key, f"{key}: {told.format(part.raw(key))}", todo)
    if text:
        if shown.pop("state_class", None):
            part.note("state_class", "a text has no state_class")
        part.ignored("scale", "offset", "precision", why="has no effect on a text")
    return shown


def binary_sensor(entity: Entity) -> None:
    """Take over a binary sensor: one bit, or the lowest of a word."""
    part = entity.part
    table = TABLES[part.choice("input_type", tuple(TABLES), "coil")]
    address = part.whole("address")
    device_class = part.word("device_class")
    count = _count(part)
    part.finish()
    form: Spec = {} if table in BITS else {"bit": 0}
    for number in range(count + 1):
        own = entity.numbered(number)

        def make(register: str, own: Entity = own) -> list[Spec]:
            return [own.spec("binary_sensor", register=register, device_class=device_class)]

        own.add([own.words("", table, address + number, form)], make)


def _count(part: Part, why: str = "") -> int:
    """Return how many of the same kind follow."""
    found = 0
    for key in ("virtual_count", "slave_count"):
        if key in part:
            found = part.whole(key, high=MOST)
            if why and found:
                part.note(key, f"{key} {why}")
                found = 0
    return found


def _unit(part: Part) -> str | None:
    unit = part.word("unit_of_measurement")
    if unit is not None and len(unit) > 20:
        part.left_out("unit_of_measurement", "the unit has more than 20 characters")
        return None
    if unit == "°F":
        part.do("unit_of_measurement", "degrees Fahrenheit", "the hub shows degrees Celsius")
    return unit


def _state_class(part: Part) -> str | None:
    found = part.word("state_class")
    if found is not None and found not in STATE_CLASSES:
        known = ", ".join(STATE_CLASSES)
        part.left_out("state_class", f"state_class {found} is not known here", f"there are {known}")
        return None
    return found
