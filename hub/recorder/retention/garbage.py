"""Attributes and contexts that no row refers to any more."""

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy import Table

    from hub.recorder.recorder import Recorder
    from hub.recorder.retention.deleting import Pace

GROUP: Final = 50
"""Entities whose references are read at once."""

MOST: Final = 500
"""Numbers of one transaction."""


class Seen:
    """Which numbers are referred to: one bit each, however many there are."""

    def __init__(self, highest: int) -> None:
        """Take numbers from 0 to `highest`."""
        self.highest = highest
        self._bits = bytearray(highest // 8 + 1)

    def add(self, number: int) -> None:
        """Note a number; those above the highest are too young to matter."""
        if 0 <= number <= self.highest:
            self._bits[number >> 3] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        """Tell whether a number was noted."""
        return bool(self._bits[number >> 3] & (1 << (number & 7)))


async def collect(
    recorder: "Recorder",
    pace: "Pace",
    now: float,
    checkpoint: "Callable[[], Awaitable[object]] | None" = None,
) -> dict[str, int]:
    """Delete attributes and contexts without a row; returns how many, by table.

    What may be used again meanwhile stays: numbers that the writer handed out since the reading
    began, and those that rows of that time refer to. Raises `RecorderUnavailable`.
    """
    from hub.recorder.database.tables import attributes, contexts

    async with recorder.write():
        recorder.names.forget()
    since = int((now - 60) * 1e6)
    found: dict[str, int] = {}
    seen = {table.name: Seen(await _highest(recorder, table)) for table in (attributes, contexts)}
    await _read_states(recorder, seen, checkpoint)
    await _read_events(recorder, seen)
    for table in (attributes, contexts):
        found[table.name] = 0
        after = 0
        while True:
            numbers = await _some(recorder, table, after)
            if not numbers:
                break
            after = numbers[-1]
            unused = [number for number in numbers if number not in seen[table.name]]
            if unused:
                found[table.name] += await _delete(recorder, table, unused, since, pace)
            if checkpoint is not None:
                await checkpoint()
    return found


async def _highest(recorder: "Recorder", table: "Table") -> int:
    from sqlalchemy import func, select

    async with recorder.read() as connection:
        return int(await connection.scalar(select(func.max(table.c.id))) or 0)


async def _some(recorder: "Recorder", table: "Table", after: int) -> "Sequence[int]":
    from sqlalchemy import select

    async with recorder.read() as connection:
        found = await connection.scalars(
            select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(MOST)
        )
        return [int(number) for number in found]


async def _read_states(
    recorder: "Recorder",
    seen: dict[str, Seen],
    checkpoint: "Callable[[], Awaitable[object]] | None",
) -> None:
    """Note what states refer to, some entities at a time."""
    from sqlalchemy import select

    from hub.recorder.database.tables import entities, states

    async with recorder.read() as connection:
        keys = list(await connection.scalars(select(entities.c.id)))
    for at in range(0, len(keys), GROUP):
        part = states.c.entity.in_(keys[at : at + GROUP])
        for name, column in (("attributes", states.c.attributes), ("contexts", states.c.context)):
            statement = select(column).where(part, column.is_not(None)).distinct()
            async with recorder.read() as connection:
                for number in await connection.scalars(statement):
                    seen[name].add(number)
            await asyncio.sleep(0)
        if checkpoint is not None:
            await checkpoint()


async def _read_events(recorder: "Recorder", seen: dict[str, Seen]) -> None:
    """Note which contexts events refer to."""
    from sqlalchemy import select

    from hub.recorder.database.tables import events

    after = 0
    while True:
        statement = (
            select(events.c.id, events.c.context)
            .where(events.c.id > after)
            .order_by(events.c.id)
            .limit(2000)
        )
        async with recorder.read() as connection:
            rows: Any = (await connection.execute(statement)).all()
        if not rows:
            return
        for _, number in rows:
            if number is not None:
                seen["contexts"].add(number)
        after = rows[-1][0]
        await asyncio.sleep(0)


async def _delete(
    recorder: "Recorder", table: "Table", numbers: "Sequence[int]", since: int, pace: "Pace"
) -> int:
    """Delete rows, but for those that came into use again; the writer waits meanwhile."""
    from sqlalchemy import select

    from hub.recorder.database.tables import entities, events, states

    column = states.c.attributes if table.name == "attributes" else states.c.context
    late = (
        select(column)
        .select_from(entities.join(states, states.c.entity == entities.c.id))
        .where(states.c.time >= since, column.in_(numbers))
        .distinct()
    )
    async with recorder.write() as connection:
        began = time.perf_counter()
        used = _handed_out(recorder, table.name)
        used.update(await connection.scalars(late))
        if table.name == "contexts":
            used.update(
                await connection.scalars(select(events.c.context).where(events.c.time >= since))
            )
        unused = [number for number in numbers if number not in used]
        if unused:
            await connection.execute(table.delete().where(table.c.id.in_(unused)))
    pace.took(time.perf_counter() - began)
    await pace.rest()
    return len(unused)


def _handed_out(recorder: "Recorder", name: str) -> set[int]:
    """Return the numbers that the writer would use again without asking the database."""
    names = recorder.names
    if name == "contexts":
        return set(names.contexts.values())
    return {*names.attributes.cache.values(), *(number for _, number in names.recent.values())}
