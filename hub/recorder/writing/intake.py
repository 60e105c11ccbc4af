"""From events to the queue: what is recorded of what happens. Runs inside `fire`, must be quick."""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_CATEGORY_REGISTRY_UPDATED,
    EVENT_COMPONENT_LOADED,
    EVENT_CORE_CONFIG_UPDATED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_FINAL_WRITE,
    EVENT_FLOOR_REGISTRY_UPDATED,
    EVENT_JOB_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
    EVENT_RESOURCE_UPDATED,
    EVENT_SERVICE_REGISTERED,
    EVENT_SERVICE_REMOVED,
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    EVENT_SYSTEM_LOG,
)
from hub.events.bus import ALL
from hub.recorder.writing.admission import Admission
from hub.recorder.writing.queue import HIGH, LOW, NORMAL
from hub.recorder.writing.secrecy import as_json, cleaned, event_json
from hub.states.state import StateChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.events import Context, Event, EventBus
    from hub.recorder.policies import Policies, Policy
    from hub.recorder.writing.names import Names
    from hub.recorder.writing.queue import Queue
    from hub.states import State
    from hub.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

LEFT_OUT: Final = frozenset(
    {
        EVENT_AREA_REGISTRY_UPDATED,
        EVENT_CATEGORY_REGISTRY_UPDATED,
        EVENT_COMPONENT_LOADED,
        EVENT_CORE_CONFIG_UPDATED,
        EVENT_DEVICE_REGISTRY_UPDATED,
        EVENT_ENTITY_REGISTRY_UPDATED,
        EVENT_FINAL_WRITE,
        EVENT_FLOOR_REGISTRY_UPDATED,
        EVENT_JOB_UPDATED,
        EVENT_LABEL_REGISTRY_UPDATED,
        EVENT_RESOURCE_UPDATED,
        EVENT_SERVICE_REGISTERED,
        EVENT_SERVICE_REMOVED,
        EVENT_STATE_CHANGED,
        EVENT_STATE_REPORTED,
        EVENT_SYSTEM_LOG,
        "automation_reloaded",
        "scene_reloaded",
        "service_executed",
        "themes_updated",
    }
)
"""Events that are not kept; states have a table of their own. Every other type is."""

MAX_ATTRIBUTES: Final = 16 << 10
MAX_DATA: Final = 32 << 10
"""Bytes of JSON; what is longer is recorded as `{}`."""

_BURST: Final = 1000
"""Changes of one entity this many microseconds apart were made one after the other."""
_MAX_CONTEXTS: Final = 1_024
_MAX_ENTITIES: Final = 65_536
_LEVELS: Final = {"low": LOW, "normal": NORMAL, "high": HIGH}


class Intake:
    """Listens to everything and keeps what policies say."""

    def __init__(
        self, queue: "Queue", names: "Names", policies: "Policies", clock: "Clock"
    ) -> None:
        """Put into `queue`; `names` and what waits follow renames."""
        self.admission = Admission(policies, clock, self._keep)
        self.renamed: Callable[[], object] = lambda: None
        """Called after a rename: it has to be written."""
        self._queue, self._names = queue, names
        self._last: dict[str, int] = {}
        self._blobs: dict[str, tuple[dict[str, Any], Policy, bytes]] = {}
        self._kept: dict[Context, None] = {}
        self._long: set[str] = set()
        self._moved: set[str] = set()
        """Ids that were renamed away: the removal of their states ends no history."""
        self._end: Callable[[], None] | None = None

    def start(self, bus: "EventBus", states: "list[State]") -> None:
        """Record from now on, beginning with the states that are there."""
        for state in states:
            self.admission.offer(
                StateChanged(state.entity_id, None, state, state.last_updated, state.context)
            )
        self._end = bus.listen(ALL, self._happened)

    def stop(self) -> None:
        """Hear nothing more; what was held back is put into the queue."""
        if self._end is not None:
            self._end()
            self._end = None
            self.admission.release()

    def _happened(self, event: "Event") -> None:
        if isinstance(event, StateChanged):
            self.admission.offer(event)
        elif event.type not in LEFT_OUT:
            self._event(event)
        elif event.type == EVENT_ENTITY_REGISTRY_UPDATED:
            old, new = event.data.get("old_entity_id"), event.data.get("entity_id")
            if old is not None and new is not None and old != new:
                self._rename(old, new)

    def _keep(self, event: "StateChanged", policy: "Policy") -> None:
        """Put the row of a change into the queue."""
        entity_id, new = event.entity_id, event.new
        level = _LEVELS[policy.priority]
        if self._moved and entity_id in self._moved:
            self._moved.discard(entity_id)
            if new is None:
                return
        if new is None:
            self._blobs.pop(entity_id, None)
            at = self._time(entity_id, event.time)
            self._queue.put(entity_id, at, None, None, None, None, level, 0)
            return
        cost = 0
        known = self._blobs.get(entity_id)
        if known is not None and known[0] is new.attributes and known[1] is policy:
            blob = known[2]
        else:
            blob = self._blob(new, policy)
            if known is not None and known[2] == blob:
                blob = known[2]
            else:
                cost = len(blob)
            if len(self._blobs) >= _MAX_ENTITIES:
                self._blobs.clear()
            self._blobs[entity_id] = (new.attributes, policy, blob)
        at = self._time(entity_id, new.last_updated)
        changed = None if new.last_changed == new.last_updated else round(new.last_changed * 1e6)
        context: Context | None = new.context
        if new.context.user_id is None and new.context.parent_id is None:
            context = new.context if new.context in self._kept else None
        self._queue.put(entity_id, at, new.state, blob, changed, context, level, cost)

    def _time(self, entity_id: str, seconds: float) -> int:
        """Return microseconds; a second change in the same one comes one later."""
        time = round(seconds * 1e6)
        last = self._last.get(entity_id, 0)
        if time <= last and last - time < _BURST:
            time = last + 1
        if len(self._last) >= _MAX_ENTITIES:
            self._last.clear()
        self._last[entity_id] = time
        return time

    def _blob(self, state: "State", policy: "Policy") -> bytes:
        """Return the JSON of the attributes that are kept."""
        blob = None
        try:
            safe = cleaned(policy.kept(state.attributes))
        except RecursionError:
            return b"{}"
        if safe is state.attributes:
            with suppress(TypeError, ValueError, RecursionError):
                blob = state.attributes_json
        if blob is None:
            blob = as_json(safe, state.entity_id)
        if len(blob) > MAX_ATTRIBUTES:
            self._too_long(f"The attributes of {state.entity_id}", len(blob), MAX_ATTRIBUTES)
            return b"{}"
        return blob

    def _event(self, event: "Event") -> None:
        """Keep an event, and from now on the context in which it happened."""
        if not self.admission.enabled:
            return
        data = event_json(event.type, event.data)
        if len(data) > MAX_DATA:
            self._too_long(f"An event {event.type}", len(data), MAX_DATA)
            data = b"{}"
        context = event.context
        if len(self._kept) >= _MAX_CONTEXTS:
            del self._kept[next(iter(self._kept))]
        self._kept[context] = None
        at = round(event.time * 1e6)
        self._queue.put(None, at, event.type, data, None, context, NORMAL, len(data))

    def _rename(self, old: str, new: str) -> None:
        """Let rows that wait and rows in the database follow an entity to its new id."""
        self._queue.rename(old, new)
        self._names.rename(old, new)
        self._moved.discard(new)
        if len(self._moved) < _MAX_CONTEXTS:
            self._moved.add(old)
        self.admission.forget(old)
        self._blobs.pop(old, None)
        self._blobs.pop(new, None)
        self._last[new] = max(self._last.pop(old, 0), self._last.get(new, 0))
        self.renamed()

    def _too_long(self, what: str, size: int, limit: int) -> None:
        """Say it once for each entity or type."""
        if what not in self._long and len(self._long) < 1000:
            self._long.add(what)
            _LOGGER.warning(
                "%s takes %d bytes, more than %d: recorded without them", what, size, limit
            )
