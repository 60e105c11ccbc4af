"""SQLite connections under cancellation, through SQLAlchemy as the hub uses them."""

import asyncio
import random
import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.util.sqlite import opener
from tests.peers.ports import wait_for, wait_until


def is_open(path: Path) -> bool:
    """Tell whether this process has the file open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(link.readlink())
    return path in found


async def test_a_stop_while_it_closes(tmp_path: Path) -> None:
    connection = await opener(tmp_path / "a.db")()
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    connection.stop()
    async with asyncio.timeout(30):
        await closing
        await connection.close()
    await wait_until(lambda: not is_open(tmp_path / "a.db"))


async def test_cancelled_while_it_opens(tmp_path: Path) -> None:
    opening = asyncio.ensure_future(opener(tmp_path / "a.db")())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    assert opening.cancelled()
    await wait_until(lambda: not is_open(tmp_path / "a.db"))


def test_results_that_nobody_waits_for_any_more(tmp_path: Path) -> None:
    """The loop ends while the thread works: the file is closed all the same."""

    hold = threading.Event()

    async def leave() -> None:
        connection = await opener(tmp_path / "a.db")()
        await connection.create_function("hold", 0, lambda: hold.wait(30))
        asyncio.ensure_future(connection.execute("SELECT hold()")).cancel()
        waiting = asyncio.ensure_future(connection.execute("SELECT hold()"))
        await asyncio.sleep(0)
        waiting.cancel()
        connection.stop()
        await asyncio.sleep(0)

    asyncio.run(leave())
    assert is_open(tmp_path / "a.db")
    hold.set()
    wait_for(lambda: not is_open(tmp_path / "a.db"), "the file to be closed")


async def write(engine: AsyncEngine, lock: asyncio.Lock) -> None:
    async with lock, engine.connect() as connection, connection.begin():
        for number in range(100):
            await connection.exec_driver_sql("INSERT INTO t VALUES (?)", (number,))


async def test_whatever_is_cancelled_the_engine_closes(tmp_path: Path) -> None:
    """A first and a second cancellation, at any moment: nothing waits for ever."""
    chance = random.Random(1)  # noqa: S311 - not a secret
    for _ in range(20):
        opened = opener(tmp_path / "a.db", isolation_level=None)
        engine = create_async_engine("sqlite+aiosqlite://", async_creator=opened)
        async with engine.connect() as connection:
            await connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (a)")
        lock = asyncio.Lock()
        tasks = [asyncio.create_task(write(engine, lock)) for _ in range(3)]
        for _ in range(2):
            await asyncio.sleep(chance.random() * 0.01)
            for task in tasks:
                task.cancel()
        done, late = await asyncio.wait(tasks, timeout=30)
        assert len(done) == 3, late
        async with asyncio.timeout(30):
            await engine.dispose()
    closing = asyncio.all_tasks() - {asyncio.current_task()}
    assert not closing or not (await asyncio.wait(closing, timeout=30))[1]
    await wait_until(lambda: not is_open(tmp_path / "a.db"))
