"""Makes statistics of one window of time: from changes, or from the tier below."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.database.pages import newest_before, ranges
from hub.recorder.statistics.buckets import (
    COLUMNS,
    KINDS,
    SECOND,
    Base,
    Ends,
    Meaning,
    Row,
    merged,
    number,
)
from hub.recorder.statistics.ledger import Ledger, candidates
from hub.recorder.statistics.windows import Reading, Window
from hub.util.json import loads

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.recorder.policies import Policies

SHORT: Final = 300
HOUR: Final = 3600

MAX_MEANINGS: Final = 50_000

NO_MEANING: Final = Meaning()

_COVERAGE: Final = 1 + COLUMNS.index("coverage")


@dataclass(slots=True)
class Compiled:
    """What a window came to: rows by series, and the rows that are no longer true."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    """Numbers of series that have no row in this window."""


class Compiler:
    """Reads a window and returns its rows; writing them is the caller's matter."""

    def __init__(self, ledger: Ledger, policies: "Policies") -> None:
        """Find series in `ledger`; what has no statistics by `policies` is left out."""
        self._ledger = ledger
        self._policies = policies
        self._meanings: dict[int, Meaning] = {}

    async def entities(self, connection: "AsyncConnection") -> dict[int, str]:
        """Return the entities that may have statistics, by number."""
        from sqlalchemy import select

        from hub.recorder.database.tables import entities as table

        found = await connection.execute(
            select(table.c.id, table.c.entity_id).where(table.c.entity_id.like("sensor.%"))
        )
        names = {int(key): str(name) for key, name in found}
        wanted = set(candidates(names.values()))
        of = self._policies.of
        return {key: name for key, name in names.items() if name in wanted and of(name).statistics}

    async def short(
        self,
        connection: "AsyncConnection",
        start: int,
        entities: dict[int, str],
        ends: Ends,
        *,
        current: bool,
    ) -> Compiled:
        """Return the 5 minutes that begin at `start` seconds.

        `current` = nothing later was compiled before; else it is done again, because a row came
        late, and what is known already is kept where the changes themselves are gone.
        """
        from hub.recorder.database.tables import states

        if len(self._meanings) > MAX_MEANINGS:
            self._meanings.clear()
        begin, end = start * SECOND, (start + SHORT) * SECOND
        keys = list(entities)
        bases = await self._bases(connection, entities.values(), start)
        held = {row[0]: row for row in await self._held(connection, keys, begin)}
        await self._learn(connection, (row[3] for row in held.values()))

        def opened(key: int) -> Window:
            before = held.get(key)
            return Window(
                begin,
                end,
                ends,
                lambda unit: bases.get((entities[key], unit)),
                None if before is None else self._reading(before),
            )

        work = _Pass(self._ledger, entities, opened, current=current)
        columns = (states.c.entity, states.c.time, states.c.state, states.c.attributes)
        async for page in ranges(connection, columns, keys, begin, end):
            await self._learn(connection, (row[3] for row in page))
            for row in page:
                work.take(row[0], self._reading(row))
            await asyncio.sleep(0)
        work.close()
        for turn, key in enumerate(held):
            work.unchanged(key)
            if turn % 200 == 199:
                await asyncio.sleep(0)
        if not current:
            await self._keep_what_is_gone(connection, start, entities, held, work.found)
        return work.found

    async def tier(
        self,
        connection: "AsyncConnection",
        source: "Table",
        lengths: int,
        start: int,
        end: int,
        metas: Collection[int],
    ) -> Compiled:
        """Return a window of a higher tier, made of the rows of `lengths` seconds in `source`."""
        columns = [source.c.meta, *(source.c[name] for name in COLUMNS)]
        found = Compiled()
        rows: dict[int, list[Row]] = {}

        def close(but: int | None) -> None:
            for meta in [meta for meta in rows if meta != but]:
                row = merged(rows.pop(meta), lengths, start, end - start)
                found.rows.append({"meta": meta, **row.as_dict()})

        async for page in ranges(connection, columns, list(metas), start, end):
            for item in page:
                values: tuple[Any, ...] = tuple(item)
                row = Row(*values[1:])
                if values[_COVERAGE] is None:
                    row.coverage, row.count = 1.0, row.count or 0  # from outside
                rows.setdefault(values[0], []).append(row)
            close(page[-1][0])
            await asyncio.sleep(0)
        close(None)
        made = {row["meta"] for row in found.rows}
        found.gone = [meta for meta in metas if meta not in made]
        return found

    # --- inside

    async def _keep_what_is_gone(
        self,
        connection: "AsyncConnection",
        start: int,
        entities: dict[int, str],
        held: Collection[int],
        found: Compiled,
    ) -> None:
        """Leave a row alone that knows more than the changes that are still there."""
        from sqlalchemy import select

        from hub.recorder.database.tables import statistics_short as table

        names = {meta.id: meta.entity_id for meta in self._ledger.of(entities.values())}
        keys = list(names)
        numbers = {name: key for key, name in entities.items()}
        before: dict[int, float] = {}
        for at in range(0, len(keys), 500):
            part = select(table.c.meta, table.c.coverage).where(
                table.c.meta.in_(keys[at : at + 500]), table.c.start == start
            )
            before |= {int(meta): float(cover) for meta, cover in await connection.execute(part)}
        known = {meta for meta, name in names.items() if numbers[name] in held}
        found.rows = [
            row
            for row in found.rows
            if row["meta"] in known or row["coverage"] >= before.get(row["meta"], 0.0) - 1e-9
        ]
        made = {row["meta"] for row in found.rows}
        found.gone = [meta for meta in before if meta in known and meta not in made]

    async def _held(
        self, connection: "AsyncConnection", keys: Sequence[int], begin: int
    ) -> Sequence[Any]:
        from hub.recorder.database.tables import entities, states

        columns = (states.c.entity, states.c.time, states.c.state, states.c.attributes)
        return await newest_before(connection, entities.c.id, columns, keys, begin)

    async def _bases(
        self, connection: "AsyncConnection", entity_ids: Iterable[str], start: int
    ) -> dict[tuple[str, str | None], Base]:
        """Return where meters stood before `start`: from the finest tier that still knows."""
        from hub.recorder.database.tables import (
            statistics_day,
            statistics_hour,
            statistics_meta,
            statistics_short,
        )

        waiting = {meta.id: meta for meta in self._ledger.of(entity_ids) if meta.has_sum}
        found: dict[tuple[str, str | None], Base] = {}
        # a row of a higher tier counts only when it ends before: a day has up to 25 hours
        for table, back in (
            (statistics_short, 0),
            (statistics_hour, HOUR - 1),
            (statistics_day, 89_999),
        ):
            if not waiting:
                break
            columns = [table.c[name] for name in ("meta", "start", "sum", "state", "last_reset")]
            rows = await newest_before(
                connection, statistics_meta.c.id, columns, list(waiting), start - back
            )
            for row in rows:
                key, _, total, state, last_reset = tuple[Any, ...](row)
                if total is not None:
                    meta = waiting.pop(key)
                    found[(meta.entity_id, meta.unit)] = Base(total, state, last_reset)
        return found

    def _reading(self, row: Any) -> Reading:
        meaning = NO_MEANING if row[3] is None else self._meanings.get(row[3], NO_MEANING)
        value = None if meaning.kind is None else number(row[2])
        return Reading(row[1], value, meaning)

    async def _learn(self, connection: "AsyncConnection", ids: Iterable[int | None]) -> None:
        """Read what attributes that are not known yet say of a number."""
        from sqlalchemy import select

        from hub.recorder.database.tables import attributes as table

        missing = [item for item in {*ids} if item is not None and item not in self._meanings]
        for at in range(0, len(missing), 500):
            part = select(table.c.id, table.c.data).where(table.c.id.in_(missing[at : at + 500]))
            for key, data in await connection.execute(part):
                self._meanings[key] = meaning_of(loads(data))
            await asyncio.sleep(0)


class _Pass:
    """Goes through the changes of a window, entity by entity."""

    def __init__(
        self,
        ledger: Ledger,
        entities: Mapping[int, str],
        opened: Callable[[int], Window],
        *,
        current: bool,
    ) -> None:
        """Begin each entity with the window that `opened` returns."""
        self.found = Compiled()
        self._ledger = ledger
        self._entities = entities
        self._opened = opened
        self._current = current
        self._done: set[int] = set()
        self._at: int | None = None
        self._window: Window | None = None

    def take(self, key: int, reading: Reading) -> None:
        """Take the next change; those of one entity come together."""
        if key != self._at or self._window is None:
            self.close()
            self._at, self._window = key, self._opened(key)
            self._done.add(key)
        self._window.feed(reading)

    def unchanged(self, key: int) -> None:
        """Take an entity that had no change in the window; one that had is passed over."""
        if key not in self._done:
            self._conclude(key, self._opened(key))

    def close(self) -> None:
        """End the entity that was read last."""
        window, self._window = self._window, None
        if window is not None and self._at is not None:
            self._conclude(self._at, window)

    def _conclude(self, key: int, window: Window) -> None:
        entity_id = self._entities[key]
        made = window.rows()
        now = NO_MEANING if window.held is None else window.held.meaning
        for unit, tally, row in made:
            last = self._current and (now.kind is None or now.unit == unit)
            meta = self._ledger.make(entity_id, unit, tally.kind, current=last)
            self.found.rows.append({"meta": meta.id, **row.as_dict()})


def meaning_of(attributes: dict[str, Any]) -> Meaning:
    """Return what attributes say of a number."""
    kind = attributes.get("state_class")
    if kind not in KINDS:
        return NO_MEANING
    unit = attributes.get("unit_of_measurement")
    text = None if unit is None else str(unit)[:64]
    return Meaning(kind, text, _epoch(attributes.get("last_reset")))


def _epoch(value: object) -> float | None:
    """Return a time in seconds, from a number or ISO 8601; None for anything else."""
    from datetime import UTC, datetime

    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
