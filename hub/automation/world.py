"""What automations act upon: the hub, or the world of a rehearsal."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from hub.templates import House

if TYPE_CHECKING:
    from hub.automation.webhooks import Webhooks
    from hub.services import ServiceRegistry
    from hub.templates import Reader, Templates

Unsubscribe = Callable[[], None]


class Messages(Protocol):
    """MQTT as automations see it; handed in by the composition root."""

    def subscribe(
        self, topic: str, qos: int, callback: Callable[[str, bytes, int, bool], object]
    ) -> Unsubscribe:
        """Call `callback(topic, payload, qos, retain)` for each message of a filter.

        The subscription outlives reconnects; none is lost because the broker is away at first.
        """


class World(House, Protocol):
    """Bus, states, services, registries, clock and templates; `hub.hub.Hub` is one."""

    services: "ServiceRegistry"
    templates: "Templates"
    webhooks: "Webhooks"
    messages: "Messages | None"
    """None = no MQTT here; an mqtt trigger then says so in the log and never fires."""


class Readers(Protocol):
    """Finds the user behind an id."""

    def get(self, user_id: str) -> "Reader | None":
        """Return the user, None when there is none."""
