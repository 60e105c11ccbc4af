"""The one writer: batch after batch, the same again after a failure, in order."""

import asyncio
import logging
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hub.observe.histogram import Histogram
from hub.recorder.database import file
from hub.recorder.database.engine import BUSY_SECONDS
from hub.recorder.database.faults import Fault, fault_of, words_of
from hub.recorder.database.schema import NotOurs
from hub.recorder.errors import RecorderUnavailable
from hub.recorder.state import RecorderState
from hub.recorder.status import call
from hub.recorder.writing.inserts import insert
from hub.recorder.writing.rows import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.recorder.database.store import Store
    from hub.recorder.status import Status
    from hub.recorder.writing.names import Names
    from hub.recorder.writing.queue import Queue
    from hub.util.clock import Cancel, Clock

_LOGGER = logging.getLogger(__name__)

ENOUGH: Final = 1_000
"""Rows that are written at once, without waiting for the interval."""
MOST: Final = 5_000
"""Rows in one transaction, when there is a backlog."""
FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
ATTEMPT_SECONDS: Final = 90.0
"""What one batch may take on a server; SQLite's own waits are bounded by its locks."""
FLUSH_SECONDS: Final = 10.0
_MOST_COLLISIONS: Final = 3
_MOST_REFUSED: Final = 100


class Writer:
    """Opens the database, writes what the queue holds, and tells how that goes."""

    def __init__(
        self,
        store: "Store",
        queue: "Queue",
        names: "Names",
        status: "Status",
        clock: "Clock",
        interval: float,
    ) -> None:
        """Write every `interval` seconds when something waits."""
        self.rows = 0
        """Rows written since the start."""
        self.refused = 0
        """Rows that the database would not take."""
        self.failures = 0
        self.last_flush: float | None = None
        """Epoch seconds of the last commit."""
        self.seconds = Histogram()
        """How long batches took, waiting for other writes included."""
        self.flushed: list[Callable[[], object]] = []
        self.opened: list[Callable[[], object]] = []
        self._store, self._queue, self._names = store, queue, names
        self._status, self._clock, self._interval = status, clock, interval
        self._wake = asyncio.Event()
        self._timer: Cancel | None = None
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._delay = 0.0
        self._size = MOST
        self._collisions = self._refusals = 0
        self._paused: str | None = None
        self._suspected: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        queue.told = self._told

    # --- from outside

    def start(self) -> None:
        """Open the database and write, in a task of its own."""
        self._status.set(RecorderState.STARTING)
        self._task = asyncio.get_running_loop().create_task(self._run(), name="recorder")

    async def stop(self, seconds: float) -> None:
        """Try once more to write what waits, for so long, and close the database."""
        if self._task is not None:
            if self._paused is None and self._delay == 0:
                with suppress(RecorderUnavailable, TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self.flush()
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        if self._timer is not None:
            self._timer()
            self._timer = None
        self._release(self._status.unavailable())
        if len(self._queue):
            _LOGGER.error("%d rows of the history could not be saved", len(self._queue))
        await self._store.close()
        self._status.set(RecorderState.OFF)

    async def flush(self) -> None:
        """Return when everything put so far is committed; raises `RecorderUnavailable`."""
        if self._status.state not in (RecorderState.RECORDING, RecorderState.STARTING):
            raise self._status.unavailable()
        if self._settled(self._queue.serial):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((self._queue.serial, future))
        self._wake.set()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await future
        except TimeoutError:
            raise RecorderUnavailable(
                f"the recorder did not write within {FLUSH_SECONDS:.0f} s; try again"
            ) from None

    def wake(self) -> None:
        """Write soon whatever waits, a rename included."""
        self._wake.set()

    def suspect(self, error: Exception) -> None:
        """Look at the file: a reader found it damaged."""
        self._suspected = error
        self._wake.set()

    def pause(self, reason: str | None) -> None:
        """Write nothing while there is a reason, such as a full disk."""
        before, self._paused = self._paused, reason
        if reason is not None and self._store.is_open:
            self._status.set(RecorderState.PAUSED, reason)
            self._release(self._status.unavailable())
        elif before is not None and reason is None and self._store.is_open:
            self._delay = 0.0
            self._status.set(RecorderState.RECORDING)
            self._wake.set()

    # --- the task

    async def _run(self) -> None:
        try:
            while not await self._open():
                await self._wait()
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._due():
                    if not await self._attempt():
                        await self._wait()
        except NotOurs as error:
            self._status.set(RecorderState.FAILED, f"{self._store.address}: {error}")
            self._queue.clear()
            self._release(self._status.unavailable())

    def _due(self) -> bool:
        waiting = len(self._queue) > 0 or self._names.renaming or self._suspected is not None
        return waiting and self._paused is None

    def _settled(self, serial: int) -> bool:
        return self._queue.settled(serial) and not self._names.renaming

    async def _open(self) -> bool:
        """Open the database; False when it has to be tried again. Raises `NotOurs`."""
        try:
            async with self._limit():
                await self._store.open()
                async with self._store.read() as connection:
                    await self._names.load(connection, self._queue.serial)
        except NotOurs:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a driver raises: the hub goes on
            await self._store.close()
            self._failed(fault_of(error), error)
            return False
        self._delay = 0.0
        self._suspected = None  # whoever reads this file will find it out anew
        if self._paused is None:
            self._status.set(RecorderState.RECORDING)
        else:
            self._status.set(RecorderState.PAUSED, self._paused)
        for callback in tuple(self.opened):
            call(callback)
        self._wake.set()
        return True

    async def _attempt(self) -> bool:
        """Write one batch in one transaction; on failure it waits for the next attempt."""
        if not self._store.is_open or self._store.replaced:
            if self._store.is_open:
                _LOGGER.error("The history %s was taken away; a new one is made", self._store.path)
            return await self._open()
        if self._suspected is not None:
            error, self._suspected = self._suspected, None
            return await self._replace(error)
        items = self._queue.take(self._size)
        began = time.perf_counter()
        try:
            async with self._limit(), self._store.write() as connection:
                if self._names.renaming:
                    await self._names.write_renames(connection)
                rows = await build(connection, self._names, items)
                await insert(connection, rows, careful=self._collisions > 0)
        except BaseException as error:
            self._queue.give_back()
            self._names.rollback()
            if not isinstance(error, Exception):
                raise
            return await self._recover(error)
        self._queue.committed()
        self._names.commit()
        self.seconds.observe(time.perf_counter() - began)
        self._written(len(items))
        return True

    def _written(self, count: int) -> None:
        """Go on as usual, and answer those who waited."""
        self.rows += count
        self.last_flush = self._clock.time()
        self._delay = 0.0
        self._collisions = self._refusals = 0
        self._size = min(MOST, self._size * 2)
        if self._status.state is RecorderState.WAITING:
            self._status.set(RecorderState.RECORDING)
        done = [item for item in self._waiters if self._settled(item[0])]
        self._waiters = [item for item in self._waiters if not self._settled(item[0])]
        for _, future in done:
            if not future.done():
                future.set_result(None)
        for callback in tuple(self.flushed):
            call(callback)

    # --- trouble

    async def _recover(self, error: Exception) -> bool:
        """Decide what becomes of a batch that failed; True = again at once."""
        self.failures += 1
        fault = fault_of(error)
        if fault is Fault.COLLISION and self._collisions < _MOST_COLLISIONS:
            self._collisions += 1
            return await self._again()
        if fault is Fault.REFUSED and self._refusals < _MOST_REFUSED:
            return self._split(error)
        if fault is Fault.CORRUPT and self._store.path is not None:
            return await self._replace(error)
        if fault is Fault.MISSING:
            await self._store.close()
        self._failed(fault, error)
        return False

    async def _again(self) -> bool:
        """Read the numbers anew, should another hub have written."""
        try:
            async with self._store.read() as connection:
                await self._names.load(connection, self._queue.serial)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises: the hub goes on
            self._failed(fault_of(error), error)
            return False
        return True

    def _split(self, error: Exception) -> bool:
        """Halve the batch until the row that the database refuses stands alone; drop that one."""
        waiting = min(self._size, len(self._queue))
        if waiting > 1:
            self._size = waiting // 2
            return True
        (item,) = self._queue.take(1)
        self._queue.committed()
        self._refusals += 1
        self.refused += 1
        if self.refused == 1:
            _LOGGER.error(
                "The database refuses a row of %s: %s", item[1] or item[3], self._say(error)
            )
        return True

    async def _replace(self, error: Exception) -> bool:
        """Set a damaged file aside, unless a second look finds it whole."""
        path = self._store.path
        if path is None:
            return False
        await self._store.close()
        whole = await asyncio.to_thread(file.whole, path, BUSY_SECONDS)
        if not whole or self._delay > 0:
            try:
                await self._store.set_aside(words_of(error))
            except OSError as problem:
                self._failed(Fault.AWAY, problem)
                return False
            return await self._open()
        self._failed(Fault.CORRUPT, error)
        return False

    def _failed(self, fault: Fault, error: Exception) -> None:
        """Say once that the database is away, and let those who wait for it go on."""
        self._delay = min(LONGEST_RETRY, max(FIRST_RETRY, self._delay * 2))
        what = "the disk of the database is full" if fault is Fault.FULL else "no database"
        if self._paused is None:
            reason = f"{what}: {self._store.address}: {self._say(error)}"
            self._status.set(RecorderState.WAITING, reason)
        self._release(self._status.unavailable())

    def _say(self, error: Exception) -> str:
        return self._store.address.hide(words_of(error))

    async def _wait(self) -> None:
        """Wait for the next attempt, a little more or less than last time told."""
        await self._clock.sleep(self._delay * random.uniform(0.8, 1.2))  # noqa: S311

    def _release(self, error: RecorderUnavailable) -> None:
        waiters, self._waiters = self._waiters, []
        for _, future in waiters:
            if not future.done():
                future.set_exception(error)

    def _limit(self) -> asyncio.Timeout:
        return asyncio.timeout(ATTEMPT_SECONDS if self._store.path is None else None)

    # --- when to write

    def _told(self, count: int) -> None:
        """Begin to count the interval with the first row; write at once when there are enough."""
        if count >= ENOUGH:
            if not self._wake.is_set():
                self._wake.set()
        elif self._timer is None:
            self._timer = self._clock.call_later(self._interval, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._wake.set()
