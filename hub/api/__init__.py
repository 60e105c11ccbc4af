"""HTTP and websocket: the Home Assistant protocol, and the page."""

from hub.api.app import Api
from hub.api.errors import PortUnusable

__all__ = ["Api", "PortUnusable"]
