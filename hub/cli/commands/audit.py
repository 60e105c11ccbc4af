"""`hub audit`: who did what, and the proof that nobody changed it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli import options
from hub.cli.output import Columns, emit, note, when

if TYPE_CHECKING:
    from hub.cli.client import Client

CHANGED = 3
"""The exit status of a log that is not what was written."""


@click.group()
def audit() -> None:
    """Show and prove the audit log."""


@audit.command("list")
@click.option("--action", help="Only this action; may end in *.")
@click.option("--target", help="Only this target; may end in *.")
@click.option("--user", "user_id", help="Only this user's rows, by id.")
@click.option("--result", type=click.Choice(["ok", "denied", "failed"]), help="Only this result.")
@click.option("--before", type=int, help="Only rows before this number.")
@click.option("--after", type=int, help="Only rows after this number.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@options.output
@options.hub
def list_rows(client: "Client", output: str, **wanted: Any) -> None:
    """Show rows, newest first."""
    rows = client.get("/api/audit", **wanted)
    columns: Columns = {
        "SEQ": "seq",
        "TIME": lambda row: when(row["at"]),
        "ACTION": "action",
        "TARGET": "target",
        "RESULT": "result",
        "USER": lambda row: row["user_name"] or row["user_id"],
        "FROM": "address",
        "DATA": "data",
    }
    emit(rows, output, columns)


@audit.command()
@click.option("--offline", is_flag=True, help="Read the files of --data, without a hub.")
@click.option(
    "--data",
    metavar="DIR",
    type=options.FOLDER,
    envvar="HUB_DATA",
    help="The hub's data folder.",
)
@options.output
def verify(data: Path | None, offline: bool, output: str) -> None:
    """Prove every row; ends with 3 when some are not what was written."""
    report = _offline(data or Path(".data")) if offline else _online(data)
    if output == "table":
        span = f" ({report['first']} to {report['last']})" if report["rows"] else ""
        head = report["head"]
        click.echo(f"{report['rows']} rows{span}, head {head['seq']}:{head['hash'][:16] or '-'}")
        for problem in report["problems"]:
            click.echo(problem["message"])
        more = report["problem_count"] - len(report["problems"])
        if more:
            click.echo(f"and {more} more")
        note("every row is what was written" if report["ok"] else "THE LOG WAS CHANGED")
    else:
        emit(report, output)
    if not report["ok"]:
        raise click.exceptions.Exit(CHANGED)


@audit.command()
@click.option("--after", type=int, help="Only rows after this number.")
@options.hub
def export(client: "Client", after: int | None) -> None:
    """Write every row with its hash as a line of JSON, oldest first."""
    for part in client.stream("/api/audit/export", query={"after": after}):
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def _online(data: Path | None) -> Any:
    from hub.cli.client import Client

    return Client(data).get("/api/audit/verify")


def _offline(data: Path) -> dict[str, Any]:
    from hub.audit.offline import verify_folder
    from hub.cli.errors import CliError
    from hub.config.profiles import find_secret_key
    from hub.errors import HubError

    key, trouble = find_secret_key()
    if trouble is not None:
        raise CliError(trouble)
    try:
        return verify_folder(data, key).as_dict()
    except HubError as error:
        raise CliError(error.message) from None
