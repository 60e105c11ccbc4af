"""`hub logbook`: what happened, in words."""

import sys
from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, options, span
from hub.cli.errors import USAGE, CliError
from hub.cli.output import Columns, clean, emit, note, when, write
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("entity", required=False, shell_complete=complete.entity)
@span.since("24h")
@span.until
@click.option("-f", "--follow", "following", is_flag=True, help="Go on with new ones.")
@options.output
@options.hub
def logbook(
    client: "Client",
    entity: str | None,
    since: float,
    until: float | None,
    following: bool,
    output: str,
) -> None:
    """Show what happened and what caused it, oldest first; of ENTITY, or all."""
    if following and (until is not None or output != "table"):
        raise CliError("--follow has no --until, and shows lines", status=USAGE)
    end = span.iso(span.now() if until is None else until)
    path = f"/api/logbook/{quote(span.iso(since))}"
    rows = client.get(path, entity=entity, end_time=end)
    if output == "table" and not rows and not following:
        note("nothing happened")
        return
    if not following:
        emit(rows, output, _COLUMNS)
        return
    for row in rows:
        write(_line(row, span.epoch(row["when"])))
    _follow(client, entity)


def cause(row: dict[str, Any]) -> str | None:
    """Return what caused a row, in a few words."""
    if name := row.get("context_name"):
        return str(name)
    if service := row.get("context_service"):
        return f"{row.get('context_domain')}.{service}"
    return row.get("context_entity_id")


_COLUMNS: Columns = {
    "TIME": lambda row: when(span.epoch(row["when"])),
    "WHAT": lambda row: row.get("entity_id") or row.get("name"),
    "STATE": lambda row: row.get("state") or row.get("message"),
    "BY": cause,
}


def _line(row: dict[str, Any], time: float) -> str:
    by = cause(row)
    words = f"{row.get('entity_id') or row.get('name')} {row.get('state') or row.get('message')}"
    return clean(f"{when(time)}  {words}" + (f"  ({by})" if by else ""))


def _follow(client: "Client", entity: str | None) -> None:
    """Show rows as they come."""
    import asyncio

    from hub.cli.commands.watch import follow

    message: dict[str, Any] = {"type": "logbook/event_stream", "start_time": span.iso(span.now())}
    if entity is not None:
        message["entity_ids"] = [entity]

    def show(event: Any) -> str | None:
        for row in event["events"]:
            write(_line(row, row["when"]))
            message["start_time"] = span.iso(row["when"] + 1e-6)
        sys.stdout.flush()
        return None

    asyncio.run(follow(client, message, show))
