"""Time that stands still while the machine does: for tests whose devices answer in milliseconds.

A link that waits 50 ms for an answer is right to give up after them. When it and its device live in
the loop of one test, a pause of the machine (another process, a collection of garbage) lets that
time pass before the device had its turn. Here a turn of the loop lasts a millisecond at most, and a
sleep no longer than it was meant to: timers keep their order, however long all of it takes.
"""

import asyncio
import selectors
import time
from typing import Final

from hub.util.clock import SystemClock

_TURN: Final = 0.001
"""The longest that a turn of the loop lasts, in seconds."""


class _Selector(selectors.DefaultSelector):
    """Keeps the time of its loop: it knows when a turn begins and ends."""

    def __init__(self) -> None:
        super().__init__()
        self._time = self._turned_at = time.monotonic()

    def now(self) -> float:
        """Return seconds that never jump."""
        return self._time + min(time.monotonic() - self._turned_at, _TURN)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait; sleeping longer than `timeout` is the machine's doing."""
        self._time, began = self.now(), time.monotonic()
        found = super().select(timeout)
        self._turned_at = time.monotonic()
        slept = self._turned_at - began
        self._time += slept if timeout is None else min(slept, max(timeout, 0.0))
        return found


class SteadyLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers do not run out while nobody could do anything."""

    def __init__(self) -> None:
        """Begin at the time of the machine."""
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return seconds that never jump."""
        return self._clock.now()


class SteadyClock(SystemClock):
    """The clock of the loop it is asked in."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return asyncio.get_running_loop().time()

    def time(self) -> float:
        """Return wall time as epoch seconds."""
        return time.time() - time.monotonic() + self.monotonic()


def loop_factories() -> dict[str, type[SteadyLoop]]:
    """Return what the hook `pytest_asyncio_loop_factories` of a folder's conftest returns."""
    return {"steady": SteadyLoop}
