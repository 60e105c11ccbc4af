"""Times in fields, and entities that hold one: input_datetime, sensors of the class timestamp."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from hub.automation import fields
from hub.automation.timing import WEEKDAYS
from hub.const import UNAVAILABLE, UNKNOWN
from hub.schema import entity_id

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.states import State


def time_of_day(value: object) -> time:
    """Accept `"HH:MM"` or `"HH:MM:SS"`."""
    if isinstance(value, time):
        return value.replace(microsecond=0)
    found = parse_time(value) if isinstance(value, str) else None
    if found is None:
        raise vol.Invalid('expected a time such as "07:30:00", in quotes')
    return found


def parse_time(value: str) -> time | None:
    """Read `HH:MM` or `HH:MM:SS`, the hours with one digit or two; None when it is no time."""
    parts = value.strip().split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) <= 2 for part in parts):
        return None
    hour, minute, second = (*(int(part) for part in parts), 0)[:3]
    try:
        return time(hour, minute, second)
    except ValueError:
        return None


def time_entity(value: object) -> str:
    """Accept the id of an entity that holds a time."""
    found = entity_id(value)
    if found.partition(".")[0] not in ("input_datetime", "sensor", "time"):
        raise vol.Invalid("expected an input_datetime, or a sensor of the class timestamp")
    return found


def time_or_entity(value: object) -> Any:
    """Accept a time of the day, or an entity that holds one."""
    if isinstance(value, str) and "." in value:
        return time_entity(value)
    return time_of_day(value)


def fixed_offset(value: object) -> float:
    """Accept a time span that may be negative; no template: it is asked for once."""
    found = fields.signed_period(value)
    if not isinstance(found, float):
        raise vol.Invalid("expected a fixed offset such as -00:15:00, not a template")
    return found


def weekdays(value: object) -> list[str]:
    """Accept `mon` .. `sun`, one or several."""
    found = fields.texts(value)
    for index, day in enumerate(found):
        if day not in WEEKDAYS:
            raise vol.Invalid(f"expected one of {', '.join(WEEKDAYS)}", path=[index])
    return found


def moment_of(state: "State | None", place: "ZoneInfo") -> datetime | time | None:
    """Return what an entity holds: a moment with time zone, or a time of the day.

    A date alone is its midnight. None when it holds no time, for the present or at all.
    """
    if state is None or state.state in (UNKNOWN, UNAVAILABLE):
        return None
    if state.domain == "sensor":
        if state.attributes.get("device_class") != "timestamp":
            return None
    elif (found := parse_time(state.state)) is not None:
        return found
    try:
        moment = datetime.fromisoformat(state.state)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return datetime.combine(date(moment.year, moment.month, moment.day), moment.time(), place)
    return moment


def clock_time_of(state: "State | None", place: "ZoneInfo") -> time | None:
    """Return the time of the day that an entity holds, as the clocks of a place show it."""
    found = moment_of(state, place)
    if isinstance(found, datetime):
        return found.astimezone(place).time()
    return found
