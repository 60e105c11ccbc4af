"""Keeps one connection open for ever: opens it, waits for its loss, waits longer and longer."""

import asyncio
import errno
import logging
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from hub.sdk import Breaker, BreakerState, Clock
from integrations.modbus.line.errors import LinkDown
from integrations.modbus.line.wire import Wire

_LOGGER = logging.getLogger(__name__)

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
_CALLED: Final[Mapping[int, str]] = {
    number: os.strerror(number).lower()
    for number in (
        errno.ECONNREFUSED,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.ETIMEDOUT,
        errno.ECONNRESET,
    )
}
"""Errors of the system that say all there is to say without their number and address."""
STEADY: Final = 5.0
"""Seconds after which a connection counts as good, even when nothing was asked on it."""


class Reconnect:
    """One connection of a line, as often as it takes.

    A device that takes connections only to close them is waited for like one that takes none.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Wire]],
        clock: Clock,
        changed: Callable[[], None],
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Open by `connect`; tell `changed` of every connect, loss and failed attempt."""
        self.wire: Wire | None = None
        self.error: str | None = None
        """Why there is no connection; None while there is one."""
        self.opened = 0
        """Connections so far."""
        self.unanswered = 0
        """Questions in a row that nothing came back for."""
        self.breaker = Breaker(
            clock.monotonic,
            failures=1,
            wait=FIRST_WAIT,
            longest=LONGEST_WAIT,
            successes=1,
            draw=draw,
        )
        self._connect = connect
        self._clock = clock
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._attempted = asyncio.Event()
        self._renewing = False

    @property
    def is_there(self) -> bool:
        """Tell whether questions can be asked, at once or after a renewal."""
        return self._renewing or (self.wire is not None and self.wire.is_open)

    @property
    def is_good(self) -> bool:
        """Tell whether it is there and was not opened only to be closed again."""
        return self.is_there and self.breaker.state is BreakerState.CLOSED

    async def start(self) -> None:
        """Begin, and return when the first attempt has ended."""
        if self._task is None:
            self._attempted.clear()
            self._task = asyncio.create_task(self._keep(), name="modbus connection")
        await self._attempted.wait()

    async def stop(self) -> None:
        """Close the connection and end."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
        self.error = "the link was stopped"
        self._told()

    async def ready(self) -> Wire:
        """Return the connection, after a renewal that is under way; LinkDown without one."""
        if self._renewing:
            await self._attempted.wait()
        if self.wire is None or not self.wire.is_open:
            raise LinkDown(self.error or "there is no connection")
        return self.wire

    def renew(self) -> None:
        """Open a fresh connection at once: nothing comes back on this one."""
        if self.wire is not None and self.wire.is_open:
            self._attempted.clear()
            self._renewing = True
            self.wire.close("to be opened again")

    def prove(self) -> None:
        """Note that something came back: the other side is really there."""
        self.unanswered = 0
        self._prove()

    def _prove(self) -> None:
        if self.breaker.state is not BreakerState.CLOSED:
            self.breaker.success()
            self._changed()

    async def _keep(self) -> None:
        try:
            while True:
                if self.breaker.admit():
                    await self._attempt()
                else:
                    await self._clock.sleep(max(self.breaker.retry_in, 0.01))
        finally:
            self.breaker.release()

    async def _attempt(self) -> None:
        """Open a connection and stay with it until it is lost."""
        try:
            wire = await self._connect()
        except Exception as error:  # whatever it was, the next attempt follows
            if not isinstance(error, OSError | ValueError):  # those are a host or a PEM text
                _LOGGER.exception("A connection failed in a way that nobody thought of")
            self._failed(_words(error))
            return
        self.wire, self.error = wire, None
        self.opened += 1
        self.unanswered = 0
        self._told()
        forget = self._clock.call_later(STEADY, self._prove)
        try:
            reason = await wire.lost
        finally:
            forget()
            self.wire = None
            wire.close("the link was stopped")
        if self._renewing:
            self.breaker.release()
        else:
            self._failed(reason)

    def _failed(self, reason: str) -> None:
        self.error = reason
        self.breaker.failure(reason)
        self._told()

    def _told(self) -> None:
        self._renewing = False
        self._attempted.set()
        self._changed()


def _words(error: Exception) -> str:
    """Return why there is no connection, for people: what the system calls it."""
    if isinstance(error, OSError) and (called := _CALLED.get(error.errno or 0)):
        return called
    return str(error) or type(error).__name__
