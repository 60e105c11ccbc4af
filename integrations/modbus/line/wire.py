"""One open connection: a question goes out, its answer comes in, nothing else is taken for it."""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hub.sdk import Clock
from integrations.modbus.line.counters import Counters
from integrations.modbus.line.errors import BadAnswer, LinkDown, NoAnswer
from integrations.modbus.line.framing import LostFraming, Mbap, Rtu
from integrations.modbus.line.late import Debts, fits

_LOGGER = logging.getLogger(__name__)
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
_LAST_TAG: Final = 0xFFFF

Trace = Callable[[bool, bytes], None]
"""Called with each chunk of bytes; True = it was sent."""


@dataclass(slots=True)
class _Question:
    """What is being asked; its future is cancelled when the asker has left."""

    tag: int
    unit: int
    pdu: bytes
    sent: float
    deadline: float
    answer: asyncio.Future[bytes]
    oddity: str = ""
    """What came instead."""


class Wire(asyncio.Protocol, asyncio.DatagramProtocol):
    """A connection over TCP, UDP, TLS or a serial device; asks one question at a time.

    A question stays until its answer, its end of time or the loss of the connection, even when the
    asker was cancelled: the next one must not meet its answer, nor a bus that still talks.
    """

    def __init__(
        self, clock: Clock, counters: Counters, *, debts: Debts | None = None, echo: bool = False
    ) -> None:
        """Speak as a bus does when there are `debts`; `echo` = we hear what we send."""
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done, with the reason, when the connection has ended."""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the system has given the connection back."""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_open = False
        self.rested_at = 0.0
        """When the last byte came or the last question ended: since then the line rests."""
        self.trace: Trace | None = None
        self._when_idle: list[Callable[[], None]] = []
        self._clock = clock
        self._counters = counters
        self._debts = debts
        self._framing: Mbap | Rtu = Mbap() if debts is None else Rtu()
        self._echo = echo
        self._awaited_echo = b""
        self._transport: asyncio.BaseTransport | None = None
        self._send: Callable[[bytes], object] | None = None
        self._question: _Question | None = None
        self._tag = 0
        self._unwatch: Callable[[], object] | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether a question is out."""
        return self._question is not None

    def when_idle(self, action: Callable[[], None]) -> None:
        """Call `action` when the present question is over."""
        if self._question is None:
            action()
        else:
            self._when_idle.append(action)

    def ask(self, unit: int, pdu: bytes, timeout: float) -> asyncio.Future[bytes]:
        """Send a question; the future has the answer's PDU, NoAnswer or BadAnswer."""
        if self._question is not None:
            raise RuntimeError("one question at a time")
        send = self._way_out()
        now = self._clock.monotonic()
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._tag = self._tag + 1 if self._tag < _LAST_TAG else 1
        self._question = _Question(self._tag, unit, pdu, now, now + timeout, future)
        self._transmit(send, self._framing.wrap(self._tag, unit, pdu))
        if self._unwatch is None:
            self._unwatch = self._clock.call_later(timeout, self._watch)
        return future

    def tell(self, unit: int, pdu: bytes) -> None:
        """Send what nobody answers: a broadcast on a bus."""
        self._transmit(self._way_out(), self._framing.wrap(0, unit, pdu))

    def close(self, reason: str) -> None:
        """End the connection at once."""
        self._lose(reason)

    # --- asyncio's side ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, whatever its kind."""
        self._transport = transport
        send = getattr(transport, "sendto", None)
        if send is None:
            send = transport.write  # type: ignore[attr-defined] # all streams have it
            _keep_alive(transport.get_extra_info("socket"))
        self._send = send
        self.is_open = True
        _settle(self.opened)

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is complete."""
        self._counters.bytes_in += len(data)
        self.rested_at = self._clock.monotonic()
        if self.trace is not None:
            self.trace(False, data)
        if self._awaited_echo:
            data = self._without_echo(data)
        try:
            self._framing.feed(data)
            self._look()
        except LostFraming as error:
            self._framing = Mbap()
            if self._question is None:
                self._lose(str(error))
            else:
                self._fail(error)

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Take a datagram, which is a frame of its own."""
        self._framing = Mbap()
        self.data_received(data)

    def error_received(self, error: Exception) -> None:
        """Nobody listens there: the question will not be answered."""
        self._fail(NoAnswer(f"nobody listens: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Remember why the connection has ended."""
        _settle(self.closed)
        self._transport = None
        self._lose(str(error) if error else "the other side closed the connection")

    # --- inside -----------------------------------------------------------------------------------

    def _way_out(self) -> Callable[[bytes], object]:
        if self._send is None:
            raise LinkDown("the connection is closed")
        return self._send

    def _transmit(self, send: Callable[[bytes], object], frame: bytes) -> None:
        self._framing.clear()
        if self._echo:
            self._awaited_echo = frame
        if self.trace is not None:
            self.trace(True, frame)
        self._counters.bytes_out += len(frame)
        send(frame)

    def _without_echo(self, data: bytes) -> bytes:
        awaited = self._awaited_echo
        same = min(len(data), len(awaited))
        if data[:same] != awaited[:same]:
            self._awaited_echo = b""
            return data
        self._awaited_echo = awaited[same:]
        return data[same:]

    def _look(self) -> None:
        while (question := self._question) is not None:
            found = self._framing.next(question.unit, question.pdu[0])
            if found is None:
                return
            tag, unit, pdu = found
            if self._debts is not None:
                self._take_from_bus(question, self._debts, pdu)
            elif tag == question.tag:
                self._take(question, unit, pdu)
        self._look_for_late()

    def _take(self, question: _Question, unit: int, pdu: bytes) -> None:
        """Take what carries the question's id; unit 0 asks whoever is there."""
        if unit == question.unit or not question.unit:
            self._finish(pdu)
        else:
            self._fail(BadAnswer(f"unit {unit} answered for unit {question.unit}"))

    def _take_from_bus(self, question: _Question, debts: Debts, pdu: bytes) -> None:
        """Take what can be the answer; else it is a late one, and ours is still to come."""
        if fits(question.pdu, pdu):
            debts.answered(question.unit, question.pdu, pdu)
            self._finish(pdu)
        elif debts.came(question.unit, pdu):
            self._counters.late += 1
        else:
            question.oddity = f"{pdu[:8].hex(' ')} (of {len(pdu)} bytes) came instead of an answer"

    def _look_for_late(self) -> None:
        """Throw away what answers nothing; with headers the framing stays in step by that."""
        if self._debts is None:
            while self._framing.next(0, 0) is not None:
                pass
            return
        for unit, function in self._debts.questions():
            found = self._framing.next(unit, function)
            if found is not None and self._debts.came(unit, found[2]):
                self._counters.late += 1

    def _watch(self) -> None:
        """Look at the deadline; one timer serves many questions."""
        self._unwatch = None
        question = self._question
        if question is None:
            return
        now = self._clock.monotonic()
        left = question.deadline - now
        if left > 0:
            self._unwatch = self._clock.call_later(left, self._watch)
            return
        self.rested_at = now
        if self._debts is not None:
            self._debts.owe(question.unit, question.pdu, question.sent)
        waited = question.deadline - question.sent
        if question.oddity:
            self._fail(BadAnswer(question.oddity))
        else:
            self._fail(NoAnswer(f"no answer within {waited:g} s"))

    def _finish(self, pdu: bytes) -> None:
        question = self._question
        self._question = None
        if question is not None and not question.answer.done():
            question.answer.set_result(pdu)
        self._rest()

    def _fail(self, error: Exception) -> None:
        question = self._question
        self._question = None
        if question is not None and not question.answer.done():
            question.answer.set_exception(error)
        self._rest()

    def _rest(self) -> None:
        if self._when_idle:
            waiting, self._when_idle = self._when_idle, []
            for action in waiting:
                action()

    def _lose(self, reason: str) -> None:
        self.is_open = False
        self._send = None
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        if self._transport is None:
            _settle(self.closed)
        elif not self._transport.is_closing():
            self._transport.abort()  # type: ignore[attr-defined] # all four kinds have it
        if not self.opened.done():
            self.opened.cancel()
        if not self.lost.done():
            self.lost.set_result(reason)
        self._fail(NoAnswer(f"connection lost: {reason}"))


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _keep_alive(sock: socket.socket | None) -> None:
    """Let the system notice a peer that is gone without a word."""
    if sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
