"""Groups of equal subscriptions: what they want, what waits for them, and its bytes."""

import fnmatch
import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from hub.api.websocket.frames import header, text_frame
from hub.const import EVENT_ENTITY_REGISTRY_UPDATED, EVENT_STATE_CHANGED
from hub.events import Event
from hub.states import State, StateChanged, compressed_diff

if TYPE_CHECKING:
    from hub.api.websocket.connection import Connection
    from hub.auth import User

_LOGGER = logging.getLogger(__name__)

HEAD = b'{"type":"event","event":'

ABOUT_ENTITIES = (EVENT_STATE_CHANGED, EVENT_ENTITY_REGISTRY_UPDATED)
"""Events whose data name one entity: they are for those who may read it."""

Push = Callable[[str, bytes], None]
Unsubscribe = Callable[[], None]


class EntityFilter:
    """Which entities a subscription may see and wants; equal filters share one group."""

    __slots__ = (
        "_accepted",
        "_before",
        "_exclude",
        "_hash",
        "_include",
        "_rights",
        "entity_ids",
        "reader",
    )

    def __init__(
        self,
        entity_ids: Iterable[str] | None = None,
        include: "Pattern | None" = None,
        exclude: "Pattern | None" = None,
        reader: "User | None" = None,
    ) -> None:
        """Want the listed entities (None: any) that match and that `reader` may read."""
        self.entity_ids = None if entity_ids is None else frozenset(entity_ids)
        self._include = include
        self._exclude = exclude
        self.reader = reader
        self._hash = hash((self.entity_ids, include, exclude, self._reader_id()))
        self._accepted: dict[str, bool] = {}
        self._before: dict[str, bool] | None = None
        self._rights = None if reader is None else reader.rights

    @property
    def everything(self) -> bool:
        """Tell whether nothing is left out."""
        return (
            self.entity_ids is None
            and self._include is None
            and self._exclude is None
            and self.reader is None
        )

    def accepts(self, entity_id: str) -> bool:
        """Tell whether an entity passes; answers are kept until the reader's rights change."""
        if self.reader is None:
            if self._include is None and self._exclude is None:
                return self.entity_ids is None or entity_id in self.entity_ids
        elif self.reader.rights is not self._rights:
            self._renew(self.reader)
        found = self._accepted.get(entity_id)
        if found is None:
            found = self._accepted[entity_id] = self._decide(entity_id)
        return found

    def _renew(self, reader: "User") -> None:
        """Begin anew with the present rights; the answers so far say what was seen."""
        if self._before is None:
            self._before = self._accepted
        self._accepted = {}
        self._rights = reader.rights

    def moved(self, entity_ids: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return what came into sight and went out of it since the rights changed."""
        if self.reader is not None and self.reader.rights is not self._rights:
            self._renew(self.reader)
        before, self._before = self._before, None
        if before is None:
            return [], []
        come: list[str] = []
        gone: list[str] = []
        for entity_id in entity_ids:
            seen = before.get(entity_id, False)
            if self.accepts(entity_id) is not seen:
                (gone if seen else come).append(entity_id)
        return come, gone

    def _decide(self, entity_id: str) -> bool:
        if self.entity_ids is not None and entity_id not in self.entity_ids:
            return False
        if self._include is not None and not self._include.matches(entity_id):
            return False
        if self._exclude is not None and self._exclude.matches(entity_id):
            return False
        return self.reader is None or self.reader.may("read", entity_id)

    def _reader_id(self) -> str | None:
        return None if self.reader is None else self.reader.id

    def __eq__(self, other: object) -> bool:
        """Compare what the filters let through."""
        return (
            isinstance(other, EntityFilter)
            and self.entity_ids == other.entity_ids
            and self._include == other._include
            and self._exclude == other._exclude
            and self._reader_id() == other._reader_id()
        )

    def __hash__(self) -> int:
        """Hash what the filters let through."""
        return self._hash


class Pattern:
    """Domains, globs and ids of an `include` or `exclude`."""

    __slots__ = ("_key", "_regex", "domains", "entities", "globs")

    def __init__(
        self, domains: Iterable[str] = (), globs: Iterable[str] = (), entities: Iterable[str] = ()
    ) -> None:
        """Match any of the three lists."""
        self.domains = frozenset(domains)
        self.globs = frozenset(globs)
        self.entities = frozenset(entities)
        self._key = (self.domains, self.globs, self.entities)
        joined = "|".join(fnmatch.translate(glob) for glob in sorted(self.globs))
        self._regex = re.compile(joined) if joined else None

    def matches(self, entity_id: str) -> bool:
        """Tell whether an entity is named by a domain, a glob or its id."""
        return (
            entity_id in self.entities
            or entity_id.partition(".")[0] in self.domains
            or (self._regex is not None and self._regex.match(entity_id) is not None)
        )

    def __eq__(self, other: object) -> bool:
        """Compare the three lists."""
        return isinstance(other, Pattern) and self._key == other._key

    def __hash__(self) -> int:
        """Hash the three lists."""
        return hash(self._key)


class EventBatch:
    """Events that go out together; each of them arrives."""

    __slots__ = ("_events", "count")

    def __init__(self, events: list[bytes]) -> None:
        """Take the events as JSON."""
        self._events = events
        self.count = len(events)

    def messages(self, message_id: int) -> list[bytes]:
        """Return one message for each event."""
        tail = b',"id":%d}' % message_id
        return [HEAD + event + tail for event in self._events]

    def frame(self, message_id: int, coalesce: bool) -> bytes:
        """Return one array frame, or one frame for each event."""
        tail = b',"id":%d}' % message_id
        if len(self._events) == 1:
            return text_frame(HEAD + self._events[0] + tail)
        if coalesce:
            joined = (tail + b"," + HEAD).join(self._events)
            return text_frame(b"[" + HEAD + joined + tail + b"]")
        extra = len(HEAD) + len(tail)
        parts: list[bytes] = []
        for event in self._events:
            parts += (header(len(event) + extra), HEAD, event, tail)
        return b"".join(parts)


class EntityBatch:
    """The changes of many entities in one compressed event."""

    __slots__ = ("_event", "count", "names")

    def __init__(self, event: bytes, entity_ids: list[str]) -> None:
        """Take the event as JSON and the ids that it speaks of."""
        self._event = event
        self.names = entity_ids
        self.count = len(entity_ids)

    def frame(self, message_id: int, coalesce: bool) -> bytes:
        """Return the one frame."""
        del coalesce
        return text_frame(b'%b%b,"id":%d}' % (HEAD, self._event, message_id))


class EventGroup:
    """Subscribers of one event type with the same right to read."""

    __slots__ = ("buffer", "members", "readable")

    def __init__(self, readable: EntityFilter | None) -> None:
        """Limit events about one entity to what `readable` accepts."""
        self.members: dict[tuple[Connection, int], None] = {}
        self.buffer: list[Event] = []
        self.readable = readable

    def take(self, event: Event) -> bool:
        """Keep an event for the next flush, unless its readers may not see it."""
        if self.readable is not None and event.type in ABOUT_ENTITIES:
            entity_id: Any = event.data.get("entity_id")
            if not (isinstance(entity_id, str) and self.readable.accepts(entity_id)):
                return False
        self.buffer.append(event)
        return True

    def batch(self) -> EventBatch | None:
        """Take what waits; an event that has no JSON form is left out alone."""
        buffer, self.buffer = self.buffer, []
        try:
            found = [event.json for event in buffer]
        except TypeError:
            found = [json for event in buffer if (json := _json_or_none(event)) is not None]
        return EventBatch(found) if found else None


class EntityGroup:
    """Subscribers of `subscribe_entities` with equal filters."""

    __slots__ = ("members", "pending", "wanted")

    def __init__(self, wanted: EntityFilter) -> None:
        """Serve those who want the same entities."""
        self.members: dict[tuple[Connection, int], None] = {}
        self.pending: dict[str, tuple[State | None, StateChanged]] = {}
        self.wanted = wanted

    def take(self, event: StateChanged) -> None:
        """Keep the newest change, and the state that the clients saw last."""
        seen = self.pending.get(event.entity_id)
        self.pending[event.entity_id] = (event.old if seen is None else seen[0], event)

    def batch(self) -> EntityBatch | None:
        """Merge what waits: an entity stands in only one of added, changed and removed."""
        pending, self.pending = self.pending, {}
        added: list[bytes] = []
        changed: list[bytes] = []
        removed: list[bytes] = []
        for entity_id, (seen, event) in pending.items():
            name = b'"%b"' % entity_id.encode()
            new = event.new
            if new is None:
                if seen is not None:
                    removed.append(name)
            elif event.old is seen and seen is not None:
                changed.append(name + b":" + event.diff)
            elif seen is None or new.last_changed != new.last_updated:
                # several changes in one: a difference can carry only one of the two times
                added.append(name + b":" + new.compressed)
            else:
                changed.append(name + b":" + compressed_diff(seen, new))
        parts: list[bytes] = []
        if added:
            parts.append(b'"a":{%b}' % b",".join(added))
        if changed:
            parts.append(b'"c":{%b}' % b",".join(changed))
        if removed:
            parts.append(b'"r":[%b]' % b",".join(removed))
        return EntityBatch(b"{%b}" % b",".join(parts), list(pending)) if parts else None


class Topic(Protocol):
    """What a group follows; equal topics share one group."""

    def listen(self, push: Push) -> Unsubscribe:
        """Call `push(name, event)` for each change, the event as JSON."""

    def merge(self, before: bytes, after: bytes) -> bytes:
        """Return what is left of two events about the same thing."""

    def current(self, names: list[str]) -> list[bytes]:
        """Return the events that bring a client up to date on some things."""

    def __hash__(self) -> int:
        """Tell topics apart."""


class TopicBatch(EventBatch):
    """Events by the name of what they are about."""

    __slots__ = ("names", "topic")

    def __init__(self, events: dict[str, bytes], topic: Topic) -> None:
        """Take one event for each name."""
        super().__init__(list(events.values()))
        self.names = list(events)
        self.topic = topic


class TopicGroup:
    """Subscribers of equal topics."""

    __slots__ = ("members", "pending", "topic")

    def __init__(self, topic: Topic) -> None:
        """Serve those who follow `topic`."""
        self.members: dict[tuple[Connection, int], None] = {}
        self.pending: dict[str, bytes] = {}
        self.topic = topic

    def take(self, name: str, event: bytes) -> None:
        """Keep the newest event about a thing; it goes to the end of the row."""
        before = self.pending.pop(name, None)
        self.pending[name] = event if before is None else self.topic.merge(before, event)

    def batch(self) -> TopicBatch | None:
        """Take what waits."""
        pending, self.pending = self.pending, {}
        return TopicBatch(pending, self.topic) if pending else None


Batch = EventBatch | EntityBatch | TopicBatch
Group = EventGroup | EntityGroup | TopicGroup


def _json_or_none(event: Event) -> bytes | None:
    try:
        return event.json
    except TypeError as error:
        _LOGGER.warning("Event %s was not sent: %s", event.type, error)
        return None
