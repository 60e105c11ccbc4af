"""Periods that statistics are told for: days and what is longer begin at the house's midnight."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

PERIODS: Final = ("5minute", "hour", "day", "week", "month", "year")
SECONDS: Final = {"5minute": 300, "hour": 3600}
"""Periods that are always equally long."""


def begin_of(period: str, at: float, zone: "ZoneInfo") -> int:
    """Return when the period that holds a time began; both in seconds since 1970."""
    if (length := SECONDS.get(period)) is not None:
        return int(at // length * length)
    day = datetime.fromtimestamp(at, zone)
    if period == "week":
        day -= timedelta(days=day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    elif period == "year":
        day = day.replace(month=1, day=1)
    return _midnight(day, zone)


def end_of(period: str, begin: int, zone: "ZoneInfo") -> int:
    """Return when a period that began at `begin` ends."""
    if (length := SECONDS.get(period)) is not None:
        return begin + length
    return moved(period, begin, 1, zone)


def moved(period: str, begin: int, count: int, zone: "ZoneInfo") -> int:
    """Return the beginning of the period `count` later; negative: earlier."""
    if (length := SECONDS.get(period)) is not None:
        return begin + count * length
    # midday, so that a begin that a clock change moved still lies in its own day
    day = datetime.fromtimestamp(begin, zone).replace(hour=12)
    if period in ("day", "week"):
        day += timedelta(days=count * (7 if period == "week" else 1))
    else:
        months = day.year * 12 + day.month - 1 + count * (12 if period == "year" else 1)
        day = day.replace(year=months // 12, month=months % 12 + 1, day=1)
    return _midnight(day, zone)


def _midnight(day: datetime, zone: "ZoneInfo") -> int:
    return int(datetime.combine(day.date(), time.min, zone).timestamp())
