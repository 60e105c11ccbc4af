"""Fan-out: subscribers with the same filter share one buffer, serialised once per flush.

A change is appended once per group of equal subscriptions. Once per loop turn (later under load)
each group makes one payload; all members with the same message id share the very bytes, so that
what remains per client is one `transport.write`.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hub.api.websocket.groups import (
    Batch,
    EntityBatch,
    EntityFilter,
    EntityGroup,
    EventGroup,
    Group,
    Topic,
    TopicGroup,
)
from hub.const import EVENT_STATE_CHANGED
from hub.events import Event
from hub.states import StateChanged

if TYPE_CHECKING:
    from hub.api.websocket.connection import Connection
    from hub.auth import User
    from hub.events import EventBus, Unsubscribe
    from hub.states import StateMachine

_LOGGER = logging.getLogger(__name__)

MAX_BUFFER: Final = 1000
"""Events of one group that are sent at once, even in the middle of a loop turn."""

DISTANCE: Final = 3
"""How many times its own length a flush keeps away from the one before."""

MAX_DELAY: Final = 0.004
"""Seconds that a flush may wait for more changes when the last flush was expensive."""


class Fanout:
    """All groups of equal subscriptions, and the one flush of a loop turn."""

    def __init__(self, bus: "EventBus", states: "StateMachine") -> None:
        """Listen on `bus` for as long as somebody subscribes."""
        self._bus = bus
        self._states = states
        self._events: dict[tuple[str, EntityFilter | None], EventGroup] = {}
        self._entities: dict[EntityFilter, EntityGroup] = {}
        self._topics: dict[Topic, TopicGroup] = {}
        self._by_entity: dict[str, list[EntityGroup]] = {}
        self._broad: list[EntityGroup] = []
        self._unlisten: dict[object, Unsubscribe] = {}
        self._dirty: dict[Group, None] = {}
        self._scheduled = False
        self._not_before = 0.0
        self.cut_off = 0
        """Clients that were cut off because they did not read."""
        self.received = 0
        """Frames that clients sent."""
        self.writes = 0
        self.sent_bytes = 0
        """What was written to clients: how often, and how much."""

    # --- subscriptions

    def subscribe_events(
        self,
        connection: "Connection",
        message_id: int,
        event_type: str,
        readable: EntityFilter | None = None,
    ) -> Callable[[], None]:
        """Send events of a type (or `*`) to a connection; `readable` limits `state_changed`."""
        key = (event_type, readable)
        group = self._events.get(key)
        if group is None:
            group = self._events[key] = EventGroup(readable)

            def receive(event: Event) -> None:
                self._append_event(group, event)

            self._unlisten[key] = self._bus.listen(event_type, receive)
        return self._join(group, connection, message_id, lambda: self._drop_events(key))

    def subscribe_entities(
        self, connection: "Connection", message_id: int, wanted: EntityFilter
    ) -> Callable[[], None]:
        """Send compressed changes of the wanted entities; the caller sends the first set."""
        group = self._entities.get(wanted)
        if group is None:
            if not self._entities:
                self._unlisten[self] = self._bus.listen(EVENT_STATE_CHANGED, self._changed)
            group = self._entities[wanted] = EntityGroup(wanted)
            if wanted.entity_ids is None:
                self._broad.append(group)
            for entity_id in wanted.entity_ids or ():
                self._by_entity.setdefault(entity_id, []).append(group)
        return self._join(group, connection, message_id, lambda: self._drop_entities(wanted))

    def subscribe_topic(
        self, connection: "Connection", message_id: int, topic: Topic
    ) -> Callable[[], None]:
        """Send a topic's changes to a connection; the caller sends what there is now."""
        group = self._topics.get(topic)
        if group is None:
            group = self._topics[topic] = TopicGroup(topic)

            def push(name: str, event: bytes) -> None:
                group.take(name, event)
                self._touch(group)

            self._unlisten[topic] = topic.listen(push)
        return self._join(group, connection, message_id, lambda: self._drop_topic(topic))

    def first_set(self, wanted: EntityFilter) -> bytes:
        """Return `{"a":{...}}` with every wanted entity that has a state."""
        if wanted.entity_ids is not None:
            found = (self._states.get(entity_id) for entity_id in sorted(wanted.entity_ids))
            states = [state for state in found if state is not None]
        else:
            if wanted.everything:
                return b'{"a":%b}' % self._states.all_compressed()
            states = self._states.all()
        parts = [
            b'"%b":%b' % (state.entity_id.encode(), state.compressed)
            for state in states
            if wanted.accepts(state.entity_id)
        ]
        return b'{"a":{%b}}' % b",".join(parts)

    def current(self, entity_ids: "list[str]", reader: "User | None" = None) -> bytes:
        """Return the event that brings a client that fell behind up to date on some entities.

        What `reader` may not, or no longer, read is told as removed.
        """
        added, removed = [], []
        for entity_id in entity_ids:
            state = self._states.get(entity_id)
            if state is None or (reader is not None and not reader.may("read", entity_id)):
                removed.append(b'"%b"' % entity_id.encode())
            else:
                added.append(b'"%b":%b' % (entity_id.encode(), state.compressed))
        parts = []
        if added:
            parts.append(b'"a":{%b}' % b",".join(added))
        if removed:
            parts.append(b'"r":[%b]' % b",".join(removed))
        return b"{%b}" % b",".join(parts)

    def refresh(self) -> None:
        """Send what came into sight and went out of it when the rights of readers changed."""
        entity_ids = self._states.entity_ids()
        for wanted, group in list(self._entities.items()):
            come, gone = wanted.moved(entity_ids)
            if come or gone:
                self.flush_group(group)
                names = [*come, *gone]
                self._deliver(group, EntityBatch(self.current(names, wanted.reader), names))

    def _join(
        self,
        group: Group,
        connection: "Connection",
        message_id: int,
        drop: Callable[[], None],
    ) -> Callable[[], None]:
        """Add a member that must see nothing of what is waiting now."""
        self.flush_group(group)
        group.members[(connection, message_id)] = None
        connection.groups.append(group)

        def leave() -> None:
            self.flush_group(group)
            group.members.pop((connection, message_id), None)
            if group in connection.groups:
                connection.groups.remove(group)
            if not group.members:
                drop()

        return leave

    def _drop_events(self, key: tuple[str, EntityFilter | None]) -> None:
        if self._events.pop(key, None) is not None:
            self._unlisten.pop(key)()

    def _drop_entities(self, wanted: EntityFilter) -> None:
        group = self._entities.pop(wanted, None)
        if group is None:
            return
        if wanted.entity_ids is None:
            self._broad.remove(group)
        for entity_id in wanted.entity_ids or ():
            groups = self._by_entity[entity_id]
            groups.remove(group)
            if not groups:
                del self._by_entity[entity_id]
        if not self._entities:
            self._unlisten.pop(self)()

    def _drop_topic(self, topic: Topic) -> None:
        if self._topics.pop(topic, None) is not None:
            self._unlisten.pop(topic)()

    # --- changes

    def _append_event(self, group: EventGroup, event: Event) -> None:
        if not group.take(event):
            return
        self._touch(group)
        if len(group.buffer) >= MAX_BUFFER:
            self.flush_group(group)

    def _changed(self, event: Event) -> None:
        """Note a change in the groups that want its entity."""
        if not isinstance(event, StateChanged):
            return
        for group in self._by_entity.get(event.entity_id, ()):
            group.take(event)
            self._touch(group)
        for group in self._broad:
            if group.wanted.accepts(event.entity_id):
                group.take(event)
                self._touch(group)

    def _touch(self, group: Group) -> None:
        """Let the group be flushed at the end of this loop turn, or a little later under load."""
        self._dirty[group] = None
        if self._scheduled:
            return
        self._scheduled = True
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            loop.call_soon(self.flush)
        else:
            loop.call_at(self._not_before, self.flush)

    def flush(self) -> None:
        """Send what waits in every group.

        The next flush keeps a distance of some times what this one took: under load the changes
        of several loop turns share a frame, while a quiet house gets every change at once.
        """
        self._scheduled = False
        loop = asyncio.get_running_loop()
        start = loop.time()
        while self._dirty:
            group, _ = self._dirty.popitem()
            self._send(group)
        end = loop.time()
        self._not_before = end + min(DISTANCE * (end - start), MAX_DELAY)

    def flush_group(self, group: Group) -> None:
        """Send what waits in one group."""
        if group in self._dirty:
            del self._dirty[group]
            self._send(group)

    def _send(self, group: Group) -> None:
        """Make the payload once per (id, coalescing) and hand it to every member."""
        try:
            batch = group.batch()
        except Exception:
            _LOGGER.exception("Changes could not be serialised and were left out")
            return
        if batch is not None:
            self._deliver(group, batch)

    @staticmethod
    def _deliver(group: Group, batch: Batch) -> None:
        """Hand a batch to every member; equal bytes are built once."""
        built: dict[tuple[int, bool], bytes] = {}
        for connection, message_id in list(group.members):
            if connection.slow:
                connection.hold(message_id, batch)
                continue
            key = (message_id, connection.coalesce)
            frame = built.get(key)
            if frame is None:
                frame = built[key] = batch.frame(message_id, connection.coalesce)
            connection.write(frame)
