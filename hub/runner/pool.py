"""Connections to hosts: one per server, shared, made when needed, closed when idle."""

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from hub.errors import HubError, NotFound
from hub.runner.breaker import Breaker
from hub.runner.counters import Counters
from hub.runner.errors import Unreachable
from hub.runner.link_errors import NotStarted
from hub.runner.redact import Redactor

if TYPE_CHECKING:
    from hub.runner.errors import SudoRefused
    from hub.runner.limits import Limits
    from hub.runner.link import Link
    from hub.runner.server import Server
    from hub.runner.sudo import Rights
    from hub.runner.transcripts import Tell
    from hub.util.clock import Cancel, Clock
    from hub.util.tasks import Tasks

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")


class Turns:
    """Lets a few connections be made at once: some in all, fewer to each address."""

    def __init__(self, limits: "Limits") -> None:
        """Take the numbers from `limits`."""
        self._limits = limits
        self._all = asyncio.Semaphore(limits.handshakes)
        self._hosts: dict[tuple[str, int], tuple[asyncio.Semaphore, list[int]]] = {}

    @contextlib.asynccontextmanager
    async def at(self, address: str, port: int) -> AsyncIterator[None]:
        """Wait for a turn; raises `TimeoutError` when it takes too long."""
        place = (address, port)
        host, users = self._hosts.setdefault(
            place, (asyncio.Semaphore(self._limits.handshakes_per_host), [0])
        )
        users[0] += 1
        try:
            async with contextlib.AsyncExitStack() as stack:
                async with asyncio.timeout(self._limits.turn):
                    # first the host's, so that one slow host does not use up everybody's
                    await stack.enter_async_context(host)
                    await stack.enter_async_context(self._all)
                yield
        finally:
            users[0] -= 1
            if not users[0]:
                self._hosts.pop(place, None)


class Line:
    """The way to one server: its connection, its breaker, what sudo lets it do."""

    def __init__(self, server: "Server", pool: "Pool") -> None:
        """Begin without a connection."""
        self.server = server
        self.counters = Counters()
        self.breaker = Breaker(pool.clock, pool.limits)
        self.redactor = Redactor(server.secrets)
        self.rights: Rights | SudoRefused | None = None
        self.rights_until = 0.0
        self.rights_lock = asyncio.Lock()
        self._pool = pool
        self._link: Link | None = None
        self._connecting: asyncio.Task[Link | HubError | None] | None = None
        self._idle: Cancel | None = None
        self._generation = 0

    @property
    def connected(self) -> bool:
        """Tell whether there is a living connection."""
        return self._link is not None and not self._link.closed

    async def use(self, work: Callable[["Link"], Awaitable[T]]) -> T:
        """Do `work` on the connection; once more on a new one when the old was dead before.

        Raises what `link` raises, and `NotStarted` when the second try does not start either.
        """
        link = await self.link()
        try:
            return await work(link)
        except NotStarted as error:
            if not error.lost:
                raise
        return await work(await self.link())

    async def link(self) -> "Link":
        """Return the living connection; all who wait for one wait for the same."""
        while True:
            if self._link is not None:
                if not self._link.closed and not self._link.retired:
                    return self._link
                self._lost()
            if self._connecting is None:
                self.breaker.check()
                self._connecting = self._pool.tasks.spawn(
                    self._connect(self._generation), f"connecting {self.server.id}"
                )
            found = await asyncio.shield(self._connecting)
            if isinstance(found, HubError):
                raise found.with_traceback(None)
            if found is not None and not found.retired:
                return found

    def replace(self, server: "Server") -> None:
        """Take over new settings; the old connection goes when they change the way in."""
        old, self.server = self.server, server
        self.redactor = Redactor(server.secrets)
        self.rights = None
        if not server.same_way_in(old):
            self.drop()

    def drop(self) -> None:
        """Use the present connection no more and forget refusals: the next use connects anew."""
        self._generation += 1
        self._connecting = None
        self.breaker.reset()
        self.rights = None
        if self._link is not None:
            self._link.retire()
            self._link = None
        self._stop_idle()

    async def close(self) -> None:
        """Close the connection and wait for its end."""
        link, connecting = self._link, self._connecting
        self._link = None
        self.drop()
        if connecting is not None:
            connecting.cancel()
        if link is not None:
            await link.close()

    async def _connect(self, generation: int) -> "Link | HubError | None":
        """Make the connection; errors are returned, each waiting task raises its own.

        None = the settings were changed meanwhile.
        """
        server, pool = self.server, self._pool
        try:
            async with pool.turns.at(server.address, server.port):
                module = await asyncio.to_thread(importlib.import_module, "hub.runner.connect")
                link: Link = await module.connect(server, pool.limits, pool.clock, self.counters)
        except TimeoutError:
            # no fault of the host, so its breaker does not hear of it
            if generation != self._generation:
                return None
            self._connecting = None
            return Unreachable(f"{server.id}: too many connections are being made; try again")
        except HubError as error:
            return self._failed(generation, error)
        except Exception as error:
            _LOGGER.exception("Connecting %s failed", server.id)
            return self._failed(generation, Unreachable(f"{server.id}: {type(error).__name__}"))
        if generation != self._generation:
            link.retire()
            return None
        self._connecting = None
        self._link = link
        self.counters.connects += 1
        self.breaker.reset()
        pool.tell("host.connect", server.id, "ok", None, {"place": server.place})
        self._watch_idle(link, pool.limits.idle)
        return link

    def _failed(self, generation: int, error: HubError) -> HubError | None:
        if generation != self._generation:
            return None
        self._connecting = None
        self.counters.connect_failures += 1
        self.counters.last_error = error.code
        known = self.breaker.last
        self.breaker.failed(error)
        if known is None or known.code != error.code:
            data = {"place": self.server.place, "error": error.code}
            self._pool.tell("host.connect", self.server.id, "failed", None, data)
        return error

    def _lost(self) -> None:
        if self._link is not None and not self._link.retired:
            self.counters.lost += 1
        self._link = None
        self._stop_idle()

    def _watch_idle(self, link: "Link", seconds: float) -> None:
        self._idle = self._pool.clock.call_later(seconds, lambda: self._look(link))

    def _look(self, link: "Link") -> None:
        """Close a connection that was not used for a while."""
        if link is not self._link:
            return
        left = link.last_used + self._pool.limits.idle - self._pool.clock.monotonic()
        if link.busy or left > 0:
            self._watch_idle(link, max(left, 1.0))
            return
        link.retire()
        self._link = None

    def _stop_idle(self) -> None:
        if self._idle is not None:
            self._idle()
            self._idle = None


class Pool:
    """All lines by the key of their server."""

    def __init__(self, clock: "Clock", tasks: "Tasks", limits: "Limits", tell: "Tell") -> None:
        """Begin without servers."""
        self.clock = clock
        self.tasks = tasks
        self.limits = limits
        self.tell = tell
        self.turns = Turns(limits)
        self.source: Callable[[str], Server | None] | None = None
        self._lines: dict[str, Line] = {}

    def line(self, key: str) -> Line:
        """Return the way to a server; raises `NotFound`."""
        line = self._lines.get(key)
        if line is None:
            server = self.source(key) if self.source is not None else None
            if server is None:
                raise NotFound(f"there is no host.server/{key}")
            line = self.add(key, server)
        return line

    def add(self, name: str, server: "Server") -> Line:
        """Make a new line."""
        line = self._lines[name] = Line(server, self)
        return line

    def knows(self, key: str) -> bool:
        """Tell whether there is a line to a server."""
        return key in self._lines

    def put(self, server: "Server") -> None:
        """Take over a server that is new or changed."""
        line = self._lines.get(server.key)
        if line is None:
            self.add(server.key, server)
        elif line.server != server:
            line.replace(server)

    def remove(self, key: str) -> None:
        """Forget a server; its connection goes when its commands have ended."""
        line = self._lines.pop(key, None)
        if line is not None:
            line.drop()

    def all(self) -> list[Line]:
        """Return every line."""
        return list(self._lines.values())

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Return what is counted, by the id of the server."""
        return {
            line.server.id: {"connected": line.connected, **line.counters.as_dict()}
            for line in self._lines.values()
        }

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(line.close() for line in self._lines.values()))
        self._lines.clear()
