"""`sun`: the sun rises or sets."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import sun, timing
from hub.automation.timestates import fixed_offset
from hub.automation.triggers.kind import Run, TriggerKind

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Set an alarm for each day's event."""
    del variables
    name, offset = config["event"], config["offset"]
    description = f"{name} with offset" if offset else name

    def fire(moment: float) -> None:
        trigger = {
            "platform": "sun",
            "event": name,
            "offset": timedelta(seconds=offset),
            "now": timing.local(world, moment),
            "description": description,
        }
        run(trigger, None)

    return timing.Alarm(world.clock, sun.following(world, name, offset), fire).stop


KIND: Final = TriggerKind(
    "sun",
    {vol.Required("event"): sun.event, vol.Optional("offset", default=0.0): fixed_offset},
    attach,
)
