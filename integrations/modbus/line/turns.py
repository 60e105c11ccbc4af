"""Who may ask next: writes before people, people before polls, polls before scans."""

import asyncio
from collections import deque
from enum import IntEnum
from types import TracebackType
from typing import Final

from integrations.modbus.line.errors import Overloaded

PATIENCE: Final = 8
"""Turns that others take before a class that waits gets one; only writes may always pass."""
MOST_WAITING: Final = 1000


class Priority(IntEnum):
    """Why a turn is wanted; the smallest goes first."""

    WRITE = 0
    ASKED = 1
    """Somebody waits for it: a person, another program."""
    POLL = 2
    SCAN = 3


class Turns:
    """A semaphore that hands its slots out by priority, and in order inside of one.

    A free slot is taken without a turn of the event loop.
    """

    def __init__(self, slots: int = 1) -> None:
        """Hand out `slots` turns at once."""
        self.slots = slots
        self.used = 0
        self.waiting = 0
        self._queues: tuple[deque[asyncio.Future[None]], ...] = tuple(deque() for _ in Priority)
        self._passed = [0] * len(Priority)

    def turn(self, priority: Priority) -> "Turn":
        """Return a turn: `async with turns.turn(Priority.POLL):`."""
        return Turn(self, priority)

    def at_once(self) -> bool:
        """Take a turn that is free and that nobody waits for; tell whether there was one."""
        if self.used >= self.slots or self.waiting:
            return False
        self.used += 1
        return True

    async def acquire(self, priority: Priority) -> None:
        """Wait for a turn; whoever got one calls `release`."""
        if self.at_once():
            return
        if self.waiting >= MOST_WAITING:
            raise Overloaded(f"{self.waiting} requests wait already")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._queues[priority]
        queue.append(future)
        self.waiting += 1
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                self.release()  # it was given in the same moment
            elif future in queue:
                queue.remove(future)
                self.waiting -= 1
            raise

    def release(self) -> None:
        """Give a turn back; the next in line has it at once."""
        self.used -= 1
        self._hand_out()

    def resize(self, slots: int) -> None:
        """Change how many turns there are; turns that run are let finish."""
        self.slots = slots
        self._hand_out()

    def _hand_out(self) -> None:
        while self.waiting and self.used < self.slots:
            future = self._queues[self._next()].popleft()
            self.waiting -= 1
            if not future.done():  # else cancelled, and its task has not run since
                self.used += 1
                future.set_result(None)

    def _next(self) -> Priority:
        wanted = [priority for priority in Priority if self._queues[priority]]
        first = wanted[0]
        if first is Priority.WRITE:
            return first
        patient = [priority for priority in wanted if self._passed[priority] >= PATIENCE]
        chosen = patient[-1] if patient else first
        for priority in wanted:
            self._passed[priority] += 1
        self._passed[chosen] = 0
        return chosen


class Turn:
    """One turn of `Turns`, as a context."""

    __slots__ = ("_priority", "_turns")

    def __init__(self, turns: Turns, priority: Priority) -> None:
        self._turns = turns
        self._priority = priority

    async def __aenter__(self) -> None:
        await self._turns.acquire(self._priority)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._turns.release()
