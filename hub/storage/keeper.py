"""Small documents that change often: memory at once, the disk within a second."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from hub.storage.errors import StorageError
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from hub.storage.database import Database
    from hub.util.clock import Cancel, Clock

_LOGGER = logging.getLogger(__name__)

BEHIND_SECONDS: Final = 0.5
"""How long a change waits for others before all are written in one transaction."""

RETRY_SECONDS: Final = 5.0
"""Between two attempts on a failing disk; what waits stays in memory."""


class Keeper:
    """The documents of one namespace, newest per key.

    What waits is bounded by the number of keys: a second change of a key replaces the first.
    """

    def __init__(self, database: "Database", clock: "Clock", namespace: str) -> None:
        """Write into `database`, and once more before it is closed."""
        self._database = database
        self._clock = clock
        self._namespace = namespace
        self._waiting: dict[str, str | None] = {}
        self._cancel: Cancel | None = None
        self._writer: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._failed = False
        database.before_close(self.flush)

    async def load(self) -> dict[str, Any]:
        """Return the documents by key, as they are on the disk; raises `StorageError`."""
        from hub.storage.tables import documents as table

        async with self._database.read() as connection:
            rows = await connection.execute(
                table.select()
                .with_only_columns(table.c.key, table.c.data)
                .where(table.c.namespace == self._namespace)
            )
            return {key: loads(data) for key, data in rows.all()}

    def put(self, key: str, document: object) -> None:
        """Keep a document; raises `TypeError` for what has no JSON form."""
        self._change(key, dumps(document).decode())

    def drop(self, key: str) -> None:
        """Forget a document; one that does not exist is no error."""
        self._change(key, None)

    async def flush(self) -> None:
        """Write what waits; raises `StorageError`, and keeps it then."""
        self._unplan()
        async with self._lock:
            batch, self._waiting = self._waiting, {}
            if not batch:
                return
            try:
                await self._write(batch)
            except BaseException:
                self._waiting = batch | self._waiting
                raise
            if self._failed:
                self._failed = False
                _LOGGER.warning("The last values of %s are saved again", self._namespace)

    def _change(self, key: str, data: str | None) -> None:
        self._waiting[key] = data
        if self._cancel is None and not self._failed:
            self._plan(BEHIND_SECONDS)

    def _plan(self, seconds: float) -> None:
        self._cancel = self._clock.call_later(seconds, self._begin)

    def _unplan(self) -> None:
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()

    def _begin(self) -> None:
        self._cancel = None
        self._writer = asyncio.get_running_loop().create_task(
            self._attempt(), name=f"keep {self._namespace}"
        )

    async def _attempt(self) -> None:
        """Write; on a failing disk say so once and try again later."""
        try:
            await self.flush()
        except StorageError as error:
            if not self._failed:
                _LOGGER.error(  # noqa: TRY400
                    "The last values of %s can not be saved (%s); they are kept in memory",
                    self._namespace,
                    error.message,
                )
            self._failed = True
            self._unplan()
            self._plan(RETRY_SECONDS)

    async def _write(self, batch: dict[str, str | None]) -> None:
        from sqlalchemy import bindparam

        from hub.storage.tables import documents as table

        gone = [{"name": key} for key in batch]
        rows = [
            {"namespace": self._namespace, "key": key, "data": data}
            for key, data in batch.items()
            if data is not None
        ]
        async with self._database.begin() as connection:
            await connection.execute(
                table.delete().where(
                    table.c.namespace == self._namespace, table.c.key == bindparam("name")
                ),
                gone,
            )
            if rows:
                await connection.execute(table.insert(), rows)
