"""The keeper: newest per key, on the disk within a second, in memory while the disk fails."""

import sqlite3
from pathlib import Path

import pytest

from hub.storage import Database, Keeper, StorageError
from hub.util.clock import FakeClock


async def on_disk(database: Database, clock: FakeClock) -> dict[str, object]:
    return await Keeper(database, clock, "values").load()


async def test_a_change_is_on_the_disk_within_a_second(
    database: Database, clock: FakeClock
) -> None:
    keeper = Keeper(database, clock, "values")
    keeper.put("a", {"value": 1})
    keeper.put("a", {"value": 2})
    keeper.put("b", "ü")
    assert await on_disk(database, clock) == {}
    await clock.advance(1)
    await keeper.flush()
    assert await on_disk(database, clock) == {"a": {"value": 2}, "b": "ü"}
    keeper.drop("a")
    keeper.drop("never there")
    await keeper.flush()
    assert await on_disk(database, clock) == {"b": "ü"}


async def test_closing_the_database_writes_what_waits(path: Path, clock: FakeClock) -> None:
    database = Database(path, clock)
    await database.open()
    Keeper(database, clock, "values").put("a", 1)
    await database.close()
    again = Database(path, clock)
    await again.open()
    assert await on_disk(again, clock) == {"a": 1}
    await again.close()


async def test_what_has_no_json_form_is_refused_at_once(
    database: Database, clock: FakeClock
) -> None:
    keeper = Keeper(database, clock, "values")
    with pytest.raises(TypeError):
        keeper.put("a", object())
    await keeper.flush()
    assert await on_disk(database, clock) == {}


async def test_a_busy_disk_is_told_once_and_tried_again(
    database: Database, clock: FakeClock, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = Keeper(database, clock, "values")
    keeper.put("a", 1)
    with sqlite3.connect(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError):
            await keeper.flush()
        keeper.put("b", 2)
        await keeper._attempt()
        await keeper._attempt()
        other.rollback()
    keeper.put("b", 3)
    await keeper.flush()
    assert await on_disk(database, clock) == {"a": 1, "b": 3}
    told = [record.message for record in caplog.records if "values" in record.message]
    assert len(told) == 2, told
