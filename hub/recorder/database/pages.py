"""Reads wide ranges of clustered tables in pages, so that neither memory nor the loop fill up."""

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy import Column, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

GROUP: Final = 200
"""Keys that are asked for at once."""

PAGE: Final = 1000
"""Rows that are read at once."""


async def ranges(
    connection: "AsyncConnection",
    columns: "Sequence[Column[Any]]",
    keys: Sequence[int],
    begin: int,
    end: int,
) -> "AsyncIterator[Sequence[Any]]":
    """Yield pages of the rows of `keys` from `begin` up to, without, `end`.

    `columns` begin with the two of the primary key, number and time; rows come ordered by both.
    """
    from sqlalchemy import select

    key, time = columns[0], columns[1]
    inside = select(*columns).where(time < end).order_by(key, time).limit(PAGE)
    waiting = sorted(keys)
    while waiting:
        group = waiting[:GROUP]
        found = (await connection.execute(inside.where(key.in_(group), time >= begin))).all()
        if found:
            yield found
        if len(found) < PAGE:
            del waiting[:GROUP]
            continue
        last = found[-1][0]
        waiting = [number for number in waiting if number > last]
        while len(found) == PAGE:
            after = found[-1][1]
            found = (await connection.execute(inside.where(key == last, time > after))).all()
            if found:
                yield found


async def newest_before(
    connection: "AsyncConnection",
    owners: "Column[Any]",
    columns: "Sequence[Column[Any]]",
    keys: Sequence[int],
    before: int,
) -> list[Any]:
    """Return the newest row before a time of each of `keys`.

    `owners` is the column that holds every key once, `columns` begin with number and time.
    """
    from sqlalchemy import and_, func, select

    key, time = columns[0], columns[1]
    table: Table = key.table
    earlier = table.alias("earlier")
    newest = (
        select(func.max(earlier.c[time.name]))
        .where(earlier.c[key.name] == owners, earlier.c[time.name] < before)
        .scalar_subquery()
    )
    joined = owners.table.join(table, and_(key == owners, time == newest))
    statement = select(*columns).select_from(joined)
    found: list[Any] = []
    for group in grouped(keys, GROUP):
        found += (await connection.execute(statement.where(owners.in_(group)))).all()
    return found


def grouped(items: Sequence[int], size: int) -> Iterator[list[int]]:
    """Return the items in lists of at most `size`."""
    source = iter(items)
    while group := list(islice(source, size)):
        yield group
