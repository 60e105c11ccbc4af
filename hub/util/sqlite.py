"""SQLite connections that can be cancelled at any moment, and still be closed.

With aiosqlite 0.22 a connection that was stopped twice, as SQLAlchemy does for a task that is
cancelled while it closes one, waits for ever for a thread that has ended; one that was cancelled
while it opened stays open (omnilib/aiosqlite, pull request 389). A purge that is cancelled at the
end of the hub does both. Import this where a database is opened: it imports the driver.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import aiosqlite
from aiosqlite.core import _STOP_RUNNING_SENTINEL, _connection_worker_thread


class Connection(aiosqlite.Connection):
    """Stops once, and owns the file as soon as its thread has opened it."""

    def __init__(self, path: Path, arguments: dict[str, Any]) -> None:
        """Prepare; the file is opened when it is awaited."""
        super().__init__(self._open, 64)
        self._thread = Thread(target=self._serve, daemon=True)
        self._path, self._arguments = path, arguments
        self._opened: list[sqlite3.Connection] = []

    def stop(self) -> None:
        """Let the thread end; nobody waits for it, for the loop may end before."""
        if self._running:
            self._running = False
            self._tx.put_nowait((None, self._let_go))

    async def close(self) -> None:
        """Close once."""
        if self._running:
            await super().close()

    def _serve(self) -> None:
        """Work until the end is asked for, though the loop has gone that waited for results."""
        done = False
        while not done:
            with suppress(RuntimeError):
                _connection_worker_thread(self._tx)
                done = True

    def _open(self) -> sqlite3.Connection:
        found: sqlite3.Connection = sqlite3.connect(self._path, **self._arguments)
        self._opened.append(found)
        return found

    def _let_go(self) -> object:
        for one in self._opened:
            one.close()
        self._connection = None
        return _STOP_RUNNING_SENTINEL


def opener(path: Path, **arguments: Any) -> Callable[[], Awaitable[Connection]]:
    """Return what opens the file with `arguments` of `sqlite3.connect`; for `async_creator`."""

    async def opened() -> Connection:
        connection = Connection(path, arguments)
        await connection
        return connection

    return opened
