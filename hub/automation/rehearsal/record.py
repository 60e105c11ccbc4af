"""A clock and states that follow a record instead of the present."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from time import perf_counter
from typing import Any, Final, TypeVar

from hub.automation.rehearsal.world import RehearsalWorld
from hub.automation.timing import Alarm
from hub.events import EventBus, Unsubscribe
from hub.states import State, StateListener, StateMachine
from hub.util.clock import FakeClock, is_ready
from hub.util.tasks import Tasks

T = TypeVar("T")

QUIET_TURNS: Final = 5
MOST_TURNS: Final = 300
SLICE_SECONDS: Final = 0.005
"""How long a replay works before others have their turn."""


class Stir:
    """Counts what happened in a replay that may lead to more."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        """Start at nothing."""
        self.count = 0


class WatchedTasks(Tasks):
    """Tasks of which is known whether one could go on."""

    def __init__(self, stir: Stir) -> None:
        """Note in `stir` what is started."""
        super().__init__()
        self._stir = stir
        self._mine: set[asyncio.Task[Any]] = set()

    def spawn(
        self, coro: Coroutine[Any, Any, T], name: str, *, inherit: bool = False
    ) -> asyncio.Task[T]:
        """Start a coroutine."""
        task = super().spawn(coro, name, inherit=inherit)
        self._stir.count += 1
        self._mine.add(task)
        task.add_done_callback(self._mine.discard)
        return task

    def busy(self) -> bool:
        """Tell whether a task could go on now."""
        return any(is_ready(task) for task in self._mine)


class WatchedStates(StateMachine):
    """States of which is known whether a change was heard by anybody."""

    def __init__(self, bus: EventBus, now: Callable[[], float], stir: Stir) -> None:
        """Note in `stir` when a listener is called."""
        super().__init__(bus, now)
        self._stir = stir

    def listen(
        self,
        callback: StateListener,
        entity_ids: Iterable[str] | None = None,
        domains: Iterable[str] | None = None,
    ) -> Unsubscribe:
        """Call `callback(old, new)` on changes, noting that somebody heard."""

        def heard(old: State | None, new: State | None) -> None:
            self._stir.count += 1
            callback(old, new)

        return super().listen(heard, entity_ids, domains)


class RecordClock(FakeClock):
    """A clock that a record moves, in the loop of a running hub."""

    def __init__(self, start: float) -> None:
        """Start at `start` epoch seconds."""
        super().__init__(start)
        self.stir = Stir()
        self.tasks = WatchedTasks(self.stir)
        self._rested = perf_counter()

    async def settle(self) -> None:
        """Wait until no task of the replay is ready; those of the hub do not count."""
        quiet = 0
        for _ in range(MOST_TURNS):
            await asyncio.sleep(0)
            quiet = 0 if self.tasks.busy() else quiet + 1
            if quiet >= QUIET_TURNS:
                break
        self._rested = perf_counter()

    async def rest(self) -> None:
        """Let others have their turn when it is time."""
        if perf_counter() - self._rested > SLICE_SECONDS:
            await asyncio.sleep(0)
            self._rested = perf_counter()

    async def follow(self, time: float) -> None:
        """Go on to a time of the record, running the timers on the way."""
        end = self._monotonic + max(0.0, time - self._now)
        while self._timers and self._timers[0][0] <= end:
            due, action = self._pop()
            if action is None:
                continue
            self._move(due)
            before = self.stir.count
            action()
            if self.stir.count != before or not _only_looks(action):
                await self.settle()
            else:
                await self.rest()
        self._move(end)


def _only_looks(action: Callable[[], object]) -> bool:
    """Tell whether a timer is an alarm, which looks at the clock and mostly finds nothing."""
    return isinstance(getattr(action, "__self__", None), Alarm)


class RecordWorld(RehearsalWorld):
    """A world that follows a record; calls are noted and do nothing."""

    def __init__(self, settings: Any, clock: RecordClock) -> None:
        """Start empty at the clock's time."""
        super().__init__(settings, clock, make_own=False, tasks=clock.tasks)
        self.states = WatchedStates(self.bus, self._now, clock.stir)
