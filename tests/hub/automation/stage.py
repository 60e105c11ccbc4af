"""A world with automations in it, for tests of the engine."""

from collections.abc import Mapping
from typing import Any

from hub.automation.automations import Automations
from hub.automation.rehearsal.calls import Answers
from hub.automation.rehearsal.world import RehearsalWorld
from hub.automation.trace import Trace
from hub.config.settings import House, Settings
from hub.events import Event
from hub.util.clock import FakeClock

START = 1_800_000_000.0


class Stage:
    """Loads configurations and tells what they called."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.world = RehearsalWorld(Settings(hub=House(time_zone="Europe/Berlin")), self.clock)
        self.automations = Automations(self.world)
        self.events: list[Event] = []
        self.world.bus.listen("*", self.events.append)

    async def automation(self, **config: Any) -> Any:
        """Load one automation, triggered by the event `go` unless it says otherwise."""
        config.setdefault("triggers", [{"trigger": "event", "event_type": "go"}])
        config.setdefault("alias", "Test")
        await self.automations.load({"hub.automation/test": config})
        assert self.automations.problems == {}
        return self.automations.get("hub.automation/test")

    async def script(self, key: str = "test", **config: Any) -> Any:
        """Load one script."""
        await self.automations.load({f"hub.script/{key}": config})
        assert self.automations.problems == {}
        return self.automations.get(f"hub.script/{key}")

    async def go(self, **data: Any) -> None:
        """Fire the event `go`."""
        self.world.bus.fire("go", data)
        await self.clock.advance(0)

    async def run(self, *actions: Any, **config: Any) -> Trace:
        """Load an automation with these actions, set it off, return the trace of its run."""
        automation = await self.automation(actions=list(actions), **config)
        await self.go()
        trace: Trace = automation.traces[-1]
        return trace

    def answer(self, name: str, answers: list[dict[str, Any]]) -> None:
        """Let a service answer, or fail."""
        self.world.calls.answers[name] = Answers(answers)

    @property
    def calls(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What was called, as `domain.service` and its data with the target."""
        return [
            (f"{call.domain}.{call.service}", {**call.data, **call.target})
            for call in self.world.calls.made
        ]

    @property
    def called(self) -> list[str]:
        """The names of what was called."""
        return [name for name, _data in self.calls]

    def fired(self, event_type: str) -> list[Event]:
        """Return the events of a type."""
        return [event for event in self.events if event.type == event_type]
