"""`mqtt`: a message arrives on a topic."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.triggers.kind import Run, TriggerKind
from hub.errors import HubError, InvalidFormat, NotSupported
from hub.schema import text
from hub.util.json import loads

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.templates import Template

_LOGGER = logging.getLogger(__name__)

MAX_TOPIC_BYTES: Final = 65535


def topic_filter(value: object) -> str:
    """Accept a topic, with `+` for a level and `#` for all that follow (MQTT 5, 4.7)."""
    if not isinstance(value, str) or not value:
        raise vol.Invalid("expected a topic such as zigbee/lamp or zigbee/+/state")
    if len(value.encode(errors="replace")) > MAX_TOPIC_BYTES or "\0" in value:
        raise vol.Invalid("the topic is longer than 65535 bytes or has a zero character in it")
    levels = value.split("/")
    for index, level in enumerate(levels):
        if "#" in level and (level != "#" or index != len(levels) - 1):
            raise vol.Invalid("# stands for all following levels: only alone, and at the end")
        if "+" in level and level != "+":
            raise vol.Invalid("+ stands for a whole level: not beside other characters")
    return value


def _topic(value: object) -> str:
    return fields.template(value) if fields.is_template(value) else topic_filter(value)


def _qos(value: object) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2:
        raise vol.Invalid("expected 0, 1 or 2")
    return value


def _encoding(value: object) -> str:
    """Accept the name of an encoding; empty = the payload stays bytes."""
    name = text(value)
    if name:
        try:
            b"a".decode(name)
        except (LookupError, ValueError):
            raise vol.Invalid("expected the encoding of a text such as utf-8") from None
    return name


class _Listener:
    """Compares the payloads that arrive with the wanted one."""

    def __init__(
        self, world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
    ) -> None:
        self._run = run
        self._variables = variables
        self._encoding: str = config["encoding"]
        self._wanted: str | None = None
        self._template: Template | None = None
        if (wanted := config.get("payload")) is not None:
            self._wanted = str(world.templates.compile(wanted).render(variables, native=False))
            if (given := config.get("value_template")) is not None:
                self._template = world.templates.compile(given)

    def arrived(self, topic: str, data: bytes, qos: int, retain: bool) -> None:
        """Fire when the payload is what is wanted."""
        payload: str | bytes = data
        if self._encoding:
            try:
                payload = data.decode(self._encoding)
            except UnicodeDecodeError:
                _LOGGER.warning(
                    "mqtt trigger: a message on %.120s is not %s", topic, self._encoding
                )
                return
        trigger: dict[str, Any] = {
            "platform": "mqtt",
            "topic": topic,
            "payload": payload,
            "qos": qos,
            "retain": retain,
            "description": f"mqtt topic {topic}",
        }
        with suppress(ValueError):
            trigger["payload_json"] = loads(data)
        if self._wanted is None or self._value(payload, trigger) == self._wanted:
            self._run(trigger, None)

    def _value(self, payload: str | bytes, trigger: Mapping[str, Any]) -> str | None:
        """Return what is compared; None when the template fails."""
        if self._template is None:
            return payload if isinstance(payload, str) else payload.decode("latin-1")
        values = {**self._variables, "value": payload}
        if "payload_json" in trigger:
            values["value_json"] = trigger["payload_json"]
        try:
            return str(self._template.render(values, native=False))
        except HubError as error:
            _LOGGER.warning("value_template of an mqtt trigger: %s", error.message)
            return None


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Subscribe; raises `HubError` when MQTT is off, or the rendered topic is none."""
    if world.messages is None:
        raise NotSupported("MQTT is off, so no message can arrive (mqtt: enabled)")
    topic = str(world.templates.compile(config["topic"]).render(variables, native=False))
    try:
        topic_filter(topic)
    except vol.Invalid as error:
        raise InvalidFormat(f"topic {topic[:80]!r}: {error.msg}") from None
    listener = _Listener(world, config, run, variables)
    return world.messages.subscribe(topic, config["qos"], listener.arrived)


KIND: Final = TriggerKind(
    "mqtt",
    {
        vol.Required("topic"): _topic,
        vol.Optional("payload"): fields.template,
        vol.Optional("value_template"): fields.template,
        vol.Optional("qos", default=0): _qos,
        vol.Optional("encoding", default="utf-8"): _encoding,
    },
    attach,
)
