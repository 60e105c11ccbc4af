"""One conversation with an adapter: bytes in, answers out, in the same call."""

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Final

from integrations.neasmart.capture import RECEIVED, SENT
from integrations.neasmart.counters import Counters
from integrations.neasmart.mbap import Mbap
from integrations.neasmart.rtu import Rtu

if TYPE_CHECKING:
    from integrations.neasmart.server import Server

_LOGGER = logging.getLogger(__name__)
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
_UNACKNOWLEDGED_MS: Final = 60_000


class Peer(asyncio.Protocol):
    """A connected adapter, on TCP or on a serial line. Never raises out of data_received."""

    def __init__(self, server: "Server") -> None:
        self.name = "serial"
        self.address = ""
        self.counters = Counters()
        self.connected_at = self.heard_at = server.image.monotonic()
        self.closed = asyncio.Event()
        self._server = server
        self._framer = server.framer(self.counters)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection when the server admits it, else close it."""
        self._transport = transport  # type: ignore[assignment] # serial or TCP, both stream
        name = transport.get_extra_info("peername")
        if name:
            self.address = str(name[0])
            self.name = f"{name[0]}:{name[1]}"
            _keep_alive(transport.get_extra_info("socket"))
        if not self._server.admit(self):
            transport.abort()  # type: ignore[attr-defined] # a server's transport has it

    def data_received(self, data: bytes) -> None:
        """Answer every frame of the chunk, whatever its size."""
        server = self._server
        now = self.heard_at = server.image.monotonic()
        counters = self.counters
        counters.bytes_in += len(data)
        server.note(now, self.name, RECEIVED, data)
        try:
            reply = self._framer.feed(data, now)
        except Exception:
            _LOGGER.exception("A chunk of %d bytes from %s was lost", len(data), self.name)
            counters.failures += 1
            self._framer = server.framer(counters)
            return
        if reply and self._transport is not None:
            counters.bytes_out += len(reply)
            server.note(now, self.name, SENT, reply)
            self._transport.write(reply)

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not take its answers."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if self._transport is not None:
            self._transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell the server; keep the counts."""
        self._transport = None
        self._server.left(self)
        self.closed.set()

    def close(self) -> None:
        """Cut the connection without waiting for what is unsent."""
        if self._transport is not None:
            self._transport.abort()


def make_framer(framing: str, server: "Server", counters: Counters) -> Mbap | Rtu:
    """Return a fresh framer, `mbap` or `rtu`."""
    if framing == "mbap":
        return Mbap(server.slave, counters)
    framer = Rtu(server.slave, counters, echo=server.options.echo)
    framer.on_damaged = server.damaged
    return framer


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
