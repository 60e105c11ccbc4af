"""`hub diff`, `hub rollback`, and what `hub history` shows of a resource: its revisions."""

from typing import TYPE_CHECKING

import click

from hub.cli import complete, options
from hub.cli.ask import confirm
from hub.cli.commands.put import show
from hub.cli.output import Columns, emit, note, when, write
from hub.cli.resources import differences, path

if TYPE_CHECKING:
    from hub.cli.client import Client

REVISION = click.IntRange(1)


def show_revisions(client: "Client", id: str, output: str) -> None:
    """Show who changed a resource when, newest first."""
    columns: Columns = {
        "REVISION": "revision",
        "TIME": lambda row: when(row["at"]),
        "ACTION": "action",
        "USER": lambda row: row["user_name"] or row["user_id"],
        "NOTE": "note",
    }
    emit(client.get(path(id, "history")), output, columns)


@click.command()
@click.argument("id", metavar="TYPE/KEY", shell_complete=complete.full_resource)
@click.argument("old", type=REVISION, required=False)
@click.argument("new", type=REVISION, required=False)
@options.output
@options.hub
def diff(client: "Client", id: str, old: int | None, new: int | None, output: str) -> None:
    """Show what differs between revision OLD and NEW (else the present).

    Without numbers: what the last change changed.
    """
    if old is None:
        revisions = [row["revision"] for row in client.get(path(id, "history"))]
        if len(revisions) < 2:
            note(f"{id} has one revision: there is nothing to compare")
            return
        new, old = revisions[:2]
        if output == "table":
            note(f"from revision {old} to {new}")
    found = client.get(path(id, "diff"), old=old, new=new)
    if output != "table":
        emit(found, output)
    elif found:
        write(differences(found, ""))
    else:
        note("no difference")


@click.command()
@click.argument("id", metavar="TYPE/KEY", shell_complete=complete.full_resource)
@click.argument("revision", type=REVISION)
@click.option("--dry-run", is_flag=True, help="Show what would change, write nothing.")
@options.yes
@options.output
@options.hub
def rollback(
    client: "Client", id: str, revision: int, dry_run: bool, yes: bool, output: str
) -> None:
    """Write the spec of an old revision anew, secrets included; a deleted resource comes back."""
    body = {"to": revision}
    would = client.post(path(id, "rollback"), body, dry_run=True)
    if dry_run:
        show(would, output, would=True)
        return
    if not yes and output == "table" and would["diff"]:
        write(differences(would["diff"]))
    confirm(f"Write revision {revision} of {id} anew?", yes)
    show(client.post(path(id, "rollback"), body), output)
