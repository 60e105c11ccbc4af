"""The event bus: what happened, who caused it, and who wants to know."""

from hub.events.bus import ALL, EventBus, Listener, Unsubscribe
from hub.events.context import ORIGIN, Context
from hub.events.event import Event

__all__ = ["ALL", "ORIGIN", "Context", "Event", "EventBus", "Listener", "Unsubscribe"]
