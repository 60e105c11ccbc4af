"""The websocket: connections, commands, and the fan-out of changes to many subscribers."""

from hub.api.websocket.connection import Connection
from hub.api.websocket.endpoint import WebsocketEndpoint

__all__ = ["Connection", "WebsocketEndpoint"]
