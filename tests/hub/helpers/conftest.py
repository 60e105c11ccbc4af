"""A running hub whose helpers wait on a clock that stands still until it is told to go on."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.events import ALL, Event
from hub.hub import Hub
from hub.states import State
from hub.util.clock import FakeClock
from tests.peers.house import House, MakeHouse

MONDAY = 1_795_996_800.0
"""2026-11-30 00:00 UTC."""


@dataclass
class Lab:
    """A hub, its clock, and what happened."""

    house: House
    clock: FakeClock
    events: list[Event] = field(default_factory=list)

    @property
    def hub(self) -> Hub:
        return self.house.hub

    async def put(self, domain: str, key: str, **spec: Any) -> State:
        """Write a helper and return its state."""
        await self.hub.resources.put(f"hub.{domain}", key, spec)
        await self.hub.helpers.settle()
        return self.state(f"{domain}.{key}")

    async def call(self, name: str, entity_id: str, **data: Any) -> State:
        """Call a service on one entity and return its state."""
        domain, _, service = name.partition(".")
        await self.hub.services.call(domain, service, data, {"entity_id": entity_id})
        return self.state(entity_id)

    def state(self, entity_id: str) -> State:
        found = self.hub.states.get(entity_id)
        assert found is not None, entity_id
        return found

    def happened(self, prefix: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the events whose type begins so, and forget them."""
        found = [
            (event.type, dict(event.data)) for event in self.events if event.type.startswith(prefix)
        ]
        self.events.clear()
        return found


async def lab_of(house: House, start: float = MONDAY) -> Lab:
    """Put a hub on a clock of its own; what it has begun already stays on the real one."""
    clock = FakeClock(start)
    house.hub.clock = clock
    lab = Lab(house, clock)
    house.hub.bus.listen(ALL, lab.events.append)
    return lab


@pytest.fixture
async def lab(make_house: MakeHouse) -> Lab:
    """A hub without integrations."""
    return await lab_of(
        await make_house("hub:\n  time_zone: Europe/Berlin\nmqtt: {enabled: false}\n")
    )
