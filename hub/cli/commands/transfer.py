"""`hub export` and `hub import`: every resource as one file."""

import os
from typing import TYPE_CHECKING

import click

from hub.cli import complete, options
from hub.cli.commands.apply import finish, send
from hub.cli.errors import FAILED, CliError
from hub.cli.output import as_json, as_yaml, note, write
from hub.cli.resources import counted

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command("export")
@click.argument("kind", metavar="[TYPE]", required=False, shell_complete=complete.resource)
@click.option("-f", "--file", metavar="FILE", help="Write into a new file, mode 0600.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml")
@options.hub
def export_(client: "Client", kind: str | None, file: str | None, output: str) -> None:
    """Write every resource, or those of a type, as a file of resources.

    Secrets are shown as {sealed: true}: an import over the same resources keeps them.
    """
    found = client.get("/api/resources/-/export", resource_type=kind)
    text = (as_yaml(found) if output == "yaml" else as_json(found)).rstrip("\n")
    if file is None:
        write(text)
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}", "name a new file", status=FAILED) from None
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text + "\n")
    note(f"{counted(len(found), 'resource')} in {file}")


@click.command("import")
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Show what would change, write nothing.")
@options.yes
@click.option("--wait/--no-wait", default=True, help="Wait until all is live.  [default: wait]")
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(0), default=600, show_default=True
)
@options.output
@options.hub
def import_(
    client: "Client", file: str, dry_run: bool, yes: bool, wait: bool, timeout: float, output: str
) -> None:
    """Write the resources of an export (- = standard input) as resources of the API.

    Unlike `hub apply -f` they do not belong to the file. A {sealed: true} where the hub keeps no
    secret is refused by name, and nothing is written.
    """
    from hub.cli.documents import read

    documents = [{"id": item["id"], "spec": item["spec"]} for item in read([file]).wire]
    changes = send(client, {"documents": documents}, yes=yes, dry_run=dry_run, output=output)
    if wait and changes:
        finish(client, changes, timeout)
