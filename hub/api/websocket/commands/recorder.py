"""The recorder itself: how it is, what it keeps of which entity, what fills its database."""

from typing import Any, Final

import voluptuous as vol

from hub.api.period import limited
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.errors import NotFound
from hub.recorder import RecorderState, RecorderUnavailable
from hub.recorder.writing.queue import MAX_ROWS
from hub.schema import entity_id, integer

MOST_ENTITIES: Final = 10_000


@command("recorder/info", verb="read")
async def info(connection: Connection, message: Message) -> dict[str, Any]:
    """Return how the recorder is; also when it is off or its database is away."""
    del message
    recorder = connection.hub.recorder
    size = recorder.size
    oldest = None
    try:
        async with limited():
            oldest = await recorder.history.oldest()
    except RecorderUnavailable:
        pass
    return {
        "backlog": recorder.backlog,
        "max_backlog": MAX_ROWS,
        "migration_in_progress": recorder.state is RecorderState.STARTING,
        "migration_is_live": False,
        "recording": recorder.recording,
        "thread_running": recorder.state not in (RecorderState.OFF, RecorderState.FAILED),
        "db_in_default_location": connection.hub.settings.recorder.url is None,
        "state": recorder.state.value,
        "reason": recorder.reason,
        "dialect": recorder.dialect,
        "dropped": recorder.dropped,
        "size": None if size is None else size.used,
        "oldest": oldest,
        "last_flush": recorder.last_flush,
    }


@command(
    "recorder/usage",
    {vol.Optional("limit", default=50): vol.All(integer, vol.Range(min=0, max=MOST_ENTITIES))},
    verb="read",
)
async def usage(connection: Connection, message: Message) -> dict[str, Any]:
    """Return sizes in bytes, and the entities with the most rows that the user may read."""
    user, limit = connection.user, message["limit"]
    everything = user.rights.reads_all
    async with limited("the sizes"):
        found = await connection.hub.recorder.upkeep.usage.report(
            limit if everything else MOST_ENTITIES
        )
    if not everything:
        rows = [row for row in found["entities"] if user.may("read", row["entity_id"])]
        found["entities"] = rows[:limit]
    return found


@command("recorder/policy", {vol.Required("entity_id"): entity_id}, verb="read")
def policy(connection: Connection, message: Message) -> dict[str, Any]:
    """Return what is kept of an entity, and the rule that says so."""
    if not connection.user.may("read", message["entity_id"]):
        raise NotFound("Entity not found.")
    return connection.hub.recorder.policies.explain(message["entity_id"])
