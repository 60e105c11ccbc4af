"""The recorder's tables with a pretended clock, for what works on rows rather than on events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.config.settings import House, RecorderSettings, Settings
from hub.events import EventBus
from hub.recorder.database.address import Address
from hub.recorder.database.store import Store
from hub.recorder.database.tables import attributes, entities, metadata, states
from hub.recorder.policies import Policies
from hub.recorder.retention.retention import Retention
from hub.recorder.state import RecorderState
from hub.recorder.statistics.statistics import Statistics
from hub.recorder.writing.names import Names
from hub.states import StateMachine
from hub.util.clock import FakeClock
from hub.util.json import dumps, loads
from hub.util.tasks import Tasks

START = 1_800_000_000 - 1_800_000_000 % 3600
"""A full hour, in seconds."""

MEASURED = {"state_class": "measurement", "unit_of_measurement": "W"}
RISING = {"state_class": "total_increasing", "unit_of_measurement": "kWh"}
NETTED = {"state_class": "total", "unit_of_measurement": "kWh"}

T = TypeVar("T")
Value = tuple[float, str | None]
"""Time in seconds behind `START`, and state."""


class Empty:
    """A registry without anything in it."""

    def get(self, _key: str) -> None:
        return None


class Papers:
    """Documents in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    async def load(self, namespace: str, key: str) -> Any:
        found = self.kept.get((namespace, key))
        return None if found is None else loads(found)

    async def save(self, namespace: str, key: str, document: object) -> None:
        self.kept[namespace, key] = dumps(document)


class Policed:
    """Resources that hold nothing but policies."""

    def __init__(self) -> None:
        self.specs: dict[str, dict[str, Any]] = {}
        self.listeners: list[Any] = []

    def list(self, _type: str) -> list[Any]:
        return [
            SimpleNamespace(key=key, spec=spec, deleting=False) for key, spec in self.specs.items()
        ]

    def listen(self, callback: Any, _type: str) -> Any:
        self.listeners.append(callback)
        return lambda: None

    def put(self, key: str, **spec: Any) -> None:
        self.specs[key] = spec
        for callback in self.listeners:
            callback("updated", None)


class Bench:
    """The part of a recorder that statistics and retention see, on a real database."""

    def __init__(self, address: Address, zone: str = "UTC", **settings: Any) -> None:
        self.clock = FakeClock(START)
        self.tasks = Tasks()
        bus = EventBus(self.tasks)
        self.hub: Any = SimpleNamespace(
            clock=self.clock,
            bus=bus,
            tasks=self.tasks,
            settings=Settings(hub=House(time_zone=zone), recorder=RecorderSettings(**settings)),
            resources=Policed(),
            entity_registry=Empty(),
            devices=Empty(),
            areas=Empty(),
            states=StateMachine(bus, self.clock.time),
            data_dir=Path("/nowhere"),
            documents=Papers(),
        )
        self.store = Store(address)
        self.names = Names()
        self.policies = Policies(self.hub)
        self.path = address.path
        self.dialect = address.dialect
        self.backlog = 0
        self.recording = True
        self.state = RecorderState.RECORDING
        self.disk: Any = SimpleNamespace(free=None)
        self.writer: Any = SimpleNamespace(rows=0)
        self.statistics = Statistics(self.hub, self)  # type: ignore[arg-type]
        self.retention = Retention(
            self.hub,
            self,  # type: ignore[arg-type]
            lambda: self.statistics.marks,
        )
        self.retention.pause = 0.0
        self.policies.start()
        self._numbers: dict[str, int] = {}
        self._attributes: dict[bytes, int] = {}

    async def open(self) -> None:
        await self.store.open()
        async with self.store.read() as connection:
            await self.names.load(connection, 0)

    async def close(self) -> None:
        await self.store.close()
        await self.tasks.close()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self.store.read() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with self.store.write() as connection:
            yield connection

    async def flush(self) -> None:
        await asyncio.sleep(0)

    async def size(self) -> Any:
        return await self.store.size()

    # --- what tests do

    async def record(
        self, entity_id: str, values: Iterable[Value], meaning: dict[str, Any] = MEASURED
    ) -> None:
        """Write rows of an entity; times in seconds behind `START`."""
        rows = [(START * 1_000_000 + round(time * 1e6), text) for time, text in values]
        await self.record_at(entity_id, rows, meaning)

    async def record_at(
        self, entity_id: str, rows: Sequence[tuple[int, str | None]], meaning: dict[str, Any]
    ) -> None:
        """Write rows of an entity; times in microseconds since 1970."""
        async with self.write() as connection:
            key = self._numbers.get(entity_id)
            if key is None:
                key = self._numbers[entity_id] = len(self._numbers) + 1
                await connection.execute(entities.insert(), {"id": key, "entity_id": entity_id})
            blob = dumps(meaning)
            number = self._attributes.get(blob)
            if number is None:
                number = self._attributes[blob] = len(self._attributes) + 1
                row = {"id": number, "hash": number, "data": blob.decode()}
                await connection.execute(attributes.insert(), row)
            for at in range(0, len(rows), 5000):
                await connection.execute(
                    states.insert(),
                    [
                        {"entity": key, "time": time, "state": text, "attributes": number}
                        for time, text in rows[at : at + 5000]
                    ],
                )

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work that pauses, letting the pretended clock pass while somebody waits for it."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.wait([task], timeout=0.001)
            if not task.done() and self.clock._actions:
                await self.clock.advance(0.02)
        return task.result()

    async def to(self, seconds: float) -> None:
        """Let the clock show so many seconds behind `START`, and make what is due."""
        ahead = START + seconds - self.clock.time()
        if ahead >= 0:
            await self.clock.advance(ahead)
        else:
            self.clock.jump(ahead)
        await self.statistics.catch_up()

    async def rows(self, table: str, entity_id: str = "sensor.a") -> list[dict[str, Any]]:
        """Return the rows of a series in a tier; `start` in seconds behind `START`."""
        meta, rows = metadata.tables["statistics_meta"], metadata.tables[f"statistics_{table}"]
        async with self.read() as connection:
            found = await connection.execute(
                select(rows)
                .join(meta, meta.c.id == rows.c.meta)
                .where(meta.c.statistic_id == entity_id)
                .order_by(rows.c.start)
            )
            return [{**row, "start": row["start"] - START} for row in found.mappings()]

    async def count(self, table: str = "states", entity_id: str | None = None) -> int:
        """Return the number of rows of a table, or of an entity's states."""
        from sqlalchemy import func

        found = metadata.tables[table]
        query = select(func.count()).select_from(found)
        if entity_id is not None:
            query = query.where(states.c.entity == self._numbers[entity_id])
        async with self.read() as connection:
            return int(await connection.scalar(query) or 0)
