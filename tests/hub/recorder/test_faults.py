"""The database goes away, is locked, damaged, taken; what happened is there afterwards."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hub.recorder.errors import RecorderUnavailable
from hub.recorder.state import RecorderState
from hub.recorder.writing.inserts import TABLES
from hub.recorder.writing.queue import Queue
from tests.hub.recorder.conftest import MakeDesk
from tests.hub.recorder.desk import Desk

if TYPE_CHECKING:
    from tests.peers.databases import EmptyDatabase


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again sooner than a house would."""
    monkeypatch.setattr("hub.recorder.writing.writer.FIRST_RETRY", 0.05)
    monkeypatch.setattr("hub.recorder.writing.writer.LONGEST_RETRY", 0.2)


AHEAD = 5_000
"""Changes beyond those that are waited for: a server may take long to come back, and the oldest
of 65000 rows in memory would be dropped."""


class Load:
    """Changes and events without a pause, each with a number of its own."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.count = self.asked = 0
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            for _ in range(20):
                self.count += 1
                entity_id = f"sensor.s{self.count % 17}"
                self.desk.states.set(entity_id, str(self.count), {"n": self.count % 50})
                if self.count % 10 == 0:
                    self.desk.bus.fire("counted", {"n": self.count})
            await asyncio.sleep(0.005)
            while self.count > self.asked + AHEAD:
                await asyncio.sleep(0.01)

    async def more(self, count: int) -> None:
        """Wait for so many further changes."""
        self.asked = self.count + count
        while self.count < self.asked:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


async def complete(desk: Desk, count: int) -> None:
    """Every change is there, once, and every event."""
    rows = await desk.sql("SELECT state FROM states")
    assert len(rows) == count
    assert {int(text) for (text,) in rows} == set(range(1, count + 1))
    assert await desk.value("SELECT count(*) FROM events") == count // 10
    lost = "SELECT count(*) FROM states WHERE attributes NOT IN (SELECT id FROM attributes)"
    assert await desk.value(lost) == 0


async def test_server_killed_under_load(
    served_database: "EmptyDatabase", make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    server = served_database.server
    assert server is not None
    desk = await make_desk(served_database.url)
    load = Load(desk)
    for _ in range(2):
        await load.more(1000)
        await asyncio.to_thread(server.kill)
        await desk.until(RecorderState.WAITING)
        with pytest.raises(RecorderUnavailable, match="waiting"):
            await desk.writer.flush()
        await load.more(1000)
        await asyncio.to_thread(server.start)
        await desk.until(RecorderState.RECORDING)
    await load.more(500)
    await load.stop()
    await desk.drained()
    await complete(desk, load.count)
    assert desk.queue.dropped == 0
    told = [record.message for record in caplog.records if record.name.startswith("hub.recorder")]
    assert len(told) == 4, "one line when it goes, one when it comes"
    assert all(server.password not in line for line in told)


async def test_server_that_hangs(
    served_database: "EmptyDatabase", make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = served_database.server
    assert server is not None
    desk = await make_desk(served_database.url)
    desk.states.set("sensor.a", "1")
    await desk.writer.flush()
    with monkeypatch.context() as hurried:  # what is to succeed has all the time
        hurried.setattr("hub.recorder.writing.writer.ATTEMPT_SECONDS", 1.0)
        server.freeze()
        desk.states.set("sensor.a", "2")
        await desk.until(RecorderState.WAITING)
    server.thaw()
    await desk.until(RecorderState.RECORDING)
    assert await desk.history("sensor.a") == ["1", "2"]


async def test_server_away_at_the_start(served_database: "EmptyDatabase") -> None:
    server = served_database.server
    assert server is not None
    await asyncio.to_thread(server.kill)
    desk = Desk(served_database.url)
    desk.begin()
    try:
        desk.states.set("sensor.a", "1")
        await desk.until(RecorderState.WAITING)
        assert desk.status.reason is not None
        assert server.password not in desk.status.reason
        with pytest.raises(RecorderUnavailable):
            await desk.writer.flush()
        await asyncio.to_thread(server.start)
        await desk.until(RecorderState.RECORDING)
        assert await desk.history("sensor.a") == ["1"]
    finally:
        await desk.close()


async def test_wrong_password_is_told_without_it(served_database: "EmptyDatabase") -> None:
    server = served_database.server
    assert server is not None
    desk = Desk(served_database.url.replace("p%40ss", "wrong%40ss"))
    desk.begin()
    try:
        await desk.until(RecorderState.WAITING)
        assert "hub" in str(desk.status.reason)
        assert "wrong" not in str(desk.status.reason)
    finally:
        await desk.close()


async def test_tables_taken_away(empty_database: "EmptyDatabase", make_desk: MakeDesk) -> None:
    desk = await make_desk(empty_database.url)
    desk.states.set("sensor.a", "1", {"a": 1})
    await desk.writer.flush()
    async with desk.store.write() as connection:
        for name in ("recorder_meta", "statistics_meta", "statistics_short", *TABLES):
            await connection.exec_driver_sql(f"DROP TABLE {name}")
        await connection.exec_driver_sql("DROP TABLE statistics_hour")
        await connection.exec_driver_sql("DROP TABLE statistics_day")
    desk.states.set("sensor.a", "2", {"a": 1})
    await desk.drained()
    assert await desk.history("sensor.a") == ["2"]


async def test_a_refused_row_is_dropped_alone(
    empty_database: "EmptyDatabase", make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await make_desk(empty_database.url)
    for number in range(200):
        desk.states.set("sensor.a", str(number))
        if number == 77:  # no state machine makes that, but who knows
            desk.queue.put("sensor.bad", 2**70, "x", None, None, None, 1, 0)
    await desk.drained()
    assert await desk.history("sensor.a") == [str(number) for number in range(200)]
    assert desk.writer.refused == 1
    assert "refuses a row of sensor.bad" in caplog.text


async def test_memory_stays_bounded_while_the_database_is_away(tmp_path: Path) -> None:
    (tmp_path / "no").touch()
    desk = Desk(f"sqlite:///{tmp_path}/no/history.db", queue=Queue(max_rows=1000))
    desk.begin()
    try:
        await desk.until(RecorderState.WAITING)
        for number in range(10_000):
            desk.states.set(f"sensor.s{number % 10}", str(number))
        assert len(desk.queue) <= 1000
        (tmp_path / "no").unlink()
        (tmp_path / "no").mkdir()
        await desk.until(RecorderState.RECORDING)
        await desk.drained()
        assert (await desk.history("sensor.s7"))[-1] == "9997"
        assert desk.queue.dropped + await desk.value("SELECT count(*) FROM states") == 10_000
    finally:
        await desk.close()


# --- SQLite


def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/history.db"


async def test_locked_file_is_waited_for(tmp_path: Path, make_desk: MakeDesk) -> None:
    """T2: a lock longer than the patience of an attempt; nothing is deleted or lost."""
    desk = await make_desk(sqlite_url(tmp_path), busy_seconds=0.2)
    desk.states.set("sensor.a", "before")
    await desk.writer.flush()
    identity = (tmp_path / "history.db").stat().st_ino
    with closing(sqlite3.connect(tmp_path / "history.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(100):
            desk.states.set("sensor.a", str(number))
        await desk.until(RecorderState.WAITING)
        assert "locked" in str(desk.status.reason)
        assert await desk.value("SELECT count(*) FROM states") == 1, "readers go on"
        other.execute("ROLLBACK")
    await desk.until(RecorderState.RECORDING)
    await desk.drained()
    assert await desk.history("sensor.a") == ["before", *map(str, range(100))]
    assert (tmp_path / "history.db").stat().st_ino == identity
    assert not found(tmp_path, "*corrupt*")


@pytest.mark.parametrize("damage", ["text", "pages", "short"])
async def test_damaged_file_at_the_start(
    tmp_path: Path, make_desk: MakeDesk, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "history.db"
    desk = await make_desk(sqlite_url(tmp_path))
    for number in range(2000):
        desk.states.set("sensor.a", str(number), {"n": number})
    await desk.close()
    spoil(path, damage)
    size = path.stat().st_size
    desk = await make_desk(sqlite_url(tmp_path))
    desk.states.set("sensor.a", "new")
    assert await desk.history("sensor.a") == ["new"]
    (copy,) = found(tmp_path, "history.db.corrupt-*")
    assert copy.stat().st_size == size
    assert desk.store.corrupt_copy == copy
    assert str(copy) in caplog.text


async def test_file_damaged_while_it_is_open(tmp_path: Path, make_desk: MakeDesk) -> None:
    desk = await make_desk(sqlite_url(tmp_path))
    for number in range(3000):
        desk.states.set(f"sensor.s{number % 50}", str(number), {"n": number})
    await desk.writer.flush()
    async with desk.store.write() as connection:
        await connection.exec_driver_sql("CREATE TABLE x (y)")
    await desk.store.close()
    await desk.store.open()
    with closing(sqlite3.connect(tmp_path / "history.db")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(tmp_path / "history.db", "pages")
    for number in range(50):
        desk.states.set(f"sensor.s{number}", "after", {"after": number})
    await desk.drained()
    assert (await desk.history("sensor.s3"))[-1] == "after"
    assert found(tmp_path, "history.db.corrupt-*")
    assert await desk.value("SELECT count(*) FROM states") == 50, "the batch was not lost"


def found(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def spoil(path: Path, how: str) -> None:
    with path.open("r+b") as file:
        if how == "text":
            file.write(b"this is no database at all, not even a little")
        elif how == "short":
            file.truncate(path.stat().st_size // 2)
        else:
            pages = path.stat().st_size // 4096
            for page in range(2, pages):
                file.seek(page * 4096)
                file.write(b"\xa5" * 2048)


async def test_deleted_file_is_made_anew(
    tmp_path: Path, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await make_desk(sqlite_url(tmp_path))
    desk.states.set("sensor.a", "1")
    await desk.writer.flush()
    for path in found(tmp_path, "history.db*"):
        path.unlink()
    desk.states.set("sensor.a", "2")
    assert await desk.history("sensor.a") == ["2"]
    assert "taken away" in caplog.text


async def test_unwritable_folder_heals(tmp_path: Path) -> None:
    (tmp_path / "later").touch()
    desk = Desk(f"sqlite:///{tmp_path}/later/history.db")
    desk.begin()
    try:
        await desk.until(RecorderState.WAITING)
        desk.states.set("sensor.a", "1")
        (tmp_path / "later").unlink()
        (tmp_path / "later").mkdir()
        await desk.until(RecorderState.RECORDING)
        assert await desk.history("sensor.a") == ["1"]
    finally:
        await desk.close()


async def test_stop_writes_what_waits(tmp_path: Path, make_desk: MakeDesk) -> None:
    desk = await make_desk(sqlite_url(tmp_path), interval=60)
    desk.states.set("sensor.a", "last words")
    await desk.close()
    desk = await make_desk(sqlite_url(tmp_path))
    assert await desk.history("sensor.a") == ["last words"]


async def test_stop_while_starting_writes_too(tmp_path: Path, make_desk: MakeDesk) -> None:
    desk = Desk(sqlite_url(tmp_path))
    desk.begin()
    desk.states.set("sensor.a", "quick")
    await desk.close()
    desk = await make_desk(sqlite_url(tmp_path))
    assert await desk.history("sensor.a") == ["quick"]


async def test_flushes_are_shared(tmp_path: Path, make_desk: MakeDesk) -> None:
    desk = await make_desk(sqlite_url(tmp_path), interval=60)
    desk.states.set("sensor.a", "1")
    before = desk.writer.seconds.count
    await asyncio.gather(*(desk.writer.flush() for _ in range(20)))
    assert desk.writer.seconds.count == before + 1
    await desk.writer.flush()
    assert desk.writer.seconds.count == before + 1


async def test_a_listener_that_fails_harms_nobody(
    tmp_path: Path, make_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await make_desk(sqlite_url(tmp_path))
    calls: list[Any] = []
    desk.writer.flushed += [lambda: 1 / 0, lambda: calls.append(1)]
    desk.states.set("sensor.a", "1")
    assert await desk.history("sensor.a") == ["1"]
    assert calls
    assert "ZeroDivisionError" in caplog.text
