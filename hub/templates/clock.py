"""Times as templates see them: in the house's time zone, with an offset."""

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.templates.current import CURRENT


@lru_cache(maxsize=16)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def zone() -> tzinfo:
    """Return the house's time zone."""
    return _zone(CURRENT.get().house.settings.hub.time_zone)


def from_epoch(seconds: float) -> datetime:
    """Return epoch seconds as a time in UTC, as states carry it."""
    return datetime.fromtimestamp(seconds, UTC)


def now() -> datetime:
    """Return the present time in the house's zone, and note that the result moves with time."""
    run = CURRENT.get()
    run.time = True
    return datetime.fromtimestamp(run.house.clock.time(), zone())


def utcnow() -> datetime:
    """Return the present time in UTC, and note that the result moves with time."""
    run = CURRENT.get()
    run.time = True
    return datetime.fromtimestamp(run.house.clock.time(), UTC)


def local(value: datetime) -> datetime:
    """Return a time in the house's zone; one without an offset is taken to be there already."""
    return value.replace(tzinfo=zone()) if value.tzinfo is None else value.astimezone(zone())
