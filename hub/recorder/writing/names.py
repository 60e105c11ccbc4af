"""Numbers in place of names: entity ids, attributes, event types, contexts.

The hub gives the numbers; caches are bounded, what is not in them is looked up. Numbers of a
transaction that failed are forgotten (`rollback`), so that the next one makes the same rows again.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Column, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.events import Context

MAX_ENTITIES: Final = 65_536
MAX_ATTRIBUTES: Final = 16_384
MAX_TYPES: Final = 1_024
MAX_CONTEXTS: Final = 1_024
CHUNK: Final = 500
"""Names in one look-up."""

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


def digest(blob: bytes) -> int:
    """Return the number under which attributes are found: 64 bits, signed."""
    return int.from_bytes(blake2b(blob, digest_size=8).digest(), "big", signed=True)


class Numbers(Generic[Key]):
    """The numbers of one kind of name."""

    def __init__(self, table: str, column: str, limit: int) -> None:
        """Cache up to `limit` names of a column."""
        self.cache: dict[Key, int] = {}
        self.fresh: list[Key] = []
        """Numbered in this transaction: rows to be inserted."""
        self._table, self._column, self._limit = table, column, limit
        self._last = 0

    async def load(self, connection: "AsyncConnection") -> None:
        """Start anew behind the highest number of the database."""
        from sqlalchemy import func, select

        self.cache.clear()
        self.fresh.clear()
        table, _ = self._parts()
        self._last = await connection.scalar(select(func.max(table.c.id))) or 0

    async def resolve(
        self, connection: "AsyncConnection", names: Sequence[Key], made: Sequence[Key]
    ) -> None:
        """Bring `names` into the cache: looked up, and numbered anew where they are in `made`."""
        self._bound(len(names))
        self.cache.update(await self.find(connection, names))
        for name in made:
            if name not in self.cache:
                self._last += 1
                self.cache[name] = self._last
                self.fresh.append(name)

    async def find(self, connection: "AsyncConnection", names: Sequence[Key]) -> dict[Key, int]:
        """Return the numbers of those names that have one."""
        from sqlalchemy import select

        table, column = self._parts()
        found: dict[Key, int] = {}
        for chunk in chunks(names, CHUNK):
            rows = await connection.execute(
                select(column, table.c.id).where(column.in_(chunk)).order_by(table.c.id)
            )
            found.update((name, number) for name, number in rows)
        return found

    def commit(self) -> None:
        """Keep the numbers of this transaction."""
        self.fresh.clear()

    def rollback(self) -> None:
        """Forget the numbers of this transaction."""
        for name in self.fresh:
            self.cache.pop(name, None)
        self.fresh.clear()

    def _parts(self) -> "tuple[Table, Column[Any]]":
        from hub.recorder.database.tables import metadata

        table = metadata.tables[self._table]
        return table, table.c[self._column]

    def _bound(self, more: int) -> None:
        if len(self.cache) + more > self._limit:
            self.cache = dict(list(self.cache.items())[len(self.cache) // 2 :])


class Names:
    """All numbers that rows are made of."""

    def __init__(self) -> None:
        """Start empty; `load` reads the database."""
        self.entities: Numbers[str] = Numbers("entities", "entity_id", MAX_ENTITIES)
        self.attributes: Numbers[int] = Numbers("attributes", "hash", MAX_ATTRIBUTES)
        self.types: Numbers[str] = Numbers("event_types", "name", MAX_TYPES)
        self.recent: dict[str, tuple[bytes, int]] = {}
        """The attributes that each entity's last row had, and their number."""
        self.contexts: dict[Context, int] = {}
        self.fresh_contexts: list[tuple[int, str, str | None, str | None]] = []
        self._last_context = 0
        self._event_base: int | None = None
        self._renames: list[tuple[str, str]] = []
        self._renaming = 0

    async def load(self, connection: "AsyncConnection", serial: int) -> None:
        """Read the highest numbers, and the entities as far as they are cached.

        `serial` is the queue's: numbers of events derive from it, so that an event written twice
        has the same number.
        """
        from sqlalchemy import func, select

        from hub.recorder.database.tables import contexts, entities, events

        self.forget()
        for numbers in (self.entities, self.attributes, self.types):
            await numbers.load(connection)
        self._last_context = await connection.scalar(select(func.max(contexts.c.id))) or 0
        last_event = await connection.scalar(select(func.max(events.c.id))) or 0
        if self._event_base is None or last_event > self._event_base + serial:
            self._event_base = last_event
        rows = await connection.execute(
            select(entities.c.entity_id, entities.c.id).limit(MAX_ENTITIES // 2)
        )
        self.entities.cache.update((entity_id, number) for entity_id, number in rows)

    def event(self, serial: int) -> int:
        """Return the number of the event that has this serial number in the queue."""
        return (self._event_base or 0) + serial

    def context(self, context: "Context") -> int:
        """Return the number of a context, given now when it has none."""
        found = self.contexts.get(context)
        if found is None:
            if len(self.contexts) >= MAX_CONTEXTS:
                self.contexts = dict(list(self.contexts.items())[MAX_CONTEXTS // 2 :])
            self._last_context = found = self._last_context + 1
            self.contexts[context] = found
            self.fresh_contexts.append(
                (found, _id(context.id), _id(context.parent_id), _id(context.user_id))
            )
        return found

    # --- reading

    async def find(
        self, connection: "AsyncConnection", entity_ids: Iterable[str]
    ) -> dict[str, int]:
        """Return the numbers of entities by id; those that were never recorded are left out."""
        wanted = list(dict.fromkeys(entity_ids))
        cache = self.entities.cache
        found = {entity_id: cache[entity_id] for entity_id in wanted if entity_id in cache}
        missing = [entity_id for entity_id in wanted if entity_id not in found]
        return {**found, **await self.entities.find(connection, missing)} if missing else found

    async def entity_ids(
        self, connection: "AsyncConnection", numbers: Iterable[int]
    ) -> dict[int, str]:
        """Return the ids of entities by number."""
        from sqlalchemy import select

        from hub.recorder.database.tables import entities

        found: dict[int, str] = {}
        for chunk in chunks(list(numbers), CHUNK):
            rows = await connection.execute(
                select(entities.c.id, entities.c.entity_id).where(entities.c.id.in_(chunk))
            )
            found.update((number, entity_id) for number, entity_id in rows)
        return found

    # --- renames

    def rename(self, old: str, new: str) -> None:
        """Let the history of `old` go to `new` with the next batch."""
        self._renames.append((old, new))
        self._forget_ids(old, new)

    @property
    def renaming(self) -> bool:
        """Tell whether a rename waits to be written."""
        return bool(self._renames)

    async def write_renames(self, connection: "AsyncConnection") -> None:
        """Write the renames that wait; what was recorded under the new id goes to the old one."""
        self._renaming = len(self._renames)
        for old, new in self._renames[: self._renaming]:
            found = await self.entities.find(connection, [old, new])
            if (number := found.get(old)) is None:
                continue
            other = found.get(new)
            if other is not None:
                await _name(connection, other, f"{number}:{other}")
            await _name(connection, number, new)
            if other is not None:
                await _name(connection, other, old)
            self._forget_ids(old, new)

    # --- transactions

    def commit(self) -> None:
        """Keep what was numbered and renamed: it is in the database."""
        for numbers in (self.entities, self.attributes, self.types):
            numbers.commit()
        self.fresh_contexts.clear()
        del self._renames[: self._renaming]
        self._renaming = 0

    def rollback(self) -> None:
        """Forget what was numbered and renamed: nothing of it is in the database."""
        for numbers in (self.entities, self.attributes, self.types):
            numbers.rollback()
        self.recent.clear()
        self.contexts.clear()
        self.fresh_contexts.clear()
        self._renaming = 0

    def forget(self) -> None:
        """Drop every cache; to be called inside `write` by who deletes names' rows."""
        for numbers in (self.entities, self.attributes, self.types):
            numbers.cache.clear()
            numbers.fresh.clear()
        self.recent.clear()
        self.contexts.clear()
        self.fresh_contexts.clear()

    def _forget_ids(self, *entity_ids: str) -> None:
        for entity_id in entity_ids:
            self.entities.cache.pop(entity_id, None)
            self.recent.pop(entity_id, None)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of up to `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def _name(connection: "AsyncConnection", number: int, entity_id: str) -> None:
    from hub.recorder.database.tables import entities

    await connection.execute(
        entities.update().where(entities.c.id == number).values(entity_id=entity_id)
    )


def _id(value: Any) -> Any:
    return None if value is None else str(value)[:64]
