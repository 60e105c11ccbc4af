"""Days of the house: from one local midnight to the next, 23 to 25 hours."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def day_begin(at: int, zone: "ZoneInfo") -> int:
    """Return the midnight at or before a time, both in seconds since 1970.

    Where the clocks skip midnight the day begins when they have skipped it.
    """
    return _midnight(datetime.fromtimestamp(at, zone), zone)


def day_after(at: int, zone: "ZoneInfo") -> int:
    """Return the first midnight behind a time."""
    begin = datetime.fromtimestamp(at, zone)
    following = _midnight(begin + timedelta(days=1), zone)
    return following if following > at else _midnight(begin + timedelta(days=2), zone)


def _midnight(day: datetime, zone: "ZoneInfo") -> int:
    return int(datetime.combine(day.date(), time.min, zone).timestamp())
