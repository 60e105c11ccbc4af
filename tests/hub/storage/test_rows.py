"""The write-behind queue: order, merging, a disk that fails and heals."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hub.storage import Database
from hub.util.clock import FakeClock


def area(key: str, data: str = "{}") -> dict[str, str]:
    return {"area_id": key, "data": data}


async def areas(database: Database) -> dict[str, str]:
    async with database.read() as connection:
        found = await connection.exec_driver_sql("SELECT area_id, data FROM areas")
        return {row[0]: row[1] for row in found}


@contextmanager
def failing_disk(path: Path) -> Iterator[None]:
    """Let every write fail, as another program's lock does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def until_written(database: Database, clock: FakeClock) -> None:
    """Let the retries come, real work on the disk between them."""
    while database.rows.degraded:
        await clock.advance(1)
        await asyncio.sleep(0.005)


async def test_flush_means_committed_and_the_last_change_counts(database: Database) -> None:
    rows = database.rows
    assert await rows.flush()
    for number in range(50):
        rows.put("areas", f"a{number % 5}", area(f"a{number % 5}", str(number)))
    rows.put("floors", "gone", {"floor_id": "gone", "data": "{}"})
    rows.delete("floors", "gone")
    rows.delete("areas", "a0")
    rows.delete("areas", "never")
    assert await rows.flush()
    assert await areas(database) == {f"a{n}": str(45 + n) for n in range(1, 5)}


async def test_changes_during_a_commit_are_written_next(database: Database) -> None:
    rows = database.rows
    rows.put("areas", "a", area("a", "1"))
    first = asyncio.create_task(rows.flush())
    await asyncio.sleep(0)
    rows.put("areas", "a", area("a", "2"))
    assert await first
    assert await rows.flush()
    assert await areas(database) == {"a": "2"}


async def test_a_failing_disk_is_told_once_and_caught_up(
    database: Database, path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    rows = database.rows
    with failing_disk(path):
        rows.put("areas", "a", area("a", "old"))
        rows.put("areas", "b", area("b"))
        assert not await rows.flush()
        assert rows.degraded
        rows.put("areas", "a", area("a", "new"))
        rows.delete("areas", "b")
        assert not await rows.flush()
        for _ in range(4):
            await clock.advance(70)
            await asyncio.sleep(0.1)
    await until_written(database, clock)
    assert await rows.flush()
    assert await areas(database) == {"a": "new"}
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "goes on from memory" in messages[0]
    assert "all changes are saved" in messages[1]


async def test_close_saves_what_waits_behind_a_healed_disk(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(path, clock, busy_timeout=0.05)
    await database.open()
    with failing_disk(path):
        database.rows.put("areas", "a", area("a"))
        assert not await database.rows.flush()
    await database.close()
    again = Database(path)
    await again.open()
    assert await areas(again) == {"a": "{}"}
    await again.close()


async def test_close_does_not_wait_for_a_dead_disk(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(path, clock, busy_timeout=0.05)
    await database.open()
    with failing_disk(path), caplog.at_level(logging.ERROR):
        database.rows.put("areas", "a", area("a"))
        assert not await database.rows.flush()
        await database.close()
    assert "1 changed rows could not be saved" in caplog.text
