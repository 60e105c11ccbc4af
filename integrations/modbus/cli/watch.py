"""`hub modbus watch`: what is known of the registers of a device, as it changes."""

import json
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import (
    USAGE,
    CliError,
    Columns,
    clean,
    colours,
    emit,
    note,
    options,
    table,
    when,
    write,
)
from integrations.modbus.cli.asking import (
    BITS,
    DEVICE,
    ask,
    complete_device,
    key_of,
    raw_cell,
    value_cell,
)

if TYPE_CHECKING:
    from hub.cli.sdk import Client

Row = dict[str, Any]
WAIT: Final = 25.0
"""Seconds that the hub waits for something newer."""
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  hub modbus watch boiler\n"
    "  hub modbus watch boiler --changes\n"
    "  hub modbus watch boiler --once -o json\n"
)
COLUMNS: Final[Columns] = {
    "REGISTER": "key",
    "VALUE": value_cell,
    "RAW": lambda row: raw_cell(row["raw"], bits=row["table"] in BITS),
    "TABLE": "table",
    "ADDRESS": "address",
    "TYPE": "type",
    "RATE": "rate",
    "AGE": lambda row: age(row["age"]),
    "QUALITY": lambda row: row["reason"] or row["quality"],
}


@click.command(epilog=EXAMPLES)
@click.argument("device", shell_complete=complete_device)
@click.option("--changes", is_flag=True, help="A line for each change, not a table.")
@click.option("--once", is_flag=True, help="Show what is known now, and end.")
@options.output
@options.hub
def watch(client: "Client", device: str, changes: bool, once: bool, output: str) -> None:
    """Show the registers of a device: on a terminal as a table that is kept up to date.

    Elsewhere, and with --changes, it is a line for each change, with -o json an object in a line.
    It goes on until Ctrl-C.
    """
    key = key_of(device, DEVICE)
    if output == "yaml" and not once:
        raise CliError("watch shows a table or JSON lines", status=USAGE)
    found = ask(client, "registers", {"device": key})
    if once:
        emit(found["registers"] if output == "table" else found, output, COLUMNS)
        return
    moving = output == "table" and not changes and colours(sys.stdout)
    _begin(found, moving, output)
    while True:
        before = {row["key"]: row for row in found["registers"]}
        was = found["available"]
        fields = {"device": key, "after": found["version"], "wait": WAIT}
        found = ask(client, "registers", fields, seconds=WAIT + 60)
        if moving:
            _draw(found)
            continue
        if found["available"] != was:
            note(f"{found['name']} {'answers' if found['available'] else 'is away'}")
        for row in found["registers"]:
            _tell(before.get(row["key"]), row, output)


def age(seconds: float | None) -> str | None:
    """Return how old a value is, short."""
    if seconds is None:
        return None
    for limit, size, unit in ((100, 1, "s"), (6000, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def _begin(found: Row, moving: bool, output: str) -> None:
    """Show what is known at first."""
    if moving:
        _draw(found)
    elif output == "table":
        write(table(found["registers"], COLUMNS))
        sys.stdout.flush()
    else:
        for row in found["registers"]:
            _tell(None, row, output)


def _draw(found: Row) -> None:
    """Draw the table anew, as much of it as the terminal shows."""
    rows, room = found["registers"], shutil.get_terminal_size().lines - 4
    state = "" if found["available"] else ", away"
    lines = [clean(f"{found['name']}, {when(time.time())}{state}"), table(rows[:room], COLUMNS)]
    if len(rows) > room:
        lines.append(f"and {len(rows) - room} more; see --changes and --once")
    sys.stdout.write("\x1b[H\x1b[2J" + "\n".join(lines) + "\n")
    sys.stdout.flush()


def _tell(before: Row | None, row: Row, output: str) -> None:
    """Write a line for a register whose value or worth changed."""
    fields = ("value", "quality", "reason")
    if before is not None and all(before[name] == row[name] for name in fields):
        return
    if output == "json":
        write(json.dumps(row, ensure_ascii=False))
    else:
        old, new = ("-" if it is None else value_cell(it) or it["reason"] for it in (before, row))
        worth = "" if row["quality"] == "good" else f" ({row['reason'] or row['quality']})"
        write(clean(f"{when(row['at'] or time.time())} {row['key']} {old} -> {new}{worth}"))
    sys.stdout.flush()
