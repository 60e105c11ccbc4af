"""The fields that test files share: times, states, calls; YAML's traps are told in words."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from hub.automation import fields
from hub.automation.validation import checked
from hub.schema import entity_id, text

DAY: Final = "2026-01-15"
"""The day of a test that names none; a Thursday."""

IDS: Final = ("entity_id", "device_id", "area_id", "floor_id", "label_id")


def state_text(value: object) -> str:
    """Accept a state; YAML's on and off, numbers and times become their texts."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, str | int | float | date):
        return str(value)
    raise vol.Invalid('expected a state such as "on", 21.5 or {state: heat, attributes: {...}}')


def zone(value: object) -> str:
    """Accept the name of a time zone."""
    try:
        ZoneInfo(text(value))
    except (ZoneInfoNotFoundError, ValueError):
        raise vol.Invalid("expected a time zone such as Europe/Berlin") from None
    return str(value)


def moment(value: object) -> datetime | time:
    """Accept `"22:00[:00]"` or `"2026-01-15 22:00:00"`, in the time zone of the test."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - local, given later
    if isinstance(value, int | float):
        raise vol.Invalid('put the time into quotes: YAML reads 22:00 as a number ("22:00:00")')
    for read in (time.fromisoformat, datetime.fromisoformat):
        try:
            return read(str(value))
        except ValueError:
            continue
    raise vol.Invalid('expected a time such as "22:00:00" or "2026-01-15 22:00:00"')


def epoch(value: datetime | time, tz: ZoneInfo, after: float | None = None) -> float:
    """Return a moment as epoch seconds; a time alone is the next one behind `after`."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=tz)).timestamp()
    if after is None:
        return datetime.combine(date.fromisoformat(DAY), value, tz).timestamp()
    now = datetime.fromtimestamp(after, UTC).astimezone(tz)
    found = datetime.combine(now.date(), value, tz).timestamp()
    if found <= after:
        found = datetime.combine(now.date() + timedelta(days=1), value, tz).timestamp()
    return found


def span(value: object) -> float:
    """Accept a time span without templates."""
    found = fields.period(value)
    if not isinstance(found, float):
        raise vol.Invalid('expected a time span such as "00:05:00", 300 or {minutes: 5}')
    return found


def listed(one: Callable[[object], Any]) -> Callable[[object], list[Any]]:
    """Accept one thing or a list of them."""

    def validate(value: object) -> list[Any]:
        if not isinstance(value, list):
            return [one(value)]
        return [found for _, found in _each(enumerate(value), one)]

    return validate


def _each(
    items: Iterable[tuple[Any, Any]],
    one: Callable[[object], Any],
    named: Callable[[object], Any] = lambda key: key,
) -> list[tuple[Any, Any]]:
    """Validate each item and what names it; all mistakes are told at once."""
    found, wrong = [], []
    for key, item in items:
        try:
            found.append((named(key), one(item)))
        except vol.Invalid as error:
            error.prepend([key])
            wrong += error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    if wrong:
        raise vol.MultipleInvalid(wrong)
    return found


def strict(schema: Mapping[Any, Any]) -> Callable[[object], Any]:
    """Return a schema that names the nearest key for an unknown one."""
    compiled = vol.Schema(dict(schema))
    return lambda value: checked(compiled, value)


def by_entity(one: Callable[[object], Any]) -> Callable[[object], dict[str, Any]]:
    """Accept a mapping of entity ids."""

    def validate(value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise vol.Invalid("expected a mapping of entity ids")
        return dict(_each(value.items(), one, entity_id))

    return validate


def service(value: object) -> str:
    """Accept `domain.service`."""
    domain, dot, name = str(value).partition(".")
    if not isinstance(value, str) or not (domain and dot and name):
        raise vol.Invalid("expected an action such as light.turn_on")
    return value


def target(value: object) -> dict[str, list[str]]:
    """Accept a target: an entity id, or a mapping of ids."""
    if not isinstance(value, Mapping):
        return {"entity_id": fields.entity_ids(value)}
    found: dict[str, list[str]] = {}
    for key, item in value.items():
        if key not in IDS:
            raise vol.Invalid(f"expected one of {', '.join(IDS)}", path=[key])
        found[key] = fields.entity_ids(item) if key == "entity_id" else fields.texts(item)
    return found


_CALL: Final = strict(
    {
        vol.Required("action"): service,
        vol.Optional("target"): target,
        vol.Optional("entity_id"): fields.entity_ids,
        vol.Optional("data", default=dict): dict,
    }
)


def call(value: object) -> dict[str, Any]:
    """Accept a call: `light.turn_on`, `{light.turn_on: light.hall}` or action, target and data."""
    if isinstance(value, str):
        return {"action": service(value), "data": {}}
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected a call such as {action: light.turn_on, target: ...}")
    if len(value) == 1 and "." in str(name := next(iter(value))):
        return {"action": service(name), "target": target(value[name]), "data": {}}
    given = dict(value)
    if "service" in given and "action" not in given:
        given["action"] = given.pop("service")
    found: dict[str, Any] = _CALL(given)
    if "entity_id" in found:
        found.setdefault("target", {})["entity_id"] = found.pop("entity_id")
    return found
