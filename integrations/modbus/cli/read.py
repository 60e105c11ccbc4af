"""`hub modbus read`: registers of a device, or raw words of a unit, as they are now."""

from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import USAGE, CliError, Columns, emit, options
from integrations.modbus.cli import typed
from integrations.modbus.cli.asking import (
    BITS,
    DEVICE,
    LINK,
    ask,
    complete_device,
    complete_link,
    key_of,
    raw_cell,
    table_of,
    value_cell,
    whole,
)
from integrations.modbus.cli.typed import Typed

if TYPE_CHECKING:
    from hub.cli.sdk import Client

EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  hub modbus read boiler flow return\n"
    "  hub modbus read --link cellar --unit 3 holding 100 10\n"
    "  hub modbus read --link cellar input 30 --type float32 --word-order little\n"
)


@click.command(epilog=EXAMPLES)
@click.argument(
    "what",
    metavar="DEVICE REGISTER...|TABLE FIRST [COUNT]",
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
    help="With --link: whose registers.",
)
@typed.options
@options.output
@options.hub
def read(
    client: "Client",
    what: tuple[str, ...],
    link: str | None,
    unit: int,
    kind: str | None,
    word_order: str,
    byte_order: str,
    output: str,
) -> None:
    """Read registers of a device now; with --link raw words or bits of any unit.

    TABLE is coil, discrete, input or holding; FIRST is the address on the wire, from 0: what
    manuals call 40001 is holding 0. COUNT counts addresses.
    """
    if link is None:
        _registers(client, what, output)
        return
    how = Typed(kind, word_order, byte_order)
    if not 2 <= len(what) <= 3:
        raise CliError("expected TABLE FIRST [COUNT]", "see `hub modbus read --help`", status=USAGE)
    table, first = table_of(what[0]), whole(what[1], "an address")
    if table in BITS and kind is not None:
        raise CliError(f"--type is for words; {table} holds bits", status=USAGE)
    count = whole(what[2], "a count", 1, 2000) if len(what) == 3 else how.words()
    found = ask(
        client,
        "read_registers",
        {
            "link": key_of(link, LINK),
            "unit": unit,
            "table": table,
            "address": first,
            "count": count,
        },
    )["registers"]
    show(table, how.rows(first, found), kind, output)


def show(table: str, rows: list[dict[str, Any]], kind: str | None, output: str) -> None:
    """Show raw words or bits."""
    bits = table in BITS
    columns: Columns = {"ADDRESS": "address"}
    if bits:
        columns = {**columns, "STATE": lambda row: "on" if row["raw"][0] else "off"}
    elif kind is None:
        columns = {
            **columns,
            "HEX": lambda row: raw_cell(row["raw"], bits=False),
            "UNSIGNED": "value",
            "SIGNED": lambda row: row["value"] - (0x10000 if row["value"] > 0x7FFF else 0),
        }
    else:
        raw = "HEX", lambda row: raw_cell(row["raw"], bits=False)
        columns = {**columns, raw[0]: raw[1], kind.upper(): "value"}
    emit(rows, output, columns)


def _registers(client: "Client", what: tuple[str, ...], output: str) -> None:
    if len(what) < 2:
        raise CliError(
            "name the registers to read",
            f"`hub modbus watch {what[0]} --once` shows all that is known; --link reads raw words",
            status=USAGE,
        )
    found = ask(
        client,
        "read_registers",
        {"device": key_of(what[0], DEVICE), "registers": list(what[1:])},
    )["values"]
    rows = [found[key] for key in dict.fromkeys(what[1:])]
    columns: Columns = {
        "REGISTER": "key",
        "VALUE": value_cell,
        "RAW": lambda row: raw_cell(row["raw"], bits=row["table"] in BITS),
        "QUALITY": lambda row: row["reason"] or row["quality"],
    }
    emit(rows if output == "table" else found, output, columns)
