"""Changes as they happen, behind what was read from the history: grouped, bounded, nothing twice.

A stream listens before it reads. What happens meanwhile waits; what of that the reading brought
along already is left out afterwards.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hub.const import EVENT_STATE_CHANGED
from hub.states import StateChanged

if TYPE_CHECKING:
    from collections.abc import Container

    from hub.events import Event, Unsubscribe
    from hub.hub import Hub
    from hub.util.clock import Cancel

GROUP_SECONDS: Final = 0.35
"""How long changes wait for others, to leave in one message."""

MOST_WAITING: Final = 2048
"""Changes that may wait; past that each entity keeps its newest only, and the message says so."""

MOVED: Final = 1000
"""Microseconds by which the recorder may have moved changes of one moment apart."""


class Timer:
    """Calls a function some time after the first of several pushes."""

    def __init__(self, hub: "Hub", action: Callable[[], None]) -> None:
        """Wait on the hub's clock."""
        self._clock = hub.clock
        self._action = action
        self._cancel: Cancel | None = None

    def push(self) -> None:
        """Begin to wait, unless that has begun."""
        if self._cancel is None:
            self._cancel = self._clock.call_later(GROUP_SECONDS, self._run)

    def stop(self) -> None:
        """Wait no longer."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _run(self) -> None:
        self._cancel = None
        self._action()


class LiveChanges:
    """The changes of some entities since a moment, until they are taken."""

    def __init__(self, hub: "Hub", entity_ids: "Container[str]", ready: Callable[[], None]) -> None:
        """Follow some entities; `ready()` is called when changes are due, once `open` was."""
        self.left_out = 0
        """Older changes that were given up since the last `take`."""
        self._hub = hub
        self._entity_ids = entity_ids
        self._waiting: dict[str, list[StateChanged]] = {}
        self._count = 0
        self._open = False
        self._timer = Timer(hub, ready)
        self._last: dict[str, tuple[int, str | None]] = {}
        self._unlisten: Unsubscribe | None = hub.bus.listen(EVENT_STATE_CHANGED, self._changed)

    def read(self, entity_id: str, time: int, state: str | None) -> None:
        """Note the newest row that was read of an entity; `time` in microseconds."""
        self._last[entity_id] = (time, state)

    def open(self, *, more: bool = False) -> None:
        """Leave out what was read meanwhile, and let the rest go; `more` = the caller has some."""
        for entity_id, (time, state) in self._last.items():
            events = self._waiting.get(entity_id, [])
            for index in reversed(range(len(events))):
                if _is(events[index], time, state):
                    self._count -= index + 1
                    del events[: index + 1]
                    break
        self._last.clear()
        self._open = True
        if self._count or more:
            self._timer.push()

    def take(self) -> dict[str, list[StateChanged]]:
        """Return what waits, by entity and oldest first."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        return {entity_id: events for entity_id, events in waiting.items() if events}

    def push(self) -> None:
        """Call `ready` in a while: the caller has something, or its client does not read now."""
        if self._open:
            self._timer.push()

    def stop(self) -> None:
        """Listen no longer; what waits is dropped."""
        self._timer.stop()
        self._waiting.clear()
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None

    def _changed(self, event: "Event") -> None:
        if not isinstance(event, StateChanged) or event.entity_id not in self._entity_ids:
            return
        self._waiting.setdefault(event.entity_id, []).append(event)
        self._count += 1
        if self._count > MOST_WAITING + len(self._waiting):
            self._conflate()
        if self._open:
            self._timer.push()

    def _conflate(self) -> None:
        for events in self._waiting.values():
            self.left_out += max(len(events) - 1, 0)
            del events[:-1]
        self._count = len(self._waiting)


def recorded(hub: "Hub", entity_id: str) -> bool:
    """Tell whether changes of an entity are kept at all: a stream tells no others."""
    return hub.recorder.policies.of(entity_id).record != "none"


def _is(event: StateChanged, time: int, state: str | None) -> bool:
    """Tell whether a row was made of an event."""
    own = round(event.time * 1e6)
    return own <= time < own + MOVED and (None if event.new is None else event.new.state) == state
