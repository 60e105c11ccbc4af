"""Times and ranges as requests about the past write them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from hub.api.errors import InvalidEndTime, InvalidEntityIds, InvalidStartTime
from hub.errors import TimedOut
from hub.states.machine import valid_entity_id

if TYPE_CHECKING:
    from hub.hub import Hub

DAY: Final = 86400.0

QUERY_SECONDS: Final = 30.0
"""The longest time that one question about the past may take."""


def moment(hub: "Hub", value: str) -> float | None:
    """Return the epoch seconds of an ISO time, None for anything else.

    A time without an offset is one of the house's time zone.
    """
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=ZoneInfo(hub.settings.hub.time_zone))
        return (parsed.astimezone(UTC) - _EPOCH).total_seconds()
    except (ValueError, OverflowError):
        return None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def start_of(hub: "Hub", message: dict[str, Any]) -> float:
    """Return `start_time` in epoch seconds; raises `InvalidStartTime`."""
    start = moment(hub, message["start_time"])
    if start is None:
        raise InvalidStartTime("Invalid start_time: expected an ISO time")
    return start


def end_of(hub: "Hub", message: dict[str, Any]) -> float | None:
    """Return `end_time` in epoch seconds, None where it is left out; raises `InvalidEndTime`."""
    if (value := message.get("end_time")) is None:
        return None
    end = moment(hub, value)
    if end is None:
        raise InvalidEndTime("Invalid end_time: expected an ISO time")
    return end


def range_of(hub: "Hub", message: dict[str, Any]) -> tuple[float, float | None]:
    """Return start and end; raises `InvalidStartTime` and `InvalidEndTime`."""
    start, end = start_of(hub, message), end_of(hub, message)
    if end is not None and end < start:
        raise InvalidEndTime("Invalid end_time: it lies before start_time")
    return start, end


def known_ids(entity_ids: Iterable[str]) -> list[str]:
    """Return well-formed entity ids, each once; raises `InvalidEntityIds`."""
    found = list(dict.fromkeys(entity_ids))
    for entity_id in found:
        if not valid_entity_id(entity_id):
            raise InvalidEntityIds(f"Invalid entity_ids: {entity_id[:80]!r} is no entity id")
    return found


@asynccontextmanager
async def limited(what: str = "the history") -> AsyncIterator[None]:
    """Give up after `QUERY_SECONDS`; raises `TimedOut`."""
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            yield
    except TimeoutError:
        raise TimedOut(
            f"Reading {what} took longer than {QUERY_SECONDS:g} s: ask for less at once"
        ) from None
