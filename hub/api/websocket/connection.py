"""One client: its commands in order, its subscriptions, and what waits to be sent to it.

Frames are written straight to the transport: messages of one loop turn leave together. A client
that reads too slowly gets its entity updates conflated (newest per entity) until it catches up,
and is cut off only past a byte limit.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hub.api.denials import note_denial
from hub.api.websocket.command import COMMANDS, Message, Raw, Then
from hub.api.websocket.frames import PING_FRAME, frames, header
from hub.api.websocket.groups import HEAD, Batch, EntityBatch, Group, TopicBatch
from hub.errors import HubError, InvalidFormat, Unauthorized
from hub.events import Context
from hub.util.json import dumps, loads
from hub.util.ulid import ulid

if TYPE_CHECKING:
    from aiohttp import web

    from hub.api.websocket.fanout import Fanout
    from hub.api.websocket.groups import Topic
    from hub.auth import Session, User
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

SLOW_BYTES: Final = 1 << 20
"""Unsent bytes past which a client counts as slow."""

BIG_BYTES: Final = 1 << 16
"""A message past this is not copied once more to stand behind its header."""

LIMIT_BYTES: Final = 32 << 20
"""Waiting bytes past which a slow client is cut off."""

CATCH_UP_SECONDS: Final = 0.05
"""How often a slow client is looked at."""

MAX_RUNNING: Final = 256
"""Commands of one client that may wait for the outside at once."""


class Connection:
    """An authenticated client."""

    def __init__(
        self,
        hub: "Hub",
        fanout: "Fanout",
        session: "Session",
        ws: "web.WebSocketResponse",
        transport: asyncio.Transport,
        remote: str | None,
    ) -> None:
        """Speak for `session` on a websocket that has been opened."""
        self.hub = hub
        self.fanout = fanout
        self.session = session
        self.remote = remote
        self.coalesce = False
        self.slow = False
        self.groups: list[Group] = []
        self.closing: int | None = None
        self.alive = True
        self._ws = ws
        self._transport = transport
        self._outbox: list[bytes] = []
        self._outbox_bytes = 0
        self._conflated: dict[int, tuple[Topic | None, dict[str, None]]] = {}
        self._subscriptions: dict[int, Callable[[], None]] = {}
        self._last_id = 0
        self._running = asyncio.Semaphore(MAX_RUNNING)
        self._flushing = False

    @property
    def user(self) -> "User":
        """Return who is at the other end."""
        return self.session.user

    def context(self, message: Message | None = None) -> Context:
        """Return a new context for what this user does."""
        del message
        return Context(self.session.user.id)

    # --- commands

    async def receive(self, data: bytes | str) -> bool:
        """Handle one text frame; False when it is not JSON and the connection must close."""
        self.alive = True
        self.fanout.received += 1
        try:
            message = loads(data)
        except ValueError:
            _LOGGER.warning("Closed the websocket of %s: a frame was not JSON", self.remote)
            return False
        for item in message if isinstance(message, list) else (message,):
            waiting = self.handle(item)
            if waiting is not None:
                await self._running.acquire()
                self.hub.tasks.spawn(waiting, f"command of {self.remote}", inherit=True)
        return True

    def handle(self, message: Any) -> Any:
        """Answer one command; returns a coroutine when the answer must wait."""
        if type(message) is not dict:
            self.send_error(0, InvalidFormat("Message incorrectly formatted."))
            return None
        message_id = message.get("id")
        kind = message.get("type")
        if type(message_id) is not int or message_id <= 0 or type(kind) is not str or not kind:
            self.send_error(message_id, InvalidFormat("Message incorrectly formatted."))
            return None
        if message_id <= self._last_id:
            self._error(message_id, "id_reuse", "Identifier values have to increase.")
            return None
        command = COMMANDS.get(kind)
        if command is None:
            self._error(message_id, "unknown_command", "Unknown command.")
            return None
        self._last_id = message_id
        try:
            user = self.session.user
            if (command.admin and not user.is_admin) or (
                command.door is not None and not user.may_ever(command.door)
            ):
                raise Unauthorized
            result = command.handler(self, command.validated(message))
        except Exception as error:  # noqa: BLE001 - every failure is answered and logged
            self._failed(message_id, kind, error)
            return None
        if result.__class__ is not Raw and inspect.isawaitable(result):
            return self._wait(message_id, kind, result)
        self._answer(message_id, result)
        return None

    async def _wait(self, message_id: int, kind: str, result: Any) -> None:
        """Answer a command when the outside has answered."""
        try:
            self._answer(message_id, await result)
        except Exception as error:  # noqa: BLE001 - every failure is answered and logged
            self._failed(message_id, kind, error)
        finally:
            self._running.release()

    def _answer(self, message_id: int, result: Any) -> None:
        action = None
        if result.__class__ is Then:
            result, action = result.result, result.action
        if result is not SENT:
            body = result.data if result.__class__ is Raw else dumps(result)
            self.send(b'{"id":%d,"type":"result","success":true,"result":%b}' % (message_id, body))
        if action is not None:
            action()

    def _failed(self, message_id: int, kind: str, error: Exception) -> None:
        if isinstance(error, HubError):
            note_denial(self.hub, error, kind, self.session)
            self.send_error(message_id, error)
            return
        reference = ulid()
        _LOGGER.error("Command %s failed (reference %s)", kind, reference, exc_info=error)
        self._error(message_id, "unknown_error", f"Unknown error, reference {reference}")

    # --- sending

    def send(self, message: bytes) -> None:
        """Queue one message, serialised already; it leaves at the end of this loop turn."""
        self._outbox.append(message)
        self._outbox_bytes += len(message)
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self.flush)

    def send_event(self, message_id: int, event: Any) -> None:
        """Queue an event of a subscription; `Raw` for one that is JSON already."""
        body = event.data if event.__class__ is Raw else dumps(event)
        self.send(b'%b%b,"id":%d}' % (HEAD, body, message_id))

    def send_error(self, message_id: Any, error: HubError) -> None:
        """Queue the failed result of a command."""
        body = dumps({"id": message_id, "type": "result", "success": False})
        self.send(body[:-1] + b',"error":' + dumps(error.as_dict()) + b"}")

    def _error(self, message_id: int, code: str, message: str) -> None:
        error = dumps({"code": code, "message": message})
        self.send(b'{"id":%d,"type":"result","success":false,"error":%b}' % (message_id, error))

    def flush(self) -> None:
        """Write what waits; events that were caused before a result leave before it."""
        self._flushing = False
        if self.slow or not self._outbox:
            return
        for group in self.groups:
            self.fanout.flush_group(group)
        outbox, self._outbox = self._outbox, []
        self._outbox_bytes = 0
        if len(outbox) == 1 and len(outbox[0]) > BIG_BYTES:
            self._transport.write(header(len(outbox[0])))
            self.write(outbox[0])
        else:
            self.write(frames(outbox, self.coalesce))
        if self.closing is not None:
            self.hub.tasks.spawn(self.close(self.closing), "close a websocket")

    def write(self, data: bytes) -> None:
        """Write finished frames, and notice a client that does not read."""
        transport = self._transport
        if transport.is_closing():
            return
        transport.write(data)
        fanout = self.fanout
        fanout.writes += 1
        fanout.sent_bytes += len(data)
        if transport.get_write_buffer_size() > SLOW_BYTES and not self.slow:
            self.slow = True
            self._watch()

    def hold(self, message_id: int, batch: Batch) -> None:
        """Keep a batch for a slow client: what has a newest state conflated, events one by one."""
        if isinstance(batch, EntityBatch | TopicBatch):
            topic = batch.topic if isinstance(batch, TopicBatch) else None
            _, names = self._conflated.setdefault(message_id, (topic, {}))
            for name in batch.names:
                names[name] = None
        else:
            for message in batch.messages(message_id):
                self._outbox.append(message)
                self._outbox_bytes += len(message)
        if self._outbox_bytes > LIMIT_BYTES:
            self._cut_off()

    def _watch(self) -> None:
        """Look again in a moment whether the client caught up."""
        asyncio.get_running_loop().call_later(CATCH_UP_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        if self._transport.is_closing():
            return
        if self._outbox_bytes > LIMIT_BYTES:
            self._cut_off()
            return
        if self._transport.get_write_buffer_size() > SLOW_BYTES // 4:
            self._watch()
            return
        self.slow = False
        conflated, self._conflated = self._conflated, {}
        for message_id, (topic, found) in conflated.items():
            names = list(found)
            events = (
                [self.fanout.current(names, self.user)] if topic is None else topic.current(names)
            )
            self._outbox += [b'%b%b,"id":%d}' % (HEAD, event, message_id) for event in events]
        self.flush()

    def _cut_off(self) -> None:
        """End a client that would fill the memory."""
        _LOGGER.warning(
            "Cut off the websocket of %s: it did not read while %d bytes waited",
            self.remote,
            self._outbox_bytes + self._transport.get_write_buffer_size(),
        )
        self.fanout.cut_off += 1
        self._outbox.clear()
        self._outbox_bytes = 0
        self.drop_subscriptions()
        self._transport.abort()

    # --- subscriptions

    def subscribe(self, message_id: int, unsubscribe: Callable[[], None]) -> None:
        """Keep what ends the subscription that a command with this id started."""
        self._subscriptions[message_id] = unsubscribe

    def unsubscribe(self, message_id: int) -> bool:
        """End a subscription; False when there is none with this id."""
        unsubscribe = self._subscriptions.pop(message_id, None)
        if unsubscribe is None:
            return False
        unsubscribe()
        self._conflated.pop(message_id, None)
        return True

    def beat(self) -> None:
        """Send a ping (RFC 6455, 5.5.2), or end a client that was silent since the last one."""
        if self.alive:
            self.alive = False
            self.write(PING_FRAME)
        else:
            _LOGGER.info("The websocket of %s gave no sign of life", self.remote)
            self._transport.abort()

    def drop_subscriptions(self) -> None:
        """End all subscriptions."""
        for message_id in list(self._subscriptions):
            self.unsubscribe(message_id)

    def close_soon(self, code: int = 1000) -> None:
        """Close after what is queued in this loop turn has been sent."""
        self.closing = code
        if self.slow or not self._outbox:
            self.hub.tasks.spawn(self.close(code), "close a websocket")

    async def close(self, code: int = 1000, message: bytes = b"") -> None:
        """Send what waits and the close frame; a client that does not answer is cut after 2 s."""
        self.closing = None
        self.flush()
        self.drop_subscriptions()
        try:
            async with asyncio.timeout(2):
                await self._ws.close(code=code, message=message, drain=False)
        except TimeoutError:
            self._transport.abort()


SENT: Final = object()
"""Returned by a handler that has already queued its answer."""
