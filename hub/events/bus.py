"""Listeners by event type, called at once and in order.

An event that is fired inside a listener is dispatched after the present one, so every listener
sees the same order; a cap ends a chain of events that would never end.
"""

import inspect
import logging
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hub.const import EVENT_STATE_REPORTED, LOCAL, MAX_EVENT_TYPE_LENGTH
from hub.errors import InvalidFormat
from hub.events.event import Event
from hub.util.tasks import Tasks

if TYPE_CHECKING:
    from hub.events.context import Context

_LOGGER = logging.getLogger(__name__)

ALL: Final = "*"
"""Listen to every event but `state_reported`, which must be asked for by name."""

MAX_CHAIN: Final = 100_000
"""How many events one outside event may lead to before the rest is dropped as a loop."""

Listener = Callable[[Event], Any]
Filter = Callable[[dict[str, Any]], bool]
Unsubscribe = Callable[[], None]


class EventBus:
    """Fires events to listeners; a listener's failure stays with the listener."""

    def __init__(self, tasks: Tasks | None = None) -> None:
        """Start coroutine listeners in `tasks`."""
        self._tasks = Tasks() if tasks is None else tasks
        self._listeners: dict[str, list[Listener]] = {}
        self._targets: dict[str, tuple[Listener, ...]] = {}
        self._pending: deque[tuple[tuple[Listener, ...], Event]] = deque()
        self._dispatching = False
        self.dispatched = 0
        """Events that reached listeners, those inside listeners included."""

    def listen(
        self, event_type: str, callback: Listener, filter: Filter | None = None
    ) -> Unsubscribe:
        """Call `callback(event)` for each event of a type (or `ALL`) whose data pass `filter`.

        A plain function runs inside `fire`; a coroutine function is started as a task.
        """
        call = self._as_plain(callback)
        entry: Listener = call if filter is None else partial(_filtered, filter, call)
        if entry is callback:
            entry = partial(callback) if callback in self._listeners.get(event_type, ()) else entry
        self._listeners.setdefault(event_type, []).append(entry)
        self._targets.clear()
        done = False

        def unsubscribe() -> None:
            nonlocal done
            if not done:
                done = True
                listeners = self._listeners[event_type]
                listeners.remove(entry)
                if not listeners:
                    del self._listeners[event_type]
                self._targets.clear()

        return unsubscribe

    def listen_once(
        self, event_type: str, callback: Listener, filter: Filter | None = None
    ) -> Unsubscribe:
        """Call `callback` for the first matching event only."""
        call = self._as_plain(callback)

        def once(event: Event) -> None:
            unsubscribe()
            call(event)

        unsubscribe = self.listen(event_type, once, filter)
        return unsubscribe

    def listened(self, event_type: str) -> bool:
        """Tell whether firing this type would reach anyone."""
        targets = self._targets.get(event_type)
        return bool(self._resolve(event_type) if targets is None else targets)

    def counts(self) -> dict[str, int]:
        """Return the number of listeners by event type."""
        return {event_type: len(found) for event_type, found in self._listeners.items()}

    def fire(
        self,
        event_type: str,
        data: dict[str, Any] | None = None,
        context: "Context | None" = None,
        origin: str = LOCAL,
        time: float | None = None,
    ) -> None:
        """Tell every listener of this type; `InvalidFormat` for a name over 64 characters."""
        targets = self._targets.get(event_type)
        if targets is None:
            targets = self._resolve(event_type)
        if targets:
            self.dispatch(
                targets, Event(event_type, {} if data is None else data, origin, time, context)
            )

    def targets(self, event_type: str) -> tuple[Listener, ...]:
        """Return the present listeners of a type, for callers that build their own events."""
        targets = self._targets.get(event_type)
        return self._resolve(event_type) if targets is None else targets

    def dispatch(self, targets: tuple[Listener, ...], event: Event) -> None:
        """Call the listeners now, or after the event that is being dispatched."""
        self.dispatched += 1
        if self._dispatching:
            self._pending.append((targets, event))
            return
        self._dispatching = True
        callback = targets[0]
        try:
            for callback in targets:
                callback(event)
        except Exception as error:  # noqa: BLE001 - a listener's failure must not reach the firer
            self._recover(targets, event, callback, error)
        finally:
            if self._pending:
                self._drain()
            self._dispatching = False

    def _recover(
        self, targets: tuple[Listener, ...], event: Event, failed: Listener, error: Exception
    ) -> None:
        """Log the failed listener and call the ones behind it."""
        _log_failure(failed, event, error)
        _call_all(iter(targets[targets.index(failed) + 1 :]), event)

    def _drain(self) -> None:
        """Dispatch the events that listeners fired meanwhile."""
        pending, count = self._pending, 0
        while pending:
            count += 1
            if count > MAX_CHAIN:
                _LOGGER.error(
                    "Dropped %d events: one led to more than %d others (a loop), last type %s",
                    len(pending),
                    MAX_CHAIN,
                    pending[0][1].type,
                )
                pending.clear()
                return
            targets, event = pending.popleft()
            _call_all(iter(targets), event)

    def _resolve(self, event_type: str) -> tuple[Listener, ...]:
        """Build and keep the tuple of listeners of one type."""
        if len(event_type) > MAX_EVENT_TYPE_LENGTH:
            raise InvalidFormat(
                f"Event type is longer than {MAX_EVENT_TYPE_LENGTH} characters: {event_type[:80]}"
            )
        found = tuple(self._listeners.get(event_type, ()))
        if event_type != EVENT_STATE_REPORTED:
            found += tuple(self._listeners.get(ALL, ()))
        if len(self._targets) > 4096:
            self._targets.clear()  # types come from clients too: the cache stays bounded
        self._targets[event_type] = found
        return found

    def _as_plain(self, callback: Listener) -> Listener:
        """Turn a coroutine function into a plain one that starts a task."""
        if not inspect.iscoroutinefunction(callback):
            return callback

        def start(event: Event) -> None:
            self._tasks.spawn(callback(event), f"listener {_name(callback)} of {event.type}")

        start.__qualname__ = _name(callback)
        return start


def _filtered(accepts: Filter, callback: Listener, event: Event) -> None:
    if accepts(event.data):
        callback(event)


def _call_all(callbacks: Iterator[Listener], event: Event) -> None:
    """Call each listener once; after a failure go on with the next."""
    callback: Listener | None = None
    while True:
        try:
            for callback in callbacks:
                callback(event)
        except Exception as error:  # noqa: BLE001 - a listener's failure must not reach the firer
            _log_failure(callback, event, error)
        else:
            return


def _log_failure(callback: Listener | None, event: Event, error: Exception) -> None:
    _LOGGER.error("Listener %s of %s failed", _name(callback), event.type, exc_info=error)


def _name(callback: object) -> str:
    if isinstance(callback, partial):
        callback = callback.args[1] if callback.func is _filtered else callback.func
    return getattr(callback, "__qualname__", repr(callback))
