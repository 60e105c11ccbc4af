"""Space that rows leave behind: given back in small steps, or all at once on request."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.errors import NotAllowed
from hub.recorder.database import file

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.jobs import Job
    from hub.recorder.database.store import Size
    from hub.recorder.recorder import Recorder
    from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

STEP: Final = 200
"""Pages that one step gives back: 1 to 11 ms."""

RESERVE: Final = 1000
"""Free pages that stay in the file: the next rows need them."""

REPACK_SECONDS: Final = 4 * 3600.0
"""The longest that rewriting a database may take."""

TIMES: Final = 2
"""How much more room than the database uses must be free before it is rewritten."""


async def script(connection: "AsyncConnection", text: str) -> None:
    """Run statements outside of any transaction; what is open is committed first. SQLite only.

    A pragma that works page by page must go this way: as a statement it does one page and stops.
    """
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.executescript(text)


async def size(recorder: "Recorder") -> "Size":
    """Return how large the database is now; raises `RecorderUnavailable`."""
    async with recorder.read():  # it says in the recorder's words what is wrong
        return await recorder.store.size()


async def free_pages(connection: "AsyncConnection") -> int:
    """Return how many pages of the SQLite file hold nothing."""
    return int((await connection.exec_driver_sql("PRAGMA freelist_count")).scalar_one())


async def give_back(recorder: "Recorder", clock: "Clock", keep: int = RESERVE) -> int:
    """Give free pages of a SQLite file back to the disk, all but `keep`; returns their number."""
    if recorder.path is None:
        return 0
    given = 0
    while True:
        async with recorder.write() as connection:
            before = await free_pages(connection)
            step = min(STEP, before - keep)
            if step <= 0:
                return given
            await script(connection, f"PRAGMA incremental_vacuum({step})")
            after = await free_pages(connection)
        given += before - after
        if after >= before:
            return given  # a file from elsewhere that can not shrink without being rewritten
        await clock.sleep(0.02)


async def checkpoint(recorder: "Recorder") -> None:
    """Bring SQLite's log into the file and cut it off; refresh what planners know."""
    if recorder.path is None:
        return
    async with recorder.write() as connection:
        await script(connection, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize")


async def repack(recorder: "Recorder", job: "Job | None" = None) -> dict[str, int]:
    """Write the whole database anew without holes; nothing is recorded meanwhile.

    Raises `NotAllowed` without enough free disk, `RecorderUnavailable`.
    """
    before = await size(recorder)
    await _check_room(recorder.path, before.used + before.free)
    if job is not None:
        job.progress(0.1, "Rewriting the database, nothing is recorded meanwhile")
    async with asyncio.timeout(REPACK_SECONDS):
        if recorder.dialect == "sqlite":
            async with recorder.write() as connection:
                await script(
                    connection,
                    "PRAGMA auto_vacuum=INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)",
                )
        else:
            await _repack_server(recorder, job)
    after = await size(recorder)
    return {
        "size_before": before.used + before.free,
        "size": after.used + after.free,
        "returned": max(0, before.used + before.free - after.used - after.free),
    }


async def _repack_server(recorder: "Recorder", job: "Job | None") -> None:
    from hub.recorder.database.tables import metadata

    names = list(metadata.tables)
    for index, name in enumerate(names):
        if job is not None:
            await job.checkpoint()
            job.progress(0.1 + 0.85 * index / len(names), f"Rewriting table {name}")
        async with recorder.write() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            if recorder.dialect == "postgresql":
                # outside of the transaction that SQLAlchemy has not begun on the server yet
                await driver.execute("SET statement_timeout = 0")
                try:
                    await driver.execute(f'VACUUM (FULL, ANALYZE) "{name}"')
                finally:
                    await driver.execute("RESET statement_timeout")
            else:
                await _unlimited(connection)
                (await connection.exec_driver_sql(f"OPTIMIZE TABLE `{name}`")).all()


async def _unlimited(connection: "AsyncConnection") -> None:
    """Let MariaDB work as long as it takes; MySQL has no such limit for this."""
    if getattr(connection.dialect, "is_mariadb", False):
        await connection.exec_driver_sql("SET SESSION max_statement_time = 0")


async def _check_room(path: Path | None, size: int) -> None:
    """Refuse to rewrite a file that might not find room; a server's disk is not known."""
    if path is None:
        return
    room = await asyncio.to_thread(file.room, path)
    if room < TIMES * size:
        raise NotAllowed(
            f"Rewriting the history needs {TIMES * size >> 20} MiB of free disk, "
            f"{room >> 20} MiB are free: free some space, or purge without repack"
        )
