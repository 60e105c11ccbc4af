"""Deletes ranges of rows in small transactions, so that the writer hardly notices."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.errors import RecorderUnavailable

if TYPE_CHECKING:
    from sqlalchemy import Column, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.recorder.recorder import Recorder
    from hub.util.clock import Clock

FEWEST: Final = 100
MOST: Final = 1000
"""Rows of one transaction."""

LONG: Final = 0.05
SHORT: Final = 0.01
AIM: Final = 0.02
"""Seconds: above `LONG` a transaction takes half the rows, below `SHORT` twice as many."""

PAUSE: Final = 0.02
"""Seconds between two transactions."""

CROWDED: Final = 500
"""Rows that wait to be written: then deleting waits as well."""

PATIENCE: Final = 5.0
"""The longest that it waits for those, in seconds."""

AT_ONCE: Final = 256
"""Ranges that one transaction looks at, at most."""

RETRIES: Final = (0.5, 2.0, 5.0)
"""Seconds before a transaction is tried again: another one had a lock, a server was restarted."""

Range = tuple[int, int, int]
"""Number of the entity or series, from this time on, up to (without) that time."""


@dataclass(slots=True)
class Pace:
    """How many rows go at once; follows what the last transaction took."""

    clock: "Clock"
    backlog: Callable[[], int]
    rows: int = MOST
    pause: float = PAUSE
    longest: float = 0.0
    """Seconds of the longest transaction so far."""
    seconds: float = field(default=0.0, init=False)
    """What all of them took."""

    def took(self, seconds: float) -> None:
        """Adapt to the time of a transaction."""
        self.seconds += seconds
        self.longest = max(self.longest, seconds)
        if seconds > LONG:
            self.rows = max(FEWEST, self.rows // 2)
        elif seconds < SHORT:
            self.rows = min(MOST, self.rows * 2)

    async def rest(self) -> None:
        """Let others work; longer while rows wait to be written."""
        if self.pause:
            await self.clock.sleep(self.pause)
        waited = 0.0
        while self.backlog() > CROWDED and waited < PATIENCE:
            await self.clock.sleep(0.1)
            waited += 0.1
        await asyncio.sleep(0)


async def delete_ranges(
    recorder: "Recorder", table: "Table", ranges: Iterable[Range], pace: Pace
) -> AsyncIterator[int]:
    """Delete ranges of a table clustered by its first two columns; yields rows per transaction.

    Nothing is remembered but the rows themselves: what is cut off goes on with the same ranges.
    Raises `RecorderUnavailable`.
    """
    waiting = list(reversed([item for item in ranges if item[1] < item[2]]))
    attempts = 0
    while waiting:
        part = waiting[-AT_ONCE:]
        try:
            gone = await _some(recorder, table, part, pace)
        except RecorderUnavailable:
            attempts += 1
            if attempts > len(RETRIES):
                raise
            await pace.clock.sleep(RETRIES[attempts - 1])
            continue
        attempts = 0
        waiting[-AT_ONCE:] = part
        yield gone
        if waiting:
            await pace.rest()


async def _some(recorder: "Recorder", table: "Table", waiting: list[Range], pace: Pace) -> int:
    """Delete in one transaction, from the end of the list; what is left stays in it."""
    key, when = list(table.primary_key)
    gone, spent = 0, 0.0
    async with recorder.write() as connection:
        # the wait for the writer before this is not the transaction's doing
        began = time.perf_counter()
        while waiting and gone < pace.rows and spent < AIM:
            number, begin, end = waiting.pop()
            room = pace.rows - gone
            last = await _nth(connection, (key, when), (number, begin, end), room)
            within = (key == number, when >= begin, when < end)
            if last is not None:
                within = (key == number, when >= begin, when <= last)
                waiting.append((number, last + 1, end))
            done = await connection.execute(table.delete().where(*within))
            gone += done.rowcount
            spent = time.perf_counter() - began
    pace.took(time.perf_counter() - began)
    return gone


async def delete_numbers(
    recorder: "Recorder", table: "Table", numbers: Sequence[int], pace: Pace
) -> AsyncIterator[int]:
    """Delete rows by `id`, in the same small transactions."""
    at = 0
    while at < len(numbers):
        part = numbers[at : at + min(pace.rows, 500)]
        async with recorder.write() as connection:
            began = time.perf_counter()
            done = await connection.execute(table.delete().where(table.c.id.in_(part)))
        pace.took(time.perf_counter() - began)
        at += len(part)
        yield done.rowcount
        if at < len(numbers):
            await pace.rest()


async def _nth(
    connection: "AsyncConnection",
    columns: "tuple[Column[Any], Column[Any]]",
    within: Range,
    room: int,
) -> int | None:
    """Return the time of the last row that still fits; None when the whole range does."""
    from sqlalchemy import select

    key, when = columns
    number, begin, end = within
    statement = (
        select(when)
        .where(key == number, when >= begin, when < end)
        .order_by(when)
        .limit(2)
        .offset(room - 1)
    )
    found = (await connection.scalars(statement)).all()
    return int(found[0]) if len(found) == 2 else None
