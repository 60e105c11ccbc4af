"""Command topics: from a payload to a validated service call, and refusals back to the sender."""

import asyncio
import logging
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hub.audit import Entry, Result
from hub.errors import HubError, InvalidFormat, NotFound, TimedOut, Unauthorized, Unavailable
from hub.events import ORIGIN
from hub.mqtt.discovery import INSTALL
from hub.mqtt.link import Message
from hub.mqtt.rights import CommandRights
from hub.mqtt.topics import Address, Topics
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

IN_FLIGHT: Final = 64
CALL_TIMEOUT: Final = 10.0
MAX_PAYLOAD: Final = 4096
SAY_EVERY: Final = 60.0
_REMEMBERED: Final = 1000
_SHOWN: Final = 120

Call = tuple[str, str, dict[str, Any]]
Parse = Callable[[str], Call]


class Commands:
    """Runs commands: in order for each entity, at most 64 at once, each at most 10 s."""

    def __init__(
        self,
        hub: "Hub",
        topics: Topics,
        publish: Callable[[str, bytes], None],
        rights: CommandRights | None = None,
    ) -> None:
        """Call the services of `hub` with `rights`, an operator's unless given.

        `publish(topic, payload)` tells refusals, unretained.
        """
        self._rights = CommandRights(hub) if rights is None else rights
        self.executed = 0
        self.refused = 0
        self._hub = hub
        self._topics = topics
        self._publish = publish
        self._queues: dict[str, deque[tuple[Message, Call]]] = {}
        self._waiting = 0
        self._retained: OrderedDict[str, None] = OrderedDict()
        self._said: OrderedDict[str, float] = OrderedDict()

    def receive(self, message: Message) -> bool:
        """Take a message; False when its topic is not a command topic."""
        address = self._topics.address(message.topic)
        if address is None:
            return False
        if message.retain:
            self._ignore_retained(message.topic)
            return True
        if not message.payload:
            return True  # somebody cleared a retained command
        try:
            call = self._parse(address, message)
            if self._waiting >= IN_FLIGHT:
                raise Unavailable(f"more than {IN_FLIGHT} commands are waiting, try again")
        except HubError as error:
            self._refuse(message, address.entity_id, error)
            return True
        self._waiting += 1
        queue = self._queues.get(address.entity_id)
        if queue is not None:
            queue.append((message, call))
            return True
        self._queues[address.entity_id] = deque([(message, call)])
        name = f"mqtt command {address.entity_id}"
        self._hub.tasks.spawn(self._work(address.entity_id), name)
        return True

    def _parse(self, address: Address, message: Message) -> Call:
        """Return the service call that a message means; raises a typed error."""
        entity_id = address.entity_id
        domain = entity_id.partition(".")[0]
        parse = _VERBS.get((domain, address.verb))
        if self._hub.states.get(entity_id) is None:
            raise NotFound(f"there is no entity {entity_id}")
        if parse is None:
            raise InvalidFormat(f"{entity_id} has no command topic {address.verb or domain}/set")
        if len(message.payload) > MAX_PAYLOAD:
            raise InvalidFormat(f"a command may have {MAX_PAYLOAD} bytes at most")
        try:
            text = message.payload.decode("utf-8").strip()
        except UnicodeDecodeError:
            raise InvalidFormat("the payload is not UTF-8 text") from None
        return parse(text)

    async def _work(self, entity_id: str) -> None:
        """Run the commands of an entity one after the other."""
        queue = self._queues[entity_id]
        try:
            while queue:
                message, call = queue.popleft()
                try:
                    await self._run(entity_id, message, call)
                finally:
                    self._waiting -= 1
        finally:
            self._waiting -= len(queue)
            del self._queues[entity_id]

    async def _run(self, entity_id: str, message: Message, call: Call) -> None:
        domain, service, data = call
        ORIGIN.set("mqtt")
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                context = self._rights.context(domain, service)
                await self._hub.services.call(
                    domain, service, data, {"entity_id": [entity_id]}, context
                )
        except HubError as error:
            self._refuse(message, entity_id, error)
        except TimeoutError:
            late = TimedOut(f"{domain}.{service} took longer than {CALL_TIMEOUT:g} s")
            self._refuse(message, entity_id, late)
        except Exception:
            _LOGGER.exception("Command on %s failed", message.topic)
            self._refuse(message, entity_id, HubError("the command failed, see the log"))
        else:
            self.executed += 1

    def _refuse(self, message: Message, entity_id: str, error: HubError) -> None:
        """Tell the sender on `<entity>/error`, and the log at most once a minute for a topic."""
        self.refused += 1
        if isinstance(error, Unauthorized):
            self._hub.audit.note(Entry("denied", message.topic, Result.DENIED, address="mqtt"))
        shown = message.payload[:_SHOWN].decode("utf-8", "replace")
        body = {
            "code": error.code,
            "message": error.message,
            "topic": message.topic,
            "payload": shown,
        }
        if len(message.topic) <= _TOPIC_LIMIT:
            self._publish(self._topics.error(entity_id), dumps(body))
        now = self._hub.clock.monotonic()
        before = self._said.get(message.topic)
        if before is not None and now - before < SAY_EVERY:
            return
        _remember(self._said, message.topic, now)
        _LOGGER.warning("MQTT command on %.120s refused: %s", message.topic, error.message)

    def _ignore_retained(self, topic: str) -> None:
        if topic not in self._retained:
            _remember(self._retained, topic, None)
            _LOGGER.warning(
                "Ignoring the retained command on %.120s: publish commands without retain", topic
            )


_TOPIC_LIMIT: Final = 512


def _remember(table: OrderedDict[str, Any], key: str, value: Any) -> None:
    table[key] = value
    table.move_to_end(key)
    if len(table) > _REMEMBERED:
        table.popitem(last=False)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidFormat(f"{text[:40]!r} is not a number")
    return value


def _switch(domain: str) -> Parse:
    services = {"on": "turn_on", "off": "turn_off", "toggle": "toggle"}

    def parse(text: str) -> Call:
        service = services.get(text.lower())
        if service is None:
            raise InvalidFormat(f"{text[:40]!r} is none of ON, OFF, TOGGLE")
        return domain, service, {}

    return parse


def _press(text: str) -> Call:
    if text.lower() != "press":
        raise InvalidFormat(f"{text[:40]!r} is not PRESS")
    return "button", "press", {}


def _install(text: str) -> Call:
    if text.lower() != INSTALL:
        raise InvalidFormat(f"{text[:40]!r} is not {INSTALL}")
    return "update", "install", {}


def _texts(domain: str, service: str, key: str) -> Parse:
    return lambda text: (domain, service, {key: text})


def _numbers(domain: str, service: str, key: str) -> Parse:
    return lambda text: (domain, service, {key: _number(text)})


_VERBS: Final[dict[tuple[str, str], Parse]] = {
    ("switch", ""): _switch("switch"),
    ("button", ""): _press,
    ("update", ""): _install,
    ("number", ""): _numbers("number", "set_value", "value"),
    ("select", ""): _texts("select", "select_option", "option"),
    ("climate", "mode"): _texts("climate", "set_hvac_mode", "hvac_mode"),
    ("climate", "temperature"): _numbers("climate", "set_temperature", "temperature"),
    ("climate", "temperature_low"): _numbers("climate", "set_temperature", "target_temp_low"),
    ("climate", "temperature_high"): _numbers("climate", "set_temperature", "target_temp_high"),
    ("climate", "preset"): _texts("climate", "set_preset_mode", "preset_mode"),
    ("climate", "fan_mode"): _texts("climate", "set_fan_mode", "fan_mode"),
}
"""What each command topic of a kind means; the key is (domain, verb)."""
