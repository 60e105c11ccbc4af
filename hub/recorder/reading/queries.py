"""States and events of the past, read in pieces so that memory stays small and the loop free."""

from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.events import Context
from hub.recorder.model import Change, Happening
from hub.recorder.reading import statements
from hub.recorder.reading.attributes import BATCH, Attributes
from hub.recorder.reading.columns import Columns
from hub.recorder.reading.decimate import Decimation
from hub.util.json import loads

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.recorder.recorder import Recorder
    from hub.util.clock import Clock

PIECE: Final = 8192
"""Rows that are read and worked on at once."""

PRESENT_SECONDS: Final = 60.0
"""A range that ends later than this before now waits for what is not written yet."""

FIRST_WINDOW: Final = 600_000_000
"""Microseconds of the first window of `changes`."""

SIGNIFICANT_DOMAINS: Final = frozenset(
    {"climate", "device_tracker", "humidifier", "thermostat", "water_heater"}
)
"""Domains in which a change of attributes alone counts as significant."""

ATTRIBUTE_DOMAINS: Final = frozenset(
    {"climate", "humidifier", "input_datetime", "thermostat", "water_heater"}
)
"""Domains whose rows always come with their attributes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of an entity; times are epoch seconds, both ends belong to the range."""

    start: float
    end: float
    held: bool = True
    """Begin with the state that held at the start, dated at the start."""
    significant: bool = True
    """Only changes of the state text, but for some domains."""
    details: bool = True
    """With attributes and times of change in every row; else in the first only.

    Some domains have them in every row anyway.
    """
    max_points: int | None = None
    """Thin out to about so many rows, the extremes kept."""


class History:
    """Reads what the recorder wrote; raises `RecorderUnavailable` where it can not."""

    def __init__(self, recorder: "Recorder", clock: "Clock") -> None:
        """Read through `recorder`."""
        self._recorder = recorder
        self._clock = clock
        self._attributes = Attributes()

    async def catch_up(self, end: float) -> None:
        """Return when what happened before `end` can be read."""
        if end > self._clock.time() - PRESENT_SECONDS:
            await self._recorder.flush()

    async def rows(self, entity_ids: Collection[str], wanted: Wanted) -> AsyncIterator[Columns]:
        """Yield the rows of each entity in its order, a piece at a time; none for unknown ones."""
        await self.catch_up(wanted.end)
        numbers = await self._numbers(entity_ids)
        for entity_id in entity_ids:
            if (number := numbers.get(entity_id)) is None:
                continue
            pieces = self._pieces(entity_id, number, wanted)
            if wanted.max_points is None:
                async for rows in pieces:
                    yield rows
                continue
            decimation = Decimation(wanted.start, wanted.end, wanted.max_points)
            details = wanted.details or entity_id.partition(".")[0] in ATTRIBUTE_DOMAINS
            async for rows in pieces:
                if not details and rows.attributes is not None:
                    yield rows  # the first row, the only one with attributes
                elif kept := decimation.take(rows):
                    yield kept
            if kept := decimation.rest():
                yield kept

    async def texts(self, numbers: Collection[int | None]) -> dict[int | None, bytes]:
        """Return the JSON of attributes by number; `{}` for None."""
        wanted = set(numbers) - {None}
        if not wanted:
            return {None: b"{}"}
        if (known := self._attributes.known(wanted)) is not None:
            return known
        async with self._recorder.read() as connection:
            return await self._attributes.texts(connection, wanted)

    async def entity_ids(self) -> list[str]:
        """Return every entity that was ever recorded."""
        return list(await self._numbers(None))

    async def oldest(self) -> float | None:
        """Return the time of the oldest change in epoch seconds; asks once per entity."""
        async with self._recorder.read() as connection:
            found = await connection.scalar(statements.oldest_change())
        return None if found is None else found / 1e6

    async def changes(
        self, start: float, end: float, entity_ids: Iterable[str] | None = None
    ) -> AsyncIterator[Change]:
        """Yield changes of all (or the named) entities in time order.

        The states that held at `start` come first, with their own older time.
        """
        await self.catch_up(end)
        numbers = list((await self._numbers(entity_ids)).values())
        first, last = round(start * 1e6), round(end * 1e6)
        async for change in self._held(numbers, first):
            yield change
        window = FIRST_WINDOW
        while first < last and numbers:
            until = min(first + window, last)
            found = await self._window(numbers, first, until)
            if found is None and window > 1:
                window //= 2
                continue
            for change in found or ():
                yield change
            first = until
            if len(found or ()) < PIECE // 4:
                window *= 2

    async def events(
        self, start: float, end: float, types: Iterable[str] | None = None
    ) -> AsyncIterator[Happening]:
        """Yield recorded events, all or of some types, in time order."""
        await self.catch_up(end)
        statement = statements.events_between(types is not None)
        limits: dict[str, Any] = {"end": round(end * 1e6), "limit": PIECE // 8}
        if types is not None:
            limits["types"] = list(types)
        after, number = round(start * 1e6), -1
        while True:
            async with self._recorder.read() as connection:
                limits |= {"after": after, "id": number}
                found = (await connection.execute(statement, limits)).all()
            for row in found:
                yield Happening(row[1] / 1e6, row[2], loads(row[3]), _context(*row[4:]))
            if len(found) < limits["limit"]:
                return
            number, after = found[-1][0], found[-1][1]

    # --- reading

    async def _numbers(self, entity_ids: Iterable[str] | None) -> dict[str, int]:
        """Return the numbers of the named entities, or of all, by entity id."""
        found: dict[str, int] = {}
        async with self._recorder.read() as connection:
            if entity_ids is None:
                rows = await connection.execute(statements.all_entities())
                return {name: number for number, name in rows}
            names = list(entity_ids)
            for at in range(0, len(names), BATCH):
                part = {"entity_ids": names[at : at + BATCH]}
                rows = await connection.execute(statements.numbers_of(), part)
                found |= {str(name): int(number) for name, number in rows}
        return found

    async def _pieces(self, entity_id: str, number: int, wanted: Wanted) -> AsyncIterator[Columns]:
        domain = entity_id.partition(".")[0]
        significant = wanted.significant and domain not in SIGNIFICANT_DOMAINS
        details = wanted.details or domain in ATTRIBUTE_DOMAINS
        start, end = round(wanted.start * 1e6), round(wanted.end * 1e6)
        async with self._recorder.read() as connection:
            # without the state that held, the range begins with its first microsecond
            limits = {"entity": number, "start": start - (not wanted.held), "end": end}
            rows = await connection.execute(statements.first_rows(significant), limits)
            found = list(rows.all())
        held = bool(found) and found[0][0] <= limits["start"]
        if held and (not wanted.held or found[0][1] is None):
            del found[0]
        if not found:
            return
        columns = [list(column) for column in zip(*found, strict=True)]
        after = columns[0][-1]
        if held and columns[0][0] <= start:
            columns[0][0], columns[3][0] = start, None
        if not details:
            # the second of the two rows comes with those behind it
            yield Columns(entity_id, columns[0][:1], columns[1][:1], columns[2][:1], columns[3][:1])
            columns = [column[1:] for column in columns[:2]]
        if columns[0]:
            yield Columns(entity_id, *columns)
        statement = statements.piece(self._recorder.dialect, significant, details)
        while after < end:
            async with self._recorder.read() as connection:
                part = {"entity": number, "after": after, "end": end, "limit": PIECE}
                columns = await _columns(connection, self._recorder.dialect, statement, part)
            if not columns or not columns[0]:
                return
            yield Columns(entity_id, *columns)
            after = columns[0][-1]
            if len(columns[0]) < PIECE:
                return

    async def _held(self, numbers: list[int], start: int) -> AsyncIterator[Change]:
        """Yield what held at a time, oldest first, entities that were removed left out."""
        found: list[Change] = []
        for at in range(0, len(numbers), BATCH):
            async with self._recorder.read() as connection:
                limits = {"entities": numbers[at : at + BATCH], "start": start}
                rows = (await connection.execute(statements.held_at(), limits)).all()
                found += await self._changes(
                    connection, [row for row in rows if row[2] is not None]
                )
        for change in sorted(found, key=lambda change: change.time):
            yield change

    async def _window(self, numbers: list[int], after: int, end: int) -> list[Change] | None:
        """Return the changes of a window in time order; None when they are too many at once."""
        found: list[Change] = []
        async with self._recorder.read() as connection:
            for at in range(0, len(numbers), BATCH):
                limits = {
                    "entities": numbers[at : at + BATCH],
                    "after": after,
                    "end": end,
                    "limit": PIECE,
                }
                rows = (await connection.execute(statements.changes_between(), limits)).all()
                if len(found) + len(rows) >= PIECE and end - after > 1:
                    return None
                found += await self._changes(connection, rows)
        return sorted(found, key=lambda change: change.time) if len(numbers) > BATCH else found

    async def _changes(self, connection: "AsyncConnection", rows: Iterable[Any]) -> list[Change]:
        rows = list(rows)
        known = await self._attributes.mappings(connection, {row[3] for row in rows})
        return [
            Change(
                row[0] / 1e6,
                row[1],
                row[2],
                known[row[3]],
                (row[0] if row[4] is None else row[4]) / 1e6,
                _context(*row[5:]),
            )
            for row in rows
        ]


async def _columns(
    connection: "AsyncConnection", dialect: str, statement: Any, limits: dict[str, Any]
) -> list[list[Any]]:
    found = await connection.execute(statement, limits)
    if dialect == "sqlite":
        return [loads(text) for text in found.one()]
    if dialect == "postgresql":
        return [column or [] for column in found.one()]
    return [list(column) for column in zip(*found, strict=True)]


def _context(id: str | None, parent: str | None, user_id: str | None) -> Context | None:
    return None if id is None else Context(user_id, parent, id)
