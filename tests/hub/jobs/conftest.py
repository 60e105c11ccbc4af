"""Jobs on a real database with a clock that the test moves."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.events import Event, EventBus
from hub.jobs import Jobs
from hub.storage import Database
from hub.util.clock import FakeClock
from hub.util.tasks import Tasks


@dataclass
class Shop:
    """The jobs of one hub, and what they told."""

    jobs: Jobs
    database: Database
    clock: FakeClock
    bus: EventBus
    tasks: Tasks
    told: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        self.told.append(event.data["job"])

    async def close(self) -> None:
        """Stop as the hub does."""
        await self.jobs.stop()
        await self.tasks.close()
        await self.database.close()


OpenShop = Callable[[], Awaitable[Shop]]


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[OpenShop]:
    """Return a function that opens the jobs of one file, each time as a new hub would."""
    shops: list[Shop] = []
    clock = FakeClock(time.time())  # near what a real process wrote

    async def open_it() -> Shop:
        database = Database(tmp_path / "hub.db", clock, busy_timeout=0.1)
        await database.open()
        tasks = Tasks()
        bus = EventBus(tasks)
        shop = Shop(Jobs(bus, database, clock, tasks), database, clock, bus, tasks)
        bus.listen("job_updated", shop.hear)
        await shop.jobs.load()
        shops.append(shop)
        return shop

    yield open_it
    for shop in shops:
        await shop.close()


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop()
