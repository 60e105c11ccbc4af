"""How the hub is, in the protocol's form and in the hub's own."""

import os
import platform
import sys
from typing import TYPE_CHECKING, Any

from hub.api.websocket.command import Message, Then, command
from hub.api.websocket.connection import Connection
from hub.const import HA_VERSION, VERSION

if TYPE_CHECKING:
    from hub.hub import Hub


@command("system_health/info", verb="read")
def system_health(connection: Connection, message: Message) -> Then:
    """Send what is known as `initial`, then `finish`; nothing is pending."""
    message_id = message["id"]
    data = _info(connection.hub, reasons=connection.user.is_admin)

    def start() -> None:
        connection.send_event(message_id, {"type": "initial", "data": data})
        connection.send_event(message_id, {"type": "finish"})

    connection.subscribe(message_id, lambda: None)
    return Then(None, start)


@command("hub/health", verb="read")
def health(connection: Connection, message: Message) -> dict[str, Any]:
    """Return the level of the whole and each item."""
    del message
    found, reasons = connection.hub.health, connection.user.is_admin
    items = found.items()
    return {
        "level": found.worst(items).value,
        "items": [item.as_dict(reasons=reasons) for item in items],
    }


def _info(hub: "Hub", *, reasons: bool) -> dict[str, Any]:
    about = {
        "version": HA_VERSION,
        "hub_version": VERSION,
        "installation_type": "Hub",
        "dev": False,
        "hassio": False,
        "docker": os.path.exists("/.dockerenv"),  # noqa: PTH110 - one look, no path object
        "virtualenv": sys.prefix != sys.base_prefix,
        "python_version": platform.python_version(),
        "os_name": platform.system(),
        "os_version": platform.release(),
        "arch": platform.machine(),
        "timezone": hub.settings.hub.time_zone,
    }
    items = {
        item.name: f"{item.level}: {item.message}" if item.message and reasons else item.level.value
        for item in hub.health.items()
    }
    return {"homeassistant": {"info": about}, "hub": {"info": items}}
