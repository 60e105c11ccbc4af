"""`homeassistant`: the hub has started, or is about to stop."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation.triggers.kind import Run, TriggerKind
from hub.const import EVENT_STARTED, EVENT_STOP

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.events import Event

_EVENTS: Final = {
    "start": (EVENT_STARTED, "Home Assistant starting"),
    "shutdown": (EVENT_STOP, "Home Assistant stopping"),
}


def _event(value: object) -> str:
    if value not in _EVENTS:
        raise vol.Invalid("expected start or shutdown")
    return str(value)


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Wait for the one event; an automation that comes later than the start never sees it."""
    del variables
    name = config["event"]
    event_type, description = _EVENTS[name]

    def happened(event: "Event") -> None:
        trigger = {"platform": "homeassistant", "event": name, "description": description}
        run(trigger, event.context)

    return world.bus.listen(event_type, happened)


KIND: Final = TriggerKind("homeassistant", {vol.Required("event"): _event}, attach)
