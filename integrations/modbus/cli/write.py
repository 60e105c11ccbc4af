"""`hub modbus write`: values of a device, or raw words of a unit, shown before and after."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import USAGE, CliError, clean, confirm, emit, note, options
from hub.cli.sdk import write as show
from integrations.modbus.cli import typed
from integrations.modbus.cli.asking import (
    BITS,
    DEVICE,
    LINK,
    ask,
    complete_device,
    complete_link,
    key_of,
    table_of,
    value_cell,
    whole,
)
from integrations.modbus.cli.typed import Typed

if TYPE_CHECKING:
    from hub.cli.sdk import Client

FUNCTIONS: Final = ("auto", "single", "multiple", "mask")
SWITCHED: Final = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  hub modbus write boiler target=21.5 mode=heat\n"
    "  hub modbus write --link cellar --unit 3 holding 100 0x00ff 12\n"
    "  hub modbus write --link cellar coil 7 on\n"
    "  hub modbus write --link cellar holding 30 -5.5 --type float32\n"
)


@click.command(epilog=EXAMPLES, context_settings={"ignore_unknown_options": True})
@click.argument(
    "what",
    metavar="DEVICE REGISTER=VALUE...|TABLE FIRST VALUE...",
    nargs=-1,
    required=True,
    shell_complete=complete_device,
)
@click.option("--link", metavar="KEY", shell_complete=complete_link, help="Raw, on this link.")
@click.option(
    "--unit",
    type=click.IntRange(0, 255),
    default=1,
    show_default=True,
    metavar="UNIT",
    help="With --link: to whom; 0 = to all.",
)
@click.option(
    "--function",
    type=click.Choice(FUNCTIONS),
    default="auto",
    show_default=True,
    help="With --link: auto = 05/06 for one value, else 15/16; mask = 22.",
)
@typed.options
@options.yes
@options.output
@options.hub
def write(
    client: "Client",
    what: tuple[str, ...],
    link: str | None,
    unit: int,
    function: str,
    kind: str | None,
    word_order: str,
    byte_order: str,
    yes: bool,
    output: str,
) -> None:
    """Write values to a device; with --link raw words or bits to any unit.

    What is there now is shown, and you are asked before anything is written. A device checks
    values against its register map; raw words are checked by nobody.
    """
    unknown = [text for text in what if text.startswith("--") and text != "--"]
    if unknown:
        raise CliError(f"no such option: {unknown[0]}", status=USAGE)
    if link is None:
        _values(client, what, yes, output)
        return
    if len(what) < 3:
        raise CliError("expected TABLE FIRST VALUE...", status=USAGE)
    table, first = table_of(what[0]), whole(what[1], "an address")
    if table not in ("coil", "holding"):
        raise CliError(f"{table} can not be written; only coil and holding can", status=USAGE)
    how = Typed(kind, word_order, byte_order)
    values = _bits(what[2:], kind) if table in BITS else _words(what[2:], how)
    place = {"link": key_of(link, LINK), "unit": unit, "table": table, "address": first}
    before = _present(client, place, 1 if function == "mask" else len(values))
    where = f"{table} {first} of unit {unit} on {place['link']}"
    note(f"{where}: {_joined(before)} -> {_joined(values)}")
    confirm(f"Write {where}?", yes)
    found = ask(client, "write_registers", {**place, "values": values, "function": function})
    if output == "table":
        show(f"{where}: {_joined(found.get('before'))} -> {_joined(found.get('after'))}")
    else:
        emit(found, output)


def _words(texts: Sequence[str], how: Typed) -> list[int]:
    if how.kind is not None:
        return how.encoded(texts)
    return [whole(text, "a word", -0x8000) & 0xFFFF for text in texts]


def _bits(texts: Sequence[str], kind: str | None) -> list[int]:
    if kind is not None:
        raise CliError("--type is for words; coil holds bits", status=USAGE)
    unknown = [text for text in texts if text.lower() not in SWITCHED]
    if unknown:
        raise CliError(f"{unknown[0]!r}: expected on or off", status=USAGE)
    return [int(SWITCHED[text.lower()]) for text in texts]


def _present(client: "Client", place: dict[str, Any], count: int) -> list[int] | None:
    """Return what is there; None when it can not be read, which many can not."""
    if place["unit"] == 0:
        return None
    try:
        found: list[int] = ask(client, "read_registers", {**place, "count": count})["registers"]
    except CliError as error:
        if error.code in ("not_found", "unauthorized"):
            raise
        return None
    return found


def _joined(words: Sequence[int] | None) -> str:
    return "not known" if words is None else " ".join(map(str, words))


def _values(client: "Client", what: tuple[str, ...], yes: bool, output: str) -> None:
    device = key_of(what[0], DEVICE)
    pairs = [text.partition("=") for text in what[1:]]
    wrong = [key for key, equals, _ in pairs if not equals or not key]
    if wrong or not pairs:
        raise CliError(
            "expected DEVICE REGISTER=VALUE...", "such as: boiler target=21.5", status=USAGE
        )
    known = {
        item["key"]: item for item in ask(client, "registers", {"device": device})["registers"]
    }
    unknown = [key for key, _, _ in pairs if key not in known]
    if unknown:
        raise CliError(
            f"{device} has no register {unknown[0]!r}", f"see `hub modbus watch {device} --once`"
        )
    values = {key: _value(text, known[key]) for key, _, text in pairs}
    readable = [key for key in values if known[key]["access"] != "write"]
    if readable:
        known |= ask(client, "read_registers", {"device": device, "registers": readable})["values"]
    for key, value in values.items():
        note(f"{device} {key}: {_shown(known[key])} -> {_shown({**known[key], 'value': value})}")
    confirm(f"Write to {device}?", yes)
    found = ask(client, "write_registers", {"device": device, "values": values})
    if output != "table":
        emit(found, output)
        return
    for key in values:
        before, after = (
            _shown({**known[key], "value": found[name].get(key)}) for name in ("before", "after")
        )
        show(clean(f"{key}: {before} -> {after}"))


def _shown(row: dict[str, Any]) -> str:
    return value_cell(row) or "not known"


def _value(text: str, row: dict[str, Any]) -> Any:
    """Return a value as the register shows it: a label stays a text, on and off are a switch's."""
    if row["labels"] is not None or row["type"] == "string":
        return text
    if row["type"] == "bool" and text.lower() in SWITCHED:
        return SWITCHED[text.lower()]
    try:
        found = json.loads(text)
    except ValueError:
        return text.split(",") if isinstance(row["value"], list) else text
    return found if isinstance(found, bool | int | float | str | list) else text
