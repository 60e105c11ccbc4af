"""What flush acknowledged survives kill -9; a failing disk leaves the registries working."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.events import EventBus
from hub.registry import EntityRegistry
from hub.storage import Database
from hub.util.clock import SystemClock

WRITER = """
import asyncio, sys
from pathlib import Path
from hub.events import EventBus
from hub.registry import EntityRegistry
from hub.storage import Database
from hub.util.clock import SystemClock

async def main():
    database = Database(Path(sys.argv[1]))
    await database.open()
    entities = EntityRegistry(EventBus(), database, SystemClock())
    await entities.load()
    first = len(entities)
    for number in range(first, first + 100000):
        entry = entities.get_or_create("sensor", "demo", str(number), suggested_object_id="s")
        entities.update(entry.entity_id, name=f"name {number}")
        if number % 3 == 0:
            entities.update(entry.entity_id, new_entity_id=f"sensor.renamed_{number}")
        if number % 7 == 0:
            assert await entities.flush()
            print(number, flush=True)
asyncio.run(main())
"""


async def test_kill_9_loses_no_acknowledged_row(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    acknowledged = -1
    for delay in (0.0, 0.15, 0.4):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        lines = [await process.stdout.readline() for _ in range(5)]
        await asyncio.sleep(delay)  # where in its stream of updates the process dies
        process.kill()
        lines += (await process.stdout.read()).splitlines()
        await process.wait()
        acknowledged = max([acknowledged, *(int(line) for line in lines if line.strip())])

        database = Database(path)
        await database.open()
        assert database.corrupt_copy is None
        entities = EntityRegistry(EventBus(), database, SystemClock())
        await entities.load()
        await database.close()
        assert len(entities) > acknowledged > 0
        for number in range(acknowledged + 1):
            entry = entities.by_unique_id("sensor", "demo", str(number))
            assert entry is not None
            assert entry.name == f"name {number}"
            if number % 3 == 0:
                assert entry.entity_id == f"sensor.renamed_{number}"


async def test_a_failing_disk_keeps_the_registries_working(
    house: Any, entity: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        entry = entity()
        assert not await house.entities.flush()
        assert house.entities.degraded
        assert house.areas.degraded
        house.entities.update(entry.entity_id, name="in memory")
        assert house.entities.get(entry.entity_id).name == "in memory"
        other.execute("ROLLBACK")
    while house.entities.degraded:
        await house.clock.advance(1)
        await asyncio.sleep(0.005)
    again = await house.again()
    assert again.entities.get(entry.entity_id).name == "in memory"
    assert len(caplog.records) == 2
