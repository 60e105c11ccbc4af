"""The write-behind queue: registries change memory at once, their rows follow in transactions."""

import asyncio
import logging
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.util.clock import Clock

if TYPE_CHECKING:
    from hub.storage.database import Database

_LOGGER = logging.getLogger(__name__)

FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
"""Seconds between attempts on a failing disk, doubling from the first to the longest."""

Row = Mapping[str, Any]


class RowQueue:
    """Upserts and deletes of rows, newest per row, committed in order of change.

    Waiting rows are bounded by the number of objects: a second change of a row replaces the first.
    """

    def __init__(self, database: "Database", clock: Clock) -> None:
        """Write into `database`, waiting on `clock` after a failure."""
        self._database = database
        self._clock = clock
        self._waiting: dict[tuple[str, str], Row | None] = {}
        self._changes = 0
        self._committed = 0
        self._flushes: list[tuple[int, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._delay = 0.0

    @property
    def degraded(self) -> bool:
        """Tell whether the last attempt failed, so that changes live in memory only."""
        return self._delay > 0

    @property
    def waiting(self) -> int:
        """Return how many changed rows are not on the disk yet."""
        return len(self._waiting)

    def put(self, table: str, key: str, row: Row) -> None:
        """Write `row` under its primary key soon; the queue takes the mapping over."""
        self._change(table, key, row)

    def delete(self, table: str, key: str) -> None:
        """Delete the row with this primary key soon."""
        self._change(table, key, None)

    async def flush(self) -> bool:
        """Wait until all changes made so far are committed.

        Returns False, without waiting further, while the disk fails: the changes are kept in
        memory and written as soon as it works again.
        """
        if self._committed >= self._changes:
            return True
        if self.degraded:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._flushes.append((self._changes, future))
        return await future

    async def close(self) -> None:
        """Try once more to write what waits, then stop."""
        writer, self._writer = self._writer, None
        if writer is not None and self.degraded:
            writer.cancel()
            await asyncio.wait([writer])
            if not await self._attempt():
                _LOGGER.error("%d changed rows could not be saved", len(self._waiting))
        elif writer is not None:
            await asyncio.wait([writer])
        self._settle(working=False)

    def _change(self, table: str, key: str, row: Row | None) -> None:
        self._waiting[(table, key)] = row
        self._changes += 1
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._run(), name="row writer")

    async def _run(self) -> None:
        """Commit batch after batch until nothing waits."""
        try:
            while self._waiting:
                if not await self._attempt():
                    await self._clock.sleep(self._delay * random.uniform(0.8, 1.2))  # noqa: S311
        finally:
            if self._writer is asyncio.current_task():
                self._writer = None

    async def _attempt(self) -> bool:
        """Write everything that waits in one transaction; on failure keep it."""
        batch, self._waiting = self._waiting, {}
        upto = self._changes
        try:
            await self._write(batch)
        except BaseException as error:
            self._waiting = batch | self._waiting
            if not isinstance(error, Exception):
                raise
            self._failed(error)
            return False
        self._committed = upto
        if self.degraded:
            self._delay = 0.0
            _LOGGER.warning("The database can be written again; all changes are saved")
        self._settle(working=True)
        return True

    async def _write(self, batch: Mapping[tuple[str, str], Row | None]) -> None:
        """Delete and insert by table: plain statements that every database knows."""
        from sqlalchemy import bindparam

        from hub.storage.tables import metadata

        by_table: dict[str, dict[str, Row | None]] = {}
        for (table_name, key), row in batch.items():
            by_table.setdefault(table_name, {})[key] = row
        async with self._database.begin() as connection:
            for table_name, rows in by_table.items():
                table = metadata.tables[table_name]
                (column,) = table.primary_key.columns
                statement = table.delete().where(column == bindparam("row_key"))
                await connection.execute(statement, [{"row_key": key} for key in rows])
                if inserts := [dict(row) for row in rows.values() if row is not None]:
                    await connection.execute(table.insert(), inserts)

    def _failed(self, error: Exception) -> None:
        """Say once that the disk fails and let those who wait for it go on."""
        if not self.degraded:
            _LOGGER.error(
                "The database can not be written (%s); the hub goes on from memory and tries again",
                error,
            )
        self._delay = min(LONGEST_RETRY, max(FIRST_RETRY, self._delay * 2))
        self._settle(working=False)

    def _settle(self, *, working: bool) -> None:
        """Answer the flushes that are done; on a failing disk all of them."""
        still = []
        for upto, future in self._flushes:
            done = self._committed >= upto
            if not done and working:
                still.append((upto, future))
            elif not future.done():
                future.set_result(done)
        self._flushes = still
