"""Work by name: each name once, when it is due, so many at a time."""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.util.clock import Cancel, Clock
    from hub.util.tasks import Tasks

_LOGGER = logging.getLogger(__name__)

Work = Callable[[str], Awaitable[None]]


class Queue:
    """Names that are waiting for `work(name)`; one that is waiting already is not added twice.

    A name that comes in while it is worked on is worked on once more afterwards. Bounded by the
    number of names.
    """

    def __init__(self, name: str, work: Work, workers: int, clock: "Clock", tasks: "Tasks") -> None:
        """Run `work` for at most `workers` names at once."""
        self._name = name
        self._work = work
        self._workers = workers
        self._clock = clock
        self._tasks = tasks
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._ready: dict[str, None] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, float] = {}
        self._timer: Cancel | None = None
        self._timer_at = 0.0
        self._closed = False

    def __len__(self) -> int:
        """Return how many names are due now or are worked on."""
        return len(self._ready) + len(self._running)

    def add(self, name: str, delay: float = 0.0) -> None:
        """Work on a name in `delay` seconds, or earlier when that was asked for before."""
        if self._closed:
            return
        at = self._clock.monotonic() + delay
        if name in self._running:
            self._again[name] = min(at, self._again.get(name, at))
            return
        if name in self._ready or self._due.get(name, at + 1) <= at:
            return
        self._due[name] = at
        if delay <= 0:
            self._take(name)
            self._start()
        else:
            heapq.heappush(self._heap, (at, name))
            self._arm()

    def drop(self, name: str) -> None:
        """Forget a name that is waiting."""
        self._due.pop(name, None)
        self._ready.pop(name, None)
        self._again.pop(name, None)

    async def close(self, patience: float = 1.0) -> None:
        """Start nothing more and cancel what runs."""
        self._closed = True
        if self._timer is not None:
            self._timer()
            self._timer = None
        running = [task for task in self._running.values() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=patience)

    def _take(self, name: str) -> None:
        self._due.pop(name, None)
        self._ready[name] = None

    def _arm(self) -> None:
        """Wait for the first name that is due later."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # it was worked on earlier, or dropped
        if not self._heap or self._closed:
            return
        at = self._heap[0][0]
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer()
        self._timer_at = at
        self._timer = self._clock.call_later(max(0.0, at - self._clock.monotonic()), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now + 1e-9:
            at, name = heapq.heappop(self._heap)
            if self._due.get(name) == at:
                self._take(name)
        self._start()
        self._arm()

    def _start(self) -> None:
        while self._ready and len(self._running) < self._workers and not self._closed:
            name = next(iter(self._ready))
            del self._ready[name]
            self._running[name] = self._tasks.spawn(self._run(name), f"{self._name} {name}")

    async def _run(self, name: str) -> None:
        try:
            await self._work(name)
        except Exception:
            _LOGGER.exception("Work on %s failed", name)
        finally:
            del self._running[name]
            again = self._again.pop(name, None)
            if again is not None:
                self.add(name, max(0.0, again - self._clock.monotonic()))
            if not self._closed:
                self._start()
