"""`hub call`: call a service."""

import json
from typing import TYPE_CHECKING, Any

import click

from hub.cli import complete, options
from hub.cli.commands.states import value
from hub.cli.errors import USAGE, CliError
from hub.cli.output import emit, note
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client


@click.command()
@click.argument("service", metavar="DOMAIN.SERVICE", shell_complete=complete.service)
@click.argument("fields", metavar="[KEY=VALUE]...", nargs=-1)
@click.option(
    "--target",
    "targets",
    metavar="KEY=ID",
    multiple=True,
    help="entity_id, device_id, area_id, floor_id or label_id; several with commas.",
)
@click.option("--response", is_flag=True, help="Show what the service answers.")
@options.output
@options.hub
def call(
    client: "Client",
    service: str,
    fields: tuple[str, ...],
    targets: tuple[str, ...],
    response: bool,
    output: str,
) -> None:
    """Call a service with fields; a value is JSON (21, true, [1, 2]), else a text."""
    domain, dot, name = service.partition(".")
    if not dot or not domain or not name:
        raise CliError(
            f"{service!r} is not a service: expected DOMAIN.SERVICE, such as light.turn_on",
            status=USAGE,
        )
    body: dict[str, Any] = {}
    for field in fields:
        key, text = pair(field)
        body[key] = _value(text)
    for target in targets:
        key, text = pair(target)
        body.setdefault(key, [])
        if not isinstance(body[key], list):
            body[key] = [body[key]]
        body[key] += text.split(",")
    path = f"/api/services/{quote(domain)}/{quote(name)}"
    answer = client.post(path, body, return_response=response)
    if response:
        emit(answer["service_response"], "json" if output == "table" else output)
    elif output != "table":
        emit(answer, output)
    elif answer:
        emit(answer, output, {"ENTITY": "entity_id", "STATE": value})
    else:
        _missing(client, body)
        note("done, no state changed")


def _missing(client: "Client", body: dict[str, Any]) -> None:
    """Raise `CliError` for an entity that does not exist: the protocol passes over it silently."""
    named = body.get("entity_id", [])
    for entity_id in named if isinstance(named, list) else str(named).split(","):
        if entity_id in ("all", "none"):
            continue
        answer = client.exchange("GET", f"/api/states/{quote(str(entity_id).strip())}")
        if answer.status == 404:
            raise CliError(f"there is no entity {entity_id}", "see `hub states`")


def pair(text: str) -> tuple[str, str]:
    """Return key and value of `key=value`; raises `CliError`."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise CliError(f"{text!r}: expected key=value", status=USAGE)
    return key, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
