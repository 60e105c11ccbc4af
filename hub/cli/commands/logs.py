"""`hub logs`: the newest warnings and errors of the hub, and new ones as they come."""

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import options
from hub.cli.errors import USAGE, CliError
from hub.cli.output import clean, emit, paint, when, write

if TYPE_CHECKING:
    from hub.cli.client import Client

_COLOURS: Final = {"warning": "yellow", "error": "red", "critical": "red"}


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Show new ones as they come, until Ctrl-C.")
@click.option("--clear", is_flag=True, help="Forget what was kept.")
@options.output
@options.hub
def logs(client: "Client", follow: bool, clear: bool, output: str) -> None:
    """Show the warnings and errors that the hub keeps, the oldest first; equal ones are counted."""
    if follow and output == "yaml":
        raise CliError("--follow shows a table or JSON lines", status=USAGE)
    if clear:
        client.delete("/api/system_log")
        return
    entries = list(reversed(client.get("/api/system_log")))
    if output != "table":
        emit(entries, output)
    for entry in entries if output == "table" else ():
        write(_line(entry))
    if follow:
        from hub.cli.commands.watch import follow as followed

        message = {"type": "subscribe_events", "event_type": "system_log_event"}
        show = _line if output == "table" else json.dumps
        asyncio.run(followed(client, message, lambda event: show(event["data"])))


def _line(entry: dict[str, Any]) -> str:
    """Return an entry as lines: what, and below it the traceback, indented."""
    level = paint(clean(entry["level"].upper()), _COLOURS.get(entry["level"], ""))
    text = clean(f"{entry['name']}: {entry['message'][-1]}")
    times = f" ({entry['count']} times)" if entry["count"] > 1 else ""
    trace = [f"    {clean(part)}" for part in str(entry["exception"]).splitlines()]
    return "\n".join([f"{when(entry['timestamp'])} {level} {text}{times}", *trace])
