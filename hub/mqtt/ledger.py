"""The list of every retained topic that this hub ever put on the broker.

A row is written before the first publish of its topic and deleted after the acknowledgement of the
clearing publish. A crash in between leaves at worst a row too many, never a topic too many.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from hub.mqtt.topics import Topics

_LOGGER = logging.getLogger(__name__)


class Kind(StrEnum):
    """What lies on a topic."""

    STATUS = "status"
    INFO = "info"
    AVAILABILITY = "availability"
    STATE = "state"
    ATTRIBUTES = "attributes"
    DISCOVERY = "discovery"


@dataclass(frozen=True, slots=True)
class Row:
    """One retained topic; `components` (key -> platform) and `digest` exist for discovery only."""

    topic: str
    kind: Kind
    owner: str
    digest: str | None = None
    components: Mapping[str, str] = field(default_factory=dict)
    acknowledged: bool = False


class Store(Protocol):
    """Where rows survive the process."""

    async def load(self) -> list[Row]:
        """Return all rows of this broker."""

    async def put(self, rows: Iterable[Row]) -> None:
        """Insert or replace rows in one transaction."""

    async def delete(self, topics: Iterable[str]) -> None:
        """Delete rows in one transaction."""


def digest(payload: bytes) -> str:
    """Return the short hash by which a payload is known again."""
    return hashlib.sha256(payload).hexdigest()[:32]


class Ledger:
    """The rows in memory and in the store; entity values are kept compactly by entity."""

    def __init__(
        self, store: Store, topics: Topics, step: Callable[[str], None] = lambda _name: None
    ) -> None:
        """Keep rows in `store`; `step(name)` is told of each step, for crash tests."""
        self.values: dict[str, tuple[str, ...]] = {}
        """Last topic levels by entity id."""
        self.rows: dict[str, Row] = {}
        """All rows but those in `values`, by topic."""
        self.step = step
        self._store = store
        self._topics = topics
        self._levels: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __len__(self) -> int:
        """Return the number of topics."""
        return len(self.rows) + sum(map(len, self.values.values()))

    def __contains__(self, topic: str) -> bool:
        """Tell whether a topic is ours."""
        if topic in self.rows:
            return True
        base, _, level = topic.rpartition("/")
        root, _, rest = base.partition(self._topics.root + "/")
        return not root and level in self.values.get(rest.replace("/", ".", 1), ())

    def topics(self) -> Iterator[str]:
        """Yield every topic."""
        yield from self.rows
        for entity_id in self.values:
            yield from self.topics_of(entity_id)

    def topics_of(self, entity_id: str) -> list[str]:
        """Return the value topics of an entity."""
        base = self._topics.entity(entity_id)
        return [f"{base}/{level}" for level in self.values.get(entity_id, ())]

    def announcements(self, owner: str) -> dict[str, Row]:
        """Return a device's discovery rows by topic."""
        return {
            topic: row
            for topic, row in self.rows.items()
            if row.owner == owner and row.kind is Kind.DISCOVERY
        }

    def owners(self) -> set[str]:
        """Return the keys of the devices that have rows."""
        kinds = (Kind.DISCOVERY, Kind.AVAILABILITY)
        return {
            row.owner for row in self.rows.values() if row.kind in kinds and not self.stray(row)
        }

    def stray(self, row: Row) -> bool:
        """Tell whether a row belongs to an earlier base, prefix or hub id."""
        if row.kind is Kind.DISCOVERY:
            return not self._topics.is_announcement(row.topic)
        if row.kind is Kind.AVAILABILITY:
            return row.topic != self._topics.device(row.owner)
        return row.topic not in (self._topics.status, self._topics.info)

    def strays(self) -> list[str]:
        """Return the topics of an earlier base, prefix or hub id, all to be cleared."""
        return [row.topic for row in self.rows.values() if self.stray(row)]

    async def load(self) -> None:
        """Read the store."""
        self.values.clear()
        self.rows.clear()
        found: dict[str, list[str]] = {}
        for row in await self._store.load():
            base, _, level = row.topic.rpartition("/")
            if "." in row.owner and base == self._topics.entity(row.owner):
                found.setdefault(row.owner, []).append(level)
            else:
                self.rows[row.topic] = row
        for entity_id, levels in found.items():
            self.values[entity_id] = self._shared(levels)

    async def claim(self, wanted: Mapping[str, Iterable[str]]) -> None:
        """Write the rows of entities' value topics: entity id -> last levels."""
        rows = []
        merged = {}
        for entity_id, levels in wanted.items():
            known = self.values.get(entity_id, ())
            fresh = [level for level in levels if level not in known]
            if fresh:
                base = self._topics.entity(entity_id)
                rows += [Row(f"{base}/{level}", _kind(level), entity_id) for level in fresh]
                merged[entity_id] = self._shared([*known, *fresh])
        await self._put(rows)
        self.values.update(merged)

    async def put(self, *rows: Row) -> None:
        """Write rows of other topics."""
        await self._put(rows)
        self.rows.update({row.topic: row for row in rows})

    async def acknowledged(self, row: Row) -> None:
        """Note that the broker has what the row says."""
        await self.put(replace(row, acknowledged=True))

    async def drop(self, topics: Iterable[str]) -> None:
        """Forget topics, after the broker acknowledged their clearing."""
        topics = list(topics)
        for topic in topics:
            if self.rows.pop(topic, None) is None:
                base, _, level = topic.rpartition("/")
                entity_id = base.removeprefix(self._topics.root + "/").replace("/", ".", 1)
                left = [x for x in self.values.get(entity_id, ()) if x != level]
                if left:
                    self.values[entity_id] = self._shared(left)
                else:
                    self.values.pop(entity_id, None)
        self.step("before delete")
        try:
            await self._store.delete(topics)
        except Exception:
            _LOGGER.exception("Deleting MQTT ledger rows failed, the topics will be cleared again")
        self.step("after delete")

    async def _put(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        if not rows:
            return
        self.step("before row")
        try:
            await self._store.put(rows)
        except Exception:
            _LOGGER.exception("Writing MQTT ledger rows failed, they are kept in memory only")
        self.step("after row")

    def _shared(self, levels: list[str]) -> tuple[str, ...]:
        """Return one tuple object for all entities with the same levels."""
        key = tuple(levels)
        return self._levels.setdefault(key, key)


def _kind(level: str) -> Kind:
    return Kind(level) if level in ("attributes", "availability") else Kind.STATE
