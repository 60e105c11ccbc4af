"""Fields that several helpers share; each becomes the form that `<helper>/list` shows."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar

import voluptuous as vol

from hub.schema import described, text

Check = Callable[[Mapping[str, Any]], None]

_SPAN: Final = re.compile(r"(\d+):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?")
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?")
_UNITS: Final = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}
_QUOTE: Final = "; put quotes around it, YAML reads it as something else without them"

FIRST_YEAR, LAST_YEAR = 1000, 9998
AnyDate = TypeVar("AnyDate", bound=date)

MAX_SECONDS: Final = 366 * 86400.0
"""The longest time span that is accepted."""


@described(type="string", pattern="^[a-z0-9_-]+:[a-z0-9_-]+$")
def icon(value: object) -> str:
    """Accept the name of an icon."""
    if not isinstance(value, str) or not all(value.partition(":")):
        raise vol.Invalid("expected an icon such as mdi:lamp")
    return value


NAMED: Final = {
    vol.Optional("name", description="What people call it"): vol.All(
        text, vol.Length(min=1, max=255, msg="expected a name of 1 to 255 characters")
    ),
    vol.Optional("icon", description="An icon such as mdi:lamp"): icon,
}


def as_written(fields: Mapping[Any, Any], check: Check | None = None) -> vol.Schema:
    """Return a schema that checks a spec and returns it as it was written."""

    @described(schema=fields)
    def validate(value: Any) -> Any:
        normal(fields, check, value)
        return value

    return vol.Schema(validate)


def normal(fields: Mapping[Any, Any], check: Check | None, value: Any) -> dict[str, Any]:
    """Return a spec with its defaults; raises `vol.Invalid` with exact paths."""
    found: dict[str, Any] = vol.Schema(dict(fields))(value)
    if check is not None:
        check(found)
    return found


def seconds_of(value: object) -> float:
    """Read a time span: seconds, "HH:MM[:SS]", or a mapping of units; 0 or more."""
    if isinstance(value, Mapping):
        found = _from_units(value)
    elif isinstance(value, str) and (match := _SPAN.fullmatch(value.strip())) is not None:
        hours, minutes, seconds = match.groups()
        found = int(hours) * 3600.0 + int(minutes) * 60.0 + float(seconds or 0)
    else:
        found = _number(value)
    if not 0 <= found <= MAX_SECONDS:
        raise vol.Invalid("expected a time span from 0 to 366 days")
    return found


def signed_seconds_of(value: object) -> float:
    """Read a time span that may be negative: a minus stands before it."""
    if isinstance(value, str) and value.strip().startswith("-"):
        return -seconds_of(value.strip()[1:])
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return -seconds_of(-value)
    if isinstance(value, Mapping) and (found := _from_units(value)) < 0:
        return -seconds_of(-found)
    return seconds_of(value)


@described(type="string", description='A time span such as "0:05:00"')
def span(value: object) -> str:
    """Accept a time span and return it as `H:MM:SS`."""
    return span_text(seconds_of(value))


def span_text(seconds: float) -> str:
    """Write a time span as `H:MM:SS`; what is below a second is left out."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


@described(type="string", pattern="^\\d?\\d:\\d\\d(:\\d\\d)?$")
def clock_time(value: object) -> str:
    """Accept a time of day and return it as `HH:MM:SS`."""
    return time_of(value).isoformat(timespec="seconds")


def time_of(value: object) -> time:
    """Read a time of day."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        hint = _QUOTE if isinstance(value, int) else ""
        raise vol.Invalid(f'expected a time of day such as "07:30:00"{hint}')
    hours, minutes, seconds = match.groups()
    return time(int(hours), int(minutes), int(seconds or 0))


def date_of(value: object) -> date:
    """Read a date."""
    try:
        if isinstance(value, str):
            return _usual(date.fromisoformat(value.strip()))
    except ValueError:
        pass
    hint = _QUOTE if isinstance(value, date) else ""
    raise vol.Invalid(f'expected a date such as "2026-11-21"{hint}')


def moment_of(value: object) -> datetime:
    """Read a date with a time; an offset stays with it."""
    try:
        if isinstance(value, str) and len(value.strip()) > 10:
            return _usual(datetime.fromisoformat(value.strip()))
    except ValueError:
        pass
    hint = _QUOTE if isinstance(value, date) else ""
    raise vol.Invalid(f'expected a date and time such as "2026-11-21 07:30:00"{hint}')


def _usual(found: AnyDate) -> AnyDate:
    """Refuse years at the ends of the calendar, where other zones are beyond it."""
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise vol.Invalid(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    return found


def _from_units(value: Mapping[Any, Any]) -> float:
    total = 0.0
    if not value:
        raise vol.Invalid(f"expected a mapping of {', '.join(_UNITS)}")
    for unit, amount in value.items():
        if unit not in _UNITS:
            raise vol.Invalid(f"unknown unit; known are {', '.join(_UNITS)}", path=[unit])
        try:
            total += _number(amount) * _UNITS[unit]
        except vol.Invalid as error:
            error.prepend([unit])
            raise
    return total


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise vol.Invalid('expected a time span such as "00:05:00", 300 or {minutes: 5}')
    try:
        return timedelta(seconds=float(value)).total_seconds()
    except (ValueError, OverflowError):
        raise vol.Invalid('expected a time span such as "00:05:00", 300 or {minutes: 5}') from None
