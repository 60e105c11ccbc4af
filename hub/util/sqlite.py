"""SQLite connections that can be cancelled at any moment, and still be closed.

With aiosqlite 0.22 a connection that was stopped twice, as SQLAlchemy does for a task that is
cancelled while it closes one, waits for ever for a thread that has ended; one that was cancelled
while it opened stays open (omnilib/aiosqlite, pull request 389). A purge that is cancelled at the
end of the hub does both.
"""

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import aiosqlite


def opener(path: "Path", **arguments: Any) -> "Callable[[], Awaitable[aiosqlite.Connection]]":
    """Return what opens the file with `arguments` of `sqlite3.connect`; for `async_creator`."""
    import aiosqlite
    from aiosqlite.core import _STOP_RUNNING_SENTINEL

    class Connection(aiosqlite.Connection):
        """Stops once, and owns the file as soon as its thread has opened it."""

        def __init__(self) -> None:
            super().__init__(self._open, 64)
            self._thread.daemon = True
            self._opened: list[sqlite3.Connection] = []

        def _open(self) -> sqlite3.Connection:
            found: sqlite3.Connection = sqlite3.connect(path, **arguments)
            self._opened.append(found)
            return found

        def _let_go(self) -> object:
            for one in self._opened:
                one.close()
            return _STOP_RUNNING_SENTINEL

        def stop(self) -> "asyncio.Future[Any] | None":
            """Let the thread end; nobody waits for it, for the loop may end before."""
            if self._running:
                self._running = False
                self._tx.put_nowait((None, self._let_go))
            return None

        async def close(self) -> None:
            if self._running:
                await super().close()

    async def opened() -> aiosqlite.Connection:
        connection = Connection()
        await connection
        return connection

    return opened
