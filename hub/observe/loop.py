"""How late the event loop is: a timer that notes its own delay, and a witness for long ones."""

import asyncio
import logging
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

from hub.observe.histogram import Histogram

_LOGGER = logging.getLogger(__name__)

EVERY: Final = 0.5
"""Seconds between two beats."""

LONG: Final = 1.0
"""A delay in seconds past which one line is written."""

BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class LoopProbe:
    """Measures the delay of timers; a thread looks what runs when a beat does not come."""

    def __init__(self) -> None:
        """Measure from `start` on."""
        self.lag = 0.0
        """Seconds that the last beat was late."""
        self.worst = 0.0
        self.histogram = Histogram(BUCKETS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._beat = 0.0
        self._seen: str | None = None
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._watched = 0

    def start(self) -> None:
        """Begin to measure the running loop."""
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._beat = time.monotonic()
        self._schedule()
        self._thread = threading.Thread(target=self._witness, name="loop witness", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._end.set()
        if self._thread is not None:
            self._thread.join(1)
            self._thread = None

    @property
    def silence(self) -> float:
        """Return how many seconds ago the last beat was; 0 when nothing is measured."""
        return time.monotonic() - self._beat if self._timer is not None else 0.0

    def _schedule(self) -> None:
        assert self._loop is not None  # noqa: S101 - set by start
        self._due = self._loop.time() + EVERY
        self._timer = self._loop.call_at(self._due, self._beaten)

    def _beaten(self) -> None:
        assert self._loop is not None  # noqa: S101 - set by start
        lag = self.lag = max(0.0, self._loop.time() - self._due)
        self._beat = time.monotonic()
        self.histogram.observe(lag)
        self.worst = max(self.worst, lag)
        seen, self._seen = self._seen, None
        if lag > LONG:
            where = "" if seen is None else f", seen in {seen}"
            _LOGGER.warning("The event loop was held up for %.1f s%s", lag, where)
        self._schedule()

    def _witness(self) -> None:
        """Note what the loop's thread runs while a beat is late; two wake-ups a second."""
        while not self._end.wait(EVERY):
            if time.monotonic() - self._beat > EVERY + LONG and self._seen is None:
                # Another thread's frames may be read at any time; they are only named.
                frame = sys._current_frames().get(self._watched)  # noqa: SLF001
                self._seen = where(frame)


def where(frame: FrameType | None) -> str | None:
    """Name the innermost frame of ours, and the innermost of all when that is another."""
    names: list[str] = []
    own: str | None = None
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        names.append(f"{path.name}:{frame.f_lineno} {frame.f_code.co_name}")
        parts = path.parts
        if (
            own is None
            and ("hub" in parts or "integrations" in parts)
            and ("site-packages" not in parts)
        ):
            own = names[-1]
        frame = frame.f_back
    if not names:
        return None
    return names[0] if own in (None, names[0]) else f"{names[0]} called by {own}"
