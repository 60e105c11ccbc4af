"""Integrations: what is installed, loaded, and which resource types each brings."""

from typing import Any

from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.util.packages import known, manifest


@command("integration/list", verb="read")
def list_integrations(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return every installed integration."""
    del message
    loaded = connection.hub.integrations
    found = []
    for domain in sorted({*known(), *loaded}):
        entry = loaded.get(domain)
        try:
            own = manifest(domain)
        except LookupError:
            own = {}
        found.append(
            {
                "domain": domain,
                "name": str(own.get("name", domain)),
                "loaded": entry is not None and entry.error is None,
                "error": None if entry is None else entry.error,
                "types": sorted(own.get("resources", ())),
            }
        )
    return found
