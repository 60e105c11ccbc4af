"""A recorder without a house: bus, states, intake, queue and writer on a real database."""

import asyncio
from pathlib import Path
from typing import Any

from hub.events import EventBus
from hub.recorder.database.address import Address
from hub.recorder.database.store import Store
from hub.recorder.policies import Policy
from hub.recorder.state import RecorderState
from hub.recorder.status import Status
from hub.recorder.writing.intake import Intake
from hub.recorder.writing.names import Names
from hub.recorder.writing.queue import Queue
from hub.recorder.writing.writer import Writer
from hub.states import StateMachine
from hub.util.clock import Clock, SystemClock
from hub.util.tasks import Tasks
from tests.peers.ports import wait_until


class Rules:
    """Policies as a test gives them."""

    squeezed = False

    def __init__(self) -> None:
        self.by_id: dict[str, Policy] = {}
        self.default = Policy()

    def of(self, entity_id: str) -> Policy:
        return self.by_id.get(entity_id, self.default)


class Desk:
    """Everything between the bus and the database."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        interval: float = 0.05,
        queue: Queue | None = None,
        **store: Any,
    ) -> None:
        self.clock = clock or SystemClock()
        self.bus = EventBus(Tasks())
        self.states = StateMachine(self.bus, self.clock.time)
        self.rules = Rules()
        self.queue = Queue() if queue is None else queue
        self.names = Names()
        self.status = Status()
        self.store = Store(Address.of(url, Path("/nowhere")), **store)
        self.writer = Writer(self.store, self.queue, self.names, self.status, self.clock, interval)
        self.intake = Intake(self.queue, self.names, self.rules, self.clock)  # type: ignore[arg-type]
        self.intake.renamed = self.writer.wake

    async def open(self) -> "Desk":
        """Begin to record, and wait until the database is open."""
        self.begin()
        await self.until(RecorderState.RECORDING)
        return self

    def begin(self) -> None:
        """Begin to record; the database is opened beside."""
        self.intake.start(self.bus, self.states.all())
        self.writer.start()

    async def close(self) -> None:
        self.intake.stop()
        await self.writer.stop(30.0)

    async def until(self, *states: RecorderState) -> None:
        """Wait for one of some states of the recorder."""
        await wait_until(lambda: self.status.state in states)

    async def drained(self) -> None:
        """Wait until nothing waits in memory."""
        await wait_until(lambda: len(self.queue) == 0 and not self.names.renaming)

    async def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        async with asyncio.timeout(30), self.store.read() as connection:
            rows = await connection.exec_driver_sql(statement)
            return [tuple(row) for row in rows]

    async def value(self, statement: str) -> Any:
        """Return the one value of a statement."""
        return (await self.sql(statement))[0][0]

    async def history(self, entity_id: str) -> list[str | None]:
        """Return the states of an entity in order of time."""
        await self.writer.flush()
        rows = await self.sql(
            "SELECT s.state FROM states s JOIN entities e ON e.id = s.entity "  # noqa: S608
            f"WHERE e.entity_id = '{entity_id}' ORDER BY s.time"
        )
        return [row[0] for row in rows]
