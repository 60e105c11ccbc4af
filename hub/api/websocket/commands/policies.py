"""Policies: named rules that widen or narrow what users may do."""

from typing import Any

import voluptuous as vol

from hub.api.policies import shown
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.schema import text


def _anything(value: object) -> object:
    """Leave the check to the policies, which tell every problem with its path."""
    return value


@command("policy/list", admin=True, verb="read")
def list_policies(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return every policy and who refers to it."""
    del message
    return [shown(connection.hub, policy) for policy in connection.hub.auth.policies.all()]


@command(
    "policy/put",
    {
        vol.Required("name"): _anything,
        vol.Required("rules"): _anything,
        vol.Optional("description", default=""): _anything,
    },
    admin=True,
    verb="write",
)
async def put_policy(connection: Connection, message: Message) -> dict[str, Any]:
    """Make or replace a policy; it binds its users at once, whose connections end."""
    policy = await connection.hub.auth.policies.put(
        message["name"], message["rules"], message["description"]
    )
    return shown(connection.hub, policy)


@command("policy/delete", {vol.Required("name"): text}, admin=True, verb="write")
async def delete_policy(connection: Connection, message: Message) -> None:
    """Delete a policy that no user refers to."""
    await connection.hub.auth.policies.delete(message["name"])
