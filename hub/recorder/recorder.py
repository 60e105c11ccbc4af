"""The recorder as one object."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from hub.recorder.errors import RecorderUnavailable
from hub.recorder.policies import Policies
from hub.recorder.queries import History
from hub.recorder.state import RecorderState

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.hub import Hub


class Recorder:
    """Keeps what happens; its failure degrades nothing but itself."""

    def __init__(self, hub: "Hub") -> None:
        """Prepare; the database is opened by `start`."""
        self._hub = hub
        self.policies = Policies(hub)
        self.history = History(self, hub.clock)
        self.changes = self.history.changes
        self.events = self.history.events
        self.state = RecorderState.OFF
        self.reason: str | None = None
        """Why it does not record, in words; None while it does."""
        self.dialect: str = "sqlite"
        """sqlite, postgresql or mysql."""
        self.path: Path | None = None
        """The SQLite file; None for a server."""

    async def start(self) -> None:
        """Listen at once, open the database beside; never raises for trouble with it."""

    async def stop(self) -> None:
        """Write what waits and let go of the database."""

    @property
    def recording(self) -> bool:
        """Tell whether what happens is written."""
        return self.state is RecorderState.RECORDING

    @property
    def backlog(self) -> int:
        """Return how many rows wait in memory."""
        return 0

    @property
    def dropped(self) -> int:
        """Return how many rows were given up since the start."""
        return 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator["AsyncConnection"]:
        """Read, beside the writer and other readers; raises `RecorderUnavailable`."""
        raise RecorderUnavailable("the recorder is off")
        yield  # type: ignore[unreachable]

    @asynccontextmanager
    async def write(self) -> AsyncIterator["AsyncConnection"]:
        """Run a write transaction, never beside a flush; raises `RecorderUnavailable`."""
        raise RecorderUnavailable("the recorder is off")
        yield  # type: ignore[unreachable]

    async def flush(self) -> None:
        """Return when everything fired so far is committed; raises `RecorderUnavailable`."""
        raise RecorderUnavailable("the recorder is off")

    def listen_flushed(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback()` after each commit of what happened; returns what ends it."""
        raise NotImplementedError

    def listen_opened(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback()` whenever the database was opened; returns what ends it."""
        raise NotImplementedError
