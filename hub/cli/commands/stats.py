"""`hub stats`: the statistics of an entity."""

from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import complete, options, span
from hub.cli.errors import USAGE, CliError
from hub.cli.output import Columns, emit, note, when
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client

PERIODS: Final = ("5minute", "hour", "day", "week", "month", "year", "auto")
TYPES: Final = ("mean", "min", "max", "sum", "change", "state")


@click.command()
@click.argument("name", metavar="ENTITY", shell_complete=complete.entity)
@click.option(
    "--period",
    type=click.Choice(PERIODS),
    default="hour",
    show_default=True,
    help="How long each row is; auto: as fine as there is.",
)
@span.since("7d")
@span.until
@span.as_csv
@options.output
@options.hub
def stats(
    client: "Client",
    name: str,
    period: str,
    since: float,
    until: float | None,
    as_csv: bool,
    output: str,
) -> None:
    """Show mean, least and greatest value, or sum and change, of each period."""
    if as_csv and output != "table":
        raise CliError("choose --csv or -o", status=USAGE)
    path = f"/api/statistics/{quote(span.iso(since))}"
    end = None if until is None else span.iso(until)
    found = client.get(path, statistic_ids=name, period=period, end_time=end)
    rows: list[dict[str, Any]] = found.get(name, [])
    shown = [kind for kind in TYPES if any(row.get(kind) is not None for row in rows)]
    if as_csv:
        cells = ([_time(row), *(row[kind] for kind in shown)] for row in rows)
        span.write_csv(["start", *shown], cells)
    elif output == "table" and not rows:
        note(f"there are no statistics of {name} from then on")
    else:
        columns: Columns = {
            "START": lambda row: when(row["start"] / 1000),
            **{kind.upper(): _number(kind) for kind in shown},
        }
        emit(rows, output, columns)


def _time(row: dict[str, Any]) -> str:
    return span.iso(row["start"] / 1000)


def _number(kind: str) -> Any:
    return lambda row: None if row[kind] is None else f"{row[kind]:.6g}"
