"""A link: the requests of all its devices, one turn after the other, over connections that last."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final, Protocol, TypeVar

from pymodbus.pdu import ModbusPDU

from hub.sdk import Breaker, Clock
from integrations.modbus.const import BROADCAST
from integrations.modbus.line import questions
from integrations.modbus.line.asking import Asking, Parse
from integrations.modbus.line.counters import Counters
from integrations.modbus.line.errors import BadAnswer, LinkDown, NoAnswer
from integrations.modbus.line.late import Debts
from integrations.modbus.line.opening import open_wire
from integrations.modbus.line.options import LinkOptions
from integrations.modbus.line.reconnect import Reconnect
from integrations.modbus.line.turns import Priority, Turns
from integrations.modbus.line.wire import Trace, Wire
from integrations.modbus.mapping.models import Function, Table

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T")

ILLEGAL_FUNCTION: Final = 0x01
"""What is answered to requests that pymodbus does not know: it would not find the answer."""


class Memory(Protocol):
    """Who remembers what passed over a line."""

    def keep(self, unit: int, table: Table, first: int, items: Sequence[int]) -> None:
        """Take what was read just now."""

    def forget(self, unit: int, table: Table, first: int, count: int) -> None:
        """Let go of what was written, or may have been."""


Written = Callable[[int, Table, int, int], None]
"""Told of unit, table, first address and count of what was written, or may have been."""


class Line:
    """One link. Its requests raise nothing but Faults, and ValueError for what no device has."""

    def __init__(self, options: LinkOptions, clock: Clock) -> None:
        """Prepare; nothing is opened before `start`."""
        self.options = options
        self.counters = Counters()
        self.memory: Memory | None = None
        self._clock = clock
        self._pause = options.rest
        self._debts = Debts(options.timeout) if options.is_bus else None
        self._asking = Asking(options, clock, self.counters, self._debts)
        self._turns = Turns()
        self._connections = [
            Reconnect(self._open, clock, self._changed) for _ in range(options.connections)
        ]
        self._idle = list(self._connections)
        self._held: dict[asyncio.Task[object] | None, Reconnect] = {}
        self._writers: dict[int, Turns] = {}
        """By unit: where there are several connections, still one writes at a time."""
        self._listeners: list[Callable[[], None]] = []
        self._watchers: list[Written] = []
        self._on_frame: Trace | None = None
        self._runs = False
        self._down_since: float | None = None

    @property
    def connected(self) -> bool:
        """Tell whether requests can be sent."""
        return any(connection.is_there for connection in self._connections)

    @property
    def error(self) -> str | None:
        """Return why there is no connection; None while there is one."""
        return None if self.connected else self._connections[0].error

    @property
    def breaker(self) -> Breaker:
        """Return what spaces the attempts to connect."""
        return self._connections[0].breaker

    @property
    def on_frame(self) -> Trace | None:
        """Who is called with every chunk of bytes; the flag says that it was sent."""
        return self._on_frame

    @on_frame.setter
    def on_frame(self, trace: Trace | None) -> None:
        self._on_frame = trace
        for connection in self._connections:
            if connection.wire is not None:
                connection.wire.trace = trace

    async def start(self) -> None:
        """Begin to keep the connections open; returns when each was tried once."""
        self._runs = True
        await asyncio.gather(*(connection.start() for connection in self._connections))

    async def stop(self) -> None:
        """Close everything; what is being asked ends as LinkDown or NoAnswer."""
        self._runs = False
        await asyncio.gather(*(connection.stop() for connection in self._connections))

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each connect, loss and failed attempt; returns what ends it."""
        self._listeners.append(callback)
        return partial(_discard, self._listeners, callback)

    def watch(self, callback: Written) -> Callable[[], None]:
        """Call back after each write, whoever wanted it; returns what ends it."""
        self._watchers.append(callback)
        return partial(_discard, self._watchers, callback)

    async def read(
        self,
        unit: int,
        table: Table,
        start: int,
        count: int,
        priority: Priority,
        retries: int | None = None,
    ) -> list[int] | list[bool]:
        """Return exactly `count` words, or bits of the bit tables.

        Asked again as configured when nothing, or nonsense, came back; else `retries` times.
        """
        request = questions.read(unit, table, start, count)
        parse = questions.reader(request)
        tries = self.options.retries if retries is None else retries
        while True:
            try:
                found = await self._ask(request, priority, parse)
            except (NoAnswer, BadAnswer):
                if not tries:
                    raise
                tries -= 1
            else:
                if self.memory is not None:
                    self.memory.keep(unit, table, start, found)
                return found

    async def write(
        self,
        unit: int,
        table: Table,
        start: int,
        values: Sequence[int | bool],
        function: Function,
        priority: Priority,
    ) -> None:
        """Write with functions 05, 06, 15, 16 or 22; for 22 the values are (and mask, or mask)."""
        asked = questions.writes(unit, table, start, values, function)
        async with self.alter(unit, priority):
            try:
                for request in asked:
                    await self._write(request, priority)
            finally:
                self._written(unit, table, start, 1 if function is Function.MASK else len(values))

    async def forward(
        self,
        unit: int,
        pdu: bytes,
        priority: Priority,
        writes: tuple[Table, int, int] | None = None,
    ) -> bytes:
        """Pass a request on as it is and return the answer as it is, exceptions too.

        `writes` says what it writes: table, first address, count.
        """
        if not questions.is_known(pdu):
            return bytes((pdu[0] | 0x80, ILLEGAL_FUNCTION))
        if writes is None:
            return await self._ask(questions.Passed(unit, pdu), priority, _bytes)
        async with self.alter(unit, priority):
            try:
                return await self._ask(questions.Passed(unit, pdu), priority, _bytes)
            finally:
                self._written(unit, *writes)

    @contextlib.asynccontextmanager
    async def hold(self, priority: Priority) -> AsyncIterator[None]:
        """Keep one turn for all requests of the present task; for reads, see `alter`."""
        task = asyncio.current_task()
        if task in self._held:
            yield
            return
        connection = await self._take(priority)
        self._held[task] = connection
        try:
            yield
        finally:
            del self._held[task]
            self._give_back(connection)

    @contextlib.asynccontextmanager
    async def alter(self, unit: int, priority: Priority) -> AsyncIterator[None]:
        """Keep one turn for reads and writes of the present task; nobody else writes to the unit.

        Two that each change some bits of a word would undo each other.
        """
        alone: AbstractAsyncContextManager[None] = contextlib.nullcontext()
        if asyncio.current_task() not in self._held and len(self._connections) > 1:
            alone = self._writers.setdefault(unit, Turns()).turn(priority)
        async with alone, self.hold(priority):
            yield

    # --- a request --------------------------------------------------------------------------------

    def _written(self, unit: int, table: Table, first: int, count: int) -> None:
        if self.memory is not None:
            self.memory.forget(unit, table, first, count)
        for told in tuple(self._watchers):
            told(unit, table, first, count)

    async def _write(self, request: ModbusPDU, priority: Priority) -> None:
        if request.dev_id == BROADCAST and self._debts is not None:
            await self._broadcast(request, priority)
        else:
            await self._ask(request, priority, questions.written)

    async def _ask(self, request: ModbusPDU, priority: Priority, parse: Parse[T]) -> T:
        if request.dev_id == BROADCAST and self._debts is not None:
            raise NoAnswer("unit 0 of a bus is a broadcast, which nobody answers")
        if self._held and (held := self._held.get(asyncio.current_task())) is not None:
            return await self._asking.ask(held, request, parse)
        connection = self._take_at_once() or await self._take(priority)
        try:
            return await self._asking.ask(connection, request, parse)
        finally:
            self._give_back(connection)

    async def _broadcast(self, request: ModbusPDU, priority: Priority) -> None:
        async with self.hold(priority):
            await self._asking.tell(self._held[asyncio.current_task()], request)

    # --- turns ------------------------------------------------------------------------------------

    def _take_at_once(self) -> Reconnect | None:
        if not self._turns.at_once():
            return None
        connection = self._pick()
        if connection is None:
            self._turns.release()
        return connection

    async def _take(self, priority: Priority) -> Reconnect:
        if not self.connected:
            raise LinkDown(self.error or "there is no connection")
        await self._turns.acquire(priority)
        connection = self._pick()
        if connection is None:
            self._turns.release()
            raise LinkDown(self.error or "there is no connection")
        return connection

    def _pick(self) -> Reconnect | None:
        idle = self._idle
        for index in range(len(idle) - 1, -1, -1):
            if idle[index].is_there:
                return idle.pop(index)
        return None

    def _give_back(self, connection: Reconnect) -> None:
        """End a turn: when the question is over, and the line has rested."""
        wire = connection.wire
        if wire is not None and wire.is_busy:
            wire.when_idle(partial(self._rest, connection))
        elif self._pause:
            self._rest(connection)
        else:
            self._free(connection)

    def _rest(self, connection: Reconnect) -> None:
        if self._pause:
            self._clock.call_later(self._pause, partial(self._free, connection))
        else:
            self._free(connection)

    def _free(self, connection: Reconnect) -> None:
        self._idle.append(connection)
        self._turns.release()

    # --- connections ------------------------------------------------------------------------------

    async def _open(self) -> Wire:
        wire = await open_wire(self.options, self._clock, self.counters, self._debts)
        wire.trace = self._on_frame
        return wire

    def _changed(self) -> None:
        there = sum(connection.is_there for connection in self._connections)
        self.counters.reconnects = sum(max(0, item.opened - 1) for item in self._connections)
        self._turns.resize(max(1, there))
        if self._runs:
            self._log()
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:
                _LOGGER.exception("A listener of the link to %s failed", self._place)

    def _log(self) -> None:
        """Write one line per outage, and one when it is over."""
        now = self._clock.monotonic()
        if not self.connected and self._down_since is None:
            self._down_since = now
            _LOGGER.warning("No connection to %s: %s", self._place, self.error)
        elif self._down_since is not None and any(item.is_good for item in self._connections):
            _LOGGER.info("%s is back after %.0f s", self._place, now - self._down_since)
            self._down_since = None

    @property
    def _place(self) -> str:
        return self.options.transport.place


def _discard(listeners: list[T], callback: T) -> None:
    if callback in listeners:
        listeners.remove(callback)


def _bytes(answer: ModbusPDU, _request: ModbusPDU) -> bytes:
    return questions.raw(answer)
