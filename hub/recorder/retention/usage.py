"""What fills the database: bytes by table and by entity."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.retention import space
from hub.recorder.retention.expiry import all_names

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.recorder.recorder import Recorder
    from hub.util.clock import Clock

FRESH_SECONDS: Final = 300.0
"""How long an answer is given again: counting reads every row."""

GROUP: Final = 20
"""Entities that are counted at once."""

ROW_BYTES: Final = 20
"""About what a row takes beside its state text; bytes of entities are scaled to the table's."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of one entity; times in microseconds."""

    entity_id: str
    rows: int
    text: int
    """Bytes of its state texts."""
    oldest: int
    newest: int


class Usage:
    """Counts, and remembers what it counted for some minutes."""

    def __init__(self, recorder: "Recorder", clock: "Clock", limit: int) -> None:
        """Count the rows of `recorder`; `limit` is its size limit in bytes, 0 = none."""
        self._recorder = recorder
        self._clock = clock
        self._limit = limit
        self._counted: list[Counted] = []
        self._tables: dict[str, int] = {}
        self._at: float | None = None
        self._lock = asyncio.Lock()

    async def report(self, limit: int = 50) -> dict[str, Any]:
        """Return sizes in bytes and the entities with the most rows.

        `{"size", "free", "disk_free": int|None, "limit": int|None, "oldest": epoch|None, "tables":
        {name: bytes}, "entities": [{"entity_id", "rows", "bytes", "per_day", "policy"}]}`;
        `per_day` is rows per day. Raises `RecorderUnavailable`.
        """
        size = await space.size(self._recorder)
        async with self._lock:
            now = self._clock.monotonic()
            if self._at is None or now - self._at > FRESH_SECONDS:
                await self._count()
                self._at = now
        states = self._tables.get("states", 0)
        weight = sum(item.text + item.rows * ROW_BYTES for item in self._counted)
        scale = states / weight if weight else 0.0
        oldest = min((item.oldest for item in self._counted), default=None)
        return {
            "size": size.used,
            "free": size.free,
            "disk_free": self._recorder.disk.free,
            "limit": self._limit or None,
            "oldest": None if oldest is None else oldest / 1e6,
            "tables": dict(self._tables),
            "entities": [self._entity(item, scale) for item in self._counted[:limit]],
        }

    async def top(self) -> str | None:
        """Return the entity that takes most, as counted last; None = nobody has counted."""
        return self._counted[0].entity_id if self._counted else None

    def _entity(self, item: Counted, scale: float) -> dict[str, Any]:
        size = (item.text + item.rows * ROW_BYTES) * scale
        # an entity that was seen for an hour only would be blown up to a day
        days = max((item.newest - item.oldest) / 86400e6, 1 / 24)
        return {
            "entity_id": item.entity_id,
            "rows": item.rows,
            "bytes": round(size),
            "per_day": round(item.rows / days, 1),
            "policy": self._recorder.policies.of(item.entity_id).rule,
        }

    async def _count(self) -> None:
        """Count the rows of every entity, some at a time so that nobody waits."""
        from sqlalchemy import func, select

        from hub.recorder.database.tables import states

        async with self._recorder.read() as connection:
            names = await all_names(connection)
            tables = await _tables(connection, self._recorder.dialect)
        found: list[Counted] = []
        keys = sorted(names)
        for at in range(0, len(keys), GROUP):
            statement = (
                select(
                    states.c.entity,
                    func.count(),
                    func.coalesce(func.sum(func.length(states.c.state)), 0),
                    func.min(states.c.time),
                    func.max(states.c.time),
                )
                .where(states.c.entity.in_(keys[at : at + GROUP]))
                .group_by(states.c.entity)
            )
            async with self._recorder.read() as connection:
                for key, rows, text, oldest, newest in await connection.execute(statement):
                    found.append(Counted(names[key], rows, int(text), oldest, newest))
            await asyncio.sleep(0)
        found.sort(key=lambda item: (-(item.text + item.rows * ROW_BYTES), item.entity_id))
        self._counted, self._tables = found, tables


async def _tables(connection: "AsyncConnection", dialect: str) -> dict[str, int]:
    """Return bytes by table, their indexes included."""
    from hub.recorder.database.tables import metadata

    if dialect == "sqlite":
        return await _sqlite_tables(connection)
    if dialect == "postgresql":
        query = (
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
    else:
        query = (
            "SELECT table_name, data_length + index_length FROM information_schema.tables"
            " WHERE table_schema = database()"
        )
    found: Any = (await connection.exec_driver_sql(query)).all()
    return {str(row[0]): int(row[1] or 0) for row in found if row[0] in metadata.tables}


async def _sqlite_tables(connection: "AsyncConnection") -> dict[str, int]:
    """Ask SQLite's own statistics; where it has none, share the file out by rows."""
    from sqlalchemy import func, select
    from sqlalchemy.exc import DatabaseError

    from hub.recorder.database.tables import metadata

    try:
        query = (
            "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize) FROM dbstat s"
            " LEFT JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY 1"
        )
        pages: Any = (await connection.exec_driver_sql(query)).all()
        return {str(row[0]): int(row[1]) for row in pages if row[0] in metadata.tables}
    except DatabaseError:
        pass
    count = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
    size = (await connection.exec_driver_sql("PRAGMA page_size")).scalar_one()
    rows = {
        name: int(await connection.scalar(select(func.count()).select_from(table)) or 0)
        for name, table in metadata.tables.items()
    }
    total = max(1, sum(rows.values()))
    return {name: count * size * number // total for name, number in rows.items()}
