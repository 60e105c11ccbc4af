"""The clock seam: everything that waits or asks the time goes through it, so tests advance time."""

import asyncio
import heapq
import itertools
import time as _time
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

Cancel = Callable[[], None]

MAX_TURNS: Final = 1000
"""Loop turns after which a fake clock stops waiting for tasks that are never done."""


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

    time = staticmethod(_time.time)
    """Return wall time as epoch seconds."""

    monotonic = staticmethod(_time.monotonic)
    """Return seconds that never jump."""

    def call_later(self, delay: float, action: Callable[[], object]) -> Cancel:
        """Run a plain function after `delay` seconds; the returned function cancels it."""
        return asyncio.get_running_loop().call_later(delay, action).cancel

    async def sleep(self, delay: float) -> None:
        """Wait `delay` seconds."""
        await asyncio.sleep(delay)


class FakeClock:
    """A clock that stands still until `advance` moves it."""

    quiet_turns = 10
    """Loop turns in which no task was ready before the house counts as settled."""

    def __init__(self, start: float = 1_800_000_000.0, monotonic: float = 1000.0) -> None:
        """Start at `start` epoch seconds."""
        self._now = start
        self._monotonic = monotonic
        self._timers: list[tuple[float, int]] = []
        self._actions: dict[int, Callable[[], object]] = {}
        self._serial = itertools.count()
        self.jumped: list[Callable[[], object]] = []
        """Who is told of each jump; others would have to look at both times again and again."""

    def time(self) -> float:
        """Return the pretended wall time."""
        return self._now

    def monotonic(self) -> float:
        """Return the pretended monotonic time."""
        return self._monotonic

    def jump(self, seconds: float) -> None:
        """Move only the wall clock, as an NTP correction does."""
        self._now += seconds
        for told in tuple(self.jumped):
            told()

    def call_later(self, delay: float, action: Callable[[], object]) -> Cancel:
        """Run `action` when `advance` has passed `delay` seconds."""
        serial = next(self._serial)
        heapq.heappush(self._timers, (self._monotonic + max(0.0, delay), serial))
        self._actions[serial] = action

        def cancel() -> None:
            self._actions.pop(serial, None)

        return cancel

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
        await self.settle()
        while self._timers and self._timers[0][0] <= end:
            due, action = self._pop()
            if action is None:
                continue
            self._move(due)
            action()
            await self.settle()
        self._move(end)
        await self.settle()

    async def settle(self) -> None:
        """Wait until no task is ready any more: each waits for time, for others or for nothing.

        A task that never stops being ready is left alone after a thousand turns.
        """
        quiet = 0
        for _ in range(MAX_TURNS):
            await asyncio.sleep(0)
            quiet = 0 if _is_busy() else quiet + 1
            if quiet >= self.quiet_turns:
                return

    def _pop(self) -> tuple[float, Callable[[], object] | None]:
        """Take the next timer; its action is None when it was cancelled."""
        due, serial = heapq.heappop(self._timers)
        return due, self._actions.pop(serial, None)

    def _move(self, monotonic: float) -> None:
        # Whole microseconds: a timer that is due at 22:00 must not find 21:59:59.9999998.
        self._now = round(self._now + monotonic - self._monotonic, 6)
        self._monotonic = monotonic


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def is_ready(task: "asyncio.Task[object]") -> bool:
    """Tell whether a task could go on now: it waits for nothing that is still to come."""
    waits_for = getattr(task, "_fut_waiter", None)
    return not task.done() and (waits_for is None or waits_for.done())


def _is_busy() -> bool:
    """Tell whether a task but the present one could go on now."""
    current = asyncio.current_task()
    return any(task is not current and is_ready(task) for task in asyncio.all_tasks())
