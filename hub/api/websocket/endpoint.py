"""The `/api/websocket` route: upgrade, the authentication phase, then the connection's life."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import WSMsgType, web

from hub.api.denials import note_bad_token
from hub.api.local import local_session
from hub.api.websocket.commands import load_commands
from hub.api.websocket.connection import Connection
from hub.api.websocket.fanout import Fanout
from hub.audit import ACTOR
from hub.const import HA_VERSION
from hub.observe.metrics import Family
from hub.util.json import loads

if TYPE_CHECKING:
    from hub.auth import Session, User
    from hub.hub import Hub
    from hub.util.clock import Cancel

_LOGGER = logging.getLogger(__name__)

AUTH_SECONDS: Final = 10.0
AUTH_MAX_BYTES: Final = 64 * 1024
MAX_MESSAGE_BYTES: Final = 4 << 20
HEARTBEAT_SECONDS: Final = 55.0

_REQUIRED = b'{"type":"auth_required","ha_version":"%b"}' % HA_VERSION.encode()
_OK = b'{"type":"auth_ok","ha_version":"%b"}' % HA_VERSION.encode()
_BAD_TOKEN = "Invalid access token or password"  # noqa: S105 - an answer, not a secret

Failed = Callable[[str | None, str], None]


class WebsocketEndpoint:
    """All websocket connections of the hub."""

    def __init__(self, hub: "Hub", failed_login: Failed | None = None) -> None:
        """Serve `hub`; `failed_login(address, token)` counts wrong tokens for throttling."""
        load_commands()
        self.hub = hub
        self.fanout = Fanout(hub.bus, hub.states)
        self.connections: set[Connection] = set()
        self._opening: set[web.WebSocketResponse[Any]] = set()
        self._heartbeat: Cancel | None = None
        self._failed_login = failed_login
        self._refreshing = False
        hub.auth.users.listen(self._user_changed)
        hub.auth.policies.listen(self._rights_changed)
        hub.auth.policies.listen_moved(self._entities_moved)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one client until it leaves."""
        ws: web.WebSocketResponse[Any] = web.WebSocketResponse(
            autoping=False,
            max_msg_size=MAX_MESSAGE_BYTES,
            compress=False,
            decode_text=False,
        )
        await ws.prepare(request)
        transport = request.transport
        if transport is None:
            return ws
        self._opening.add(ws)
        try:
            session = await self._authenticate(ws, request)
        finally:
            self._opening.discard(ws)
        if session is None:
            return ws
        ACTOR.set(session.user.id)
        connection = Connection(self.hub, self.fanout, session, ws, transport, request.remote)
        unlisten: Callable[[], None] | None = None
        if session.refresh_token_id:  # the local socket's owner has none
            unlisten = self.hub.auth.tokens.listen_revoked(
                session.refresh_token_id, lambda: connection.close_soon(1000)
            )
        self.connections.add(connection)
        if self._heartbeat is None:
            self._heartbeat = self.hub.clock.call_later(HEARTBEAT_SECONDS, self._beat)
        try:
            await self._serve(ws, connection)
        finally:
            self.connections.discard(connection)
            if unlisten is not None:
                unlisten()
            connection.drop_subscriptions()
        return ws

    def families(self) -> list[Family]:
        """Return what is counted of the clients."""
        fanout = self.fanout
        slow = sum(connection.slow for connection in self.connections)
        return [
            Family("hub_websocket_clients", "Authenticated clients.").add(len(self.connections)),
            Family("hub_websocket_slow_clients", "Clients that lag behind.").add(slow),
            Family("hub_websocket_received", "Frames of clients.", "counter").add(fanout.received),
            Family("hub_websocket_writes", "Writes to clients.", "counter").add(fanout.writes),
            Family("hub_websocket_sent_bytes", "Bytes to clients.", "counter").add(
                fanout.sent_bytes
            ),
            Family("hub_websocket_cut_off", "Clients that did not read.", "counter").add(
                fanout.cut_off
            ),
        ]

    async def close(self) -> None:
        """Tell every client that the hub goes away for now (1012), within about 2 s."""
        if self._heartbeat is not None:
            self._heartbeat()
        closing = [connection.close(1012, b"Service restart") for connection in self.connections]
        early = [ws.close(code=1012, drain=False) for ws in self._opening]
        await asyncio.gather(*closing, *early, return_exceptions=True)

    async def _serve(self, ws: "web.WebSocketResponse[Any]", connection: Connection) -> None:
        """Handle frames in order until the client leaves or breaks the protocol."""
        while True:
            message = await ws.receive()
            if message.type is WSMsgType.TEXT:
                if not await connection.receive(message.data):
                    break
            elif message.type is WSMsgType.PING:
                await ws.pong(message.data)
            elif message.type is WSMsgType.PONG:
                connection.alive = True
            elif message.type is WSMsgType.BINARY:
                if not message.data:
                    break
                _LOGGER.debug("Ignored a binary frame of %s", connection.remote)
            else:
                return
        connection.flush()
        await connection.close(1000)

    def _user_changed(self, action: str, user: "User") -> None:
        """End the connections of a user whose rights changed: they come back with the new ones."""
        if action in ("update", "remove"):
            self._rights_changed([user])

    def _rights_changed(self, users: "list[User]") -> None:
        """End the connections of users whose policies changed."""
        for connection in self.connections:
            if connection.user in users:
                connection.close_soon()

    def _entities_moved(self, users: "list[User]") -> None:
        """Send anew what readers see, once for all that moves in this loop turn."""
        del users
        if self.connections and not self._refreshing:
            self._refreshing = True
            asyncio.get_running_loop().call_soon(self._refresh)

    def _refresh(self) -> None:
        self._refreshing = False
        self.fanout.refresh()

    def _beat(self) -> None:
        """Ping every client; one that gave no sign of life since the last ping is gone.

        One timer for all connections: a timer of each would move with every message it gets.
        """
        self._heartbeat = None
        for connection in list(self.connections):
            connection.beat()
        if self.connections:
            self._heartbeat = self.hub.clock.call_later(HEARTBEAT_SECONDS, self._beat)

    async def _authenticate(
        self, ws: "web.WebSocketResponse[Any]", request: web.Request
    ) -> "Session | None":
        """Run the authentication phase; None when the client was sent away."""
        remote = request.remote
        await ws.send_frame(_REQUIRED, WSMsgType.TEXT)
        try:
            async with asyncio.timeout(AUTH_SECONDS):
                message = await ws.receive()
                while message.type is WSMsgType.PING:
                    await ws.pong(message.data)
                    message = await ws.receive()
        except TimeoutError:
            await _end(ws)
            return None
        if message.type is not WSMsgType.TEXT or len(message.data) > AUTH_MAX_BYTES:
            await _end(ws)
            return None
        try:
            auth = loads(message.data)
        except ValueError:
            _LOGGER.warning("Closed the websocket of %s: the first frame was not JSON", remote)
            await _end(ws)
            return None
        problem = _auth_problem(auth)
        if problem is not None:
            await _refuse(ws, f"Auth message incorrectly formatted: {problem}")
            return None
        if "access_token" not in auth and (found := local_session(self.hub, request)) is not None:
            await ws.send_frame(_OK, WSMsgType.TEXT)
            return found
        token = str(auth.get("access_token", ""))
        session = self.hub.auth.tokens.validate(token)
        if session is None:
            _LOGGER.warning("Refused a websocket of %s: the access token is not valid", remote)
            if self._failed_login is not None:
                self._failed_login(remote, token)
            note_bad_token(self.hub, "websocket")
            await _refuse(ws, _BAD_TOKEN)
            return None
        refusal = self.hub.auth.refusal(session.user, remote or "")
        if refusal is not None:
            await _refuse(ws, refusal)
            return None
        await ws.send_frame(_OK, WSMsgType.TEXT)
        return session


def _auth_problem(auth: object) -> str | None:
    """Say what is wrong with the form of a first frame, without repeating its values."""
    if not isinstance(auth, dict):
        return "expected an object"
    if auth.get("type") != "auth":
        return "expected type 'auth'"
    extra = set(auth) - {"type", "access_token", "api_password"}
    if extra:
        return "extra keys not allowed"
    if not all(isinstance(value, str) for value in auth.values()):
        return "expected texts"
    return None


async def _refuse(ws: "web.WebSocketResponse[Any]", message: str) -> None:
    await ws.send_frame(orjson.dumps({"type": "auth_invalid", "message": message}), WSMsgType.TEXT)
    await _end(ws)


async def _end(ws: "web.WebSocketResponse[Any]") -> None:
    try:
        async with asyncio.timeout(2):
            await ws.close(code=1000, drain=False)
    except TimeoutError:
        return
