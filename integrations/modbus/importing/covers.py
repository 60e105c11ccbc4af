"""Covers: what they do as a sensor, and a button each to open and to close."""

from typing import Any, Final

from integrations.modbus.importing.draft import Spec, Want
from integrations.modbus.importing.entity import BITS, COIL, HOLDING, TABLES, Entity
from integrations.modbus.importing.names import object_id
from integrations.modbus.importing.parts import Part

STATES: Final = {"opening": 2, "closing": 3, "closed": 0, "open": 1}
"""Value of each state; where two are the same, the first here is shown."""
READ: Final = ("holding", "input")


def cover(entity: Entity) -> None:
    """Take over a cover."""
    part = entity.part
    table, address = _command(part)
    values = {state: part.whole(f"state_{state}", number) for state, number in STATES.items()}
    status_table = TABLES[part.choice("status_register_type", READ, HOLDING)]
    status = part.whole("status_register") if "status_register" in part else None
    device_class = part.word("device_class")
    part.finish()
    word = object_id(entity.name)
    if status is None and table == COIL:
        wants, kind = [entity.words("", COIL, address, {}, write={})], "binary_sensor"
        commands: dict[str, Any] = {"open": True, "close": False}
    else:
        labels = _labels(part, values)
        wants, kind = _registers(entity, table, address, status_table, status, labels)
        commands = _commands(part, values, labels, table, apart=status is not None)
    shown = "closed while it is off" if kind == "binary_sensor" else "with its state as a text"
    part.do(
        None, f"cover.{word} is {kind}.{word} here, {shown}: there are no covers over Modbus",
        f"open and close with button.{word}_open and button.{word}_close",
    )  # fmt: skip
    own_class = device_class if kind == "binary_sensor" else None

    def make(command: str, state: str | None = None) -> list[Spec]:
        return [
            entity.spec(kind, register=state or command, device_class=own_class),
            *(
                {**entity.spec("button", name, register=command, value=value), "suffix": name}
                for name, value in commands.items()
            ),
        ]

    entity.add(wants, make)


def _command(part: Part) -> tuple[str, int]:
    """Return where commands are written; `coil` and `register` are of releases until 2021."""
    for key, table in (("coil", COIL), ("register", HOLDING)):
        if key in part:
            part.note(key, f"{key} is the address of older releases")
            part.raw("register_type")
            return table, part.whole(key)
    return TABLES[part.choice("input_type", (HOLDING, COIL), HOLDING)], part.whole("address")


def _labels(part: Part, values: dict[str, int]) -> dict[int, str]:
    """Return the state of each value."""
    labels: dict[int, str] = {}
    for state, value in values.items():
        if value in labels:
            part.do(
                f"state_{state}" if f"state_{state}" in part else None,
                f"{value} is both {labels[value]} and {state}",
                f"it is shown as {labels[value]}; give each state its own number",
            )  # fmt: skip
        labels.setdefault(value, state)
    part.note(None, "numbers other than those of its states are unknown, not open")
    return dict(sorted(labels.items()))


def _registers(
    entity: Entity,
    table: str,
    address: int,
    status_table: str,
    status: int | None,
    labels: dict[int, str],
) -> tuple[list[Want], str]:
    form: Spec = {
        "type": "uint16",
        "enum": {str(value): state for value, state in labels.items()},
        "enum_gaps": True,
    }
    if status is None:
        return [entity.words("", table, address, form, write={})], "sensor"
    written = tuple(labels)
    command = entity.raw("command", table, address, written, read=False, write={})
    return [command, entity.words("", status_table, status, form)], "sensor"


def _commands(
    part: Part, values: dict[str, int], labels: dict[int, str], table: str, *, apart: bool
) -> dict[str, Any]:
    """Return what each button writes, as the register shows it."""
    found = {"open": values["open"], "close": values["closed"]}
    if not apart:
        return {name: labels[value] for name, value in found.items()}
    if table not in BITS:
        return dict(found)
    if bool(values["open"]) == bool(values["closed"]):
        part.do(
            None, "Home Assistant writes the same into its coil to open and to close",
            "here on opens and off closes; turn them round if the device wants that",
        )  # fmt: skip
        return {"open": True, "close": False}
    return {name: bool(value) for name, value in found.items()}
