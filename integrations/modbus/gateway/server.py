"""The gateway of a link: other programs ask, the hub's line answers, turn by turn."""

import asyncio
import contextlib
import errno
import logging
import random
import socket
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import Clock
from integrations.modbus.const import BROADCAST
from integrations.modbus.gateway import requests
from integrations.modbus.gateway.cache import Cache
from integrations.modbus.gateway.client import Client
from integrations.modbus.gateway.options import GatewayOptions
from integrations.modbus.gateway.requests import Denied, Request
from integrations.modbus.line.client import Line
from integrations.modbus.line.errors import Fault, LinkDown, Overloaded, Refused
from integrations.modbus.line.turns import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)

_FIRST_RETRY: Final = 1.0
_LAST_RETRY: Final = 60.0
_BUFFER: Final = 2048
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


@dataclass(slots=True)
class GatewayCounters:
    """What happened at a gateway since its start."""

    connections: int = 0
    refused: int = 0
    """Connections that were not let in."""
    requests: int = 0
    cached: int = 0
    """Reads that were answered from memory."""
    writes: int = 0
    denied: int = 0
    """Requests that were not passed on."""
    busy: int = 0
    failed: int = 0
    """Requests that the line or the device did not answer."""
    damaged: int = 0
    """Clients that were cut because they sent what is no frame."""


class Gateway:
    """Listens for Modbus TCP and passes requests on to one line."""

    def __init__(self, line: Line, options: GatewayOptions, clock: Clock) -> None:
        """Prepare; nothing listens before `start`."""
        self.options = options
        self.clock = clock
        self.port = options.port
        self.listening = False
        self.error: str | None = None
        """Why it does not listen."""
        self.counters = GatewayCounters()
        self.cache = Cache(clock.monotonic)
        self.on_change: Callable[[], None] | None = None
        """Called when it begins to listen, or fails to."""
        self._line = line
        self._stopped = False
        self._clients: set[Client] = set()
        self._listener: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def clients(self) -> int:
        """Return how many programs are connected."""
        return len(self._clients)

    async def start(self) -> None:
        """Listen; a port that can not be had is tried again in the background."""
        if self.options.max_age:
            self._line.memory = self.cache
        delay = await self._attempt(_FIRST_RETRY)
        if not self.listening:
            self._opening = asyncio.create_task(self._open(delay), name="modbus gateway opening")

    async def stop(self) -> None:
        """Close everything; no socket and no task stays."""
        self._stopped = True
        if self._line.memory is self.cache:
            self._line.memory = None
        if self._opening is not None:
            self._opening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._opening
            self._opening = None
        if self._listener is not None:
            self._listener.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in self._clients:
            client.close()  # its task was ended before it began
        self._clients.clear()
        if self._listener is not None:
            await self._listener.wait_closed()
            self._listener = None
        self.listening = False

    async def answer(self, unit: int, pdu: bytes) -> bytes:
        """Return the answer to one request, an exception where there is no better one."""
        self.counters.requests += 1
        try:
            return await self._pass(unit, pdu)
        except Denied as denied:
            self.counters.denied += 1
            code = denied.code
        except Refused as refused:
            code = refused.code
        except Overloaded:
            self.counters.busy += 1
            code = requests.BUSY
        except Fault as fault:
            self.counters.failed += 1
            code = requests.NO_PATH if isinstance(fault, LinkDown) else requests.NO_ANSWER
        except Exception:
            _LOGGER.exception("A request for unit %d failed: %s", unit, pdu.hex(" "))
            self.counters.failed += 1
            code = requests.FAILURE
        return requests.refusal(pdu[0], code)

    def as_dict(self) -> dict[str, Any]:
        """Return state, clients and counters, for diagnostics."""
        now = self.clock.monotonic()
        return {
            "listening": self.listening,
            "port": self.port,
            "error": self.error,
            "counters": asdict(self.counters),
            "cached_items": len(self.cache),
            "clients": {
                client.name: {
                    "connected_s": round(now - client.connected_at, 1),
                    "silent_s": round(now - client.heard_at, 1),
                    "requests": client.requests,
                }
                for client in self._clients
            },
        }

    # --- requests

    async def _pass(self, unit: int, pdu: bytes) -> bytes:
        if unit == BROADCAST:
            raise Denied(requests.NO_PATH)
        request = requests.parse(pdu)
        if request.writes is not None:
            self.options.demand(unit, request.writes)
            self.counters.writes += 1
            return await self._ask(unit, request, pdu, Priority.WRITE)
        known = self._known(unit, request)
        if known is not None:
            self.counters.cached += 1
            return requests.answer(request, known)
        return await self._ask(unit, request, pdu, Priority.ASKED)

    async def _ask(self, unit: int, request: Request, pdu: bytes, priority: Priority) -> bytes:
        span = request.writes
        writes = None if span is None else (span.table, span.first, span.count)
        answer = await self._line.forward(unit, pdu, priority, writes)
        found = requests.items(request, answer)
        if found is not None and request.reads is not None and self.options.max_age:
            self.cache.keep(unit, request.reads.table, request.reads.first, found)
        return answer

    def _known(self, unit: int, request: Request) -> list[int] | None:
        span = request.reads
        if span is None or not self.options.max_age:
            return None
        return self.cache.find(unit, span.table, span.first, span.count, self.options.max_age)

    # --- connections

    def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        full = self.clients >= self.options.max_clients
        if self._stopped or not peer or full or not self.options.admits(peer[0]):
            self.counters.refused += 1
            writer.transport.abort()
            return
        _keep_alive(writer.get_extra_info("socket"))
        self.counters.connections += 1
        client = Client(self, reader, writer)
        self._clients.add(client)
        task = asyncio.create_task(self._serve(client), name=f"modbus gateway of {client.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: Client) -> None:
        try:
            await client.run()
        except Exception:
            _LOGGER.exception("The conversation with %s failed", client.name)
        finally:
            self._clients.discard(client)

    # --- the listener

    async def _open(self, delay: float) -> None:
        while not self.listening:
            await self.clock.sleep(delay * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
            delay = await self._attempt(delay)

    async def _attempt(self, delay: float) -> float:
        """Try to listen; return the seconds to wait should it have to be tried again."""
        try:
            self._listener = await asyncio.start_server(
                self._visit, self.options.host, self.options.port, limit=_BUFFER
            )
        except (OSError, UnicodeError) as error:  # of a host that no name can be
            message = self._explain(error)
            if message != self.error:
                _LOGGER.warning("%s; trying again", message)
            self.error = message
        else:
            if self.error is not None:
                _LOGGER.info("The gateway on port %d listens again", self.options.port)
            self.port = self._listener.sockets[0].getsockname()[1]
            self.listening, self.error = True, None
        if self.on_change is not None:
            self.on_change()
        return min(2 * delay, _LAST_RETRY)

    def _explain(self, error: OSError | UnicodeError) -> str:
        where = f"cannot listen on {self.options.host}:{self.options.port}"
        port = f"port {self.options.port}"
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.EADDRINUSE:
            return f"{where}: {port} is in use; stop its owner or set another port"
        if number == errno.EACCES:
            return f"{where}: {port} needs root or CAP_NET_BIND_SERVICE; or set one above 1023"
        return f"{where}: {error}"


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
