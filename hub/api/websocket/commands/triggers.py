"""Triggers, conditions and actions tried out: followed, asked, validated, run."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api.websocket.command import Message, Then, command
from hub.api.websocket.connection import Connection
from hub.errors import HubError, InvalidFormat
from hub.events import Context
from hub.schema import explain

if TYPE_CHECKING:
    from hub.automation.triggers.kind import Run
    from hub.automation.world import Unsubscribe
    from hub.hub import Hub

MAX_TRIGGERS: Final = 100
"""Triggers of one subscription."""

_PARTS: Final = ("triggers", "conditions", "actions")


@command(
    "subscribe_trigger",
    {vol.Required("trigger"): vol.Any(dict, list), vol.Optional("variables"): dict},
    admin=True,
    verb="read",
)
def subscribe_trigger(connection: Connection, message: Message) -> Then:
    """Send an event each time that one of some triggers fires."""
    triggers = _validated("triggers", message["trigger"])
    if not triggers:
        raise InvalidFormat("expected at least one trigger @ data['trigger']")
    if len(triggers) > MAX_TRIGGERS:
        raise InvalidFormat(f"more than {MAX_TRIGGERS} triggers in one subscription")
    message_id, variables = message["id"], message.get("variables") or {}

    def fired(trigger: dict[str, Any], context: Context | None) -> None:
        shown = {
            "variables": as_json({**variables, "trigger": trigger}),
            "context": (context or Context()).as_dict(),
        }
        connection.send_event(message_id, shown)

    stop = _attach(connection.hub, triggers, fired, variables)
    return Then(None, lambda: connection.subscribe(message_id, stop))


@command(
    "test_condition",
    {vol.Required("condition"): vol.Any(dict, list, str), vol.Optional("variables"): dict},
    admin=True,
    verb="read",
)
def test_condition(connection: Connection, message: Message) -> dict[str, Any]:
    """Return whether a condition, or all of a list, holds now."""
    from hub.automation.conditions.compile import all_of
    from hub.automation.conditions.compile import compile as compiled

    hub = connection.hub
    conditions = _validated("conditions", message["condition"])
    try:
        check = all_of([compiled(hub, condition) for condition in conditions])
        return {"result": check(message.get("variables") or {}, None, "condition")}
    except HubError as error:
        raise HubError(error.message) from None  # the code that clients know here


@command(
    "validate_config",
    {vol.Optional(name): vol.Any(dict, list, str) for name in _PARTS},
    verb="read",
)
def validate_config(connection: Connection, message: Message) -> dict[str, Any]:
    """Say of each part whether it could be run, and what is wrong with it."""
    del connection
    found: dict[str, Any] = {}
    for name in _PARTS:
        if name in message:
            try:
                _validated(name, message[name])
            except InvalidFormat as error:
                found[name] = {"valid": False, "error": error.message}
            else:
                found[name] = {"valid": True, "error": None}
    return found


@command(
    "execute_script",
    {vol.Required("sequence"): vol.Any(dict, list), vol.Optional("variables"): dict},
    admin=True,
    verb="call",
)
async def execute_script(connection: Connection, message: Message) -> dict[str, Any]:
    """Run actions and return their response when they have ended."""
    context = connection.context()
    response = await connection.hub.automations.execute(
        message["sequence"], message.get("variables"), context
    )
    return {"context": context.as_dict(), "response": as_json(response)}


def as_json(value: Any) -> Any:
    """Return variables as Home Assistant's clients know them; what has no JSON form as text.

    A time span is `{"__type", "total_seconds"}`.
    """
    if isinstance(value, timedelta):
        return {"__type": str(timedelta), "total_seconds": value.total_seconds()}
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if hasattr(value, "as_dict"):
        return as_json(value.as_dict())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value)


def _validated(part: str, value: object) -> list[dict[str, Any]]:
    """Return triggers, conditions or actions as the engine runs them; raises `InvalidFormat`."""
    from hub.automation import validation

    validate: Callable[[object], list[dict[str, Any]]] = getattr(validation, part)
    try:
        return validate(value)
    except vol.Invalid as error:
        raise InvalidFormat(explain(error)) from None


def _named(fired: "Run", index: int, config: Mapping[str, Any]) -> "Run":
    """Return what adds the trigger's own names to what it found."""
    name = {"id": config.get("id", str(index)), "idx": str(index), "alias": config.get("alias")}
    return lambda found, cause: fired({**name, **found}, cause)


def _attach(
    hub: "Hub",
    triggers: list[dict[str, Any]],
    fired: "Run",
    variables: Mapping[str, Any],
) -> "Unsubscribe":
    """Let all triggers listen, or none: raises the first one's `HubError`."""
    from hub.automation import fields
    from hub.automation.triggers import TRIGGERS

    stops: list[Unsubscribe] = []

    def stop() -> None:
        for one in stops:
            one()
        stops.clear()

    try:
        for index, config in enumerate(triggers):
            if not fields.is_enabled(hub, config["enabled"], variables):
                continue
            own = {**variables, **hub.templates.render(config["variables"], variables)}
            run = _named(fired, index, config)
            stops.append(TRIGGERS[config["trigger"]].attach(hub, config, run, own))
    except HubError as error:
        stop()
        raise HubError(error.message) from None
    return stop
