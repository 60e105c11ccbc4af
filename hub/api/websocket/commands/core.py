"""States, events, services and the protocol's own commands."""

import inspect
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api.websocket.command import Message, Raw, Then, command
from hub.api.websocket.connection import SENT, Connection
from hub.api.websocket.groups import ABOUT_ENTITIES, EntityFilter, Pattern
from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_CATEGORY_REGISTRY_UPDATED,
    EVENT_COMPONENT_LOADED,
    EVENT_CORE_CONFIG_UPDATED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_FLOOR_REGISTRY_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
    EVENT_SERVICE_REGISTERED,
    EVENT_SERVICE_REMOVED,
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
)
from hub.errors import HubError, NotFound, ServiceValidationError, Unauthorized
from hub.events import ALL
from hub.schema import described, text
from hub.schema import entity_id as valid_entity_id
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.auth import User
    from hub.events import Context

PUBLIC_EVENTS: Final = frozenset(
    {
        EVENT_AREA_REGISTRY_UPDATED,
        EVENT_CATEGORY_REGISTRY_UPDATED,
        EVENT_COMPONENT_LOADED,
        EVENT_CORE_CONFIG_UPDATED,
        EVENT_DEVICE_REGISTRY_UPDATED,
        EVENT_ENTITY_REGISTRY_UPDATED,
        EVENT_FLOOR_REGISTRY_UPDATED,
        EVENT_LABEL_REGISTRY_UPDATED,
        EVENT_SERVICE_REGISTERED,
        EVENT_SERVICE_REMOVED,
        EVENT_STATE_CHANGED,
    }
)
"""Events that a user without administration rights may subscribe to."""


def _reader(connection: Connection) -> "User | None":
    """Return the user when what he may read is limited; None = he may read everything."""
    user = connection.user
    return None if user.rights.reads_all else user


@command("supported_features", {vol.Required("features"): {str: int}}, verb="own")
def supported_features(connection: Connection, message: Message) -> None:
    """Note what the client understands; `coalesce_messages` allows array frames."""
    connection.coalesce = "coalesce_messages" in message["features"]


@command("ping", verb="own")
def ping(connection: Connection, message: Message) -> object:
    """Answer `pong`."""
    connection.send(b'{"id":%d,"type":"pong"}' % message["id"])
    return SENT


@command("get_states", verb="read")
def get_states(connection: Connection, message: Message) -> Raw:
    """Return every state that the user may read."""
    del message
    states = connection.hub.states
    reader = _reader(connection)
    if reader is None:
        return Raw(states.all_json())
    readable = [state.json for state in states.all() if reader.may("read", state.entity_id)]
    return Raw(b"[%b]" % b",".join(readable))


def _plain_call(message: Message) -> bool:
    """Accept the common form of `call_service` without the schema."""
    if not _CALL_KEYS.issuperset(message):
        return False
    data, target = message.get("service_data", _EMPTY), message.get("target", _EMPTY)
    return (
        type(message.get("domain")) is str
        and type(message.get("service")) is str
        and type(data) is dict
        and type(target) is dict
        and type(message.get("return_response", False)) is bool
    )


_EMPTY: Final[dict[str, Any]] = {}
_CALL_KEYS: Final = frozenset(
    {"id", "type", "domain", "service", "service_data", "target", "return_response"}
)


@command(
    "call_service",
    {
        vol.Required("domain"): text,
        vol.Required("service"): text,
        vol.Optional("service_data"): dict,
        vol.Optional("target"): dict,
        vol.Optional("return_response"): bool,
    },
    check=_plain_call,
    verb="call",
)
def call_service(connection: Connection, message: Message) -> Any:
    """Call a service and answer when it has finished."""
    context = connection.context()
    wanted = message.get("return_response", False)
    try:
        result = connection.hub.services.start(
            message["domain"],
            message["service"],
            message.get("service_data"),
            message.get("target"),
            context,
            wanted,
        )
    except ServiceValidationError as error:
        raise _as_wire(error) from error
    if result is not None and inspect.isawaitable(result):
        return _finish_call(result, context, wanted)
    return _called(context, result, wanted)


async def _finish_call(result: Any, context: "Context", wanted: bool) -> Raw:
    try:
        return _called(context, await result, wanted)
    except ServiceValidationError as error:
        raise _as_wire(error) from error


def _called(context: "Context", response: Any, wanted: bool) -> Raw:
    if wanted:
        return Raw(b'{"context":%b,"response":%b}' % (context.json, dumps(response or {})))
    return Raw(b'{"context":%b}' % context.json)


def _as_wire(error: ServiceValidationError) -> ServiceValidationError:
    """Return the error with the prefix that clients of `call_service` know."""
    if error.translation_key is not None:
        return error
    return ServiceValidationError(
        f"Validation error: {error.message}", placeholders=error.placeholders
    )


@command(
    "fire_event",
    {vol.Required("event_type"): text, vol.Optional("event_data"): dict},
    admin=True,
    verb="write",
)
def fire_event(connection: Connection, message: Message) -> dict[str, Any]:
    """Fire an event."""
    context = connection.context()
    connection.hub.bus.fire(message["event_type"], message.get("event_data"), context)
    return {"context": context.as_dict()}


@command("subscribe_events", {vol.Optional("event_type", default=ALL): text}, verb="read")
def subscribe_events(connection: Connection, message: Message) -> Then:
    """Send events of a type, or all but `state_reported`."""
    event_type = message["event_type"]
    if event_type == EVENT_STATE_REPORTED:
        raise HubError("Event filter is required for event state_reported")
    reader = _reader(connection)
    if event_type not in PUBLIC_EVENTS and (reader is not None or not connection.user.is_admin):
        raise Unauthorized
    readable = None
    if reader is not None and event_type in ABOUT_ENTITIES:
        readable = EntityFilter(reader=reader)
    message_id = message["id"]

    def start() -> None:
        connection.flush()
        connection.subscribe(
            message_id,
            connection.fanout.subscribe_events(connection, message_id, event_type, readable),
        )

    return Then(None, start)


@command("unsubscribe_events", {vol.Required("subscription"): int}, verb="own")
def unsubscribe_events(connection: Connection, message: Message) -> None:
    """End any subscription, whatever command made it."""
    if not connection.unsubscribe(message["subscription"]):
        raise NotFound("Subscription not found.")


@described(schema=vol.Any(str, [str]))
def _texts(value: object) -> list[str]:
    """Read a text, a comma-separated text, or a list of texts."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise vol.Invalid("expected a text or a list of texts")
    return value


@described(schema=vol.Any(str, [str]))
def _entity_ids(value: object) -> list[str]:
    return [valid_entity_id(item) for item in _texts(value)]


_PATTERN: Final = {
    vol.Optional("domains"): _texts,
    vol.Optional("entity_globs"): _texts,
    vol.Optional("entities"): _entity_ids,
}


def _pattern(given: dict[str, list[str]] | None) -> Pattern | None:
    if not given or not any(given.values()):
        return None
    return Pattern(
        given.get("domains", ()), given.get("entity_globs", ()), given.get("entities", ())
    )


@command(
    "subscribe_entities",
    {
        vol.Optional("entity_ids"): _entity_ids,
        vol.Optional("include"): _PATTERN,
        vol.Optional("exclude"): _PATTERN,
    },
    verb="read",
)
def subscribe_entities(connection: Connection, message: Message) -> Then:
    """Send the wanted states at once, then their changes, compressed."""
    wanted = EntityFilter(
        message.get("entity_ids") or None,
        _pattern(message.get("include")),
        _pattern(message.get("exclude")),
        _reader(connection),
    )
    message_id = message["id"]

    def start() -> None:
        # Joining sends the group what waits; from here to the end nothing can change.
        leave = connection.fanout.subscribe_entities(connection, message_id, wanted)
        connection.subscribe(message_id, leave)
        connection.send_event(message_id, Raw(connection.fanout.first_set(wanted)))
        connection.flush()

    return Then(None, start)
