"""What all registries have in common: memory first, the row and the event follow."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from hub.errors import InvalidInfo, NotFound
from hub.registry.entry import Entry
from hub.util.json import loads
from hub.util.text import slugify

if TYPE_CHECKING:
    from hub.events import EventBus
    from hub.storage import Database
    from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

E = TypeVar("E", bound=Entry)


class Registry(Generic[E]):
    """Entries by id in memory; every change is one row soon and one event at once."""

    TABLE: ClassVar[str]
    KEY: ClassVar[str]
    EVENT: ClassVar[str]
    NOUN: ClassVar[str]
    entry: type[E]

    def __init__(self, bus: "EventBus", database: "Database", clock: "Clock") -> None:
        """Start empty; `load` reads the rows."""
        self._bus = bus
        self._database = database
        self._rows = database.rows
        self._clock = clock
        self._entries: dict[str, E] = {}

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._entries)

    @property
    def degraded(self) -> bool:
        """Tell whether changes live in memory only, because the disk fails."""
        return self._rows.degraded

    async def load(self) -> None:
        """Read all rows, oldest entry first; a row that can not be read is left alone and logged.

        Raises `StorageError`.
        """
        from sqlalchemy import text

        async with self._database.read() as connection:
            found = await connection.execute(text(f"SELECT {self.KEY}, data FROM {self.TABLE}"))  # noqa: S608
            rows = found.all()
        entries = []
        for key, data in rows:
            try:
                entries.append(self.entry.restore(loads(data)))
            except (TypeError, ValueError, AttributeError):
                _LOGGER.exception("Left out row %s of table %s", key, self.TABLE)
        entries.sort(key=lambda entry: entry.created_at)
        for entry in entries:
            self._remember(entry)

    async def flush(self) -> bool:
        """Wait until all changes made so far are on the disk; False while the disk fails."""
        return await self._rows.flush()

    def get(self, key: str) -> E | None:
        """Return the entry with this id."""
        return self._entries.get(key)

    def all(self) -> list[E]:
        """Return every entry, oldest first."""
        return list(self._entries.values())

    def list_json(self) -> bytes:
        """Return the JSON array of every entry's wire form."""
        return b"[" + b",".join([entry.json for entry in self._entries.values()]) + b"]"

    # --- for the registries themselves

    def _require(self, key: str) -> E:
        entry = self._entries.get(key)
        if entry is None:
            raise NotFound(f"{self.NOUN} not found")
        return entry

    def _remember(self, entry: E) -> None:
        """Put an entry into memory; registries with indexes extend this."""
        self._entries[entry.key] = entry

    def _forget(self, entry: E) -> None:
        """Take an entry out of memory; registries with indexes extend this."""
        del self._entries[entry.key]

    def _row(self, entry: E) -> dict[str, Any]:
        """Return an entry's row; raises `TypeError` for what has no JSON form."""
        return {self.KEY: entry.key, **entry.row(), "data": entry.stored()}

    def _add(self, entry: E) -> E:
        row = self._row(entry)  # first: what can not be stored must not be in memory either
        self._remember(entry)
        self._rows.put(self.TABLE, entry.key, row)
        self._fire("create", entry)
        return entry

    def _drop(self, entry: E, **data: Any) -> None:
        self._forget(entry)
        self._rows.delete(self.TABLE, entry.key)
        self._fire("remove", entry, **data)

    def _change(self, old: E, values: Mapping[str, Any]) -> tuple[E, dict[str, Any]]:
        """Replace an entry in memory and on disk; return the new one and the old values."""
        changes = {
            name: getattr(old, name)
            for name, value in values.items()
            if getattr(old, name) != value
        }
        if not changes:
            return old, changes
        now = max(self._clock.time(), old.modified_at)
        new = replace(old, **{**values, "modified_at": now})
        row = self._row(new)
        self._swap(old, new)
        self._rows.put(self.TABLE, new.key, row)
        return new, changes

    def _swap(self, old: E, new: E) -> None:
        """Replace an entry in memory, keeping its place in the order."""
        self._entries[old.key] = new

    def _fire(self, action: str, entry: E, **data: Any) -> None:
        self._bus.fire(self.EVENT, {"action": action, self.KEY: entry.key, **data})


class NamedRegistry(Registry[E]):
    """A registry whose entries people name: ids are slugs of the first name and never change."""

    def __init__(self, bus: "EventBus", database: "Database", clock: "Clock") -> None:
        """Start empty."""
        super().__init__(bus, database, clock)
        self._names: dict[str, str] = {}

    def by_name(self, name: str) -> E | None:
        """Return the entry with this name; case and spaces do not count."""
        key = self._names.get(normal(name))
        return None if key is None else self._entries[key]

    def delete(self, key: str) -> None:
        """Delete an entry; others drop their references. Raises `NotFound`."""
        self._drop(self._require(key))

    def _named(self, name: str, old: E | None = None) -> str:
        """Check a name and return it trimmed; raises `InvalidInfo` when it is empty or taken."""
        name = name.strip()
        if not name:
            raise InvalidInfo("The name is empty")
        found = self.by_name(name)
        if found is not None and found is not old:
            raise InvalidInfo(f"The name {name} ({normal(name)}) is already in use")
        return name

    def _free_id(self, name: str) -> str:
        """Return the slug of a name, numbered when it is taken."""
        slug = slugify(name)
        number, key = 1, slug
        while key in self._entries:
            number += 1
            key = f"{slug}_{number}"
        return key

    def _update(self, key: str, values: dict[str, Any]) -> E:
        """Change an entry and tell; raises `NotFound` and `InvalidInfo`."""
        old = self._require(key)
        if "name" in values:
            values["name"] = self._named(values["name"], old)
        new, changes = self._change(old, values)
        if changes:
            self._fire("update", new)
        return new

    def _remember(self, entry: E) -> None:
        super()._remember(entry)
        self._names[normal(_name(entry))] = entry.key

    def _forget(self, entry: E) -> None:
        super()._forget(entry)
        self._names.pop(normal(_name(entry)), None)

    def _swap(self, old: E, new: E) -> None:
        self._names.pop(normal(_name(old)), None)
        super()._swap(old, new)
        self._names[normal(_name(new))] = new.key


def normal(name: str) -> str:
    """Reduce a name to what counts when names are compared."""
    return name.casefold().replace(" ", "")


def tidy(words: Iterable[str]) -> tuple[str, ...]:
    """Trim words, drop empty and repeated ones, keep their order."""
    return tuple(dict.fromkeys(word for raw in words if (word := raw.strip())))


def _name(entry: Entry) -> str:
    return str(getattr(entry, "name", ""))
