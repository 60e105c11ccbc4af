"""Blueprints: listed, saved, deleted, filled. None is fetched: the hub asks no foreign address."""

from typing import Any, Final

import voluptuous as vol

from hub.api import automations as work
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.automation.blueprints.library import Shelf, key_of
from hub.automation.blueprints.resources import TYPE
from hub.automation.blueprints.resources import path as valid_path
from hub.automation.blueprints.source import DOMAINS
from hub.automation.blueprints.substitute import substitute
from hub.errors import InvalidFormat, NotAllowed, NotFound, NotSupported
from hub.resources import FileOwned, InUse, InvalidSpec
from hub.schema import text

_DOMAIN: Final = vol.In(DOMAINS, msg=f"expected one of {', '.join(DOMAINS)}")
_ONE: Final = {vol.Required("domain"): _DOMAIN, vol.Required("path"): valid_path}


@command("blueprint/list", {vol.Required("domain"): _DOMAIN}, verb="read")
async def list_blueprints(connection: Connection, message: Message) -> dict[str, Any]:
    """Return what each blueprint says of itself, or why it can not be read."""
    user, found = connection.user, await connection.hub.blueprints.list(message["domain"])
    return {
        path: _shown(shelf)
        for path, shelf in found.items()
        if user.may_resource("read", TYPE, shelf.key)
    }


def _shown(shelf: Shelf) -> dict[str, Any]:
    if shelf.blueprint is None:
        return {"error": shelf.error}
    return {"metadata": shelf.blueprint.metadata}


@command(
    "blueprint/save",
    {
        **_ONE,
        vol.Required("yaml"): text,
        vol.Optional("source_url"): vol.Any(None, text),
        vol.Optional("allow_override", default=False): bool,
    },
    verb="write",
)
async def save(connection: Connection, message: Message) -> dict[str, Any]:
    """Save the text of a blueprint; one that exists only with `allow_override`."""
    hub, domain, path = connection.hub, message["domain"], message["path"]
    present = hub.blueprints.resource(domain, path)
    if hub.blueprints.file(domain, path) is not None:
        raise FileOwned(f"the {domain} blueprint {path}", f"blueprints/{domain}/{path}")
    there = present is not None or hub.blueprints.shipped(domain, path) is not None
    if there and not message["allow_override"]:
        raise NotAllowed(f"there is a {domain} blueprint {path}: set allow_override to replace it")
    spec = {"domain": domain, "path": path, "source": message["yaml"]}
    if message.get("source_url") is not None:
        spec["source_url"] = message["source_url"]
    key = _free(connection, domain, path) if present is None else present.key
    try:
        await hub.resources.put(TYPE, key, spec, context=connection.context())
    except InvalidSpec as error:
        raise InvalidFormat("; ".join(item["message"] for item in error.problems)) from None
    await work.settle(hub)
    return {"overrides_existing": there}


def _free(connection: Connection, domain: str, path: str) -> str:
    base = key_of(domain, path)
    number, key = 1, base
    while connection.hub.resources.store.get(f"{TYPE}/{key}") is not None:
        number += 1
        key = f"{base}_{number}"
    return key


@command("blueprint/delete", _ONE, verb="write")
async def delete(connection: Connection, message: Message) -> None:
    """Delete a blueprint that nobody uses."""
    hub, domain, path = connection.hub, message["domain"], message["path"]
    present = hub.blueprints.resource(domain, path)
    if present is None or not connection.user.may_resource("read", TYPE, present.key):
        if hub.blueprints.file(domain, path) is not None:
            raise FileOwned(f"the {domain} blueprint {path}", f"blueprints/{domain}/{path}")
        if hub.blueprints.shipped(domain, path) is not None:
            raise NotAllowed(f"the {domain} blueprint {path} comes with the hub")
        raise NotFound(f"There is no {domain} blueprint {path}")
    if users := hub.blueprints.users(domain, path):
        raise InUse(f"the {domain} blueprint {path}", users)
    await hub.resources.delete(TYPE, present.key, context=connection.context())


@command(
    "blueprint/substitute",
    {**_ONE, vol.Required("input"): {text: object}},
    verb="read",
)
def filled(connection: Connection, message: Message) -> dict[str, Any]:
    """Return the configuration that a blueprint makes of some inputs."""
    hub, user, domain, path = (
        connection.hub,
        connection.user,
        message["domain"],
        message["path"],
    )
    present = hub.blueprints.resource(domain, path)
    key = key_of(domain, path) if present is None else present.key
    if not user.may_resource("read", TYPE, key):
        raise NotFound(f"There is no {domain} blueprint {path}")
    use = {"use_blueprint": {"path": path, "input": message["input"]}}
    try:
        found = substitute(use, domain, lambda name: hub.blueprints.find(domain, name))
    except vol.Invalid as error:
        raise work.malformed(error) from None
    return {"substituted_config": found}


@command("blueprint/import", {vol.Required("url"): text}, verb="write")
def fetch(connection: Connection, message: Message) -> None:
    """Refuse: the hub asks no foreign address."""
    del connection, message
    raise NotSupported(
        "The hub fetches nothing from other addresses: "
        "open the address yourself and save its text with blueprint/save"
    )
