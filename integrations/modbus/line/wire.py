"""One open connection: pymodbus asks and waits, this sees to it that no answer is another's.

pymodbus frames, sends, decodes and times one request; a `Wire` stands between it and the transport.
It counts and records the bytes, says why a connection was lost, stays with a question that its
asker has left, and passes over what answers an older one.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ModbusIOException
from pymodbus.pdu import ModbusPDU

from hub.sdk import Clock
from integrations.modbus.line.counters import Counters
from integrations.modbus.line.errors import BadAnswer, Fault, LinkDown, NoAnswer
from integrations.modbus.line.frames import Frames
from integrations.modbus.line.late import Debts, fits
from integrations.modbus.line.questions import encoded, raw

Trace = Callable[[bool, bytes], None]
"""Called with each chunk of bytes; True = it was sent."""


class _Out:
    """A question that is out."""

    answer: ModbusPDU | None = None
    oddity = ""
    """What came instead."""
    waiter: asyncio.Future[None] | None = None
    """Who waits for what comes after that."""
    is_left = False
    """Whether its asker was cancelled."""

    def __init__(self, request: ModbusPDU, sent: float, seconds: float) -> None:
        self.request = request
        self.sent = sent
        self.seconds = seconds

    @property
    def deadline(self) -> float:
        """Return when it counts as unanswered."""
        return self.sent + self.seconds


class Wire(asyncio.Protocol, asyncio.DatagramProtocol):
    """A connection of any kind; asks one question at a time.

    A question stays until its answer, its end of time or the loss of the connection, even when the
    asker was cancelled: the next one must not meet its answer, nor a bus that still talks.
    """

    def __init__(self, clock: Clock, counters: Counters, debts: Debts | None = None) -> None:
        """Prepare; with `debts` it is a bus."""
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done, with the reason, when the connection has ended."""
        self.is_open = False
        self.rested_at = 0.0
        """When the last byte came or the last question ended: since then the line rests."""
        self.trace: Trace | None = None
        self._when_idle: list[Callable[[], None]] = []
        self._clock = clock
        self._counters = counters
        self._debts = debts
        self._frames = Frames()
        self._client: ModbusBaseClient | None = None
        self._out: _Out | None = None
        self._last: ModbusPDU | None = None
        self._unwatch: Callable[[], object] | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a question is out."""
        return self._out is not None

    def when_idle(self, action: Callable[[], None]) -> None:
        """Call `action` when the present question is over."""
        if self._out is None:
            action()
        else:
            self._when_idle.append(action)

    def carry(self, client: ModbusBaseClient, transport: asyncio.BaseTransport) -> None:
        """Step between a client of pymodbus and the transport that was opened for it."""
        client.ctx.trace_packet = self._packet
        client.ctx.trace_pdu = self._heard
        self._client = client
        self.is_open = True
        transport.set_protocol(self)

    async def ask(self, request: ModbusPDU, seconds: float) -> ModbusPDU:
        """Return the answer that comes in time; raises NoAnswer, BadAnswer or LinkDown."""
        if self._out is not None:
            raise RuntimeError("one question at a time")
        client = self._way_out()
        client.ctx.comm_params.timeout_connect = seconds
        out = self._out = _Out(request, self._clock.monotonic(), seconds)
        task = asyncio.current_task()
        cancels = task.cancelling() if task is not None else 0
        try:
            await client.execute(no_response_expected=False, request=request)
            return out.answer or await self._search(out)
        except asyncio.CancelledError:
            self._leave(out)
            raise
        except ModbusIOException:
            raise self._given_up(out) from None
        finally:
            if not out.is_left:
                self._end(out)
                if task is not None and task.cancelling() > cancels:
                    # wait_for of Python 3.11 forgets a cancellation that meets the end of its wait.
                    raise asyncio.CancelledError

    async def tell(self, request: ModbusPDU) -> None:
        """Send what nobody answers: a broadcast on a bus."""
        await self._way_out().execute(no_response_expected=True, request=request)

    def close(self, reason: str) -> None:
        """End the connection at once."""
        client = self._client
        if client is not None:
            if client.ctx.transport is not None:
                client.ctx.transport.abort()  # type: ignore[attr-defined] # all kinds have it
            client.close()
        self._lose(reason)

    # --- asyncio's side ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Count and record what came, and let pymodbus look whether the answer is complete."""
        self._counters.bytes_in += len(data)
        self.rested_at = self._clock.monotonic()
        if self.trace is not None:
            self.trace(False, data)
        if self._client is None:
            return
        if self._debts is None:
            self._client.ctx.data_received(data)
        elif self._last is not None:
            self._frames.feed(data)
            asked = self._last.dev_id
            functions = {code for unit, code in self._debts.questions() if unit == asked}
            functions.add(self._last.function_code)
            while (frame := self._frames.next(asked, functions)) is not None:
                self._client.ctx.data_received(frame)

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Take a datagram."""
        self.data_received(data)

    def error_received(self, error: Exception) -> None:
        """Nobody listens there: the question will not be answered."""
        self._fail(NoAnswer(f"nobody listens: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Remember why the connection has ended."""
        if self._client is not None:
            self._client.ctx.connection_lost(error)
        self._lose(str(error) if error else "the other side closed the connection")

    # --- pymodbus's side --------------------------------------------------------------------------

    def _packet(self, sending: bool, data: bytes) -> bytes:
        """See what is about to be sent."""
        if sending:
            self._counters.bytes_out += len(data)
            if self.trace is not None:
                self.trace(True, data)
            if self._debts is not None and self._client is not None:
                self._frames.clear()
                self._client.ctx.sent_buffer = b""  # an echo that never came is awaited no more
        return data

    def _heard(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """Judge what pymodbus decoded: it takes the first that comes, and drops all others."""
        out = self._out
        if sending:
            self._last = pdu
        elif out is None:
            self._is_late(pdu)
        elif out.answer is None and self._fits(out, pdu):
            out.answer = pdu
            if out.is_left:
                self._end(out)
            elif out.waiter is not None:
                _settle(out.waiter)
        elif not self._is_late(pdu):
            out.oddity = f"{_shown(pdu)} came instead of an answer"
        return pdu

    # --- inside -----------------------------------------------------------------------------------

    def _way_out(self) -> ModbusBaseClient:
        if self._client is None or not self.is_open:
            raise LinkDown("the connection is closed")
        return self._client

    def _fits(self, out: _Out, pdu: ModbusPDU) -> bool:
        """Tell whether it is the answer: pymodbus takes any function, and transaction id 0."""
        if self._debts is None:
            return pdu.transaction_id == out.request.transaction_id
        question, answer = encoded(out.request), raw(pdu)
        if not fits(question, answer):
            return False
        self._debts.answered(out.request.dev_id, question, answer)
        return True

    def _is_late(self, pdu: ModbusPDU) -> bool:
        if self._debts is None or not self._debts.came(pdu.dev_id, raw(pdu)):
            return False
        self._counters.late += 1
        return True

    async def _search(self, out: _Out) -> ModbusPDU:
        """Wait on after something else has come, which ended pymodbus's own waiting."""
        while out.answer is None:
            left = out.deadline - self._clock.monotonic()
            if left <= 0:
                raise self._given_up(out)
            if self.lost.done():
                raise NoAnswer(f"connection lost: {self.lost.result()}")
            out.waiter = asyncio.get_running_loop().create_future()
            cancel = self._clock.call_later(left, partial(_settle, out.waiter))
            try:
                await out.waiter
            finally:
                cancel()
        return out.answer

    def _leave(self, out: _Out) -> None:
        """Stay with the question of somebody who was cancelled."""
        if self._out is not out:
            return
        if out.answer is not None:
            self._end(out)
            return
        out.is_left = True
        left = max(0.0, out.deadline - self._clock.monotonic())
        self._unwatch = self._clock.call_later(left, self._give_up)

    def _give_up(self) -> None:
        if self._out is not None:
            self._given_up(self._out)
            self._end(self._out)

    def _given_up(self, out: _Out) -> Fault:
        """Note that the time is over, and return what to tell of it."""
        self.rested_at = self._clock.monotonic()
        if self._debts is not None:
            self._debts.owe(out.request.dev_id, encoded(out.request), out.sent)
        if out.oddity:
            return BadAnswer(out.oddity)
        return NoAnswer(f"no answer within {out.seconds:g} s")

    def _fail(self, fault: Fault) -> None:
        """End the question that is out."""
        out = self._out
        if out is None or self._client is None:
            return
        waiting = out.waiter or self._client.ctx.response_future
        if out.is_left:
            self._end(out)
        elif not waiting.done():
            waiting.set_exception(fault)

    def _end(self, out: _Out) -> None:
        if self._out is not out:
            return
        self._out = None
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        if self._when_idle:
            waiting, self._when_idle = self._when_idle, []
            for action in waiting:
                action()

    def _lose(self, reason: str) -> None:
        self.is_open = False
        if not self.lost.done():
            self.lost.set_result(reason)
        self._fail(NoAnswer(f"connection lost: {reason}"))


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _shown(pdu: ModbusPDU) -> str:
    answer = raw(pdu)
    return f"{answer[:8].hex(' ')} (of {len(answer)} bytes)"
