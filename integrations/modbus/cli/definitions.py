"""`hub modbus definitions`: the register maps there are, and what they say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli.sdk import (
    USAGE,
    CliError,
    Columns,
    as_json,
    as_yaml,
    emit,
    note,
    options,
    quote,
    table,
    write,
)

if TYPE_CHECKING:
    from hub.cli.sdk import Client

TYPE: Final = "modbus.definition"
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  hub modbus definitions\n"
    "  hub modbus definitions --show eastron_sdm630 > meter.yaml\n"
    "  hub modbus definitions --schema > definition.schema.json\n"
)


@click.command(epilog=EXAMPLES)
@click.option("--show", "name", metavar="NAME", help="Print one as YAML.")
@click.option("--schema", is_flag=True, help="Print the JSON schema, for editors.")
@options.output
@options.hub
def definitions(client: "Client", name: str | None, schema: bool, output: str) -> None:
    """List the register maps that come with the hub, and those of this one.

    A name of a hub's own goes before a shipped one. Shipped ones are shown without a hub.
    """
    if schema and name is not None:
        raise CliError("--show and --schema are two things: choose one", status=USAGE)
    if schema:
        from integrations.modbus.mapping.schema import json_schema

        write(as_json(json_schema()))
    elif name is not None:
        _show(client, name, output)
    else:
        _list(client, output)


def _list(client: "Client", output: str) -> None:
    from integrations.modbus.mapping import library

    rows: list[dict[str, Any]] = [
        _row(name, library.load(name), "shipped") for name in library.names()
    ]
    try:
        own = client.get(f"/api/resources/{quote(TYPE)}")
    except CliError as error:
        note(f"only shipped ones are listed: {error.message}")
        own = []
    rows += [_row(item["key"], item["spec"], "own") for item in own]
    columns: Columns = {
        "NAME": "name",
        "FROM": "from",
        "TITLE": "title",
        "MANUFACTURER": "manufacturer",
        "REGISTERS": "registers",
        "ENTITIES": "entities",
    }
    if output == "table":
        write(table(rows, columns))
    else:
        emit(rows, output)


def _row(name: str, spec: Mapping[str, Any], origin: str) -> dict[str, Any]:
    return {
        "name": name,
        "from": origin,
        "title": spec["name"],
        "manufacturer": spec.get("manufacturer"),
        "model": spec.get("model"),
        "registers": sum(len(block["registers"]) for block in spec["blocks"]),
        "entities": len(spec["entities"]),
    }


def _show(client: "Client", name: str, output: str) -> None:
    """Print a definition as `hub put` reads it; a shipped one as it was written."""
    from integrations.modbus.mapping import library

    spec = _own(client, name)
    if spec is None and name not in library.names():
        raise CliError(f"there is no definition {name!r}", "see `hub modbus definitions`")
    if output == "json":
        write(as_json(library.load(name) if spec is None else spec))
    else:
        write((library.text(name) if spec is None else as_yaml(spec)).rstrip("\n"))


def _own(client: "Client", name: str) -> dict[str, Any] | None:
    """Return the hub's own definition of a name; None when it has none, or there is no hub."""
    try:
        found: dict[str, Any] = client.get(f"/api/resources/{quote(TYPE)}/{quote(name)}")
    except CliError:
        return None
    spec: dict[str, Any] = found["spec"]
    return spec
