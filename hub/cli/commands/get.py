"""`hub get`: resource types, the resources of one type, or one resource."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, options
from hub.cli.errors import USAGE, CliError
from hub.cli.output import Columns, as_yaml, cell, clean, emit, paint, pairs, table, when, write
from hub.cli.resources import COLOURS, ROOT, id_of, outline, path
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("what", required=False, metavar="[TYPE[/KEY]]", shell_complete=complete.resource)
@click.option("--revision", type=click.IntRange(1), metavar="N", help="An old revision of it.")
@options.output
@options.hub
def get(client: "Client", what: str | None, revision: int | None, output: str) -> None:
    """Show the resource types, the resources of a type, or one resource.

    -o yaml shows a resource as a file of resources holds it: for put, apply and edit.
    """
    if revision is not None and (what is None or "/" not in what):
        raise CliError("--revision needs TYPE/KEY", status=USAGE)
    if what is None:
        _types(client.get(ROOT), output)
    elif "/" not in what:
        _resources(client, what, output)
    elif revision is not None:
        found = client.get(path(what, "history"))
        wanted = [item for item in found if item["revision"] == revision]
        if not wanted:
            raise CliError(f"{what} has no revision {revision}", f"see `hub history {what}`")
        _revision(what, wanted[0], output)
    else:
        _resource(client.get(path(what)), output)


def _types(types: list[dict[str, Any]], output: str) -> None:
    if output != "table":
        emit(types, output)
        return
    columns: Columns = {
        "TYPE": "resource_type",
        "COUNT": lambda item: str(item["count"]),
        "TITLE": "title",
    }
    write(table(types, columns) if types else "no integration declares resources")


def _resources(client: "Client", kind: str, output: str) -> None:
    if output == "yaml":
        write(as_yaml(client.get(f"{ROOT}/-/export", resource_type=kind)).rstrip("\n"))
        return
    found = client.get(f"{ROOT}/{quote(kind)}")
    if output == "json":
        emit(found, output)
        return
    columns: Columns = {
        "KEY": "key",
        "TITLE": "title",
        "PHASE": "status.phase",
        "REVISION": "revision",
        "SOURCE": _source,
        "MESSAGE": "status.message",
    }
    write(table(found, columns) if found else f"there is no {kind} yet")


def _resource(resource: dict[str, Any], output: str) -> None:
    if output == "json":
        emit(resource, output)
        return
    if output == "yaml":
        write(as_yaml({id_of(resource): resource["spec"]}).rstrip("\n"))
        return
    status = resource["status"]
    about: dict[str, Any] = {
        "resource": id_of(resource),
        "title": resource["title"],
        "phase": status["phase"],
        "message": status["message"],
        "revision": f"{resource['revision']} (live: {status['observed_revision'] or 'not known'})",
        "source": _source(resource),
        "updated": when(resource["updated_at"]),
        "observed": when(status["observed_at"]),
        "used by": resource["used_by"],
        **status["facts"],
    }
    lines = pairs({key: item for key, item in about.items() if item not in (None, "", [])})
    write(
        lines.replace(status["phase"], paint(status["phase"], COLOURS.get(status["phase"], "")), 1)
    )
    for condition in status["conditions"]:
        if condition["status"] is not None or condition["message"]:
            known = cell(condition["status"])
            told = f", {condition['message']}" if condition["message"] else ""
            write(clean(f"{condition['type']}: {known}{told}"))
    for step in status["drift"]:
        write(f"to do: {step['summary']}")
    write("\n" + outline({"spec": resource["spec"]}))


def _revision(id: str, revision: dict[str, Any], output: str) -> None:
    if output == "json":
        emit(revision, output)
    elif output == "yaml":
        write(as_yaml({id: revision["spec"]}).rstrip("\n"))
    else:
        told = {
            "resource": id,
            "revision": revision["revision"],
            "action": revision["action"],
            "time": when(revision["at"]),
            "user": revision["user_name"] or revision["user_id"],
            "note": revision["note"],
        }
        write(pairs({key: item for key, item in told.items() if item is not None}))
        write("\n" + outline({"spec": revision["spec"]}))


def _source(resource: dict[str, Any]) -> str:
    if resource["source"] != "file":
        return str(resource["source"])
    line = "" if resource["line"] is None else f":{resource['line']}"
    return f"{resource['file']}{line}"
