"""The clock seam: everything that waits or asks the time goes through it, so tests advance time."""

import asyncio
import heapq
import itertools
import time as _time
from collections.abc import Callable
from functools import partial
from typing import Protocol

Cancel = Callable[[], None]


class Clock(Protocol):
    """What the hub knows of time."""

    def time(self) -> float:
        """Return wall time as epoch seconds."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    def call_later(self, delay: float, action: Callable[[], object]) -> Cancel:
        """Run a plain function after `delay` seconds; the returned function cancels it."""

    async def sleep(self, delay: float) -> None:
        """Wait `delay` seconds."""


class SystemClock:
    """The real clock, on the running event loop."""

    def time(self) -> float:
        """Return wall time as epoch seconds."""
        return _time.time()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return _time.monotonic()

    def call_later(self, delay: float, action: Callable[[], object]) -> Cancel:
        """Run a plain function after `delay` seconds; the returned function cancels it."""
        return asyncio.get_running_loop().call_later(delay, action).cancel

    async def sleep(self, delay: float) -> None:
        """Wait `delay` seconds."""
        await asyncio.sleep(delay)


class FakeClock:
    """A clock that stands still until `advance` moves it."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        """Start at `start` epoch seconds."""
        self._now = start
        self._monotonic = 1000.0
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._serial = itertools.count()
        self._cancelled: set[int] = set()

    def time(self) -> float:
        """Return the pretended wall time."""
        return self._now

    def monotonic(self) -> float:
        """Return the pretended monotonic time."""
        return self._monotonic

    def jump(self, seconds: float) -> None:
        """Move only the wall clock, as an NTP correction does."""
        self._now += seconds

    def call_later(self, delay: float, action: Callable[[], object]) -> Cancel:
        """Run `action` when `advance` has passed `delay` seconds."""
        serial = next(self._serial)
        heapq.heappush(self._timers, (self._monotonic + max(0.0, delay), serial, action))
        return lambda: self._cancelled.add(serial)

    async def sleep(self, delay: float) -> None:
        """Wait until `advance` has passed `delay` seconds."""
        future = asyncio.get_running_loop().create_future()
        cancel = self.call_later(delay, partial(_resolve, future))
        try:
            await future
        finally:
            cancel()

    async def advance(self, seconds: float) -> None:
        """Move time, running every timer on the way in order and letting tasks react."""
        end = self._monotonic + seconds
        await _settle()
        while self._timers and self._timers[0][0] <= end:
            due, serial, action = heapq.heappop(self._timers)
            if serial in self._cancelled:
                self._cancelled.discard(serial)
                continue
            self._now += due - self._monotonic
            self._monotonic = due
            action()
            await _settle()
        self._now += end - self._monotonic
        self._monotonic = end
        await _settle()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _settle() -> None:
    """Give ready tasks some loop turns."""
    for _ in range(10):
        await asyncio.sleep(0)
