"""Which rows may go: too old by their policy, and not needed for statistics any more."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.database.pages import GROUP, grouped
from hub.recorder.statistics.buckets import SECOND

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.recorder.retention.deleting import Range
    from hub.recorder.statistics.marks import Marks

DAY: Final = 86400

Cutoffs = Callable[[str], Sequence[tuple[float, float]]]
"""Stretches of an entity's rows that are too old, in seconds."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the rows of an entity begin, and up to where they may go; in microseconds."""

    key: int
    entity_id: str
    oldest: int
    limit: int
    """The row that held when statistics were made last, and all behind it, stay."""


async def extents(
    connection: "AsyncConnection", names: dict[int, str], marks: "Marks | None"
) -> list[Extent]:
    """Return what may go of each entity; those with nothing to spare are left out.

    Without `marks` statistics do not matter: only the newest row of each entity stays.
    """
    from sqlalchemy import and_, func, select

    from hub.recorder.database.tables import entities, states

    own = states.c.entity == entities.c.id
    within = own if marks is None else and_(own, states.c.time <= marks.short * SECOND)
    oldest = select(func.min(states.c.time)).where(own).scalar_subquery()
    limit = select(func.max(states.c.time)).where(within).scalar_subquery()
    found: list[Extent] = []
    for group in grouped(list(names), GROUP):
        statement = select(entities.c.id, oldest, limit).where(entities.c.id.in_(group))
        for key, first, last in await connection.execute(statement):
            if first is not None and last is not None and first < last:
                found.append(Extent(key, names[key], int(first), int(last)))
    return found


def ranges(found: Iterable[Extent], cutoffs: Cutoffs) -> "list[Range]":
    """Return the ranges of states that may go."""
    result: list[Range] = []
    for extent in found:
        for begin, end in cutoffs(extent.entity_id):
            first = max(extent.oldest, int(begin * SECOND))
            last = min(extent.limit, int(end * SECOND))
            if first < last:
                result.append((extent.key, first, last))
    return result


async def all_names(connection: "AsyncConnection") -> dict[int, str]:
    """Return every entity by number."""
    from sqlalchemy import select

    from hub.recorder.database.tables import entities

    found = await connection.execute(select(entities.c.id, entities.c.entity_id))
    return {int(key): str(name) for key, name in found}


async def counted(connection: "AsyncConnection", table: "Table", found: "Sequence[Range]") -> int:
    """Return how many rows ranges hold."""
    from sqlalchemy import func, select

    key, when = list(table.primary_key)
    total = 0
    for number, begin, end in found:
        statement = (
            select(func.count()).select_from(table).where(key == number, when >= begin, when < end)
        )
        total += int(await connection.scalar(statement) or 0)
    return total


async def old_statistics(
    connection: "AsyncConnection", marks: "Marks", now: float, short_days: float, hour_days: float
) -> "list[tuple[Table, list[Range]]]":
    """Return the ranges of each tier that may go; none before the tiers above are made of it.

    Days are made of 5-minute rows where clocks are half an hour off, so those wait for both.
    """
    from sqlalchemy import func, select

    from hub.recorder.database.tables import statistics_hour, statistics_meta, statistics_short

    result: list[tuple[Table, list[Range]]] = []
    for table, days, made in (
        (statistics_short, short_days, min(marks.hour, marks.day)),
        (statistics_hour, hour_days, marks.day),
    ):
        until = min(int(now - days * DAY), made)
        oldest = select(func.min(table.c.start)).where(table.c.meta == statistics_meta.c.id)
        each = select(statistics_meta.c.id, oldest.scalar_subquery().label("oldest")).subquery()
        keys = await connection.scalars(select(each.c.id).where(each.c.oldest < until))
        result.append((table, [(int(key), 0, until) for key in keys]))
    return result


async def old_events(connection: "AsyncConnection", until: float, most: int) -> list[Any]:
    """Return the numbers of some events before a time, oldest first."""
    from sqlalchemy import select

    from hub.recorder.database.tables import events

    statement = (
        select(events.c.id)
        .where(events.c.time < int(until * SECOND))
        .order_by(events.c.time)
        .limit(most)
    )
    return list(await connection.scalars(statement))
