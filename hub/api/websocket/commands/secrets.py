"""The keys that seal secrets."""

from typing import Any

import voluptuous as vol

from hub.api.secrets import rotate_keys
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.schema import boolean


@command(
    "hub/rotate_keys", {vol.Optional("force", default=False): boolean}, admin=True, verb="write"
)
async def rotate(connection: Connection, message: Message) -> dict[str, Any]:
    """Seal every secret with a new key."""
    context = connection.context(message)
    return await rotate_keys(connection.hub, context, force=message["force"])
