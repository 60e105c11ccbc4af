"""Which integrations tell about themselves in the download."""

from typing import Any

import voluptuous as vol

from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.errors import NotFound
from hub.observe.diagnostics import SERVICE
from hub.schema import text


@command("diagnostics/list", admin=True, verb="read")
def diagnostics(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return the integrations whose own diagnostics are part of `GET /api/diagnostics`."""
    del message
    hub = connection.hub
    return [_shape(domain) for domain in hub.integrations if hub.services.has(domain, SERVICE)]


@command("diagnostics/get", {vol.Required("domain"): text}, admin=True, verb="read")
def handlers(connection: Connection, message: Message) -> dict[str, Any]:
    """Return one of them; raises `NotFound`."""
    domain = message["domain"]
    if domain not in connection.hub.integrations or not connection.hub.services.has(
        domain, SERVICE
    ):
        raise NotFound("Domain not supported")
    return _shape(domain)


def _shape(domain: str) -> dict[str, Any]:
    """Return the protocol's form; there are no downloads of single entries or devices."""
    return {"domain": domain, "handlers": {"config_entry": False, "device": False}}
