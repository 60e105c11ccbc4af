"""`hub states`: the present state of entities."""

from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, options
from hub.cli.output import Columns, emit

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("pattern", required=False, shell_complete=complete.entity)
@options.output
@options.hub
def states(client: "Client", pattern: str | None, output: str) -> None:
    """Show states; PATTERN is an entity id, or one with * and ?, or a part of one."""
    found = client.get("/api/states")
    if pattern is not None:
        fits = matcher(pattern)
        found = [state for state in found if fits(state["entity_id"])]
    found.sort(key=lambda state: state["entity_id"])
    columns: Columns = {
        "ENTITY": "entity_id",
        "STATE": value,
        "NAME": "attributes.friendly_name",
        "CHANGED": lambda state: since(state["last_changed"]),
    }
    emit(found, output, columns)


def matcher(pattern: str) -> Any:
    """Return the test for an entity id: a pattern with * and ?, else a part of it."""
    if any(char in pattern for char in "*?["):
        from fnmatch import fnmatchcase

        return lambda entity_id: fnmatchcase(entity_id, pattern)
    return lambda entity_id: pattern in entity_id


def value(state: dict[str, Any]) -> str:
    """Return a state with its unit."""
    unit = state["attributes"].get("unit_of_measurement")
    return f"{state['state']} {unit}" if unit else str(state["state"])


def since(moment: str) -> str:
    """Return how long ago an ISO time was, in the largest unit that fits."""
    from datetime import UTC, datetime

    seconds = int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{max(seconds, 0)} s ago"
