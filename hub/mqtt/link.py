"""One MQTT connection on the event loop, over paho's socket callbacks.

The link knows nothing of entities: it dials, publishes with an acknowledgement for each message,
subscribes, and says when it is lost. Dialling again is the keeper's job (reconnect.py).
"""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from hub.config.settings import BrokerSettings
from hub.mqtt.errors import LinkError, failed, words

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

_LOGGER = logging.getLogger(__name__)

DIAL_TIMEOUT: Final = 4.0
ACK_TIMEOUT: Final = 10.0
STALLED: Final = 30
WINDOW: Final = 1000
_READS: Final = 64
_TURN: Final = 0.002
_AT_ONCE: Final = 200

Done = Callable[[str | None], None]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that arrived."""

    topic: str
    payload: bytes
    retain: bool
    response_topic: str | None = None
    correlation: bytes | None = None
    qos: int = 0


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when the link breaks."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Subscription:
    """How a filter is subscribed; the flags exist in MQTT 5 only."""

    qos: int = 1
    no_local: bool = False
    retain_as_published: bool = False


class Link:
    """A connection to a broker: `open` it once; when it is lost, make another one."""

    def __init__(
        self,
        broker: BrokerSettings,
        client_id: str,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        *,
        will: Will | None = None,
        on_message: Callable[[Message], None] | None = None,
        on_lost: Callable[[LinkError], None] | None = None,
        window: int = WINDOW,
    ) -> None:
        """Prepare; nothing is sent before `open`. `window` bounds unacknowledged messages."""
        self.protocol = protocol
        self.connected = False
        self.max_packet: int | None = None
        self.window = window
        self.spent = 0.0
        """Seconds of the loop used for reading and writing so far."""
        self._broker = broker
        self._on_message = on_message
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._closed = asyncio.Event()
        self._unacked: dict[int, Done | None] = {}
        self._answers: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._fd = -1
        self._handled = 0
        self._closing = False
        self._misc: asyncio.Task[None] | None = None
        self._client = self._make_client(client_id, will)

    @property
    def free(self) -> int:
        """Return how many messages may be published before the window is full."""
        return self.window - len(self._unacked) if self.connected else 0

    async def open(self) -> None:
        """Dial and log in; raises `LinkError` within twice `DIAL_TIMEOUT` seconds."""
        try:
            async with asyncio.timeout(2 * DIAL_TIMEOUT):
                await self._dial()
                await self._opened
        except TimeoutError:
            self.abort()
            raise LinkError("the broker did not answer in time") from None
        except BaseException:
            self.abort()
            raise
        self._misc = self._loop.create_task(self._tick(), name="mqtt keepalive")

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        done: Done | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a message; `done(None)` follows the acknowledgement, `done(reason)` a failure.

        Raises `LinkError` when the link is down, the window is full or the packet is too large.
        """
        if not self.connected:
            raise LinkError("not connected to the broker")
        if qos and len(self._unacked) >= self.window:
            raise LinkError("too many unacknowledged messages")
        if self.max_packet is not None and len(payload) + len(topic) + 16 > self.max_packet:
            raise LinkError(words(149), 149)
        extra = self._properties(properties) if properties else None
        info = self._client.publish(topic, payload, qos, retain, extra)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError("not connected to the broker")
        if qos:
            self._unacked[info.mid] = done

    async def publish_acked(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        within: float = ACK_TIMEOUT,
    ) -> None:
        """Publish with QoS 1 or 2 and wait for the acknowledgement; raises `LinkError`."""
        future: asyncio.Future[str | None] = self._loop.create_future()

        def done(reason: str | None) -> None:
            if not future.done():
                future.set_result(reason)

        self.publish(topic, payload, qos=qos, retain=retain, done=done)
        try:
            async with asyncio.timeout(within):
                reason = await future
        except TimeoutError:
            raise LinkError(f"the broker did not acknowledge {topic} in time") from None
        if reason is not None:
            raise LinkError(f"{topic}: {reason}")

    async def clear_retained(self, topics: Sequence[str]) -> None:
        """Empty retained topics and wait for the acknowledgements; raises `LinkError`."""
        at_once = max(1, min(self.window // 4, _AT_ONCE))
        for start in range(0, len(topics), at_once):
            part = topics[start : start + at_once]
            await asyncio.gather(*(self.publish_acked(topic, b"", retain=True) for topic in part))

    async def subscribe(self, filters: Mapping[str, Subscription]) -> None:
        """Subscribe to all filters at once; raises `LinkError` naming the first refused one."""
        if not filters:
            return
        if self.protocol == MQTTProtocolVersion.MQTTv5:
            wanted: list[Any] = [
                (
                    name,
                    SubscribeOptions(how.qos, how.no_local, how.retain_as_published),
                )
                for name, how in filters.items()
            ]
        else:
            wanted = [(name, how.qos) for name, how in filters.items()]
        answers = await self._answered(*self._client.subscribe(wanted))
        for name, answer in zip(filters, answers, strict=False):
            if failed(answer):
                raise LinkError(f"subscribing to {name}: {words(answer)}", answer.value)

    async def unsubscribe(self, filters: list[str]) -> None:
        """Give filters back; raises `LinkError` when the link breaks meanwhile."""
        if filters:
            await self._answered(*self._client.unsubscribe(filters))

    async def close(self, within: float = 1.0) -> None:
        """Disconnect politely, so that the broker does not publish the will."""
        self._closing = True
        if self.connected:
            self._client.disconnect()
            try:
                async with asyncio.timeout(within):
                    await self._closed.wait()
            except TimeoutError:
                _LOGGER.debug("The broker did not close the connection in time")
        self.abort()

    def abort(self) -> None:
        """Drop the connection without a word; the broker then publishes the will."""
        self._closing = True
        self._unplug()
        self._lose(LinkError("closed"))

    async def _dial(self) -> None:
        """Connect in a thread of its own, which the loop's end never waits for."""
        dialled: asyncio.Future[None] = self._loop.create_future()

        def settle(error: BaseException | None) -> None:
            if dialled.done():
                self.abort()
            elif error is None:
                dialled.set_result(None)
            else:
                dialled.set_exception(error)

        def dial() -> None:
            error: BaseException | None = None
            try:
                self._secure()
                self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive)
            except Exception as caught:  # noqa: BLE001 - handed to the loop
                error = caught
                _close_sockets(caught)
            try:
                self._loop.call_soon_threadsafe(settle, error)
            except RuntimeError:
                if (sock := self._client.socket()) is not None:
                    sock.close()

        threading.Thread(target=dial, name="mqtt dial", daemon=True).start()
        try:
            await dialled
        except ssl.SSLError as error:
            raise LinkError(f"TLS: {error.reason or error}") from None
        except (OSError, ValueError) as error:
            raise LinkError(_network_words(error)) from None

    def _make_client(self, client_id: str, will: Will | None) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=self.protocol,
            reconnect_on_failure=False,
            clean_session=None if self.protocol == MQTTProtocolVersion.MQTTv5 else True,
        )
        client.connect_timeout = DIAL_TIMEOUT
        client.max_inflight_messages = self.window + 1
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_publish = self._published
        client.on_subscribe = self._subscribed
        client.on_unsubscribe = self._subscribed
        client.on_message = self._arrived
        client.on_socket_open = self._socket_opened
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._wrote_all
        return client

    def _secure(self) -> None:
        if not self._broker.tls:
            return
        context = ssl.create_default_context(
            cafile=str(self._broker.tls_ca) if self._broker.tls_ca else None
        )
        if self._broker.tls_insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self._client.tls_set_context(context)
        self._client.tls_insecure_set(self._broker.tls_insecure)

    async def _answered(self, code: MQTTErrorCode, mid: int | None) -> list[ReasonCode]:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None or not self.connected:
            raise LinkError("not connected to the broker")
        future: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        self._answers[mid] = future
        try:
            async with asyncio.timeout(ACK_TIMEOUT):
                return await future
        except TimeoutError:
            raise LinkError("the broker did not answer in time") from None
        finally:
            self._answers.pop(mid, None)

    async def _tick(self) -> None:
        """Send pings, and give the link up when the broker stops acknowledging."""
        oldest, age = -1, 0
        while self.connected:
            await asyncio.sleep(1)
            self._client.loop_misc()
            first = next(iter(self._unacked), -1)
            age = age + 1 if first == oldest and first >= 0 else 0
            oldest = first
            if age >= STALLED:
                self._break(LinkError(f"the broker acknowledged nothing for {STALLED} s"))

    def _properties(self, values: Mapping[str, Any]) -> Properties | None:
        if self.protocol != MQTTProtocolVersion.MQTTv5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        for name, value in values.items():
            setattr(properties, name, value)
        return properties

    def _break(self, error: LinkError) -> None:
        self._unplug()
        self._lose(error)

    def _unplug(self) -> None:
        if (sock := self._client.socket()) is not None:
            self._forget(self._fd)
            self._client.on_socket_close = None
            sock.close()

    def _lose(self, error: LinkError) -> None:
        """Fail everything that waits, once; paho calls back no more, not even when it is freed."""
        self._forget(self._fd)
        self._client.on_socket_close = None
        was, self.connected = self.connected, False
        self._closed.set()
        if self._misc is not None and self._misc is not asyncio.current_task():
            self._misc.cancel()
        if not self._opened.done():
            self._opened.set_exception(error)
            self._opened.exception()
        unacked, self._unacked = self._unacked, {}
        for done in unacked.values():
            if done is not None:
                done(error.message)
        for future in self._answers.values():
            if not future.done():
                future.set_exception(error)
        if was and not self._closing and self._on_lost is not None:
            self._on_lost(error)

    # paho's callbacks: all on the loop, but for those of the socket, which may come while dialling.

    def _connected(
        self, _c: Client, _u: Any, _f: ConnectFlags, reason: ReasonCode, got: Properties | None
    ) -> None:
        self._handled += 1
        if failed(reason):
            if not self._opened.done():
                self._opened.set_exception(LinkError(words(reason), reason.value))
            return
        self.connected = True
        if got is not None:
            self.window = min(self.window, getattr(got, "ReceiveMaximum", self.window))
            self.max_packet = getattr(got, "MaximumPacketSize", None)
        if not self._opened.done():
            self._opened.set_result(None)

    def _disconnected(
        self, _c: Client, _u: Any, flags: DisconnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        self._handled += 1
        text = words(reason) if flags.is_disconnect_packet_from_server else "connection lost"
        self._lose(LinkError(text, reason.value))

    def _published(
        self, _c: Client, _u: Any, mid: int, reason: ReasonCode, _p: Properties | None
    ) -> None:
        self._handled += 1
        done = self._unacked.pop(mid, None)
        if done is not None:
            value = reason.value
            done(words(reason) if value >= 128 else None)

    def _subscribed(
        self, _c: Client, _u: Any, mid: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        self._handled += 1
        future = self._answers.get(mid)
        if future is not None and not future.done():
            future.set_result(reasons)

    def _arrived(self, _c: Client, _u: Any, got: MQTTMessage) -> None:
        self._handled += 1
        if self._on_message is None:
            return
        try:
            topic = got.topic
        except UnicodeDecodeError:
            return
        props = got.properties
        message = Message(
            topic,
            bytes(got.payload),
            bool(got.retain),
            getattr(props, "ResponseTopic", None),
            getattr(props, "CorrelationData", None),
            got.qos,
        )
        try:
            self._on_message(message)
        except Exception:
            _LOGGER.exception("Handling a message on %s failed", topic)

    def _socket_opened(self, _c: Client, _u: Any, sock: "SocketLike") -> None:
        self._call(self._watch, sock)

    def _socket_closed(self, _c: Client, _u: Any, sock: "SocketLike") -> None:
        self._call(self._forget, sock.fileno())

    def _want_write(self, _c: Client, _u: Any, sock: "SocketLike") -> None:
        self._call(self._watch_write, sock)

    def _wrote_all(self, _c: Client, _u: Any, sock: "SocketLike") -> None:
        if (fd := sock.fileno()) >= 0:
            self._loop.remove_writer(fd)

    def _call(self, action: Callable[[Any], None], argument: object) -> None:
        if threading.get_ident() == self._thread:
            action(argument)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action, argument)

    def _watch(self, sock: "SocketLike") -> None:
        self._fd = sock.fileno()
        if self._fd >= 0:
            if isinstance(sock, socket.socket):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._loop.add_reader(self._fd, self._read)

    def _watch_write(self, sock: "SocketLike") -> None:
        if (fd := sock.fileno()) >= 0:
            self._loop.add_writer(fd, self._write)

    def _forget(self, fd: int) -> None:
        if fd >= 0:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
            self._fd = -1

    def _read(self) -> None:
        """Handle what the socket holds, a bounded number of packets per loop turn."""
        begun = perf_counter()
        try:
            for _ in range(_READS):
                before = self._handled
                self._client.loop_read()
                if self._handled == before and not self._pending():
                    break
                if perf_counter() - begun > _TURN:
                    break
        except Exception as error:  # noqa: BLE001 - paho raises many kinds for malformed packets
            self._break(LinkError(f"unreadable answer of the broker: {error}"))
        self.spent += perf_counter() - begun

    def _write(self) -> None:
        begun = perf_counter()
        try:
            self._client.loop_write()
        except OSError as error:
            self._break(LinkError(_network_words(error)))
        self.spent += perf_counter() - begun

    def _pending(self) -> bool:
        """Tell whether decrypted bytes wait that no socket event will announce."""
        sock = self._client.socket()
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def _network_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the broker did not answer in time"
    if isinstance(error, socket.gaierror):
        return "the broker's host name is unknown"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _close_sockets(error: BaseException) -> None:
    """Close what paho leaves open when a TLS handshake fails."""
    trace = error.__traceback__
    while trace is not None:
        for value in trace.tb_frame.f_locals.values():
            if isinstance(value, socket.socket):
                value.close()
        trace = trace.tb_next
