"""`hub plan`: what would be done outside, without doing it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, options
from hub.cli.errors import USAGE, CliError
from hub.cli.output import clean, emit, write
from hub.cli.resources import change_line, differences, id_of, path

if TYPE_CHECKING:
    from hub.cli.client import Client

NOTHING = "nothing to do"


@click.command()
@click.argument("id", metavar="[TYPE/KEY]", required=False, shell_complete=complete.full_resource)
@click.option("-f", "--file", "files", metavar="FILE|DIR", multiple=True, help="What to plan.")
@options.output
@options.hub
def plan(client: "Client", id: str | None, files: tuple[str, ...], output: str) -> None:
    """Look outside and show, step by step, what an apply would do.

    With -f: what writing these files would change, and what would be done then. With both, the
    spec in the file is planned as the one of TYPE/KEY.
    """
    if id is None and not files:
        raise CliError("nothing to plan: name TYPE/KEY or a file with -f", status=USAGE)
    if id is not None:
        body = {}
        if files:
            from hub.cli.documents import read_spec

            body = {"spec": read_spec(id, _only(files))}
        found = client.post(path(id, "plan"), body)
        emit(found, output) if output != "table" else write(told(found))
        return
    plans = _plans(client, files)
    if output != "table":
        emit(plans, output)
        return
    for item in plans:
        write(change_line(item["change"], would=True))
        if item["change"]["diff"]:
            write(differences(item["change"]["diff"]))
        write(steps(item["plan"], "  ") if "plan" in item else f"  not known: {item['problem']}")


def told(plan: Mapping[str, Any]) -> str:
    """Return a plan for people: what differs, then the steps."""
    parts = [clean(f"{id_of(plan)} is {plan['phase']}, revision {plan['revision']}")]
    if plan["diff"]:
        parts.append(differences(plan["diff"]))
    return "\n".join([*parts, steps(plan)])


def steps(plan: Mapping[str, Any], indent: str = "") -> str:
    """Return the steps of a plan, numbered."""
    found = [
        f"{indent}{number}. {clean(step['summary'])}"
        for number, step in enumerate(plan["steps"], 1)
    ]
    return "\n".join(found) or indent + NOTHING


def _plans(client: "Client", files: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the change of every document and, where it can be told, the steps after it."""
    from hub.cli.documents import read

    documents = read(files)
    with documents.placed():
        changes = client.post("/api/resources", {"documents": documents.wire}, dry_run=True)
    specs = {document["id"]: document["spec"] for document in documents.wire}
    found = []
    for change in changes:
        item = {"change": change}
        try:
            item["plan"] = client.post(path(id_of(change), "plan"), {"spec": specs[id_of(change)]})
        except CliError as error:
            item["problem"] = error.message
        found.append(item)
    return found


def _only(files: tuple[str, ...]) -> str:
    if len(files) > 1:
        raise CliError("TYPE/KEY has one spec: name one file", status=USAGE)
    return files[0]
