"""Statistics as they are asked for: series by name, points of a period, one number for a range."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.statistics.buckets import Row, merged
from hub.recorder.statistics.periods import SECONDS, begin_of, end_of
from hub.recorder.statistics.units import converter

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Select, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.recorder.recorder import Recorder

PAGE: Final = 4_000
"""Points that are read at once."""

MEASURED: Final = ("mean", "min", "max")
METERED: Final = ("state", "sum", "change")
TYPES: Final = (*MEASURED, "last_reset", *METERED)

HOUR: Final = SECONDS["hour"]
SHORT: Final = SECONDS["5minute"]
SHORTEST_DAY: Final = 23 * 3600


_WHOLE: Final = ("mean", "min", "max", "last", "sum", "state", "coverage", "count", "last_reset")


@dataclass(frozen=True, slots=True)
class Series:
    """One row of `statistics_meta`."""

    id: int
    statistic_id: str
    source: str
    unit: str | None
    unit_class: str | None
    has_mean: bool
    has_sum: bool
    mean_type: int
    name: str | None

    def as_dict(self, display: str | None) -> dict[str, Any]:
        """Return the wire form; `display` is the unit that people see."""
        return {
            "statistic_id": self.statistic_id,
            "display_unit_of_measurement": display,
            "has_mean": self.has_mean,
            "mean_type": self.mean_type,
            "has_sum": self.has_sum,
            "name": self.name,
            "source": self.source,
            "statistics_unit_of_measurement": self.unit,
            "unit_class": self.unit_class,
        }

    def converted(self, points: "Points", wanted: str | None) -> None:
        """Tell points in another unit; raises `ValueError` where that can not be."""
        if wanted == self.unit:
            return
        value = converter(self.unit, wanted)
        part = converter(self.unit, wanted, difference=True)
        if value is None or part is None:
            raise ValueError(f"{self.unit} can not be told in {wanted}")
        for name, column in points.columns.items():
            if name == "last_reset":
                continue
            turn = part if name in ("sum", "change") else value
            points.columns[name] = [None if item is None else turn(item) for item in column]


@dataclass(slots=True)
class Points:
    """Points of one series, oldest first, as columns; times in seconds."""

    starts: list[int]
    ends: list[int]
    columns: dict[str, list[float | None]]


class SeriesReader:
    """Reads statistics; every method raises `RecorderUnavailable` where it can not."""

    def __init__(self, recorder: "Recorder") -> None:
        """Read through `recorder`."""
        self._recorder = recorder

    async def list(self, statistic_ids: Collection[str] | None = None) -> "list[Series]":
        """Return the series with some names, or all, by name."""
        async with self._recorder.read() as connection:
            found = await connection.execute(_series())
            rows = [Series(*row) for row in found]
        if statistic_ids is not None:
            rows = [row for row in rows if row.statistic_id in statistic_ids]
        return sorted(rows, key=lambda row: row.statistic_id)

    async def points(
        self,
        series: Series,
        start: float,
        end: float,
        period: str,
        types: Collection[str],
        zone: "ZoneInfo",
    ) -> Points:
        """Return the points of a period that begin in a range.

        Days and what is longer come from the days that are made, and from hours where there is
        no such day: today, and what was only imported. One that reaches over an end of the range
        is told as a whole.
        """
        columns = [name for name in TYPES if name in types and name != "change"]
        if "change" in types and "sum" not in columns:
            columns.append("sum")
        async with self._recorder.read() as connection:
            if period in SECONDS:
                found = await _read(connection, period, series.id, start, end, columns)
            else:
                found = await _long(connection, series.id, start, end, period, zone)
            if "change" in types:
                begin = found.starts[0] if found.starts else 0
                before = await _before(connection, series.id, begin)
                found.columns["change"] = _changes(found.columns["sum"], before)
        found.columns = {name: found.columns[name] for name in TYPES if name in types}
        return found

    async def tier(self, series: Iterable[Series], start: float) -> str:
        """Return the finest period whose rows reach back to `start` for one of the series."""
        async with self._recorder.read() as connection:
            numbers = [one.id for one in series]
            for period in ("5minute", "hour"):
                oldest = await connection.scalar(_oldest(period), {"metas": numbers})
                if oldest is not None and oldest <= start + SECONDS[period]:
                    return period
        return "day"

    async def one(
        self, series: Series, start: float | None, end: float | None, zone: "ZoneInfo"
    ) -> dict[str, float | None]:
        """Return max, mean, min and change of a range, as far as there are statistics.

        Whole hours come from the hours, the ends of the range from stretches of 5 minutes, and
        what is older than all hours from days.
        """
        async with self._recorder.read() as connection:
            parts = await _parts(connection, series.id, start, end, zone)
            change = None
            if series.has_sum and parts and parts[-1].sum is not None:
                before = 0.0
                if start is not None:
                    before = await _before(connection, series.id, int(-(-start // 1))) or 0.0
                change = parts[-1].sum - before
        whole = merged(parts, 1.0, 0, 1.0) if parts else Row(0)
        return {"max": whole.max, "mean": whole.mean, "min": whole.min, "change": change}


# --- statements


def table_of(period: str) -> "Table":
    """Return the table that holds the points of a period."""
    from hub.recorder.database import tables

    return {
        "5minute": tables.statistics_short,
        "hour": tables.statistics_hour,
        "day": tables.statistics_day,
    }[period]


@cache
def _series() -> "Select[*tuple[Any, ...]]":
    from sqlalchemy import select

    from hub.recorder.database.tables import statistics_meta as table

    columns = ("id", "statistic_id", "source", "unit", "unit_class", "has_mean", "has_sum")
    return select(*(table.c[name] for name in (*columns, "mean_type", "name")))


@cache
def _page(period: str, columns: tuple[str, ...]) -> "Select[*tuple[Any, ...]]":
    from sqlalchemy import bindparam, select

    table = table_of(period)
    return (
        select(table.c.start, *(table.c[name] for name in columns))
        .where(
            table.c.meta == bindparam("meta"),
            table.c.start >= bindparam("first"),
            table.c.start < bindparam("end"),
        )
        .order_by(table.c.start)
        .limit(PAGE)
    )


@cache
def _oldest(period: str) -> "Select[*tuple[Any, ...]]":
    from sqlalchemy import bindparam, func, select

    table = table_of(period)
    return select(func.min(table.c.start)).where(
        table.c.meta.in_(bindparam("metas", expanding=True))
    )


@cache
def _sum_before(period: str) -> "Select[*tuple[Any, ...]]":
    from sqlalchemy import bindparam, select

    table = table_of(period)
    return (
        select(table.c.start, table.c.sum)
        .where(
            table.c.meta == bindparam("meta"),
            table.c.start <= bindparam("latest"),
            table.c.sum.is_not(None),
        )
        .order_by(table.c.start.desc())
        .limit(1)
    )


@cache
def _total(period: str) -> "Select[*tuple[Any, ...]]":
    """Return weight, weighted mean, min and max of a range, and the time of its newest row."""
    from sqlalchemy import bindparam, case, func, select

    table = table_of(period)
    weight = case((table.c.mean.is_(None), 0.0), else_=func.coalesce(table.c.coverage, 1.0))
    return select(
        func.sum(weight),
        func.sum(weight * table.c.mean),
        func.min(table.c.min),
        func.max(table.c.max),
        func.max(table.c.start),
        func.count(),
    ).where(
        table.c.meta == bindparam("meta"),
        table.c.start >= bindparam("first"),
        table.c.start < bindparam("end"),
    )


# --- reading


async def _read(
    connection: "AsyncConnection",
    period: str,
    number: int,
    start: float,
    end: float,
    columns: Sequence[str],
) -> Points:
    """Return the points of a table that begin in a range."""
    pages: list[list[Any]] = [[] for _ in range(len(columns) + 1)]
    first = int(-(-start // 1))
    statement = _page(period, tuple(columns))
    while True:
        limits = {"meta": number, "first": first, "end": end}
        found = (await connection.execute(statement, limits)).all()
        for index, more in enumerate(zip(*found, strict=True)):
            pages[index] += more
        if len(found) < PAGE:
            break
        first = pages[0][-1] + 1
    starts = pages[0]
    length = SECONDS.get(period, 0)
    ends = [begin + length for begin in starts]
    return Points(starts, ends, dict(zip(columns, pages[1:], strict=True)))


async def _long(
    connection: "AsyncConnection",
    number: int,
    start: float,
    end: float,
    period: str,
    zone: "ZoneInfo",
) -> Points:
    """Return days, weeks, months or years that begin in a range."""
    # periods that reach over an end of the range are told as a whole
    first = begin_of(period, start, zone)
    last = end_of(period, begin_of(period, end - 1e-6, zone), zone)
    days = _rows(await _read(connection, "day", number, first, last, _WHOLE))
    known = {row.start for row in days}
    gaps = _gaps(first, last, known, zone)
    for begin, until in gaps:
        hours = _rows(await _read(connection, "hour", number, begin, until, _WHOLE))
        days += _grouped(hours, HOUR, "day", zone)
    days.sort(key=lambda row: row.start)
    groups = days if period == "day" else _grouped(days, 86400.0, period, zone)
    starts = [row.start for row in groups]
    ends = [end_of(period, begin, zone) for begin in starts]
    return Points(starts, ends, {name: [getattr(row, name) for row in groups] for name in _WHOLE})


async def day_rows(
    connection: "AsyncConnection", number: int, begin: int, end: int
) -> list[dict[str, Any]]:
    """Return the row of a day as its hours say, none where there are no hours."""
    hours = _rows(await _read(connection, "hour", number, begin, end, _WHOLE))
    return [merged(hours, HOUR, begin, end - begin).as_dict()] if hours else []


def _gaps(first: int, last: int, known: Collection[int], zone: "ZoneInfo") -> list[tuple[int, int]]:
    """Return the stretches of a range without days, each from its begin to its end."""
    found: list[tuple[int, int]] = []
    begin = first
    for day in sorted(known):
        if day > begin:
            found.append((begin, day))
        begin = end_of("day", day, zone)
    return [*found, (begin, last)] if begin < last else found


def _rows(points: Points) -> list[Row]:
    columns = points.columns
    found = []
    for index, start in enumerate(points.starts):
        row = Row(start)
        for name, column in columns.items():
            value = column[index]
            if value is None and name in _UNSAID:
                value = _UNSAID[name]
            setattr(row, name, value)
        found.append(row)
    return found


_UNSAID: Final = {"coverage": 1.0, "count": 0}
"""What rows count for that were imported and do not say it."""


def _grouped(rows: Iterable[Row], length: float, period: str, zone: "ZoneInfo") -> list[Row]:
    """Return rows put together by the period in which they begin."""
    found: list[Row] = []
    group: list[Row] = []
    begin = until = 0
    for row in rows:
        if row.start >= until:
            if group:
                found.append(merged(group, length, begin, until - begin))
            group = []
            begin = begin_of(period, row.start, zone)
            until = end_of(period, begin, zone)
        group.append(row)
    if group:
        found.append(merged(group, length, begin, until - begin))
    return found


async def _before(connection: "AsyncConnection", number: int, start: int) -> float | None:
    """Return the sum that a meter had reached at a time; None where nothing is older."""
    newest, found = None, None
    for period, length in (("5minute", SHORT), ("hour", HOUR), ("day", SHORTEST_DAY)):
        limits = {"meta": number, "latest": start - length}
        row = (await connection.execute(_sum_before(period), limits)).first()
        if row is not None and (newest is None or row[0] + length > newest):
            newest, found = row[0] + length, float(row[1])
    return found


def _changes(sums: Sequence[float | None], before: float | None) -> list[float | None]:
    found: list[float | None] = []
    last = before or 0.0
    for value in sums:
        found.append(None if value is None else value - last)
        last = last if value is None else value
    return found


async def _parts(
    connection: "AsyncConnection",
    number: int,
    start: float | None,
    end: float | None,
    zone: "ZoneInfo",
) -> list[Row]:
    """Return one row for each stretch of a range that one table tells, oldest first.

    Their coverage is in seconds.
    """
    first = 0 if start is None else int(-(-start // SHORT) * SHORT)
    last = 2**40 if end is None else int(end // SHORT * SHORT)
    oldest = await connection.scalar(_oldest("hour"), {"metas": [number]})
    begin = -(-first // HOUR) * HOUR
    until = last // HOUR * HOUR
    newest = None if oldest is None else await _newest(connection, number, until)
    found: list[Row] = []
    if oldest is None or newest is None or newest < begin:
        found += await _part(connection, "5minute", number, first, last)
    else:
        if first < oldest:
            day = begin_of("day", oldest, zone)
            found += await _part(connection, "day", number, first, day)
        found += await _part(connection, "5minute", number, first, begin)
        found += await _part(connection, "hour", number, begin, until)
        found += await _part(connection, "5minute", number, max(newest + HOUR, begin), last)
    return found


async def _newest(connection: "AsyncConnection", number: int, before: int) -> int | None:
    """Return when the newest hour before a time began."""
    from sqlalchemy import func, select

    table = table_of("hour")
    found: int | None = await connection.scalar(
        select(func.max(table.c.start)).where(table.c.meta == number, table.c.start < before)
    )
    return found


async def _part(
    connection: "AsyncConnection", period: str, number: int, first: int, end: int
) -> list[Row]:
    if first >= end:
        return []
    limits = {"meta": number, "first": first, "end": end}
    weight, total, low, high, newest, count = (
        await connection.execute(_total(period), limits)
    ).one()
    if not count:
        return []
    limits = {"meta": number, "latest": newest}
    row = (await connection.execute(_sum_before(period), limits)).first()
    seconds = SECONDS.get(period, 86400)
    return [
        Row(
            newest,
            mean=total / weight if weight else None,
            min=low,
            max=high,
            sum=None if row is None or row[0] < first else float(row[1]),
            coverage=float(weight or 0.0) * seconds,
        )
    ]
