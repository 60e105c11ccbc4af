"""Automations and scripts: what was written, and what their runs did."""

from typing import Any, Final

import voluptuous as vol

from hub.api import automations as work
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.errors import InvalidFormat
from hub.schema import text

_ENTITY: Final = {vol.Required("entity_id"): text}
_DOMAIN: Final = vol.In(["automation", "script"], msg="expected automation or script")


@command("automation/config", _ENTITY, verb="read")
def automation_config(connection: Connection, message: Message) -> dict[str, Any]:
    """Return an automation as it was written."""
    return _config(connection, "automation", message)


@command("script/config", _ENTITY, verb="read")
def script_config(connection: Connection, message: Message) -> dict[str, Any]:
    """Return a script as it was written."""
    return _config(connection, "script", message)


def _config(connection: Connection, domain: str, message: Message) -> dict[str, Any]:
    entity_id = message["entity_id"].lower()
    return {"config": work.of_entity(connection.hub, connection.user, domain, entity_id)}


@command(
    "trace/list",
    {vol.Required("domain"): _DOMAIN, vol.Optional("item_id"): text},
    verb="read",
)
def list_traces(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return the kept runs in short, oldest first."""
    found = work.traces(connection.hub, connection.user, message["domain"], message.get("item_id"))
    return [trace.short() for trace in found]


@command(
    "trace/get",
    {
        vol.Required("domain"): _DOMAIN,
        vol.Required("item_id"): text,
        vol.Required("run_id"): text,
    },
    verb="read",
)
def get_trace(connection: Connection, message: Message) -> dict[str, Any]:
    """Return one run step by step."""
    found = work.trace(
        connection.hub,
        connection.user,
        message["domain"],
        message["item_id"],
        message["run_id"],
    )
    return found.as_dict()


@command(
    "trace/contexts",
    {vol.Optional("domain"): _DOMAIN, vol.Optional("item_id"): text},
    verb="read",
)
def contexts(connection: Connection, message: Message) -> dict[str, Any]:
    """Return which run belongs to a context id."""
    domain, item_id = message.get("domain"), message.get("item_id")
    if (domain is None) != (item_id is None):
        raise InvalidFormat("give domain and item_id, or neither")
    hub, user = connection.hub, connection.user
    return {
        trace.context.id: {
            "run_id": trace.run_id,
            "domain": trace.domain,
            "item_id": trace.item_id,
        }
        for one in (["automation", "script"] if domain is None else [domain])
        for trace in work.traces(hub, user, one, item_id)
    }
