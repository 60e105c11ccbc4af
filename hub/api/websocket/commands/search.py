"""What has to do with a thing."""

import voluptuous as vol

from hub.api.related import ITEM_TYPES, Related, related
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.schema import text


@command(
    "search/related",
    {
        vol.Required("item_type"): vol.In(ITEM_TYPES, msg=f"one of {', '.join(ITEM_TYPES)}"),
        vol.Required("item_id"): text,
        vol.Optional("include_disabled_entities", default=False): bool,
    },
    verb="read",
)
async def search(connection: Connection, message: Message) -> Related:
    """Return the ids of what has to do with an item, by type."""
    return await related(
        connection.hub,
        connection.user,
        message["item_type"],
        message["item_id"],
        disabled=message["include_disabled_entities"],
    )
