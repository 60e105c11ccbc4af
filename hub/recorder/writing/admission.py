"""Which changes make a row: the filter between the bus and the writer's queue.

A change is decided on at once, in one look-up where its policy compares nothing. What an interval
holds back is kept until the interval ends; then its last value makes a row, with its own time.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hub.recorder.policies import ALWAYS_KEPT, Policy
from hub.states.state import State, StateChanged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.recorder.policies import Policies
    from hub.util.clock import Cancel, Clock

Keep = Callable[[StateChanged, Policy], object]
Late = Callable[[str, float], object]

HIDDEN_MODES: Final = frozenset({"input_text", "text"})
"""Domains whose states are never kept while their attribute `mode` is `password`."""


class Gate:
    """What was kept last of one entity, and what its interval holds back."""

    __slots__ = ("cancel", "kept", "number", "policy", "waiting")

    def __init__(self, policy: Policy) -> None:
        """Begin with nothing kept."""
        self.policy = policy
        self.kept: State | None = None
        self.number: float | None = None
        self.waiting: StateChanged | None = None
        self.cancel: Cancel | None = None


class Admission:
    """Hands changes that make a row to `keep`."""

    def __init__(self, policies: "Policies", clock: "Clock", keep: Keep) -> None:
        """Ask `policies`, time intervals by `clock`."""
        self._policies = policies
        self._clock = clock
        self._keep = keep
        self._gates: dict[str, Gate] = {}
        self.enabled = True
        """Off = nothing makes a row (the service recorder.disable)."""
        self.late: Late | None = None
        """Told (entity_id, time) of rows that an interval held back, before they are kept."""
        self.suppressed = 0
        """Changes that made no row, by policy."""

    def offer(self, event: "StateChanged") -> None:
        """Keep a change, hold it back, or let it go."""
        if not self.enabled:
            return
        entity_id = event.entity_id
        policy = self._policies.of(entity_id)
        new = event.new
        if policy.record == "none" or (new is not None and self._hidden(new)):
            self.suppressed += 1
            return
        if new is None:
            self._drop(entity_id)
            self._keep(event, policy)
            return
        if policy.plain and not self._policies.squeezed:
            self._keep(event, policy)
            return
        self._compare(event, new, policy)

    def present(self, states: "Iterable[State]", now: float) -> None:
        """Keep what is there at the moment, when recording begins again."""
        for state in states:
            copy = State(state.entity_id, state.state, state.attributes, now, now, state.context)
            self.offer(StateChanged(state.entity_id, None, copy, now, state.context))

    def release(self) -> None:
        """Keep what intervals hold back, now: the hub stops, or the recorder is switched off."""
        for gate in list(self._gates.values()):
            if gate.cancel is not None:
                gate.cancel()
            self._end_interval(gate, again=False)
        self._gates.clear()

    def forget(self, entity_id: str) -> None:
        """Forget an entity: its next value makes a row."""
        self._drop(entity_id)

    # --- inside

    def _compare(self, event: "StateChanged", new: "State", policy: Policy) -> None:
        gate = self._gates.get(event.entity_id)
        if gate is None or gate.policy is not policy or event.old is None:
            self._drop(event.entity_id)
            gate = self._gates[event.entity_id] = Gate(policy)
        number = _number(new.state)
        if not self._wanted(gate, new, number):
            self.suppressed += 1
            return
        kept = gate.kept
        # a text is an event of its own: on, off, unavailable, and the first number after it
        text = kept is None or (kept.state != new.state and (number is None or gate.number is None))
        if text or not self._moved_little(gate, new, number):
            if gate.cancel is not None and not text:
                if gate.waiting is not None:
                    self.suppressed += 1
                gate.waiting = event
            else:
                self._pass(gate, event, new, number)
            return
        self.suppressed += 1
        if gate.waiting is not None:
            # it came back to where the last row is: what waited is not the last value any more
            gate.waiting = event

    def _wanted(self, gate: Gate, new: "State", number: float | None) -> bool:
        """Tell whether the kind of change is one that the policy keeps."""
        policy, kept = gate.policy, gate.kept
        if policy.only_numeric and number is None and new.state not in _NO_NUMBER:
            return False
        if self._policies.squeezed and "state_class" not in new.attributes and kept is not None:
            return False
        if kept is None or kept.state != new.state:
            return True
        if policy.record == "changes":
            return _meaning(kept) != _meaning(new)
        if policy.attributes is not True:
            return policy.kept(kept.attributes) != policy.kept(new.attributes)
        return True

    @staticmethod
    def _moved_little(gate: Gate, new: "State", number: float | None) -> bool:
        """Tell whether a number stayed within the deadband around the last row's."""
        policy, kept, last = gate.policy, gate.kept, gate.number
        band = policy.deadband or policy.deadband_percent
        if not band or kept is None or number is None or last is None:
            return False
        if not policy.deadband:
            band = abs(last) * policy.deadband_percent / 100
        return (number == last or abs(number - last) < band) and _meaning(kept) == _meaning(new)

    def _pass(self, gate: Gate, event: "StateChanged", new: "State", number: float | None) -> None:
        """Make a row, and begin the next interval."""
        if gate.cancel is not None:
            gate.cancel()
            gate.cancel = None
        gate.kept, gate.number, gate.waiting = new, number, None
        if gate.policy.min_interval:
            gate.cancel = self._clock.call_later(
                gate.policy.min_interval, lambda: self._end_interval(gate)
            )
        self._keep(event, gate.policy)

    def _end_interval(self, gate: Gate, *, again: bool = True) -> None:
        """Make a row of the last value of the interval, if there was one."""
        gate.cancel = None
        event, gate.waiting = gate.waiting, None
        if event is None or event.new is None:
            return
        if self.late is not None:
            self.late(event.entity_id, event.time)
        if again:
            self._pass(gate, event, event.new, _number(event.new.state))
        else:
            self._keep(event, gate.policy)

    def _drop(self, entity_id: str) -> None:
        gate = self._gates.pop(entity_id, None)
        if gate is not None and gate.cancel is not None:
            gate.cancel()

    @staticmethod
    def _hidden(new: "State") -> bool:
        return new.attributes.get("mode") == "password" and new.domain in HIDDEN_MODES


_NO_NUMBER: Final = frozenset({"unknown", "unavailable"})


def _number(text: str) -> float | None:
    """Return a state's number; None for a text, and for what is not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _meaning(state: "State") -> tuple[object, ...]:
    """Return what says what the number means."""
    return tuple(state.attributes.get(name) for name in ALWAYS_KEPT)
