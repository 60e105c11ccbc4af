"""Switches, and lights and fans as far as they are switches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.modbus.importing.draft import Spec, Want
from integrations.modbus.importing.entity import BITS, HOLDING, TABLES, Entity
from integrations.modbus.importing.names import object_id
from integrations.modbus.importing.parts import Part

WRITES: Final = ("holding", "coil", "holdings", "coils")
INVALID: Final = 0xFFFF
"""Home Assistant takes no brightness from a register that shows it."""
KELVIN: Final = (2000, 7000)
LABELS: Final = ("on", "off")


@dataclass(frozen=True, slots=True)
class Side:
    """What is written, or what is read, for on and off."""

    table: str
    address: int
    on: int
    off: int

    def shown(self, value: int) -> bool | int:
        """Return a value as the register shows it."""
        return bool(value) if self.table in BITS else value


def switch(entity: Entity) -> None:
    """Take over a switch."""
    _toggle(entity, entity.part.word("device_class"))
    entity.part.finish()


def fan(entity: Entity) -> None:
    """Take over a fan as a switch: it has no stages here either."""
    _renamed(entity, "fan")
    _toggle(entity)
    entity.part.finish()


def light(entity: Entity) -> None:
    """Take over a light as a switch, its brightness and colour temperature as numbers."""
    part = entity.part
    _renamed(entity, "light")
    reads = "verify" in part.names()
    _toggle(entity)
    if (address := part.whole("brightness_address", 0)) != 0:
        _number(entity, "brightness", address, reads, unit="%", step=1.0)
        part.do(
            "brightness_address", "the brightness of a light",
            f"it is the number number.{object_id(entity.name)}_brightness, in percent",
        )  # fmt: skip
    low, high = part.whole("min_temp", KELVIN[0]), part.whole("max_temp", KELVIN[1])
    if (address := part.whole("color_temp_address", 0)) != 0:
        if low >= high:
            raise part.unfit(f"min_temp {low} is not below max_temp {high}")
        scale = (high - low) / 100
        _number(
            entity, "colour temperature", address, reads, unit="K", step=scale, low=low, high=high
        )
        part.do(
            "color_temp_address", "the colour temperature of a light",
            f"it is the number number.{object_id(entity.name)}_colour_temperature, in kelvin",
        )  # fmt: skip
    part.finish()


def _renamed(entity: Entity, domain: str) -> None:
    word = object_id(entity.name)
    entity.part.do(
        None, f"{domain}.{word} is switch.{word} here: there is no {domain} over Modbus",
        "use the new entity id in automations and dashboards",
    )  # fmt: skip


def _toggle(entity: Entity, device_class: str | None = None) -> None:
    part = entity.part
    kind = part.choice("write_type", WRITES, HOLDING)
    written = Side(
        TABLES[kind],
        part.whole("address"),
        part.whole("command_on", 1),
        part.whole("command_off", 0),
    )
    if written.shown(written.on) == written.shown(written.off):
        raise part.unfit("command_on and command_off are the same")
    write: dict[str, Any] = {"function": "multiple"} if kind.endswith("s") else {}
    verify = part.part("verify")
    if verify is None:
        part.note(None, "is not read: what was written is shown, as in Home Assistant")
        _blind(entity, written, write, device_class)
        return
    state = _state(verify, kind, written)
    if delay := verify.whole("delay", 0, high=60):
        write["verify_delay"] = delay
    verify.finish()
    if state == written:
        _seen(entity, written, write, device_class)
    else:
        if delay:
            verify.note("delay", "what is read elsewhere is read at its own pace")
        _apart(entity, written, state, write, device_class)


def _state(verify: Part, kind: str, written: Side) -> Side:
    """Return where and how a switch is read back."""
    table = TABLES[verify.choice("input_type", tuple(TABLES), kind)]
    on = verify.wholes("state_on", [written.on])
    off = verify.wholes("state_off", [written.off])
    for key, values in (("state_on", on), ("state_off", off)):
        if len(values) > 1:
            more = ", ".join(map(str, values[1:]))
            todo = "a binary_sensor beside it can have several values for on"
            verify.left_out(key, f"only {values[0]} is {key}, {more} reads as unknown", todo)
    state = Side(table, verify.whole("address", written.address), on[0], off[0])
    if state.shown(state.on) == state.shown(state.off):
        raise verify.unfit("state_on and state_off are the same")
    return state


def _blind(entity: Entity, written: Side, write: dict[str, Any], device_class: str | None) -> None:
    """Add a switch that is only written."""
    want = _want(entity, "", written, read=False, write=write)
    _add(entity, [want], written, device_class)


def _seen(entity: Entity, written: Side, write: dict[str, Any], device_class: str | None) -> None:
    """Add a switch that is read where it is written."""
    _add(entity, [_want(entity, "", written, write=write)], written, device_class)


def _apart(
    entity: Entity, written: Side, state: Side, write: dict[str, Any], device_class: str | None
) -> None:
    """Add a switch that is read elsewhere; labels make one of different numbers."""
    write.pop("verify_delay", None)
    same = [written.shown(it) for it in (written.on, written.off)] == [
        state.shown(it) for it in (state.on, state.off)
    ]
    labelled = not same or (written.table in BITS) != (state.table in BITS)
    wants = [
        _want(entity, "command", written, read=False, write=write, labelled=labelled),
        _want(entity, "state", state, labelled=labelled),
    ]
    _add(entity, wants, written, device_class, labelled=labelled)


def _want(entity: Entity, hint: str, side: Side, *, labelled: bool = False, **more: Any) -> Want:
    if not labelled:
        return entity.raw(hint, side.table, side.address, (side.on, side.off), **more)
    numbers = dict(zip((int(side.shown(side.on)), int(side.shown(side.off))), LABELS, strict=True))
    form: Spec = {} if side.table in BITS else {"type": "uint16"}
    form["enum"] = {str(number): numbers[number] for number in sorted(numbers)}
    if side.table not in BITS:
        form["enum_gaps"] = True
    return entity.words(hint, side.table, side.address, form, **more)


def _add(
    entity: Entity,
    wants: Sequence[Want],
    written: Side,
    device_class: str | None,
    *,
    labelled: bool = False,
) -> None:
    on, off = LABELS if labelled else (written.shown(written.on), written.shown(written.off))

    def make(register: str, state: str | None = None) -> list[Spec]:
        return [
            entity.spec(
                "switch", register=register, state=state, on=on, off=off, device_class=device_class
            )
        ]

    entity.add(wants, make)


def _number(
    entity: Entity,
    what: str,
    address: int,
    reads: bool,
    *,
    unit: str,
    step: float,
    low: float = 0,
    high: float = 100,
) -> None:
    """Add a number from 0 to 100 in a register, shown from `low` to `high`."""
    form: Spec = {"type": "uint16", "invalid": [INVALID]}
    if step != 1:
        form["scale"] = step
    if low:
        form["offset"] = low
    word = object_id(what)
    want = entity.words(
        word, HOLDING, address, form, unit=unit, read=reads, write={"min": low, "max": high}
    )

    def make(register: str) -> list[Spec]:
        return [{**entity.spec("number", what, register=register, step=step), "suffix": word}]

    entity.add([want], make)
