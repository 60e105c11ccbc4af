"""Writing a batch, the quickest way that each database has.

SQLite takes tuples by `executemany`; PostgreSQL one array for each column; MySQL many rows in one
statement, which aiomysql makes of `executemany`, in short pieces because it does so on the loop.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.writing.names import chunks
from hub.recorder.writing.rows import Row, Rows

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Dialect
    from sqlalchemy.ext.asyncio import AsyncConnection

TABLES: Final = ("entities", "attributes", "event_types", "contexts", "states", "events")

_PIECES: Final = {"sqlite": 5_000, "postgresql": 1_000, "mysql": 400}
_LOOKED_AT: Final = 400
_MAX_MOVES: Final = 100


async def insert(connection: "AsyncConnection", rows: Rows, *, careful: bool) -> None:
    """Insert a batch; `careful` when some of it may be there already.

    Then rows that are there are left out, and others whose place is taken are moved on by a
    microsecond. Raises what drivers raise.
    """
    if careful:
        rows.states = await _spared_states(connection, rows.states)
        rows.events = await _spared_events(connection, rows.events)
    for name in TABLES:
        await insert_rows(connection, name, getattr(rows, name))


async def insert_rows(connection: "AsyncConnection", name: str, rows: Sequence[Row]) -> None:
    """Insert rows of all columns into one table."""
    if not rows:
        return
    dialect = connection.dialect
    statement = _statement(dialect, name)
    for piece in chunks(rows, _PIECES.get(dialect.name, 400)):
        if dialect.name == "postgresql":
            columns: Any = tuple(list(column) for column in zip(*piece, strict=True))
            await connection.exec_driver_sql(statement, columns)
        else:
            await connection.exec_driver_sql(statement, list(piece))
        await asyncio.sleep(0)


def _statement(dialect: "Dialect", name: str) -> str:
    from hub.recorder.database.tables import metadata

    return _compiled(dialect, metadata.tables[name])


@lru_cache(maxsize=64)
def _compiled(dialect: "Dialect", table: "Table") -> str:
    quote = dialect.identifier_preparer.quote
    columns = list(table.columns)
    into = f"INSERT INTO {quote(table.name)} ({', '.join(quote(c.name) for c in columns)})"
    if dialect.name == "postgresql":
        arrays = ", ".join(
            f"${number}::{column.type.compile(dialect)}[]"
            for number, column in enumerate(columns, 1)
        )
        return f"{into} SELECT * FROM unnest({arrays})"  # noqa: S608 - names of our own
    mark = "?" if dialect.name == "sqlite" else "%s"
    return f"{into} VALUES ({', '.join([mark] * len(columns))})"


async def _spared_states(connection: "AsyncConnection", rows: Sequence[Row]) -> list[Row]:
    """Leave out states that are there; move those whose place another one has."""
    kept: list[Row] = []
    waiting = list(rows)
    taken: set[tuple[int, int]] = set()
    for _ in range(_MAX_MOVES):
        there = await _there(connection, [(row[0], row[1]) for row in waiting])
        moved: list[Row] = []
        for row in waiting:
            key = (row[0], row[1])
            if there.get(key, _NOTHING) == row[2]:
                continue
            if key in there or key in taken:
                moved.append((row[0], row[1] + 1, *row[2:]))
            else:
                taken.add(key)
                kept.append(row)
        if not moved:
            break
        waiting = moved
    kept.sort(key=lambda row: row[:2])
    return kept


_NOTHING: Final = object()


async def _there(
    connection: "AsyncConnection", keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], str | None]:
    """Return the state texts that the database has under some keys."""
    from sqlalchemy import select, tuple_

    from hub.recorder.database.tables import states

    found: dict[tuple[int, int], str | None] = {}
    for chunk in chunks(keys, _LOOKED_AT):
        rows = await connection.execute(
            select(states.c.entity, states.c.time, states.c.state).where(
                tuple_(states.c.entity, states.c.time).in_(chunk)
            )
        )
        found.update(((entity, time), text) for entity, time, text in rows)
    return found


async def _spared_events(connection: "AsyncConnection", rows: Sequence[Row]) -> list[Row]:
    """Leave out events that are there."""
    from sqlalchemy import select

    from hub.recorder.database.tables import events

    there: set[int] = set()
    for chunk in chunks([row[0] for row in rows], _LOOKED_AT):
        found = await connection.scalars(select(events.c.id).where(events.c.id.in_(chunk)))
        there.update(found)
    return [row for row in rows if row[0] not in there]
