"""A week of blocks in local time: what holds at a moment, and when that changes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

DAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)

MIDNIGHT: Final = 86400
"""Where a block ends that lasts to the end of its day."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a day: seconds since its midnight, the end excluded."""

    start: int
    end: int
    data: Mapping[str, Any] = field(default_factory=dict)


Week = Sequence[Sequence[Block]]
"""The blocks of Monday to Sunday, each day's in order."""


def at(week: Week, moment: datetime) -> Block | None:
    """Return the block that holds at a local moment."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    for block in week[moment.weekday()]:
        if block.start <= seconds < block.end:
            return block
    return None


def next_change(week: Week, moment: datetime, zone: tzinfo) -> datetime | None:
    """Return the next start or end of a block after `moment`, None for an empty week.

    Where clocks are put back, the hour that comes twice has its boundaries twice; a boundary in
    the hour that is left out comes when that hour would have begun.
    """
    now = moment.astimezone(UTC)  # two times of one zone are compared as clocks show them
    for ahead in range(9):
        day = moment.astimezone(zone).date() + timedelta(days=ahead)
        found = [
            instant
            for block in week[day.weekday()]
            for seconds in (block.start, block.end)
            for instant in _instants(day, seconds, zone)
            if instant > now
        ]
        if found:
            return min(found).astimezone(zone)
    return None


def _instants(day: date, seconds: int, zone: tzinfo) -> list[datetime]:
    """Return the one or two instants, in UTC, at which local clocks show a time."""
    if seconds == MIDNIGHT:
        day, seconds = day + timedelta(days=1), 0
    shown = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    found = []
    for fold in (0, 1):
        local = datetime.combine(day, shown.replace(fold=fold), zone)
        instant = local.astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            # Clocks jump over it: what they show just then is where the jump ends.
            instant = _after_gap(local)
        found.append(instant)
    return found


def _after_gap(local: datetime) -> datetime:
    """Return the instant at which clocks are put forward over a local time."""
    before = local.replace(fold=0).utcoffset() or timedelta()
    after = local.replace(fold=1).utcoffset() or timedelta()
    naive, zone = local.replace(tzinfo=None), local.tzinfo
    earliest = (naive - max(before, after)).replace(tzinfo=UTC)
    was = earliest.astimezone(zone).utcoffset()
    low, high = 0, int(abs(after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        same = (earliest + timedelta(seconds=middle)).astimezone(zone).utcoffset() == was
        low, high = (middle, high) if same else (low, middle)
    return earliest + timedelta(seconds=high)
