"""Put a question on a connection that is ours for the moment, and judge what comes back."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final, TypeVar

from pymodbus.pdu import ModbusPDU

from hub.sdk import Clock
from integrations.modbus.line.counters import Counters
from integrations.modbus.line.errors import BadAnswer, NoAnswer, Refused
from integrations.modbus.line.late import Debts
from integrations.modbus.line.options import LinkOptions, Serial
from integrations.modbus.line.questions import Passed, encoded, size_of_answer
from integrations.modbus.line.reconnect import Reconnect
from integrations.modbus.line.wire import Wire

T = TypeVar("T")
Parse = Callable[[ModbusPDU, ModbusPDU], T]
"""Makes of an answer and its request what was asked for, or raises a Fault."""

UNANSWERED: Final = 3
"""Questions in a row without an answer after which a connection is opened afresh."""
UNANSWERED_ON_BUS: Final = 2
TURNAROUND: Final = 0.1
"""Seconds that a bus gets to work on a broadcast (V1.02, 2.4.1)."""
_FRAME: Final = 6
"""Bytes around question and answer."""


class Asking:
    """How all connections of a line are asked."""

    def __init__(
        self, options: LinkOptions, clock: Clock, counters: Counters, debts: Debts | None
    ) -> None:
        """Ask a bus when there are `debts`."""
        self._options = options
        self._rest = options.rest
        self._clock = clock
        self._counters = counters
        self._debts = debts
        self._patience = UNANSWERED if debts is None else UNANSWERED_ON_BUS

    def ask(
        self, connection: Reconnect, request: ModbusPDU, parse: Parse[T]
    ) -> Coroutine[None, None, T]:
        """Return the parsed answer, or raise a Fault; the connection is the caller's meanwhile."""
        wire = connection.wire
        if wire is None or not wire.is_open or wire.is_busy or self._rest or self._debts:
            return self._ask_surely(connection, request, parse)
        return self._put(connection, wire, request, parse)

    async def tell(self, connection: Reconnect, request: ModbusPDU) -> None:
        """Send a broadcast and give the bus time to work on it."""
        wire = await self._wire(connection)
        self._counters.requests += 1
        await wire.tell(request)
        await self._clock.sleep(TURNAROUND)

    async def _ask_surely(self, connection: Reconnect, request: ModbusPDU, parse: Parse[T]) -> T:
        """Ask when the connection is there and quiet, and owes nothing that could be mistaken."""
        wire = await self._wire(connection)
        if self._debts:
            await self._be_sure(connection, wire, request, self._debts)
        return await self._put(connection, wire, request, parse)

    async def _wire(self, connection: Reconnect) -> Wire:
        """Return the open connection when it is quiet."""
        wire = connection.wire
        if wire is None or not wire.is_open:
            wire = await connection.ready()
        await self._quiet(wire)
        return wire

    async def _quiet(self, wire: Wire) -> None:
        """Wait for a question that its asker has left, and for the rest between two."""
        while wire.is_busy:
            idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            wire.when_idle(partial(_settle, idle))
            await idle
        wait = wire.rested_at + self._rest - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)

    async def _be_sure(
        self, connection: Reconnect, wire: Wire, request: ModbusPDU, debts: Debts
    ) -> None:
        """See to it that the next answer can be none that is still owed."""
        unit, pdu = request.dev_id, encoded(request)
        first = debts.first_ask(unit, pdu, self._clock.monotonic())
        if first is not None:
            await self._put(connection, wire, Passed(unit, first), _as_it_is)
            await self._quiet(wire)
        wait = debts.wait(unit, pdu, self._clock.monotonic())
        if wait > 0:
            await self._clock.sleep(wait)

    async def _put(
        self, connection: Reconnect, wire: Wire, request: ModbusPDU, parse: Parse[T]
    ) -> T:
        """Put one question, and count what becomes of it."""
        counters, now = self._counters, self._clock.monotonic
        counters.requests += 1
        asked_at = now()
        try:
            answer = await wire.ask(request, self._timeout(request))
            connection.prove()
            found = parse(answer, request)
        except NoAnswer:
            counters.timeouts += 1
            self._not_answered(connection)
            raise
        except BadAnswer:
            counters.bad_answers += 1
            raise
        except Refused:
            counters.refused += 1
            counters.answered(now() - asked_at)
            raise
        counters.answered(now() - asked_at)
        return found

    def _timeout(self, request: ModbusPDU) -> float:
        """Return the seconds for an answer, on a slow line with those for its bytes."""
        transport = self._options.transport
        if not isinstance(transport, Serial):
            return self._options.timeout
        pdu = encoded(request)
        count = len(pdu) + (size_of_answer(pdu) or 0) + _FRAME
        return self._options.timeout + count * transport.seconds_per_byte

    def _not_answered(self, connection: Reconnect) -> None:
        connection.unanswered += 1
        if connection.unanswered >= self._patience:
            connection.renew()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _as_it_is(answer: ModbusPDU, _request: ModbusPDU) -> ModbusPDU:
    return answer
