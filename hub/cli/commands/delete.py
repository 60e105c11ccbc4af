"""`hub delete`: remove a resource, from the world and from the hub."""

from typing import TYPE_CHECKING

import click

from hub.cli import complete, options
from hub.cli.ask import confirm
from hub.cli.output import emit, note, write
from hub.cli.resources import change_line, id_of, path

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("id", metavar="TYPE/KEY", shell_complete=complete.full_resource)
@click.option("--cascade", is_flag=True, help="Also delete what refers to it.")
@click.option("--force", is_flag=True, help="Only forget it: leave the outside as it is.")
@click.option("--dry-run", is_flag=True, help="Show what would go, delete nothing.")
@options.yes
@options.output
@options.hub
def delete(
    client: "Client", id: str, cascade: bool, force: bool, dry_run: bool, yes: bool, output: str
) -> None:
    """Delete a resource; its controller takes it out of the world first."""
    wanted = {"cascade": cascade, "force": force}
    would = client.delete(path(id), **wanted, dry_run=True)
    if not dry_run:
        names = ", ".join(id_of(change) for change in would)
        confirm(f"Delete {names}?", yes)
    changes = would if dry_run else client.delete(path(id), **wanted)
    if output != "table":
        emit(changes, output)
        return
    for change in changes:
        write(change_line(change, would=dry_run))
    if any(change["action"] == "deleting" for change in changes) and not dry_run:
        note("it is gone once its controller has removed it; follow that with `hub jobs`")
