"""Times: now, reading, writing, and how long ago."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from hub.templates import texts
from hub.templates.clock import local, now, utcnow, zone
from hub.templates.functions.logic import NO_DEFAULT, missing_default
from hub.templates.proxies import StateProxy

_UNITS: Final = (
    ("year", 365 * 86400),
    ("month", 30 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)


def read_datetime(value: str) -> datetime | None:
    """Return the time that an ISO text says; a bare date is its midnight."""
    try:
        return datetime.fromisoformat(value.strip().replace(" ", "T", 1))
    except ValueError:
        return None


def read_period(value: str) -> timedelta | None:
    """Return a period such as `1 day, 02:30:00`, `02:30`, `-15:00:00` or `PT15M`."""
    import re

    match = re.fullmatch(
        r"\s*(?:(?P<days>-?\d{1,7})\s*days?,?\s*)?"
        r"(?:(?P<sign>-)?(?P<hours>\d{1,7}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:\.\d+)?))?)?",
        value,
    )
    if match is not None and value.strip() and (match["days"] or match["hours"]):
        span = timedelta(
            hours=int(match["hours"] or 0),
            minutes=int(match["minutes"] or 0),
            seconds=float(match["seconds"] or 0),
        )
        return timedelta(days=int(match["days"] or 0)) + (-span if match["sign"] else span)
    match = re.fullmatch(
        r"(?P<sign>-)?P(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,7})D)?"
        r"(?:T(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9}(?:\.\d+)?)S)?)?",
        value.strip(),
    )
    if match is None or not any(match.groups()[1:]):
        return None
    parts = {
        name: float(part) for name, part in match.groupdict().items() if part and name != "sign"
    }
    span = timedelta(**parts)
    return -span if match["sign"] else span


def today_at(value: str = "00:00") -> datetime:
    """Return a time of today."""
    today = now()
    try:
        at = time.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError(
            f"today_at got {str(value)[:40]!r}, expected a time such as '07:30'"
        ) from None
    return datetime.combine(today.date(), at.replace(tzinfo=None), zone())


def as_datetime(value: Any, default: Any = NO_DEFAULT) -> Any:
    """Return the time that a text, a timestamp or a date says."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(0))
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        pass
    found = read_datetime(value) if isinstance(value, str) else None
    if found is not None:
        return found
    if default is NO_DEFAULT:
        if isinstance(value, str):
            return None
        raise missing_default("as_datetime", value)
    return default


def as_timestamp(value: Any, default: Any = NO_DEFAULT) -> Any:
    """Return epoch seconds; a time without an offset is in the house's zone."""
    found = value
    if isinstance(value, str):
        found = read_datetime(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        found = datetime.combine(value, time(0))
    if isinstance(found, datetime):
        return local(found).timestamp()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if default is NO_DEFAULT:
        raise missing_default("as_timestamp", value)
    return default


def as_local(value: datetime) -> datetime:
    """Return a time in the house's zone."""
    return local(value)


def as_timedelta(value: str) -> timedelta | None:
    """Return the period that a text says, none for another text."""
    return read_period(texts.text(value))


def strptime(value: str, form: str, default: Any = NO_DEFAULT) -> Any:
    """Return the time that a text in this form says."""
    try:
        texts.check_format(form)
        return datetime.strptime(value, form)  # noqa: DTZ007 - as written
    except (ValueError, TypeError, AttributeError):
        if default is NO_DEFAULT:
            raise missing_default("strptime", value) from None
        return default


def timestamp_custom(
    value: Any, form: str = "%Y-%m-%d %H:%M:%S", local: bool = True, default: Any = NO_DEFAULT
) -> Any:
    """Return epoch seconds in a form of `strftime`."""
    try:
        found = datetime.fromtimestamp(float(value), zone() if local else UTC)
        return texts.strftime(found, form)
    except (ValueError, TypeError, OverflowError, OSError):
        if default is NO_DEFAULT:
            raise missing_default("timestamp_custom", value) from None
        return default


def timestamp_local(value: Any, default: Any = NO_DEFAULT) -> Any:
    """Return epoch seconds as an ISO text in the house's zone."""
    return _iso("timestamp_local", value, True, default)


def timestamp_utc(value: Any, default: Any = NO_DEFAULT) -> Any:
    """Return epoch seconds as an ISO text in UTC."""
    return _iso("timestamp_utc", value, False, default)


def _iso(name: str, value: Any, here: bool, default: Any) -> Any:
    try:
        return datetime.fromtimestamp(float(value), zone() if here else UTC).isoformat()
    except (ValueError, TypeError, OverflowError, OSError):
        if default is NO_DEFAULT:
            raise missing_default(name, value) from None
        return default


def timedelta_(
    days: float = 0,
    seconds: float = 0,
    microseconds: float = 0,
    milliseconds: float = 0,
    minutes: float = 0,
    hours: float = 0,
    weeks: float = 0,
) -> timedelta:
    """Return a period."""
    return timedelta(days, seconds, microseconds, milliseconds, minutes, hours, weeks)


def relative_time(value: Any) -> Any:
    """Return how long ago, in the largest unit; a time to come as it is."""
    return _span(value, 1, past=True)


def time_since(value: Any, precision: int = 1) -> Any:
    """Return how long ago, in up to `precision` units (0 = all); a time to come as it is."""
    return _span(value, precision, past=True)


def time_until(value: Any, precision: int = 1) -> Any:
    """Return how long until then, in up to `precision` units (0 = all); a past time as it is."""
    return _span(value, precision, past=False)


def _span(value: Any, precision: int, *, past: bool) -> Any:
    present = now()
    if isinstance(value, StateProxy):
        value = value.attribute("last_changed")
    if not isinstance(value, datetime):
        return value
    seconds = (present - local(value)).total_seconds() * (1 if past else -1)
    if seconds < 0:
        return value
    left, words = round(seconds), []
    for word, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {word}" if count == 1 else f"{count} {word}s")
    wanted = len(_UNITS) if precision <= 0 else precision
    return " ".join(words[:wanted]) or "0 seconds"


_BOTH: Final[dict[str, Any]] = {
    "as_datetime": as_datetime,
    "as_local": as_local,
    "as_timedelta": as_timedelta,
    "as_timestamp": as_timestamp,
    "relative_time": relative_time,
    "strptime": strptime,
    "time_since": time_since,
    "time_until": time_until,
    "today_at": today_at,
}
GLOBALS: Final[dict[str, Any]] = {
    **_BOTH,
    "now": now,
    "timedelta": timedelta_,
    "utcnow": utcnow,
}
FILTERS: Final[dict[str, Callable[..., Any]]] = {
    **_BOTH,
    "timestamp_custom": timestamp_custom,
    "timestamp_local": timestamp_local,
    "timestamp_utc": timestamp_utc,
}


def is_datetime(value: Any) -> bool:
    """Tell whether a value is a time."""
    return isinstance(value, datetime)


TESTS: Final[dict[str, Callable[..., Any]]] = {"datetime": is_datetime}
