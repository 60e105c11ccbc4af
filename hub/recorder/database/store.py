"""The database of the history: opened, read by many, written by one at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.recorder.database import file, schema
from hub.recorder.database.engine import BUSY_SECONDS, make_engine
from hub.storage.preflight import Damaged, set_aside

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from hub.recorder.database.address import Address

_LOGGER = logging.getLogger(__name__)

READERS_SECONDS: Final = 30.0
"""How long a damaged file waits for its readers before it is set aside."""


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of the database: what rows and the log use, and what is free inside the file."""

    used: int
    free: int = 0


class Closed(Exception):  # noqa: N818 - internal to this room, never on the wire
    """The database is not open."""


class Store:
    """Connections to one database; drivers' errors leave it as they are."""

    def __init__(
        self,
        address: "Address",
        *,
        busy_seconds: float = BUSY_SECONDS,
        steps: Mapping[int, schema.Step] = schema.STEPS,
        head: int = schema.HEAD,
    ) -> None:
        """Name the database; nothing is touched before `open`. `steps` and `head`: see `schema`."""
        self.address = address
        self.path = address.path
        self.dialect = address.dialect
        self.corrupt_copy: Path | None = None
        """Where a damaged file was set aside."""
        self._busy_seconds = busy_seconds
        self._steps, self._head = steps, head
        self._writer: AsyncEngine | None = None
        self._readers: AsyncEngine | None = None
        self._identity: tuple[int, int] | None = None
        self._writing = asyncio.Lock()
        self._reading = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def is_open(self) -> bool:
        """Tell whether `open` succeeded."""
        return self._readers is not None

    async def open(self) -> None:
        """Open the database and bring its tables up to date; a damaged file is set aside.

        Raises `schema.NotOurs`, `OSError`, `sqlite3.Error` and what drivers raise.
        """
        await self.close()
        if self.path is not None:
            await self._prepare_file(self.path)
        self._writer = make_engine(self.address, writer=True, busy_seconds=self._busy_seconds)
        try:
            async with self.write() as connection:
                await connection.run_sync(schema.prepare, self._steps, self._head)
        except BaseException:
            await self.close()
            raise
        if self.path is not None:
            self._identity = file.identity(self.path)
        self._readers = make_engine(self.address, writer=False, busy_seconds=self._busy_seconds)

    async def close(self) -> None:
        """Let go of every connection."""
        engines, self._writer, self._readers = (self._writer, self._readers), None, None
        for engine in engines:
            if engine is not None:
                await engine.dispose()

    @property
    def replaced(self) -> bool:
        """Tell whether the SQLite file was deleted or exchanged while it was open."""
        return (
            self.path is not None and self.is_open and not file.same_file(self.path, self._identity)
        )

    @asynccontextmanager
    async def read(self) -> AsyncIterator["AsyncConnection"]:
        """Read beside the writer; raises `Closed`."""
        readers = self._readers
        if readers is None:
            raise Closed
        self._reading += 1
        self._quiet.clear()
        try:
            async with readers.connect() as connection:
                try:
                    yield connection
                finally:
                    if readers is not self._readers and self.path is not None:
                        await _let_go(connection)
        finally:
            self._reading -= 1
            if not self._reading:
                self._quiet.set()

    @asynccontextmanager
    async def write(self) -> AsyncIterator["AsyncConnection"]:
        """Run the one write transaction: committed when the block ends; raises `Closed`."""
        async with self._writing:
            if self._writer is None:
                raise Closed
            async with self._writer.connect() as connection, connection.begin():
                yield connection

    async def size(self) -> Size:
        """Return how large the database is; raises `Closed`."""
        async with self.read() as connection:
            if self.path is not None:
                pages = await connection.exec_driver_sql(
                    "SELECT p.page_count, f.freelist_count, s.page_size FROM pragma_page_count() p,"
                    " pragma_freelist_count() f, pragma_page_size() s"
                )
                count, free, page = (int(value) for value in pages.one())
                log = self.path.with_name(self.path.name + "-wal")
                waiting = log.stat().st_size if log.exists() else 0
                return Size((count - free) * page + waiting, free * page)
            if self.dialect == "postgresql":
                total = await connection.exec_driver_sql(
                    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
                    " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
                )
                return Size(int(total.scalar_one()))
            found = await connection.exec_driver_sql(
                "SELECT coalesce(sum(data_length + index_length), 0), coalesce(sum(data_free), 0)"
                " FROM information_schema.tables WHERE table_schema = database()"
            )
            return Size(*(int(value) for value in found.one()))

    async def _prepare_file(self, path: Path) -> None:
        try:
            await asyncio.to_thread(file.prepare, path, self._busy_seconds)
        except Damaged as error:
            await self.set_aside(str(error))
            await asyncio.to_thread(file.prepare, path, self._busy_seconds)

    async def set_aside(self, why: str) -> None:
        """Rename the damaged file, to be followed by `open`.

        Readers end first: SQLite deletes the log by its name when the last connection to a file is
        closed, and by then the name would be the new file's. Raises `OSError` when one does not.
        """
        if self.path is None:
            raise Closed
        await self.close()
        try:
            async with asyncio.timeout(READERS_SECONDS):
                await self._quiet.wait()
        except TimeoutError:
            raise OSError(f"it is damaged ({why}), and still being read") from None
        self.corrupt_copy = await asyncio.to_thread(set_aside, self.path)
        _LOGGER.error(
            "The history %s is damaged (%s); it was kept as %s and a new one was started: delete "
            "the copy, or stop the hub and put a whole one in its place",
            self.path,
            why,
            self.corrupt_copy,
        )


async def _let_go(connection: "AsyncConnection") -> None:
    """Close a connection whose pool was left: it would be kept there until it is collected."""
    raw = await connection.get_raw_connection()
    if raw.driver_connection is not None:
        await raw.driver_connection.close()
    await connection.invalidate()
