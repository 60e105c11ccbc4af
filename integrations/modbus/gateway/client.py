"""One program behind the hub: its requests in, their answers out in the order asked."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from integrations.modbus.gateway.mbap import LostFraming, Mbap
from integrations.modbus.gateway.requests import BUSY, refusal

if TYPE_CHECKING:
    from integrations.modbus.gateway.server import Gateway

_LOGGER = logging.getLogger(__name__)

WAITING: Final = 16
"""Requests of one client that may wait for the line; more are answered with 'busy'."""
_TAKEN: Final = 4 * WAITING
"""Requests that are taken in at all; more stay in the client's socket."""
_CHUNK: Final = 2048


@dataclass(frozen=True, slots=True)
class _Taken:
    """A request as it came."""

    transaction: int
    unit: int
    pdu: bytes
    fits: bool
    """Whether it may wait for the line."""


class Client:
    """A connection that a gateway has let in."""

    def __init__(
        self, gateway: "Gateway", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take over both directions of a connection."""
        peer = writer.get_extra_info("peername")
        self.name = f"{peer[0]}:{peer[1]}" if peer else "unknown"
        self.requests = 0
        self.connected_at = self.heard_at = gateway.clock.monotonic()
        self._gateway = gateway
        self._reader, self._writer = reader, writer
        self._framing = Mbap()
        self._taken: asyncio.Queue[_Taken | None] = asyncio.Queue(_TAKEN)
        self._waiting = 0
        self._asking = False

    async def run(self) -> None:
        """Serve until the client leaves, falls silent or sends what is no frame."""
        self._look()
        answers = asyncio.create_task(self._answer(), name=f"modbus gateway to {self.name}")
        try:
            await self._take()
            await self._taken.put(None)
            await answers
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        finally:
            self._cancel_look()
            answers.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answers
            self.close()

    def close(self) -> None:
        """Cut the connection without waiting for what is unsent."""
        self._writer.transport.abort()

    async def _take(self) -> None:
        """Read requests as long as they may wait, to the end of the stream."""
        framing = self._framing
        try:
            while data := await self._reader.read(_CHUNK):
                self.heard_at = self._gateway.clock.monotonic()
                framing.feed(data)
                while (found := framing.next()) is not None:
                    await self._keep(*found)
        except LostFraming as lost:
            self._gateway.counters.damaged += 1
            _LOGGER.info("Cut %s: %s", self.name, lost)
        except OSError as error:
            _LOGGER.debug("Lost %s: %s", self.name, error)

    async def _keep(self, transaction: int, unit: int, pdu: bytes) -> None:
        self.requests += 1
        fits = self._waiting < WAITING
        self._waiting += fits
        await self._taken.put(_Taken(transaction, unit, pdu, fits))

    async def _answer(self) -> None:
        """Answer what was taken, one after the other; what nobody waits for is not asked."""
        while (taken := await self._taken.get()) is not None:
            if self._writer.is_closing():
                continue
            pdu = await self._ask(taken)
            self._writer.write(self._framing.wrap(taken.transaction, taken.unit, pdu))
            with contextlib.suppress(OSError):
                await self._writer.drain()
            self.heard_at = self._gateway.clock.monotonic()

    async def _ask(self, taken: _Taken) -> bytes:
        if not taken.fits:
            self._gateway.counters.busy += 1
            return refusal(taken.pdu[0], BUSY)
        self._asking = True
        try:
            return await self._gateway.answer(taken.unit, taken.pdu)
        finally:
            self._asking = False
            self._waiting -= 1

    def _look(self) -> None:
        """Cut a client that was silent for too long, or does not take its answers."""
        now, idle = self._gateway.clock.monotonic(), self._gateway.options.idle
        left = idle if self._asking else self.heard_at + idle - now
        if left > 0:
            self._cancel_look = self._gateway.clock.call_later(left, self._look)
        else:
            _LOGGER.info("Cut %s: silent for %.0f s", self.name, now - self.heard_at)
            self.close()
