"""Times on the command line: `24h`, `7d`, `now`, or ISO 8601 in this machine's zone."""

import csv
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click

from hub.cli.output import clean

F = TypeVar("F", bound=Callable[..., Any])

_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_BACK: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(s|m|min|h|d|w)")


class Moment(click.ParamType[float]):
    """A time that becomes epoch seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read how long ago, or a time in ISO 8601; without an offset it is a local one."""
        del param, ctx
        if isinstance(value, float):
            return value
        if value == "now":
            return time.time()
        if (found := _BACK.fullmatch(value)) is not None:
            return time.time() - float(found[1]) * _SECONDS[found[2]]
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is neither like 24h or 7d nor a time such as 2026-11-21T08:00")


def since(default: str) -> Callable[[F], F]:
    """Return the option `--since`."""
    return click.option(
        "--since",
        metavar="TIME",
        type=Moment(),
        default=default,
        show_default=True,
        help="From when on: 90m, 24h, 7d ago, or ISO 8601.",
    )


until = click.option("--until", metavar="TIME", type=Moment(), help="Until when.  [default: now]")
as_csv = click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, UTC.")


def now() -> float:
    """Return the present in epoch seconds."""
    return time.time()


def iso(seconds: float) -> str:
    """Return a time as the API takes it: ISO 8601 in UTC, safe in a path."""
    found = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    return found.replace("+00:00", "Z")


def epoch(moment: str) -> float:
    """Return the epoch seconds of an ISO time."""
    return datetime.fromisoformat(moment).timestamp()


def write_csv(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows to standard output; what steers a terminal is taken out."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if heading:
        writer.writerow(heading)
    for row in rows:
        writer.writerow([clean(value) if isinstance(value, str) else value for value in row])
