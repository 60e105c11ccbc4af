"""The newest warnings and errors; new ones come as `system_log_event`."""

from typing import Any

from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection


@command("system_log/list", admin=True, verb="read")
def system_log(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return warnings and errors, the newest first."""
    del message
    return connection.hub.system_log.list()


@command("system_log/clear", admin=True, verb="edit")
def clear(connection: Connection, message: Message) -> None:
    """Forget them."""
    del message
    connection.hub.system_log.clear()
