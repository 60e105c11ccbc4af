"""`event`: something is fired on the bus."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.triggers.kind import Run, TriggerKind
from hub.const import MAX_EVENT_TYPE_LENGTH
from hub.errors import InvalidFormat

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.events import Event


def _types(value: object) -> list[str]:
    """Accept an event type or several; templates may use the automation's trigger_variables."""
    found = fields.texts(value)
    if not found:
        raise vol.Invalid("expected an event type")
    for index, name in enumerate(found):
        if fields.is_template(name):
            fields.template(name)
        elif not name or len(name) > MAX_EVENT_TYPE_LENGTH:
            raise vol.Invalid(
                f"expected an event type of 1 to {MAX_EVENT_TYPE_LENGTH} characters", path=[index]
            )
    return found


def _data(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected a mapping")
    return dict(fields.templates(value))


def fits(wanted: object, value: object) -> bool:
    """Tell whether a value holds all that is wanted; more keys than those do not matter."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(
            name in value and fits(item, value[name]) for name, item in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return False
        return all(any(fits(item, part) for item in wanted) for part in value)
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    return wanted == value


def as_variable(event: "Event") -> dict[str, Any]:
    """Return an event as templates see it."""
    return {
        "event_type": event.type,
        "data": event.data,
        "origin": event.origin,
        "time_fired": datetime.fromtimestamp(event.time, UTC),
        "context": event.context.as_dict(),
    }


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Listen to the types; their templates are rendered now, once."""
    given = world.templates.render(config["event_type"], variables)
    data = world.templates.render(config.get("event_data", {}), variables)
    context = world.templates.render(config.get("context", {}), variables)
    causes = {name: fields.texts(value) for name, value in context.items()}

    def happened(event: "Event") -> None:
        if data and not fits(data, event.data):
            return
        if causes:
            cause = event.context.as_dict()
            if not all(cause.get(name) in wanted for name, wanted in causes.items()):
                return
        trigger = {
            "platform": "event",
            "event": as_variable(event),
            "description": f"event '{event.type}'",
        }
        run(trigger, event.context)

    types = dict.fromkeys(str(name) for name in given)
    if too_long := next((name for name in types if len(name) > MAX_EVENT_TYPE_LENGTH), None):
        raise InvalidFormat(f"event_type gave more than {MAX_EVENT_TYPE_LENGTH}: {too_long[:80]}")
    stops = [world.bus.listen(name, happened) for name in types]

    def stop() -> None:
        for one in stops:
            one()

    return stop


KIND: Final = TriggerKind(
    "event",
    {
        vol.Required("event_type"): _types,
        vol.Optional("event_data"): _data,
        vol.Optional("context"): {
            vol.Optional(name): fields.texts for name in ("id", "parent_id", "user_id")
        },
    },
    attach,
)
