"""Conditions on their own, with the trace that they leave."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.automation import validation
from hub.automation.conditions.compile import compile as compiled
from hub.automation.rehearsal.world import RehearsalWorld
from hub.automation.trace import Trace
from hub.config.settings import House, Settings
from hub.events import Context
from hub.util.clock import FakeClock

START = 1_800_000_000.0
"""Friday 15 January 2027, 09:00 in Berlin."""


BERLIN = House(time_zone="Europe/Berlin", latitude=52.52, longitude=13.4)


@dataclass
class Bench:
    """A world, and the trace of the last question."""

    house: House = BERLIN
    traced: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = FakeClock(START)
        self.world = RehearsalWorld(Settings(hub=self.house), self.clock)
        self.states = self.world.states

    def set(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Write a state."""
        self.states.set(entity_id, state, attributes)

    def check(self, condition: Any, variables: Mapping[str, Any] | None = None) -> bool:
        """Ask, with and without a trace: both must agree."""
        check = compiled(self.world, validation.condition(condition))
        trace = Trace("automation", "x", {}, Context(), self.clock.time)
        try:
            held = check(variables or {}, trace, "condition/0")
        finally:
            found = trace.as_dict()["trace"]
            self.traced = {
                path: steps[-1].get("error") or steps[-1].get("result")
                for path, steps in found.items()
            }
        assert check(variables or {}, None, "condition/0") is held
        return held


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A world in Berlin."""
    found = Bench()
    yield found
    await found.world.close()
