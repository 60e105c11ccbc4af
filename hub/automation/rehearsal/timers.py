"""Timers of a rehearsal: they run on its clock and fire `timer.finished`."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from hub.automation import fields
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.automation.rehearsal.world import RehearsalWorld
    from hub.events import Context
    from hub.states import State


class Timers:
    """Starts, pauses and ends given timer entities."""

    def __init__(self, world: "RehearsalWorld") -> None:
        """Run on the clock of `world`."""
        self._world = world
        self._ends: dict[str, tuple[float, Callable[[], None]]] = {}

    def call(
        self, state: "State", service: str, data: Mapping[str, Any], context: "Context"
    ) -> None:
        """Do what a timer service does; others change nothing."""
        if service == "start":
            self._start(state, data, context)
        elif service == "pause" and state.state == "active":
            left = self._left(state.entity_id)
            self._set(state, "paused", context, remaining=_clock(left), finishes_at=None)
            self._tell("paused", state, context)
        elif service in ("cancel", "finish") and state.state != "idle":
            self._left(state.entity_id)
            self._set(state, "idle", context, remaining=None, finishes_at=None)
            self._tell("cancelled" if service == "cancel" else "finished", state, context)

    def _start(self, state: "State", data: Mapping[str, Any], context: "Context") -> None:
        paused = state.state == "paused"
        known = state.attributes.get("remaining" if paused else "duration", 0)
        seconds = _seconds(data.get("duration", known))
        entity_id = state.entity_id
        self._left(entity_id)
        finishes = self._world.clock.time() + seconds
        attributes = {"duration": _clock(seconds)} if "duration" in data else {}
        self._set(
            state,
            "active",
            context,
            remaining=_clock(seconds),
            finishes_at=iso(finishes),
            **attributes,
        )
        how = "started" if state.state == "idle" else "restarted"
        self._tell(how, state, context)
        cancel = self._world.clock.call_later(seconds, lambda: self._finish(entity_id, context))
        self._ends[entity_id] = (finishes, cancel)

    def _finish(self, entity_id: str, context: "Context") -> None:
        self._ends.pop(entity_id, None)
        state = self._world.states.get(entity_id)
        if state is not None:
            self._set(state, "idle", context, remaining=None, finishes_at=None)
            self._tell("finished", state, context)

    def _left(self, entity_id: str) -> float:
        """Stop the clock of a timer and return what was left of it, in seconds."""
        finishes, cancel = self._ends.pop(entity_id, (0.0, _nothing))
        cancel()
        return max(0.0, finishes - self._world.clock.time())

    def _set(self, state: "State", value: str, context: "Context", **changed: Any) -> None:
        attributes = {**state.attributes, **changed}
        kept = {name: value for name, value in attributes.items() if value is not None}
        self._world.states.set(state.entity_id, value, kept, context)

    def _tell(self, what: str, state: "State", context: "Context") -> None:
        self._world.bus.fire(f"timer.{what}", {"entity_id": state.entity_id}, context)


def _seconds(value: object) -> float:
    try:
        found = fields.period(value)
    except vol.Invalid:
        return 0.0
    return found if isinstance(found, float) else 0.0


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _nothing() -> None:
    pass
