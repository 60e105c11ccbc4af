"""A past for a house that has just begun: rows written into its real database."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, select

from hub.hub import Hub
from hub.recorder.database.tables import attributes, entities, states, statistics_meta
from hub.recorder.database.upserts import upsert
from hub.util.json import dumps

Row = tuple[float, str | None]
"""Seconds before now (or epoch seconds, when `since` is 0) and state."""


async def add_past(
    hub: Hub, entity_id: str, rows: Iterable[tuple[Any, ...]], shared: dict[str, Any] | None = None
) -> None:
    """Write rows (epoch seconds, state[, seconds of the last change]) of a recorded entity."""
    await hub.recorder.flush()
    async with hub.recorder.write() as connection:
        wanted = select(entities.c.id).where(entities.c.entity_id == entity_id)
        number = await connection.scalar(wanted)
        assert number is not None, f"{entity_id} was never recorded: give it a state first"
        found = None
        if shared is not None:
            data = dumps(shared).decode()
            found = await connection.scalar(
                select(attributes.c.id).where(attributes.c.data == data)
            )
            assert found is not None, "give the entity these attributes first"
        made = [
            {
                "entity": number,
                "time": round(row[0] * 1e6),
                "state": row[1],
                "attributes": found,
                "changed": round(row[2] * 1e6) if len(row) > 2 else None,
                "context": None,
            }
            for row in rows
        ]
        await connection.execute(insert(states), made)


async def add_statistics(
    hub: Hub, statistic_id: str, tables: Mapping[Any, Iterable[Mapping[str, Any]]], **meta: Any
) -> None:
    """Write points of a series; `tables` are SQLAlchemy tables with rows that have a `start`."""
    row = {
        "source": "recorder",
        "unit": None,
        "unit_class": None,
        "has_mean": True,
        "has_sum": False,
        "mean_type": 1,
        "name": None,
        **meta,
    }
    async with hub.recorder.write() as connection:
        known = await connection.execute(select(statistics_meta.c.id))
        number = max([0, *(found[0] for found in known)]) + 1
        await connection.execute(
            insert(statistics_meta), {"id": number, "statistic_id": statistic_id, **row}
        )
        for table, points in tables.items():
            await upsert(connection, table, [{"meta": number, **point} for point in points])
