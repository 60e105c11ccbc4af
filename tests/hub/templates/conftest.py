"""A house as templates see it: real registries on a real database, a clock that stands still."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.config.settings import House as Place
from hub.config.settings import Settings
from hub.events import EventBus
from hub.registry import (
    AreaRegistry,
    DeviceRegistry,
    EntityRegistry,
    FloorRegistry,
    LabelRegistry,
)
from hub.states import StateMachine
from hub.storage import Database
from hub.templates import Templates
from hub.util.clock import FakeClock
from hub.util.tasks import Tasks

MONDAY = 1_800_000_000.0 + 3 * 86400 + 90  # 2027-01-18 08:01:30 UTC
AMSTERDAM = Settings(hub=Place(latitude=52.37, longitude=4.89, time_zone="Europe/Amsterdam"))


@dataclass
class House:
    """What `hub.templates.House` asks for."""

    database: Database
    clock: FakeClock
    settings: Settings = AMSTERDAM
    tasks: Tasks = field(default_factory=Tasks)

    def __post_init__(self) -> None:
        self.bus = EventBus(self.tasks)
        self.states = StateMachine(self.bus, self.clock.time)
        shared = (self.bus, self.database, self.clock)
        self.floors = FloorRegistry(*shared)
        self.labels = LabelRegistry(*shared)
        self.areas = AreaRegistry(*shared, floors=self.floors, labels=self.labels)
        self.devices = DeviceRegistry(*shared, areas=self.areas, labels=self.labels)
        self.entity_registry = EntityRegistry(*shared, areas=self.areas, labels=self.labels)
        self.templates = Templates(self)

    def furnish(self) -> None:
        """Put up rooms, devices and states that most templates of the tests speak of."""
        ground = self.floors.create("Ground floor", aliases=["Downstairs"])
        label = self.labels.create("Winter", description="For the cold months")
        kitchen = self.areas.create("Kitchen", aliases=["Küche"], floor_id=ground.floor_id)
        self.areas.create("Attic", labels=[label.label_id])
        device = self.devices.get_or_create(
            platform="demo",
            identifiers={("demo", "oven")},
            name="Oven",
            manufacturer="Smeg",
            suggested_area="Kitchen",
        )
        self.devices.update(device.id, labels=[label.label_id])
        heat = self.entity_registry.get_or_create(
            "sensor", "demo", "heat", suggested_object_id="oven heat", device_id=device.id,
            original_name="Heat", options={"sensor": {"suggested_display_precision": 1}},
        )  # fmt: skip
        lamp = self.entity_registry.get_or_create(
            "light", "demo", "lamp", suggested_object_id="kitchen", original_name="Lamp"
        )
        self.entity_registry.update(
            lamp.entity_id, area_id=kitchen.area_id, labels=[label.label_id], hidden_by="user"
        )
        set_ = self.states.set
        set_(heat.entity_id, "21.456", {"unit_of_measurement": "°C", "friendly_name": "Oven Heat"})
        set_("light.kitchen", "on", {"brightness": 120, "modes": ["a", "b"]})
        set_("light.attic", "off", {})
        set_("sensor.gone", "unavailable", {})
        set_("sensor.dim", "unknown", {})
        set_("group.lights", "on", {"entity_id": ["light.kitchen", "light.attic"]})
        set_("person.anna", "home", {"latitude": 52.37, "longitude": 4.89})
        set_("person.bo", "away", {"latitude": 51.92, "longitude": 4.48})


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no rendering fail because the machine was busy; what is to end in time says so."""
    monkeypatch.setattr("hub.templates.compiled.MAX_SECONDS", 30.0)


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[House]:
    """Return a house without anything in it."""
    clock = FakeClock(MONDAY)
    database = Database(tmp_path / "hub.db", clock)
    await database.open()
    house = House(database, clock)
    yield house
    await house.tasks.close()
    await database.close()


@pytest.fixture
async def house(bare: House) -> House:
    """Return the furnished house."""
    bare.furnish()
    return bare


@pytest.fixture
def render(house: House) -> Callable[..., Any]:
    """Return a function that renders a text in the furnished house."""

    def run(text: str, variables: dict[str, Any] | None = None, **options: Any) -> Any:
        return house.templates.compile(text).render(variables, **options)

    return run


@dataclass
class Eyes:
    """Somebody who may read only some entities."""

    allowed: set[str]

    def may(self, verb: str, entity_id: str | None = None) -> bool:
        """Answer as `hub.auth.User` does."""
        return verb == "read" and entity_id in self.allowed
