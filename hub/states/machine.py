"""The table of present states, and listeners indexed by entity and by domain."""

import logging
import re
from collections.abc import Callable, Iterable
from time import time as _wall
from typing import Any, Final

from hub.const import (
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    MAX_ENTITY_ID_LENGTH,
    MAX_STATE_LENGTH,
)
from hub.errors import InvalidFormat
from hub.events import Context, Event, EventBus, Unsubscribe
from hub.states.state import State, StateChanged

_LOGGER = logging.getLogger(__name__)

_ENTITY_ID: Final = re.compile(r"(?!.+__)(?!_)[\da-z_]{1,64}(?<!_)\.(?!_)[\da-z_]+(?<!_)")

StateListener = Callable[[State | None, State | None], Any]


def valid_entity_id(entity_id: str) -> bool:
    """Tell whether a text is `domain.object_id` in the wire's alphabet, at most 255 characters."""
    return len(entity_id) <= MAX_ENTITY_ID_LENGTH and _ENTITY_ID.fullmatch(entity_id) is not None


class StateMachine:
    """Holds one `State` per entity and fires `state_changed` when it really changed."""

    def __init__(self, bus: EventBus, now: Callable[[], float] = _wall) -> None:
        """Fire on `bus`, stamping with `now()` in epoch seconds."""
        self._bus = bus
        self._now = now
        self._states: dict[str, State] = {}
        self._by_entity: dict[str, list[StateListener]] = {}
        self._by_domain: dict[str, list[StateListener]] = {}
        self._any: list[StateListener] = []
        self._tracking = False
        self._all_json: bytes | None = None
        self._all_compressed: bytes | None = None

    def __len__(self) -> int:
        """Return how many entities have a state."""
        return len(self._states)

    def get(self, entity_id: str) -> State | None:
        """Return the state of an entity, whatever the case of the id."""
        return self._states.get(entity_id) or self._states.get(entity_id.lower())

    def all(self) -> list[State]:
        """Return every state, oldest entity first."""
        return list(self._states.values())

    def all_json(self) -> bytes:
        """Return every full state as one JSON list, joined at most once per change."""
        if (value := self._all_json) is None:
            joined = b",".join([state.json for state in self._states.values()])
            value = self._all_json = b"[%b]" % joined
        return value

    def all_compressed(self) -> bytes:
        """Return every state as one JSON object by id, in the form of `subscribe_entities`."""
        if (value := self._all_compressed) is None:
            parts = [
                b'"%b":%b' % (entity_id.encode(), state.compressed)
                for entity_id, state in self._states.items()
            ]
            value = self._all_compressed = b"{%b}" % b",".join(parts)
        return value

    def entity_ids(self, domain: str | None = None) -> list[str]:
        """Return the ids of all entities, or of one domain's."""
        if domain is None:
            return list(self._states)
        prefix = domain + "."
        return [entity_id for entity_id in self._states if entity_id.startswith(prefix)]

    def set(
        self,
        entity_id: str,
        state: str,
        attributes: dict[str, Any] | None = None,
        context: Context | None = None,
        force: bool = False,
    ) -> State:
        """Write a state, taking ownership of `attributes`, and return the state that now holds.

        An unchanged write moves only `last_reported`, unless `force`. Raises `InvalidFormat` for
        an ill-formed id or a state over 255 characters.
        """
        if attributes is None:
            attributes = {}
        old = self._states.get(entity_id)
        if old is None:
            entity_id = _checked_id(entity_id)
            old = self._states.get(entity_id)
        now = self._now()
        same_attributes = False
        changed = now
        if old is not None:
            same_attributes = old.attributes == attributes
            if old.state == state and not force:
                if same_attributes:
                    return self._report(old, now, context)
                changed = old.last_changed
        if len(state) > MAX_STATE_LENGTH:
            raise InvalidFormat(
                f"State of {entity_id} is longer than {MAX_STATE_LENGTH} characters, "
                "put long text into an attribute"
            )
        if context is None:
            context = Context()
        new = State(entity_id, state, attributes, changed, now, context)
        if same_attributes and old is not None:
            new.share_attributes(old)
        self._states[entity_id] = new
        self._all_json = self._all_compressed = None
        bus = self._bus
        targets = bus.targets(EVENT_STATE_CHANGED)
        if targets:
            bus.dispatch(targets, StateChanged(entity_id, old, new, now, context))
        return new

    def remove(self, entity_id: str, context: Context | None = None) -> bool:
        """Forget an entity's state; False when it had none."""
        old = self._states.pop(entity_id.lower(), None)
        if old is None:
            return False
        self._all_json = self._all_compressed = None
        targets = self._bus.targets(EVENT_STATE_CHANGED)
        if targets:
            event = StateChanged(old.entity_id, old, None, self._now(), context or Context())
            self._bus.dispatch(targets, event)
        return True

    def listen(
        self,
        callback: StateListener,
        entity_ids: Iterable[str] | None = None,
        domains: Iterable[str] | None = None,
    ) -> Unsubscribe:
        """Call `callback(old, new)` on changes of the named entities or domains (all by default).

        A thousand listeners on a thousand entities cost one look-up per change.
        """
        if not self._tracking:
            self._tracking = True
            self._bus.listen(EVENT_STATE_CHANGED, self._track)
        keys = [(self._by_entity, item.lower()) for item in entity_ids or ()]
        keys += [(self._by_domain, domain) for domain in domains or ()]
        everything = entity_ids is None and domains is None
        if everything:
            self._any.append(callback)
        for table, key in keys:
            table.setdefault(key, []).append(callback)
        done = False

        def unsubscribe() -> None:
            nonlocal done
            if done:
                return
            done = True
            if everything:
                self._any.remove(callback)
            for table, key in keys:
                place = table[key]
                place.remove(callback)
                if not place:  # ids come from clients too: no trace of them may stay
                    del table[key]

        return unsubscribe

    def _report(self, state: State, now: float, context: Context | None) -> State:
        """Move only `last_reported`, telling those who asked for it."""
        last = state.last_reported
        state.report(now)
        self._all_json = None
        if self._bus.listened(EVENT_STATE_REPORTED):
            data = {"entity_id": state.entity_id, "new_state": state, "old_last_reported": last}
            self._bus.fire(EVENT_STATE_REPORTED, data, context, time=now)
        return state

    def _track(self, event: Event) -> None:
        """Hand a change to the listeners of its entity, its domain and of everything."""
        if not isinstance(event, StateChanged):
            return
        entity_id = event.entity_id
        called = self._by_entity.get(entity_id, ())
        if self._by_domain:
            called = [*called, *self._by_domain.get(entity_id.partition(".")[0], ())]
        if self._any:
            called = [*called, *self._any]
        for callback in tuple(called):
            try:
                callback(event.old, event.new)
            except Exception:
                name = getattr(callback, "__qualname__", repr(callback))
                _LOGGER.exception("State listener %s of %s failed", name, entity_id)


def _checked_id(entity_id: str) -> str:
    """Return the id in small letters, or raise."""
    lower = entity_id.lower()
    if not valid_entity_id(lower):
        raise InvalidFormat(
            f"Invalid entity ID {entity_id[:80]!r}: it must be domain.object_id of small letters, "
            "digits and single underscores, such as sensor.kitchen_temperature"
        )
    return lower
