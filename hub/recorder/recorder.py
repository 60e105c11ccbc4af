"""The recorder as one object."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from hub.errors import InvalidFormat
from hub.recorder.database.address import Address
from hub.recorder.database.disk import Disk
from hub.recorder.database.faults import Fault, fault_of, of_database, words_of
from hub.recorder.database.store import Closed, Store
from hub.recorder.errors import RecorderUnavailable
from hub.recorder.policies import Policies
from hub.recorder.reading.queries import History
from hub.recorder.state import RecorderState
from hub.recorder.status import Status
from hub.recorder.upkeep import Upkeep
from hub.recorder.watch import Watch
from hub.recorder.writing.intake import Intake
from hub.recorder.writing.names import Names
from hub.recorder.writing.queue import Queue
from hub.recorder.writing.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.hub import Hub
    from hub.recorder.database.store import Size

STOP_SECONDS: Final = 2.0
"""What the last batch may take."""

_OUTSIDE: Final = frozenset({Fault.AWAY, Fault.FULL, Fault.CORRUPT, Fault.MISSING})
"""What is the database's fault; the others are mistakes in statements."""


class Recorder:
    """Keeps what happens; its failure degrades nothing but itself."""

    def __init__(self, hub: "Hub") -> None:
        """Prepare; the database is opened by `start`."""
        self._hub = hub
        self.policies = Policies(hub)
        self.history = History(self, hub.clock)
        self.changes = self.history.changes
        self.events = self.history.events
        self.names = Names()
        """Entity ids and their numbers; `forget` after deleting rows of names."""
        self._status = Status()
        self._queue = Queue()
        self._intake = Intake(self._queue, self.names, self.policies, hub.clock)
        self.admission = self._intake.admission
        settings = hub.settings.recorder
        self._broken: str | None = None
        try:
            address = Address.of(settings.url, hub.data_dir)
        except InvalidFormat as error:
            address = Address.of(None, hub.data_dir)
            self._broken = error.message
        self.store = Store(address)
        self.writer = Writer(
            self.store, self._queue, self.names, self._status, hub.clock, settings.commit_interval
        )
        self.disk = Disk(self.store, hub.clock, settings.min_free_disk << 20, self.writer.pause)
        self._watch = Watch(self)
        self.upkeep = Upkeep(hub, self)
        self._intake.renamed = self.writer.wake

    async def start(self) -> None:
        """Listen at once, open the database beside; never raises for trouble with it."""
        hub = self._hub
        if not hub.settings.recorder.enabled:
            return
        if self._broken is not None:
            self._status.set(RecorderState.FAILED, self._broken)
        else:
            self.upkeep.start()
            self._intake.start(hub.bus, hub.states.all())
            self.disk.start()
            self.writer.start()
        self._watch.start(hub)

    async def stop(self) -> None:
        """Write what waits and let go of the database."""
        if not self._hub.settings.recorder.enabled:
            return
        self._watch.stop()
        self._intake.stop()
        await self.upkeep.stop()
        await self.disk.stop()
        await self.writer.stop(STOP_SECONDS)

    # --- how it is

    @property
    def state(self) -> RecorderState:
        """Return what the recorder can do at the moment."""
        return self._status.state

    @property
    def reason(self) -> str | None:
        """Return why it does not record, in words; None while it does."""
        return self._status.reason

    @property
    def recording(self) -> bool:
        """Tell whether what happens is written."""
        return self.state is RecorderState.RECORDING

    @property
    def dialect(self) -> str:
        """Return sqlite, postgresql or mysql."""
        return self.store.dialect

    @property
    def path(self) -> "Path | None":
        """Return the SQLite file; None for a server."""
        return self.store.path

    @property
    def backlog(self) -> int:
        """Return how many rows wait in memory."""
        return len(self._queue)

    @property
    def dropped(self) -> int:
        """Return how many rows were given up since the start."""
        return self._queue.dropped + self.writer.refused

    @property
    def size(self) -> "Size | None":
        """Return how large the database was a minute ago at most; None = not known."""
        return self.disk.size

    @property
    def last_flush(self) -> float | None:
        """Return when rows were committed last, in epoch seconds."""
        return self.writer.last_flush

    # --- reading and writing

    @asynccontextmanager
    async def read(self) -> AsyncIterator["AsyncConnection"]:
        """Read, beside the writer and other readers; raises `RecorderUnavailable`."""
        async with self._translated(), self.store.read() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator["AsyncConnection"]:
        """Run a write transaction, never beside a flush; raises `RecorderUnavailable`."""
        async with self._translated(), self.store.write() as connection:
            yield connection

    async def flush(self) -> None:
        """Return when everything fired so far is committed; raises `RecorderUnavailable`.

        What a policy holds back for its interval is not waited for.
        """
        await self.writer.flush()

    def listen_flushed(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback()` after each commit of what happened; returns what ends it."""
        return _listen(self.writer.flushed, callback)

    def listen_opened(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback()` whenever the database was opened; returns what ends it."""
        return _listen(self.writer.opened, callback)

    def listen_changed(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call `callback()` when `state` changed; returns what ends it."""
        return _listen(self._status.changed, callback)

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        """Turn what drivers raise for a database that fails into `RecorderUnavailable`."""
        try:
            yield
        except Closed:
            raise self._status.unavailable() from None
        except Exception as error:
            if not of_database(error) or (fault := fault_of(error)) not in _OUTSIDE:
                raise
            if fault is Fault.CORRUPT:
                self.writer.suspect(error)
            address = self.store.address
            raise RecorderUnavailable(
                f"the history can not be used now: {address}: {address.hide(words_of(error))}"
            ) from error


def _listen(
    listeners: list[Callable[[], object]], callback: Callable[[], object]
) -> Callable[[], None]:
    listeners.append(callback)
    return lambda: listeners.remove(callback) if callback in listeners else None
