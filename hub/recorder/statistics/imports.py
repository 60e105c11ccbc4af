"""Statistics that come from outside, and statistics that are taken away."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.database.upserts import upsert
from hub.recorder.statistics.buckets import COLUMNS
from hub.recorder.statistics.calendar import day_after, day_begin
from hub.recorder.statistics.ledger import OWN
from hub.recorder.statistics.series import day_rows, table_of
from hub.recorder.statistics.units import class_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.recorder.recorder import Recorder

ROWS: Final = 500
"""Rows of one transaction."""


async def import_hours(
    recorder: "Recorder",
    series: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    zone: "ZoneInfo",
) -> int:
    """Write hours of a series, made where there is none; return how many.

    `series` has the columns of `statistics_meta` but `id`; `rows` have `start` in seconds and what
    is known of each hour, and replace what is there. Their days are made anew, but for those that
    the recorder has still to make itself. Raises `RecorderUnavailable`.
    """
    async with recorder.write() as connection:
        number = await _number(connection, series)
    table = table_of("hour")
    made = [{"meta": number, **{name: row.get(name) for name in COLUMNS}} for row in rows]
    for row in made:
        row["last"] = row["mean"] if row["last"] is None else row["last"]
    for at in range(0, len(made), ROWS):
        async with recorder.write() as connection:
            await upsert(connection, table, made[at : at + ROWS])
    starts = sorted({int(row["start"]) for row in rows})
    await _days(recorder, number, series["source"], starts, zone)
    return len(made)


async def clear(
    recorder: "Recorder",
    numbers: Collection[int],
    start: int | None = None,
    end: int | None = None,
) -> None:
    """Take away series with their names, or what of them begins in a range.

    In transactions of few rows, so that recording goes on. Raises `RecorderUnavailable`.
    """
    from sqlalchemy import select

    from hub.recorder.database.tables import statistics_meta

    for number in numbers:
        for period in ("5minute", "hour", "day"):
            table = table_of(period)
            wanted = [table.c.meta == number]
            if start is not None and end is not None:
                wanted += [table.c.start >= start, table.c.start < end]
            while True:
                async with recorder.write() as connection:
                    some = select(table.c.start).where(*wanted).order_by(table.c.start).limit(ROWS)
                    starts = [row[0] for row in await connection.execute(some)]
                    if starts:
                        upto = table.c.start <= starts[-1]
                        await connection.execute(table.delete().where(*wanted, upto))
                if len(starts) < ROWS:
                    break
        if start is None:
            async with recorder.write() as connection:
                gone = statistics_meta.c.id == number
                await connection.execute(statistics_meta.delete().where(gone))


async def _number(connection: "AsyncConnection", series: Mapping[str, Any]) -> int:
    """Return the number of a series whose row is written; those from outside are below 0.

    The statistics of entities count upwards from 1 in memory, so neither takes the other's.
    """
    from sqlalchemy import func, select

    from hub.recorder.database.tables import statistics_meta as table

    row = {**series, "unit_class": class_of(series["unit"])}
    name = table.c.statistic_id == series["statistic_id"]
    found = await connection.scalar(select(table.c.id).where(name))
    if found is not None:
        if series["source"] != OWN:
            await connection.execute(table.update().where(name).values(**row))
        return int(found)
    lowest = await connection.scalar(select(func.min(table.c.id)))
    number = min(int(lowest or 0), 0) - 1
    await connection.execute(table.insert(), {"id": number, **row})
    return number


async def _days(
    recorder: "Recorder", number: int, source: str, starts: Sequence[int], zone: "ZoneInfo"
) -> None:
    """Make the days anew into which some hours fall."""
    from hub.recorder.statistics.marks import load

    table = table_of("day")
    async with recorder.read() as connection:
        marks, _ = await load(connection)
    until = None if source != OWN else 0 if marks is None else marks.day
    days = sorted({day_begin(start, zone) for start in starts})
    for at in range(0, len(days), ROWS):
        made: list[dict[str, Any]] = []
        async with recorder.write() as connection:
            for begin in days[at : at + ROWS]:
                if until is not None and begin >= until:
                    continue
                end = day_after(begin, zone)
                made += await day_rows(connection, number, begin, end)
            await upsert(connection, table, [{"meta": number, **row} for row in made])
