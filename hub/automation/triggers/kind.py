"""What a kind of trigger is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import voluptuous as vol

    from hub.automation.world import Unsubscribe, World
    from hub.events import Context

Run = Callable[[dict[str, Any], "Context | None"], None]
"""Called on the loop for each firing: the `trigger` variable and what caused it.

The variable holds at least `platform` and `description` (`state of sensor.x`, as the logbook and
traces say it); id, idx and alias are added by the engine.
"""


@dataclass(frozen=True, slots=True)
class TriggerKind:
    """One kind: its fields, and how it listens."""

    name: str
    schema: "Mapping[vol.Marker, Any]"
    """Fields beside the common ones (trigger, id, alias, enabled, variables); normalises."""
    attach: "Callable[[World, Mapping[str, Any], Run, Mapping[str, Any]], Unsubscribe]"
    """Takes world, validated fields, `run` and variables; plain, never waits.

    Raises `HubError` for what only the running house can know.
    """
    check: Callable[[Mapping[str, Any]], None] | None = None
    """Raises `vol.Invalid` for what the fields forbid together."""
