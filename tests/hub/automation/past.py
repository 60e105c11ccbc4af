"""A past for a hub: states and events written into its history as if they had happened."""

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert, select

from hub.hub import Hub
from hub.recorder.database.tables import attributes, contexts, entities, event_types, events, states

_NUMBERS = itertools.count(500_000)
"""Far above what the recorder hands out itself."""

Row = tuple[Any, ...]
"""Epoch seconds, state (None = removed) and, when there are any, attributes."""


async def remember(
    hub: Hub,
    changes: Mapping[str, Iterable[Row]],
    happened: Iterable[tuple[float, str, dict[str, Any]]] = (),
) -> None:
    """Write changes by entity id, and events as (time, type, data)."""
    await hub.recorder.flush()
    async with hub.recorder.write() as connection:
        for entity_id, rows in changes.items():
            found = select(entities.c.id).where(entities.c.entity_id == entity_id)
            number = (await connection.execute(found)).scalar()
            if number is None:
                number = next(_NUMBERS)
                values = {"id": number, "entity_id": entity_id}
                await connection.execute(insert(entities), values)
            known: dict[str, int] = {}
            wanted = []
            for time, state, *more in rows:
                text = json.dumps(more[0] if more else {})
                if text not in known and text != "{}":
                    known[text] = next(_NUMBERS)
                    values = {"id": known[text], "hash": known[text], "data": text}
                    await connection.execute(insert(attributes), values)
                row = {"entity": number, "time": round(time * 1e6), "state": state}
                wanted.append({**row, "attributes": known.get(text)})
            for at in range(0, len(wanted), 5000):
                await connection.execute(insert(states), wanted[at : at + 5000])
        for time, name, data in happened:
            found = select(event_types.c.id).where(event_types.c.name == name)
            kind = (await connection.execute(found)).scalar()
            if kind is None:
                kind = next(_NUMBERS)
                await connection.execute(insert(event_types), {"id": kind, "name": name})
            context, number = next(_NUMBERS), next(_NUMBERS)
            values = {"id": context, "context": f"CONTEXT{context:019}"}
            await connection.execute(insert(contexts), values)
            row = {"id": number, "type": kind, "time": round(time * 1e6), "data": json.dumps(data)}
            await connection.execute(insert(events), {**row, "context": context})
