"""A house of five registries on one real database, wired as in the running hub."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.events import ALL, Event, EventBus
from hub.registry import (
    AreaRegistry,
    DeviceRegistry,
    EntityRegistry,
    FloorRegistry,
    LabelRegistry,
)
from hub.storage import Database
from hub.util.clock import FakeClock


@dataclass
class House:
    """The registries, what they told, and a way to start them anew from the disk."""

    database: Database
    clock: FakeClock
    taken: set[str] = field(default_factory=set)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        bus = EventBus()
        shared = (bus, self.database, self.clock)
        self.floors = FloorRegistry(*shared)
        self.labels = LabelRegistry(*shared)
        self.areas = AreaRegistry(*shared, floors=self.floors, labels=self.labels)
        self.devices = DeviceRegistry(*shared, areas=self.areas, labels=self.labels)
        self.entities = EntityRegistry(
            *shared, areas=self.areas, labels=self.labels, taken=self.taken.__contains__
        )
        bus.listen(ALL, self._note)

    def _note(self, event: Event) -> None:
        self.events.append((event.type.removesuffix("_registry_updated"), event.data))

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the events since the last call."""
        found = self.events[:]
        self.events.clear()
        return found

    async def again(self) -> "House":
        """Return a house as the disk remembers it."""
        assert await self.entities.flush()
        house = House(self.database, self.clock)
        for registry in (house.floors, house.labels, house.areas, house.devices, house.entities):
            await registry.load()
        assert house.told() == []
        return house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = FakeClock()
    database = Database(tmp_path / "hub.db", clock, busy_timeout=0.05)
    await database.open()
    yield House(database, clock)
    await database.close()


@pytest.fixture
def entity(house: House) -> Callable[..., Any]:
    """Return a function that registers a sensor."""

    def make(unique_id: str = "1", **values: Any) -> Any:
        values.setdefault("suggested_object_id", "Kitchen heat")
        return house.entities.get_or_create("sensor", "demo", unique_id, **values)

    return make
