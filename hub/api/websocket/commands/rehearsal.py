"""Replays of automations, and who names what."""

from typing import Any

from hub.api import rehearsal as work
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection


@command("automation/replay", work.REPLAY, verb="read")
async def replay(connection: Connection, message: Message) -> dict[str, Any]:
    """Return what an automation would have done in a time that was recorded."""
    return await work.replay(connection.hub, connection.user, message)


@command("references/dead", verb="read")
async def dead(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return every name of what does not exist."""
    del message
    return await connection.hub.references.dead(connection.user)


@command("references/of", work.OF, verb="read")
async def of(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return who names an entity."""
    return await connection.hub.references.of(message["entity_id"], connection.user)


@command("references/rename", work.RENAME, verb="write")
async def rename(connection: Connection, message: Message) -> dict[str, Any]:
    """Write the new id of an entity wherever the old one is named."""
    context = connection.context()
    return await work.rename(connection.hub, connection.user, message, context)
