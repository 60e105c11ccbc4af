"""Triggers on their own, in a world whose clock somebody moves."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.automation import validation
from hub.automation.attach import attach
from hub.automation.rehearsal.world import RehearsalWorld
from hub.config.settings import House, Settings
from hub.events import Context
from hub.util.clock import FakeClock

START = 1_800_000_000.0
"""Friday 15 January 2027, 08:00 UTC."""

BERLIN = House(time_zone="Europe/Berlin", latitude=52.52, longitude=13.4, elevation=34)


@dataclass
class Bench:
    """A world, and what fired in it."""

    house: House = BERLIN
    start: float = START
    fired: list[dict[str, Any]] = field(default_factory=list)
    causes: list[Context | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FakeClock(self.start)
        self.world = RehearsalWorld(Settings(hub=self.house), self.clock)
        self.states = self.world.states

    def attach(self, *triggers: Any, variables: Mapping[str, Any] | None = None) -> Any:
        """Validate triggers and let them listen; return what ends that."""

        def fired(trigger: dict[str, Any], cause: Context | None) -> None:
            self.fired.append(trigger)
            self.causes.append(cause)

        valid = validation.triggers(list(triggers))
        return attach(self.world, valid, fired, variables or {}, "test")

    async def set(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Write a state and let everything react."""
        self.states.set(entity_id, state, attributes)
        await self.clock.advance(0)

    def take(self) -> list[dict[str, Any]]:
        """Return what fired since the last call."""
        found, self.fired = self.fired, []
        return found


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A world in Berlin."""
    found = Bench()
    yield found
    await found.world.close()
