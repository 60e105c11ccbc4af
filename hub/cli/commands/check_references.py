"""`hub check-references`: names of what does not exist, in automations and their like."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli import options
from hub.cli.errors import FAILED
from hub.cli.output import Columns, emit, note

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@options.output
@options.hub
def check_references(client: "Client", output: str) -> None:
    """List what automations, scripts, scenes, templates and policies name and is not there.

    Exit status: 0 everything is there, 1 something is missing.
    """
    found = client.get("/api/references")
    columns: Columns = {
        "MISSING": lambda row: f"{row['kind']} {row['value']}",
        "IN": lambda row: row["owner"].get("entity_id") or row["owner"]["id"],
        "AT": _place,
    }
    if output != "table" or found:
        emit(found, output, columns)
    elif not found:
        note("every name leads somewhere")
    if found:
        if output == "table":
            count = len(found)
            note(f"{count} {'name leads' if count == 1 else 'names lead'} nowhere")
        raise click.exceptions.Exit(FAILED)


def _place(row: dict[str, Any]) -> str:
    """Return file and line where there is one, and the path inside the text."""
    place = f"{row['file']}:{row['line']} " if "file" in row else ""
    return f"{place}{row['path']}"
