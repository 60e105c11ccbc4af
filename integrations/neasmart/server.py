"""The Modbus slave of one line: its transports, peers, counters, trace and status."""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import random
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from integrations.neasmart.capture import Capture
from integrations.neasmart.counters import Counters
from integrations.neasmart.mbap import Mbap
from integrations.neasmart.options import (
    LISTENING,
    RTU_OVER_TCP_DIAL,
    SERIAL,
    TCP,
    Options,
)
from integrations.neasmart.pdu import Slave
from integrations.neasmart.peer import Peer, make_framer
from integrations.neasmart.rtu import Rtu

_LOGGER = logging.getLogger(__name__)


_FIRST_RETRY: Final = 1.0
_LAST_RETRY: Final = 60.0
_CONNECT_TIMEOUT: Final = 10.0
_KNOCK_TIMEOUT: Final = 5.0
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to find ourselves
_TRACE_LENGTH: Final = 400
_TRACE_BYTES: Final = 512
_LOG_INTERVAL: Final = 10.0


class Server:
    """Keeps one line open for ever: listens, dials or opens the device, with backoff."""

    def __init__(
        self,
        slave: Slave,
        options: Options,
        *,
        capture: Capture | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.slave = slave
        self.image = slave.image
        self.options = options
        self.capture = capture
        self.suppress_noise = True
        self.peers: set[Peer] = set()
        self.port = options.port
        self.error: str | None = None
        self.listening = False
        self.refused = 0
        self.connections = 0
        self.on_status: Callable[[], None] | None = None
        self.trace: deque[tuple[float, str, str, bytes]] = deque(maxlen=_TRACE_LENGTH)
        self.tried = asyncio.Event()
        """Set when the first attempt to open the line has ended, well or not."""
        self._framing = "mbap" if options.transport == TCP else "rtu"
        self._networks = tuple(ipaddress.ip_network(item, strict=False) for item in options.allow)
        self._gone = Counters()
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._listener: asyncio.Server | None = None
        self._damaged_logged_at = float("-inf")
        self._probes: dict[str, asyncio.Event] = {}

    @property
    def open(self) -> bool:
        """Tell whether we listen, or an adapter or the device is open."""
        return self.listening or self.connected

    @property
    def connected(self) -> bool:
        """Tell whether an adapter is connected or the device open."""
        return bool(self.peers)

    async def start(self) -> None:
        """Listen, or begin to dial or open the device; failures are retried in the background."""
        self.tried.clear()
        listens = self.options.transport in LISTENING
        delay = await self._attempt(_FIRST_RETRY) if listens else 0.0
        self._task = asyncio.get_running_loop().create_task(self._run(delay), name="neasmart line")

    async def stop(self) -> None:
        """Close everything; no socket, task or device stays open."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._listener is not None:
            self._listener.close()
        peers = list(self.peers)
        for peer in peers:
            peer.close()
        for peer in peers:
            await peer.closed.wait()
        if self._listener is not None:
            await self._listener.wait_closed()
            self._listener = None
        self.listening = False
        if self.capture is not None:
            await self.capture.flush()

    async def knock(self) -> None:
        """Connect to our own listener until it lets us in; raises OSError and TimeoutError.

        The visit is no adapter: nobody makes room for it and nothing counts it.
        """
        if self._listener is None or not self._listener.sockets:
            raise ConnectionRefusedError(self.error or "not listening")
        name = self._listener.sockets[0].getsockname()
        host = _LOOPBACK.get(name[0], name[0])
        with socket.socket(self._listener.sockets[0].family, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            probe.bind((host, 0, *name[2:]))
            visitor = "{}:{}".format(*probe.getsockname())
            let_in = self._probes[visitor] = asyncio.Event()
            try:
                async with asyncio.timeout(_KNOCK_TIMEOUT):
                    loop = asyncio.get_running_loop()
                    await loop.sock_connect(probe, (host, name[1], *name[2:]))
                    await let_in.wait()
            finally:
                del self._probes[visitor]

    def counters(self) -> Counters:
        """Return the sums over all peers since the start."""
        total = Counters()
        total.add(self._gone)
        for peer in self.peers:
            total.add(peer.counters)
        return total

    def sweep(self) -> None:
        """Cut peers that were silent for longer than the idle limit, when there is one."""
        if self.options.idle_timeout:
            now = self.image.monotonic()
            for peer in [p for p in self.peers if now - p.heard_at > self.options.idle_timeout]:
                peer.close()

    # for peers

    def note(self, now: float, peer: str, direction: str, data: bytes) -> None:
        """Put a chunk into the trace and the capture."""
        kept = data if len(data) <= _TRACE_BYTES else data[:_TRACE_BYTES]
        self.trace.append((now, peer, direction, kept))
        if self.capture is not None:
            self.capture.record(now, peer, direction, data)

    def framer(self, counters: Counters) -> Mbap | Rtu:
        """Return a fresh framer for a peer."""
        return make_framer(self._framing, self, counters)

    def admit(self, peer: Peer) -> bool:
        """Take a new peer, by the allow-list; a full house drops its most silent peer."""
        if (probe := self._probes.get(peer.name)) is not None:
            probe.set()
            return False
        if peer.address and self._networks:
            address = ipaddress.ip_address(peer.address.partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None)
            if not any((mapped or address) in network for network in self._networks):
                self.refused += 1
                return False
        if len(self.peers) >= self.options.max_connections:
            min(self.peers, key=lambda item: item.heard_at).close()
        self.connections += 1
        self.peers.add(peer)
        self._status(None)
        return True

    def left(self, peer: Peer) -> None:
        """Keep the counts of a peer that has gone."""
        if peer in self.peers:
            self.peers.discard(peer)
            self._gone.add(peer.counters)
            self._status(self.error)

    def damaged(self, frame: bytes) -> None:
        """Log a damaged frame that was meant for us, at most one line in ten seconds."""
        now = self.image.monotonic()
        if now - self._damaged_logged_at >= _LOG_INTERVAL:
            self._damaged_logged_at = now
            _LOGGER.warning("Damaged frame for unit %d begins %s", frame[0], frame.hex(" "))

    # private

    async def _run(self, delay: float) -> None:
        while True:
            if self.options.transport in LISTENING:
                if self.listening:
                    return
            elif self.peers:
                await next(iter(self.peers)).closed.wait()
                delay = _FIRST_RETRY
            if delay:
                await self._sleep(delay * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
            delay = await self._attempt(max(delay, _FIRST_RETRY))

    async def _attempt(self, delay: float) -> float:
        """Open the line once; return the seconds to wait should it have to be opened again."""
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                await self._open()
        except (OSError, ValueError) as error:
            message = self._explain(error)
            if message != self.error:
                _LOGGER.warning("%s; trying again", message)
            self._status(message)
            self.tried.set()
            return min(2 * delay, _LAST_RETRY)
        self.tried.set()
        if self.error is not None:
            _LOGGER.info("The line is open again")
        self._status(None)
        return _FIRST_RETRY

    async def _open(self) -> None:
        loop, options = asyncio.get_running_loop(), self.options
        if options.transport == SERIAL:
            import serial_asyncio_fast  # most houses have no serial line

            await serial_asyncio_fast.create_serial_connection(
                loop,
                lambda: Peer(self),
                options.device,
                baudrate=options.baudrate,
                parity=options.parity,
                stopbits=options.stopbits,
            )
        elif options.transport == RTU_OVER_TCP_DIAL:
            await loop.create_connection(lambda: Peer(self), options.host, options.port)
        else:
            self._listener = await loop.create_server(
                lambda: Peer(self), options.host, options.port
            )
            self.port = self._listener.sockets[0].getsockname()[1]
            self.listening = True

    def _explain(self, error: Exception) -> str:
        options = self.options
        code = getattr(error, "errno", None)
        if options.transport == SERIAL:
            return f"cannot open {options.device}: {error}; check the path and the dialout group"
        if options.transport == RTU_OVER_TCP_DIAL:
            what = str(error) or "no answer"
            return f"cannot reach the adapter at {options.host}:{options.port}: {what}"
        where = f"cannot listen on {options.host}:{options.port}"
        if code == errno.EADDRINUSE:
            return f"{where}: port {options.port} is in use; stop its owner or set another port"
        if code == errno.EACCES:
            return (
                f"{where}: port {options.port} needs root or CAP_NET_BIND_SERVICE; "
                "or set a port above 1023 here and in the adapter"
            )
        return f"{where}: {error}"

    def _status(self, error: str | None) -> None:
        self.error = error
        if self.on_status is not None:
            self.on_status()
