"""`hub modbus scan` and `learn`: long looks at a line, as jobs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import (
    USAGE,
    CliError,
    Columns,
    confirm,
    counted,
    emit,
    ended,
    job,
    note,
    options,
    pairs,
    quote,
    table,
    write,
)
from integrations.modbus.cli.asking import (
    DEVICE,
    LINK,
    ask,
    complete_device,
    complete_link,
    key_of,
    table_of,
    whole,
)

if TYPE_CHECKING:
    from hub.cli.sdk import Client

QUESTIONS: Final = 3
"""Tables that a silent unit is asked for."""
SCAN: Final = (
    "\b\nExamples:\n"
    "  hub modbus scan cellar\n"
    "  hub modbus scan cellar --units 1-20 --range holding:0-499 --range input:0-99\n"
)
LEARN: Final = "\b\nExamples:\n  hub modbus learn boiler\n  hub modbus learn boiler --forget\n"


def _waiting(command: Any) -> Any:
    """Add what all long looks take."""
    for option in reversed(
        (
            options.yes,
            click.option(
                "--wait/--no-wait", default=True, help="Wait for the end.  [default: wait]"
            ),
            click.option(
                "--timeout", metavar="SECONDS", type=click.FloatRange(0), default=86_400,
                show_default=True, help="The longest wait; the job goes on.",
            ),
            options.output,
            options.hub,
        )
    ):  # fmt: skip
        command = option(command)
    return command


@click.command(epilog=SCAN)
@click.argument("link", shell_complete=complete_link)
@click.option(
    "--units", metavar="FIRST-LAST", default="1-247", show_default=True, help="Units to ask."
)
@click.option(
    "--range",
    "ranges",
    metavar="TABLE:FIRST-LAST",
    multiple=True,
    help="Addresses to try on those that answer.",
)
@click.option(
    "--pause",
    metavar="SECONDS",
    type=click.FloatRange(0, 10),
    default=0.05,
    show_default=True,
    help="Rest before each request.",
)
@_waiting
def scan(
    client: "Client",
    link: str,
    units: str,
    ranges: tuple[str, ...],
    pause: float,
    yes: bool,
    wait: bool,
    timeout: float,
    output: str,
) -> None:
    """Look for units on a link, and with --range for the addresses that can be read.

    Everybody else has the line between two requests. Nothing is written, but some devices act
    strangely when registers are read that they do not have: they restart, or fall silent.
    """
    key = key_of(link, LINK)
    first, last = _span(units, "units", 255)
    wanted = [_range(text) for text in ranges]
    silent = (last - first + 1) * QUESTIONS * (_patience(client, key) + pause)
    note(
        "some devices act strangely when registers are read that they do not have; "
        f"with nobody on the line it takes {_time(silent)}"
    )
    confirm(f"Scan units {first} to {last} on {key}?", yes)
    fields = {"link": key, "units": [first, last], "ranges": wanted, "pause": pause}
    found = _followed(client, "scan", fields, wait, timeout, output)
    if found is None:
        return
    if output != "table":
        emit(found, output)
        return
    columns: Columns = {
        "UNIT": "unit",
        "ANSWERED": _answered,
        "IDENTIFICATION": lambda row: " ".join((row.get("identification") or {}).values()),
    }
    write(table(found["units"], columns) if found["units"] else "no unit answered")
    if wanted:
        write("")
        write(
            table(
                found["ranges"],
                {"UNIT": "unit", "TABLE": "table", "FIRST": "first", "LAST": "last"},
            )
        )
    if found.get("shortened"):
        note("the list is shortened; the log of the job has all of it")


@click.command(epilog=LEARN)
@click.argument("device", shell_complete=complete_device)
@click.option("--forget", is_flag=True, help="Forget what was learned, and learn nothing.")
@_waiting
def learn(
    client: "Client",
    device: str,
    forget: bool,
    yes: bool,
    wait: bool,
    timeout: float,
    output: str,
) -> None:
    """Find out how much a device can stand in one read, which rest it needs, what it refuses.

    It is asked for more than its register map says, between its own registers too. What is
    learned is used from then on; limits of the device's own spec go before it.
    """
    key = key_of(device, DEVICE)
    if forget:
        ask(client, "forget", {"device": key})
        emit({"forgotten": True}, output) if output != "table" else note(f"{key}: forgotten")
        return
    note("large reads and reads of registers it does not have can upset a device")
    confirm(f"Find the limits of {key}?", yes)
    found = _followed(client, "learn", {"device": key}, wait, timeout, output)
    if found is None:
        return
    if output != "table":
        emit(found, output)
        return
    shown = {
        "largest read": counted(found["words"], "register"),
        "widest gap read along": counted(found["gap"], "register"),
        "rest between requests": f"{found['pause_ms']} ms",
        "holes": [f"{it['table']} {it['first']} to {it['last']}" for it in found["holes"]],
        "refused registers": found.get("refused") or [],
    }
    write(pairs(shown))


def _followed(
    client: "Client",
    verb: str,
    fields: Mapping[str, Any],
    wait: bool,
    timeout: float,
    output: str,
) -> dict[str, Any] | None:
    """Start a job and return its result; None when nobody waits for it."""
    job_id = ask(client, verb, dict(fields))["job_id"]
    if not wait:
        emit({"job_id": job_id}, output)
        return None
    try:
        found = job(client, job_id, timeout)
    except KeyboardInterrupt:
        note(f"it goes on; end it with `hub jobs cancel {job_id}`")
        raise
    ended(found)
    result: dict[str, Any] = found["result"]
    return result


def _patience(client: "Client", link: str) -> float:
    """Return the seconds that an answer on a link may take."""
    found = client.get(f"/api/resources/{quote(LINK)}/{quote(link)}")
    return float(found["spec"].get("timeout", 3))


def _span(text: str, what: str, high: int) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    low = whole(first, what, 0, high)
    found = low, whole(last, what, 0, high) if dash else low
    if found[0] > found[1]:
        raise CliError(f"{text!r}: the first is behind the last", status=USAGE)
    return found


def _range(text: str) -> dict[str, Any]:
    name, colon, span = text.partition(":")
    if not colon:
        raise CliError(f"{text!r}: expected TABLE:FIRST-LAST", status=USAGE)
    first, last = _span(span, "addresses", 0xFFFF)
    return {"table": table_of(name), "first": first, "last": last}


def _answered(row: Mapping[str, Any]) -> str:
    code = row["exception"]
    return str(row["by"]) if code is None else f"{row['by']} (exception {code})"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
