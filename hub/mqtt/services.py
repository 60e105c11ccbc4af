"""The service `mqtt.publish`."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.errors import InvalidFormat
from hub.schema import boolean
from hub.services import Description, Field
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.services import ServiceCall

Publish = Callable[..., Awaitable[None]]

MAX_TOPIC_BYTES: Final = 65535


def topic_name(value: object) -> str:
    """Accept a topic to publish to: no wildcards (MQTT 5, 4.7)."""
    if not isinstance(value, str) or not value:
        raise vol.Invalid("expected a topic such as lights/hall/set")
    if any(char in value for char in "+#\0"):
        raise vol.Invalid("a topic to publish to has no +, # or zero character in it")
    if len(value.encode(errors="replace")) > MAX_TOPIC_BYTES:
        raise vol.Invalid(f"a topic has {MAX_TOPIC_BYTES} bytes at most")
    return value


def _qos(value: object) -> int:
    if isinstance(value, str) and value in ("0", "1", "2"):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2:
        raise vol.Invalid("expected 0, 1 or 2")
    return value


_SCHEMA: Final = vol.Schema(
    {
        vol.Required("topic"): topic_name,
        vol.Exclusive("payload", "payload"): object,
        vol.Exclusive("payload_template", "payload"): str,
        vol.Optional("qos", default=0): _qos,
        vol.Optional("retain", default=False): boolean,
    }
)

_DESCRIPTION: Final = Description(
    "Publish a message",
    "Publishes a message to a topic of the broker. Topics that belong to the hub are refused.",
    {
        "topic": Field({"text": {}}, required=True, description="Topic to publish to"),
        "payload": Field(
            {"object": {}}, description="Text; numbers, lists and mappings are sent as JSON"
        ),
        "payload_template": Field({"template": {}}, description="Template of the payload"),
        "qos": Field(
            {"select": {"options": ["0", "1", "2"]}},
            default="0",
            description="0 at most once, 1 at least once, 2 exactly once",
        ),
        "retain": Field(
            {"boolean": {}},
            default=False,
            description="Whether the broker keeps the message for those who come later",
        ),
    },
)


def register(hub: "Hub", publish: Publish) -> Callable[[], None]:
    """Offer `mqtt.publish` to administrators and the house; returns what takes it away."""

    async def call(call: "ServiceCall") -> None:
        data = call.data
        payload = data.get("payload")
        if (template := data.get("payload_template")) is not None:
            payload = hub.templates.compile(template).render({}, native=False)
        await publish(data["topic"], as_bytes(payload), qos=data["qos"], retain=data["retain"])

    return hub.services.register(
        "mqtt", "publish", call, schema=_SCHEMA, description=_DESCRIPTION, admin=True
    )


def as_bytes(payload: Any) -> bytes:
    """Return what is sent for a payload; nothing is an empty message."""
    if payload is None:
        return b""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode()
    try:
        return dumps(payload)
    except TypeError:
        raise InvalidFormat("payload: expected a text or what JSON can hold") from None
