"""`hub put`: write one resource."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, options
from hub.cli.errors import USAGE, CliError
from hub.cli.output import emit, write
from hub.cli.resources import change_line, differences, path

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("id", metavar="TYPE/KEY", shell_complete=complete.full_resource)
@click.option("-f", "--file", metavar="FILE", help="YAML or JSON with its fields; - = stdin.")
@click.option(
    "--set",
    "changes",
    metavar="PATH=VALUE",
    multiple=True,
    help="Change one field, of the file or else of what is there.",
)
@click.option(
    "--if-revision",
    type=click.IntRange(0),
    metavar="N",
    help="Only if it is at revision N; 0 = only create.",
)
@click.option("--note", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Check and show, write nothing.")
@options.output
@options.hub
def put(
    client: "Client",
    id: str,
    file: str | None,
    changes: tuple[str, ...],
    if_revision: int | None,
    note: str | None,
    dry_run: bool,
    output: str,
) -> None:
    """Create or change a resource; secrets shown as {sealed: true} stay as they are."""
    from hub.cli.documents import assign, read_spec

    if file is None and not changes:
        raise CliError(
            "nothing to write", "name a file with -f, or fields with --set", status=USAGE
        )
    if file is not None:
        spec = read_spec(id, file)
    else:
        present = client.get(path(id))
        spec = present["spec"]
        if_revision = present["revision"] if if_revision is None else if_revision
    for change in changes:
        assign(spec, change)
    show(send(client, id, spec, if_revision, dry_run=dry_run, note=note), output, would=dry_run)


def send(
    client: "Client",
    id: str,
    spec: dict[str, Any],
    if_revision: int | None,
    *,
    dry_run: bool = False,
    note: str | None = None,
) -> dict[str, Any]:
    """Write a spec and return the change."""
    headers = {}
    if if_revision is not None:
        headers = {"If-Match": f'"{if_revision}"'} if if_revision else {"If-None-Match": "*"}
    query = {"dry_run": dry_run, "note": note}
    answer = client.request("PUT", path(id), spec, query=query, headers=headers)
    change: dict[str, Any] = answer.json()
    return change


def show(change: dict[str, Any], output: str, *, would: bool = False) -> None:
    """Write what was done, or would be, to one resource."""
    if output != "table":
        emit(change, output)
        return
    write(change_line(change, would=would))
    if change["diff"]:
        write(differences(change["diff"]))
