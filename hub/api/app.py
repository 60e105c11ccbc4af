"""The door for HTTP and websocket clients: built, opened and closed here."""

import asyncio
import errno
import logging
import socket
from typing import TYPE_CHECKING, Final

from aiohttp import web

from hub.api.actions import Changes
from hub.api.errors import PortUnusable
from hub.api.gate import Gate, is_loopback
from hub.api.local import LocalSocket
from hub.api.measure import measure
from hub.api.middleware import add_common_headers, guard
from hub.api.page import Page
from hub.api.quick import Quick
from hub.api.rest import all_routes
from hub.api.routes import ADMIN, CHANGES, DOORS, GATE, HUB, PAGE, Route
from hub.api.server import QuickRunner
from hub.api.websocket import WebsocketEndpoint
from hub.api.websocket.command import FREE

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from hub.api.zeroconf import Announcement
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 16 << 20
STOP_SECONDS: Final = 1.0
"""How long a request that is being answered may still take when the hub stops."""


class Api:
    """REST, websocket and page on one port."""

    def __init__(self, hub: "Hub") -> None:
        """Serve `hub` from `start` on."""
        self._hub = hub
        self._runner: QuickRunner | None = None
        self._announcement: Announcement | None = None
        self._local: LocalSocket | None = None
        self._websocket = WebsocketEndpoint(hub, self._failed_login)
        self.port = 0
        """The TCP port in use; 0 before `start`."""

    async def start(self, host: str, port: int, folder: "Path | None" = None) -> None:
        """Listen on `host:port` (0 = any free port) and on a socket in `folder`.

        Raises `PortUnusable`.
        """
        gate, changes = Gate(self._hub.settings), Changes()
        app = web.Application(middlewares=[measure, guard], client_max_size=MAX_BODY_BYTES)
        app[HUB] = self._hub
        app[GATE] = gate
        app[CHANGES] = changes
        app[PAGE] = Page()
        self._add_routes(app, [*all_routes(), Route("GET", "/api/websocket", self._upgrade)])
        app.on_response_prepare.append(add_common_headers)
        app.on_shutdown.append(self._close_websockets)
        quick = Quick(self._hub, changes, gate, MAX_BODY_BYTES)
        self._hub.metrics.source(self._websocket.families)
        runner = QuickRunner(app, quick, access_log=None, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        try:
            sockets = _bind(host, port)
            for bound in sockets:
                await web.SockSite(runner, bound, backlog=1024).start()
            if folder is not None:
                self._local = LocalSocket(folder)
                await self._local.start(runner)
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(sockets[0].getsockname()[1])
        if not is_loopback(host):
            self._hub.tasks.spawn(self._announce(host), "zeroconf announcement")

    async def stop(self) -> None:
        """Withdraw the announcement, refuse new clients, say goodbye to the others (1012)."""
        announcement, self._announcement = self._announcement, None
        if self._local is not None:
            self._local.stop()
        runner, self._runner = self._runner, None
        ends: list[Awaitable[None]] = []
        if announcement is not None:
            ends.append(announcement.stop())
        if runner is not None:
            ends.append(runner.cleanup())
        await asyncio.gather(*ends)

    async def _announce(self, host: str) -> None:
        """Tell the local network; without multicast the hub works all the same."""
        from hub.api.zeroconf import Announcement

        announcement = Announcement(self._hub, host, self.port)
        try:
            await announcement.start()
        except OSError as error:
            _LOGGER.warning("The hub is not announced by zeroconf: %s", error)
        else:
            self._announcement = announcement

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        """Open a websocket for a page of this hub or a program."""
        if not request.app[GATE].websocket_origin_allowed(request):
            raise web.HTTPForbidden(text="403: Forbidden: this origin is not in http.cors_origins")
        return await self._websocket.handle(request)

    def _failed_login(self, address: str | None, token: str) -> None:
        self._hub.auth.failed(address or "", token)

    async def _close_websockets(self, app: web.Application) -> None:
        del app
        await self._websocket.close()

    @staticmethod
    def _add_routes(app: web.Application, routes: list[Route]) -> None:
        for route in routes:
            if route.method == "GET":
                app.router.add_get(route.path, route.handler)
            else:
                app.router.add_route(route.method, route.path, route.handler)
        app[ADMIN] = frozenset((route.method, route.path) for route in routes if route.admin)
        app[DOORS] = {
            (route.method, route.path): route.verb
            for route in routes
            if route.verb is not None and route.verb not in FREE
        }


def _bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets for every address of `host`; raises `PortUnusable`."""
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in dict.fromkeys(found):
            bound = socket.socket(family, kind, protocol)
            sockets.append(bound)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.setblocking(False)
            bound.bind(address)
            bound.listen(1024)
    except OSError as error:
        for bound in sockets:
            bound.close()
        raise _unusable(host, port, error) from error
    return sockets


def _unusable(host: str, port: int, error: OSError) -> PortUnusable:
    """Say what is wrong with the address and what to do."""
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return PortUnusable(
            f"Port {port} is in use by another program (address {where}). Stop that program, or "
            "choose another port with http.port in hub.yaml, --port or HUB_PORT"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return PortUnusable(
            f"Port {port} may not be opened by this user (address {where}). Choose one above 1023 "
            "with http.port in hub.yaml, or give the process CAP_NET_BIND_SERVICE"
        )
    return PortUnusable(
        f"Address {where} can not be opened: {error.strerror or error}. Check http.host and "
        "http.port in hub.yaml"
    )
