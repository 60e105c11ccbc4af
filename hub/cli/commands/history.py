"""`hub history`: the states of an entity over time, or the revisions of a resource."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, options, span
from hub.cli.commands.revisions import show_revisions
from hub.cli.errors import USAGE, CliError
from hub.cli.output import Columns, clean, emit, note, when, write
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("what", metavar="ENTITY|TYPE/KEY", shell_complete=complete.entity_or_resource)
@span.since("24h")
@span.until
@span.as_csv
@click.option("-f", "--follow", "following", is_flag=True, help="Go on with new ones.")
@options.output
@options.hub
@click.pass_context
def history(
    context: click.Context,
    client: "Client",
    what: str,
    since: float,
    until: float | None,
    as_csv: bool,
    following: bool,
    output: str,
) -> None:
    """Show the states that an entity took, or who changed a resource when.

    Of a resource (TYPE/KEY): its revisions, newest first; also of a deleted one.
    """
    if "/" in what:
        given = [
            name
            for name in ("since", "until", "as_csv", "following")
            if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ]
        if given:
            raise CliError(f"{what} is a resource: it takes no time and no --csv", status=USAGE)
        show_revisions(client, what, output)
        return
    if following and (until is not None or output == "yaml"):
        raise CliError("--follow has no --until, and shows a table, CSV or JSON", status=USAGE)
    if as_csv and output != "table":
        raise CliError("choose --csv or -o", status=USAGE)
    if following:
        _follow(client, what, since, "csv" if as_csv else output)
        return
    path = f"/api/history/period/{quote(span.iso(since))}"
    end = span.iso(until) if until is not None else span.iso(span.now())
    found = client.get(path, filter_entity_id=what, end_time=end)
    rows = found[0] if found else []
    if as_csv:
        cells = ((span.iso(span.epoch(row["last_changed"])), row["state"]) for row in rows)
        span.write_csv(_HEADING, cells)
    elif output == "table" and not rows:
        note(f"{what} has no history from then on; see `hub states` for what there is")
    else:
        emit(rows, output, _COLUMNS)


_HEADING = ("time", "state")
_COLUMNS: Columns = {
    "TIME": lambda row: when(span.epoch(row["last_changed"])),
    "STATE": lambda row: _value(row["state"], row["attributes"]),
}


def _value(state: str, attributes: dict[str, Any]) -> str:
    unit = attributes.get("unit_of_measurement")
    return f"{state} {unit}" if unit else state


def _follow(client: "Client", entity_id: str, since: float, form: str) -> None:
    """Show the past, then what comes; after a loss of the connection what was missed."""
    import asyncio

    from hub.cli.commands.watch import follow

    message: dict[str, Any] = {
        "type": "history/stream",
        "entity_ids": [entity_id],
        "start_time": span.iso(since),
    }
    last = 0.0
    if form == "csv":
        span.write_csv(_HEADING, ())

    def show(event: Any) -> str | None:
        nonlocal last
        for row in event["states"].get(entity_id, ()):
            if row["lu"] <= last + 1e-6:  # the record rounds to microseconds, a live row not
                continue
            last = row["lu"]
            # after a loss of the connection it goes on behind this row
            message["start_time"] = span.iso(last + 1e-6)
            message["include_start_time_state"] = False
            _write(row, form)
        sys.stdout.flush()
        return None

    asyncio.run(follow(client, message, show))


def _write(row: dict[str, Any], form: str) -> None:
    if form == "json":
        write(json.dumps(row))
    elif form == "csv":
        span.write_csv((), [(span.iso(row["lu"]), row["s"])])
    else:
        write(clean(f"{when(row['lu'])}  {_value(row['s'], row.get('a', {}))}"))
