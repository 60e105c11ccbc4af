"""Automations and scripts as entities of the house."""

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Final

import voluptuous as vol

from hub.automation.automation import Automation
from hub.automation.script import Script
from hub.entities import Entity
from hub.entities.service import EntityService
from hub.events import Context
from hub.schema import boolean
from hub.services import Field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hub.hub import Hub
    from hub.registry import EntityEntry

_BOOLEAN: Final[dict[str, dict[str, Any]]] = {"boolean": {}}


class _Item(Entity):
    """The face of one automation or script."""

    has_entity_name = False

    def __init__(self, item: Automation | Script) -> None:
        """Show `item`."""
        self.item = item
        self.unique_id = item.key
        self.name = item.name
        self.suggested_object_id = item.entity_id.partition(".")[2]
        self._writing = False
        self._follow()

    def take(self, item: Automation | Script) -> None:
        """Show another item of the same name in place of the present one."""
        item.entity_id = self.entity_id
        self.item = item
        self._follow()
        self._static = None
        self.write()

    def _follow(self) -> None:
        self.icon = self.item.config.get("icon")
        self.item.changed = self._changed

    def _changed(self) -> None:
        """Publish with the next turn of the loop: a burst of runs is one new state."""
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._publish)

    def _publish(self) -> None:
        self._writing = False
        if self._hub is None:
            return
        running = self.item.running
        self.write(running[-1].context if running else self.item.last_context)

    def attach(self, hub: "Hub", entry: "EntityEntry") -> None:
        """Tell the item which id the registry gave it."""
        super().attach(hub, entry)
        self.item.entity_id = entry.entity_id

    @property
    def extra_attributes(self) -> dict[str, Any]:
        """Return what the item tells of itself."""
        return self.item.attributes

    def cause(self) -> Context:
        """Return the context of the service call that is being made."""
        return self._call_context(self.hub) or Context()


class AutomationEntity(_Item):
    """On: its triggers listen."""

    kind: ClassVar = "automation"
    item: Automation
    switched: "Callable[[Automation], object]"

    SERVICES: ClassVar = (
        EntityService(
            "trigger",
            "trigger",
            {vol.Optional("skip_condition", default=True): boolean},
            {"skip_condition": Field(_BOOLEAN, description="Run whatever the conditions say")},
            title="Run",
        ),
        EntityService("turn_on", "turn_on", title="Turn on"),
        EntityService(
            "turn_off",
            "turn_off",
            {vol.Optional("stop_actions", default=True): boolean},
            {"stop_actions": Field(_BOOLEAN, description="End what runs")},
            title="Turn off",
        ),
        EntityService("toggle", "toggle", title="Toggle"),
        EntityService(
            "set_dry_run",
            "set_dry_run",
            {vol.Required("dry_run"): boolean},
            {"dry_run": Field(_BOOLEAN, required=True, description="Note calls, make none")},
            title="Rehearse",
            description="While it is on, calls and events are noted in the trace and not made",
        ),
    )

    @property
    def state_value(self) -> str:
        """Return whether the triggers listen."""
        return "on" if self.item.is_on else "off"

    def trigger(self, skip_condition: bool = True) -> "Awaitable[Any] | None":
        """Run the actions now."""
        run = self.item.trigger(self.cause(), skip_conditions=skip_condition)
        return None if run is None or run.is_over else run.ended()

    def turn_on(self) -> None:
        """Let the triggers listen."""
        self.item.enable()
        self.switched(self.item)
        self.write()

    def turn_off(self, stop_actions: bool = True) -> None:
        """Let the triggers listen no more."""
        self.item.disable(stop_actions=stop_actions)
        self.switched(self.item)
        self.write()

    def toggle(self) -> None:
        """Switch to the other side."""
        if self.item.is_on:
            self.turn_off()
        else:
            self.turn_on()

    def set_dry_run(self, dry_run: bool) -> None:
        """Rehearse, or act."""
        self.item.rehearses = dry_run
        self.switched(self.item)
        self.write()


class ScriptEntity(_Item):
    """On: it is running."""

    kind: ClassVar = "script"
    item: Script

    SERVICES: ClassVar = (
        EntityService(
            "turn_on",
            "turn_on",
            {vol.Optional("variables", default=dict): dict},
            {"variables": Field({"object": {}}, description="Values of the script's fields")},
            title="Start",
            description="Begin a run and do not wait for its end",
        ),
        EntityService("turn_off", "turn_off", title="Stop"),
        EntityService("toggle", "toggle", title="Toggle"),
    )

    @property
    def state_value(self) -> str:
        """Return whether a run goes on."""
        return "on" if self.item.running else "off"

    def turn_on(self, variables: dict[str, Any] | None = None) -> None:
        """Begin a run."""
        self.item.call(self.cause(), variables or {})

    def turn_off(self) -> None:
        """End what runs."""
        self.item.stop()

    def toggle(self) -> None:
        """Begin or end."""
        if self.item.running:
            self.turn_off()
        else:
            self.turn_on()
