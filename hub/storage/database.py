"""The database file: opening, migrating, one writer at a time.

SQLAlchemy is imported when a database is opened, alembic only when an older schema is found.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.observe.histogram import Histogram
from hub.storage import migrations
from hub.storage.errors import StorageError
from hub.storage.preflight import Damaged, explain, inspect, keep_before, peek, set_aside
from hub.storage.rows import RowQueue
from hub.util.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_LOGGER = logging.getLogger(__name__)

BUSY_SECONDS: Final = 5.0
"""How long a write waits for another program's lock."""


class Database:
    """One SQLite file in WAL mode: many readers, one writer, every commit on the disk.

    Writes either run in a transaction of their own (`begin`) or go through `rows`, the
    write-behind queue of the registries.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        *,
        busy_timeout: float = BUSY_SECONDS,
        keep_before: bool = True,
    ) -> None:
        """Name the file; nothing is touched before `open`. `busy_timeout` is in seconds.

        With `keep_before` a copy of an older schema is kept beside before it is migrated.
        """
        self.path = path
        self.corrupt_copy: Path | None = None
        """Where a damaged file was set aside by `open`."""
        self.seconds = Histogram()
        """How long write transactions took, waiting for others included."""
        self.rows = RowQueue(self, SystemClock() if clock is None else clock)
        self._busy_timeout = busy_timeout
        self._keep_before = keep_before
        self._engine: AsyncEngine | None = None
        self._writing = asyncio.Lock()
        self._before_close: list[Callable[[], Awaitable[None]]] = []

    async def open(self) -> None:
        """Open or make the file and bring its schema up to date.

        A damaged file is set aside and a new one started. Raises `StorageError` when the file can
        not be used or was written by a newer hub.
        """
        version = await self._inspect()
        if version is not None and version not in migrations.known():
            raise StorageError(
                f"{self.path}: the database has schema {version}, this hub knows up to "
                f"{migrations.HEAD}; start the newer hub again or restore a backup made before it"
            )
        if version not in (None, migrations.HEAD) and self._keep_before:
            await asyncio.to_thread(keep_before, self.path, str(version))
        self._engine = _engine(self.path, self._busy_timeout)
        try:
            if version != migrations.HEAD:
                async with self.begin() as connection:
                    await connection.run_sync(migrations.upgrade, version)
        except BaseException:
            await self._dispose()
            raise

    async def look(self) -> None:
        """Open the file beside a hub that may run: nothing is made, mended or migrated.

        Raises `StorageError` when there is no such file or its schema is not this hub's.
        """
        version = await asyncio.to_thread(peek, self.path)
        if version != migrations.HEAD:
            raise StorageError(
                f"{self.path}: the database has schema {version or 'none'}, this hub knows "
                f"{migrations.HEAD}; start the hub that belongs to it"
            )
        self._engine = _engine(self.path, self._busy_timeout)

    async def close(self) -> None:
        """Write what waits, then let go of the file; a failing disk does not hold it up."""
        if self._engine is None:
            return
        for action in self._before_close:
            try:
                await action()
            except StorageError as error:
                _LOGGER.error("Last write failed: %s", error.message)  # noqa: TRY400
        await self.rows.close()
        await self._dispose()

    def before_close(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run `action` at the start of `close`, for rooms that write in batches."""
        self._before_close.append(action)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["AsyncConnection"]:
        """Run a write transaction: committed when the block ends, rolled back when it raises.

        Raises `StorageError` when SQLite can not read or write the file.
        """
        began = time.perf_counter()
        async with self._writing, self._errors(), self._opened().connect() as connection:
            await connection.execution_options(hub_write=True)
            async with connection.begin():
                yield connection
        self.seconds.observe(time.perf_counter() - began)

    @asynccontextmanager
    async def read(self) -> AsyncIterator["AsyncConnection"]:
        """Read from one snapshot, beside a writer; raises `StorageError`."""
        async with self._errors(), self._opened().connect() as connection:
            yield connection

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        """Translate failures of the file; mistakes in statements stay what they are."""
        from sqlalchemy.exc import DatabaseError, IntegrityError

        try:
            yield
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise explain(self.path, error.orig or error) from error

    def _opened(self) -> "AsyncEngine":
        if self._engine is None:
            raise StorageError(f"{self.path}: the database is not open")
        return self._engine

    async def _dispose(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    async def _inspect(self) -> str | None:
        """Return the schema version; a damaged file is moved out of the way first."""
        try:
            return await asyncio.to_thread(inspect, self.path, self._busy_timeout)
        except Damaged as error:
            self.corrupt_copy = await asyncio.to_thread(set_aside, self.path)
            _LOGGER.error(  # noqa: TRY400
                "The database %s is damaged (%s); it was kept as %s and a new one was started: "
                "to get the old one back, stop the hub and put a backup in its place",
                self.path,
                error,
                self.corrupt_copy,
            )
            return await asyncio.to_thread(inspect, self.path, self._busy_timeout)


def _engine(path: Path, busy_timeout: float) -> "AsyncEngine":
    """Make the engine: one connection is kept, further ones are opened for readers."""
    from sqlalchemy import URL, event
    from sqlalchemy.ext.asyncio import create_async_engine

    from hub.util.sqlite import opener

    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        async_creator=opener(path, timeout=busy_timeout, isolation_level=None),
        pool_size=1,
        max_overflow=3,
    )

    def connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        # FULL, not NORMAL: a commit that was acknowledged must survive a power cut.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: "Connection") -> None:
        # The driver is in autocommit mode, so transactions are opened here; a writer takes its
        # lock at once instead of failing when it turns from reading to writing.
        write = connection.get_execution_options().get("hub_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)
    return engine
