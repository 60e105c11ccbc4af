"""A hub of real objects on a clock that is told to move, and the simulated base station."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub import bootstrap
from hub.config.settings import Settings
from hub.hub import Hub
from hub.resources import Phase, Status
from hub.states import State, StateMachine
from hub.util.clock import FakeClock
from integrations.neasmart.controller import Installations
from integrations.neasmart.coordinator import Installation
from integrations.neasmart.resources import TYPE
from tests.peers.ports import free_port_number, wait_until
from tests.peers.steady import SteadyLoop, loop_factories

sys.path.insert(0, str(Path(__file__).parents[3] / "config" / "demo"))


def pytest_asyncio_loop_factories() -> dict[str, type[SteadyLoop]]:
    """Let no pause of the machine be taken for a hub that does not answer the base."""
    return loop_factories()


SETTLED = {Phase.IN_SYNC, Phase.UNKNOWN}


@dataclass
class House:
    """A hub with one installation, and short words for what tests ask of it."""

    hub: Hub
    clock: FakeClock

    @property
    def lane(self) -> Any:
        """The type at work; None until its first resource was looked at."""
        engine = self.hub.resources.engine
        return None if engine is None else engine.lanes.opened(TYPE)

    @property
    def controller(self) -> Installations:
        """What keeps the installations running."""
        found = self.lane.controller
        assert isinstance(found, Installations)
        return found

    @property
    def installation(self) -> Installation:
        """The one called home."""
        return self.controller.running["home"].installation

    def conditions(self, key: str = "home") -> dict[str, tuple[bool | None, str]]:
        """Status and reason of every condition."""
        found = self.hub.resources.status(TYPE, key).conditions
        return {item.type: (item.status, item.reason) for item in found}

    async def put(self, spec: Any, key: str = "home") -> Status:
        """Write the resource and wait until it was looked at to the end."""
        change = await self.hub.resources.put(TYPE, key, spec)
        return await self.settled(key, revision=change.revision)

    async def settled(
        self, key: str = "home", *, revision: int | None = None, phases: Any = SETTLED
    ) -> Status:
        """Wait for a phase, and for a revision to be live."""

        def reached() -> bool:
            status = self.hub.resources.status(TYPE, key)
            live = revision in (None, status.observed_revision)
            return status.phase in phases and (live or status.phase is not Phase.IN_SYNC)

        await wait_until(reached)
        return self.hub.resources.status(TYPE, key)

    @property
    def port(self) -> int:
        """Port the line listens on."""
        return self.installation.server.port

    def bus(self, address: int, *words: int) -> None:
        """Play the base: write words."""
        data = b"".join(word.to_bytes(2, "big") for word in words)
        self.installation.image.write(address, data, self.clock.monotonic())

    def read(self, address: int, count: int = 1) -> list[int]:
        """Play the base: read words."""
        image = self.installation.image
        if image.queued:
            image.delivered(address, count, self.clock.monotonic())
        data = image.served[2 * address : 2 * (address + count)]
        return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]

    def state(self, entity_id: str) -> State:
        """State of an entity, after what waits has been published."""
        self.installation.flush()
        state = self.hub.states.get(entity_id)
        assert state is not None, sorted(self.hub.states.entity_ids())
        return state

    async def call(self, service: str, entity_id: str, **data: Any) -> None:
        """Call a service for one entity."""
        domain, name = service.split(".")
        await self.hub.services.call(domain, name, data, {"entity_id": [entity_id]})


Start = Callable[..., Awaitable[House]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Return a function that starts a hub on the test's database, with an installation `home`."""
    houses: list[House] = []

    async def make(spec: Any, *, data: Path = tmp_path) -> House:
        house = House(*await build(data))
        houses.append(house)
        change = await house.hub.resources.put(TYPE, "home", spec)
        await house.hub.resources.start(house.hub)
        await wait_until(lambda: house.lane is not None and "home" in house.controller.running)
        await house.settled(revision=change.revision)
        return house

    yield make
    for house in houses:
        await close(house)


async def build(data: Path) -> tuple[Hub, FakeClock]:
    """Return a hub wired by the composition root, without doors, on a clock that stands still."""
    hub = await bootstrap._build(Settings(), data, data)
    hub.clock = clock = FakeClock()
    hub.states = StateMachine(hub.bus, clock.time)
    hub.entities.start(hub)
    return hub, clock


async def close(house: House) -> None:
    """Stop and let go of everything; a second time does nothing."""
    if house.hub.tasks._closed:
        return
    await bootstrap._end_work(house.hub)
    for registry in (house.hub.floors, house.hub.labels, house.hub.areas, house.hub.devices):
        await registry.flush()
    await house.hub.entity_registry.flush()
    await house.hub.tasks.close(1)
    await house.hub.database.close()


@pytest.fixture
def shut() -> Callable[[House], Awaitable[None]]:
    """Return the function that ends a house before its test does."""
    return close


@pytest.fixture
def section() -> dict[str, Any]:
    """One base with two zones and one of everything else, listening on a free port."""
    return {
        "name": "Heating",
        "transport": {"type": "tcp", "host": "127.0.0.1", "port": free_port_number()},
        "bases": [
            {
                "number": 1,
                "zones": [
                    {"channel": 1, "name": "Living room", "area": "Ground floor"},
                    {"channel": 2, "name": "Kitchen", "humidity": False},
                ],
            },
            {"number": 5, "zones": [{"channel": 12, "name": "Attic"}]},
        ],
        "mixed_groups": [1],
        "dehumidifiers": [9],
        "pumps": 5,
    }
