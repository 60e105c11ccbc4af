"""From what waits to rows: built in slices, so that the loop turns in between."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from hub.recorder.writing.names import MAX_ENTITIES, Names, chunks, digest
from hub.recorder.writing.queue import BLOB, ENTITY, TEXT, Item

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

SLICE: Final = 1_000
"""Items that are looked at without letting the loop turn: 1 to 3 ms."""

Row = tuple[Any, ...]

_KEY: Final = itemgetter(0, 1)


@dataclass(slots=True)
class Rows:
    """The rows of one batch by table, in the order in which they are inserted."""

    entities: list[Row] = field(default_factory=list)
    attributes: list[Row] = field(default_factory=list)
    event_types: list[Row] = field(default_factory=list)
    contexts: list[Row] = field(default_factory=list)
    states: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


async def build(connection: "AsyncConnection", names: Names, items: Sequence[Item]) -> Rows:
    """Return the rows of some items, with the names' rows that they need."""
    rows = Rows()
    late: list[Item] = []
    for part in chunks(items, SLICE):
        late += _fill(part, names, rows)
        await asyncio.sleep(0)
    if late:
        blobs = await _resolve(connection, names, late)
        rows.entities = [(names.entities.cache[name], name) for name in names.entities.fresh]
        rows.attributes = [
            (names.attributes.cache[number], number, blobs[number].decode())
            for number in names.attributes.fresh
        ]
        rows.event_types = [(names.types.cache[name], name) for name in names.types.fresh]
        for part in chunks(late, SLICE):
            _fill(part, names, rows)  # what is still not known is the removal of something unknown
            await asyncio.sleep(0)
    rows.contexts = list(names.fresh_contexts)
    rows.states.sort(key=_KEY)
    return rows


def _fill(items: Sequence[Item], names: Names, rows: Rows) -> list[Item]:
    """Add the rows of items whose names have numbers; return the other items."""
    entities, attributes, recent = names.entities.cache, names.attributes.cache, names.recent
    context_of = names.context
    add = rows.states.append
    late: list[Item] = []
    for item in items:
        serial, entity_id, time, text, blob, changed, context, _, _ = item
        if entity_id is None:
            kind = names.types.cache.get(text or "")
            if kind is None:
                late.append(item)
                continue
            caused = None if context is None else context_of(context)
            rows.events.append((names.event(serial), kind, time, (blob or b"").decode(), caused))
            continue
        number = entities.get(entity_id)
        if number is None:
            late.append(item)
            continue
        kept: int | None = None
        if blob is not None:
            known = recent.get(entity_id)
            if known is not None and known[0] is blob:
                kept = known[1]
            else:
                kept = attributes.get(digest(blob))
                if kept is None:
                    late.append(item)
                    continue
                recent[entity_id] = (blob, kept)
        if text is not None and (not text.isascii() or "\0" in text):
            text = storable(text)
        add((number, time, text, kept, changed, None if context is None else context_of(context)))
    if len(recent) > MAX_ENTITIES:
        recent.clear()
    return late


async def _resolve(
    connection: "AsyncConnection", names: Names, late: Sequence[Item]
) -> dict[int, bytes]:
    """Give numbers to the names of `late`; return the attributes by hash."""
    entity_ids: dict[str, None] = {}
    made: dict[str, None] = {}
    types: dict[str, None] = {}
    blobs: dict[int, bytes] = {}
    for part in chunks(late, SLICE):
        for item in part:
            entity_id, text, blob = item[ENTITY], item[TEXT], item[BLOB]
            if entity_id is None:
                types[text or ""] = None
                continue
            entity_ids[entity_id] = None
            if text is not None:
                made[entity_id] = None
            if blob is not None:
                blobs[digest(blob)] = blob
        await asyncio.sleep(0)
    if entity_ids:
        await names.entities.resolve(connection, list(entity_ids), list(made))
    if blobs:
        await names.attributes.resolve(connection, list(blobs), list(blobs))
    if types:
        await names.types.resolve(connection, list(types), list(types))
    return blobs


def storable(text: str) -> str:
    """Return a text that every database takes: no half characters, no NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
