"""The series of statistics: one per entity and unit, of which one is open under the entity's id."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.database.upserts import upsert
from hub.recorder.statistics.buckets import Kind
from hub.recorder.statistics.units import class_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

OWN: Final = "recorder"
"""`source` of series that are made from an entity's changes."""

CLOSED: Final = "closed"
"""`source`, and what ids begin with, of series whose entity has another unit now."""

DOMAIN: Final = "sensor"
"""Statistics are made of sensors, as everywhere."""


@dataclass(frozen=True, slots=True)
class Meta:
    """One row of `statistics_meta`."""

    id: int
    statistic_id: str
    source: str
    unit: str | None
    has_mean: bool
    has_sum: bool
    name: str | None = None

    @property
    def entity_id(self) -> str:
        """Return the entity that a series of ours belongs to."""
        if self.source != CLOSED:
            return self.statistic_id
        return f"{DOMAIN}.{self.statistic_id.partition(':')[2].rpartition('_')[0]}"

    def as_row(self) -> dict[str, Any]:
        """Return the columns."""
        return {
            "id": self.id,
            "statistic_id": self.statistic_id,
            "source": self.source,
            "unit": self.unit,
            "unit_class": class_of(self.unit),
            "has_mean": self.has_mean,
            "has_sum": self.has_sum,
            "mean_type": int(self.has_mean),
            "name": self.name,
        }


class Ledger:
    """The series as the table has them; `load` before each use, others write there too."""

    def __init__(self) -> None:
        """Begin empty."""
        self._by_series: dict[tuple[str, str | None], Meta] = {}
        self._open: dict[str, Meta] = {}
        self._highest = 0
        self._changed: list[Meta] = []

    async def load(self, connection: "AsyncConnection") -> None:
        """Read the table."""
        from sqlalchemy import select

        from hub.recorder.database.tables import statistics_meta as table

        self._by_series.clear()
        self._open.clear()
        self._changed.clear()
        self._highest = 0
        columns = (table.c.id, table.c.statistic_id, table.c.source, table.c.unit)
        more = (table.c.has_mean, table.c.has_sum, table.c.name)
        for row in await connection.execute(select(*columns, *more)):
            found = Meta(*row)
            self._highest = max(self._highest, found.id)
            if found.source in (OWN, CLOSED):
                self._remember(found)

    def get(self, entity_id: str, unit: str | None) -> Meta | None:
        """Return the series of an entity and a unit, open or closed."""
        return self._by_series.get((entity_id, unit))

    def of(self, entity_ids: Iterable[str] | None = None) -> list[Meta]:
        """Return the series of some entities, or all of ours."""
        if entity_ids is None:
            return list(self._by_series.values())
        wanted = set(entity_ids)
        return [meta for (entity, _), meta in self._by_series.items() if entity in wanted]

    def make(self, entity_id: str, unit: str | None, kind: Kind, *, current: bool) -> Meta:
        """Return the series, made where there is none; `current` = it is the entity's unit now.

        A series of another unit that was open is closed then, under an id of its own. `save`
        writes what changed.
        """
        found = self._by_series.get((entity_id, unit))
        opened = self._open.get(entity_id)
        has_sum = kind != "measurement"
        if found is None:
            self._highest += 1
            source = OWN if current else CLOSED
            found = Meta(self._highest, "", source, unit, not has_sum, has_sum)
            name = entity_id if current else _closed_id(entity_id, found.id)
            found = self._note(replace(found, statistic_id=name))
        if current:
            if opened is not None and opened.id != found.id:
                closed = _closed_id(entity_id, opened.id)
                self._note(replace(opened, statistic_id=closed, source=CLOSED))
            if found.source == CLOSED or found.has_sum is not has_sum:
                found = replace(found, statistic_id=entity_id, source=OWN)
                found = self._note(replace(found, has_mean=not has_sum, has_sum=has_sum))
            self._open[entity_id] = found
        return found

    async def save(self, connection: "AsyncConnection") -> None:
        """Write what changed; closed series first, for two must never share an id."""
        from hub.recorder.database.tables import statistics_meta as table

        newest = {meta.id: meta for meta in self._changed}
        for source in (CLOSED, OWN):
            rows = [meta.as_row() for meta in newest.values() if meta.source == source]
            await upsert(connection, table, rows)

    def saved(self) -> None:
        """Take what was written for granted, after the transaction."""
        self._changed.clear()

    def _note(self, meta: Meta) -> Meta:
        self._changed.append(meta)
        self._remember(meta)
        return meta

    def _remember(self, meta: Meta) -> None:
        entity_id = meta.entity_id
        self._by_series[(entity_id, meta.unit)] = meta
        if meta.source == OWN:
            self._open[entity_id] = meta


async def rename(connection: "AsyncConnection", old: str, new: str) -> bool:
    """Let the open series follow a renamed entity; False when the new id has one already."""
    from sqlalchemy import select

    from hub.recorder.database.tables import statistics_meta as table

    taken = await connection.scalar(select(table.c.id).where(table.c.statistic_id == new))
    if taken is not None:
        return False
    await connection.execute(
        table.update()
        .where(table.c.statistic_id == old, table.c.source == OWN)
        .values(statistic_id=new)
    )
    return True


def candidates(entity_ids: Collection[str]) -> list[str]:
    """Return those of some entities that may have statistics."""
    return [entity_id for entity_id in entity_ids if entity_id.startswith(f"{DOMAIN}.")]


def _closed_id(entity_id: str, number: int) -> str:
    tail = f"_{number}"
    object_id = entity_id.partition(".")[2]
    return f"{CLOSED}:{object_id[: 240 - len(tail)]}{tail}"
