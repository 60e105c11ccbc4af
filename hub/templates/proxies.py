"""States as templates see them: looked up when asked for, noted when read, never to be changed."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from hub.const import UNAVAILABLE, UNKNOWN
from hub.states import State, valid_entity_id
from hub.templates.clock import from_epoch
from hub.templates.current import CURRENT
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.events import Context, Event

MISSING: Final = object()
"""What `attribute` and `item` answer for something that is not there."""

NO_VALUE: Final = frozenset({UNKNOWN, UNAVAILABLE})


class Proxy:
    """An object that says itself what a template may see of it."""

    __slots__ = ()

    def attribute(self, name: str) -> Any:
        """Return what `object.name` means, or `MISSING`."""
        del name
        return MISSING

    def item(self, key: Any) -> Any:
        """Return what `object[key]` means, or `MISSING`."""
        return self.attribute(key) if isinstance(key, str) else MISSING


class StateProxy(Proxy):
    """One state; it is that of the moment at which it was looked up."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        """Stand for `state`."""
        self._state = state

    @property
    def entity_id(self) -> str:
        """Return the entity's id."""
        return self._state.entity_id

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Return the attributes; read only for those who keep to the sandbox."""
        return self._state.attributes

    @property
    def state(self) -> str:
        """Return the state text."""
        return self._state.state

    def attribute(self, name: str) -> Any:
        """Return a part of the state."""
        state = self._state
        if name == "state":
            return state.state
        if name == "attributes":
            return state.attributes
        if name in _TIMES:
            return from_epoch(getattr(state, name))
        if name in _PLAIN:
            return getattr(state, name)
        if name == "last_updated_timestamp":
            return state.last_updated
        if name == "last_changed_timestamp":
            return state.last_changed
        if name == "state_with_unit":
            return shown(state, rounded=True, with_unit=True)
        if name == "context":
            return ContextProxy(state.context)
        if name == "as_dict":
            return self.as_dict
        return MISSING

    def as_dict(self) -> dict[str, Any]:
        """Return the full state object as it is on the wire."""
        return dict(self._state.as_dict(), attributes=dict(self._state.attributes))

    def __eq__(self, other: object) -> bool:
        """Compare what the states say."""
        if not isinstance(other, StateProxy):
            return NotImplemented
        mine, theirs = self._state, other._state
        return mine is theirs or (
            mine.entity_id == theirs.entity_id
            and mine.state == theirs.state
            and mine.attributes == theirs.attributes
        )

    def __hash__(self) -> int:
        """Go by the entity."""
        return hash(self._state.entity_id)

    def __repr__(self) -> str:
        """Show id and value."""
        return f"<state {self._state.entity_id}={self._state.state}>"


_TIMES: Final = frozenset({"last_changed", "last_updated", "last_reported"})
_PLAIN: Final = frozenset({"entity_id", "domain", "object_id", "name"})


class ContextProxy(Proxy):
    """Who or what caused something."""

    __slots__ = ("_context",)

    def __init__(self, context: "Context") -> None:
        """Stand for `context`."""
        self._context = context

    def attribute(self, name: str) -> Any:
        """Return one of the three ids."""
        return getattr(self._context, name) if name in ("id", "user_id", "parent_id") else MISSING

    def __repr__(self) -> str:
        """Show the ids."""
        return repr(self._context)


class EventProxy(Proxy):
    """An event among the variables of an automation."""

    __slots__ = ("_event",)

    def __init__(self, event: "Event") -> None:
        """Stand for `event`."""
        self._event = event

    def attribute(self, name: str) -> Any:
        """Return a part of the event."""
        event = self._event
        if name == "data":
            return event.data
        if name == "event_type":
            return event.type
        if name == "origin":
            return event.origin
        if name == "time_fired":
            return from_epoch(event.time)
        if name == "context":
            return ContextProxy(event.context)
        return MISSING

    def __repr__(self) -> str:
        """Show the type and when it was fired."""
        return f"<event {self._event.type} at {iso(self._event.time)}>"


class DomainProxy(Proxy):
    """`states.sensor`: the states of a domain."""

    __slots__ = ("_domain",)

    def __init__(self, domain: str) -> None:
        """Stand for a domain."""
        self._domain = domain

    def attribute(self, name: str) -> StateProxy | None:
        """Return the state of `domain.name`, None when there is none."""
        return look_up(f"{self._domain}.{name}")

    def __iter__(self) -> Iterator[StateProxy]:
        """Walk through the states by entity id."""
        return map(StateProxy, CURRENT.get().walk(self._domain))

    def __len__(self) -> int:
        """Return how many states there are."""
        return len(CURRENT.get().walk(self._domain))

    def __bool__(self) -> bool:
        """Be true, even without states."""
        return True

    def __repr__(self) -> str:
        """Show the domain."""
        return f"<states of {self._domain}>"


class AllStates(Proxy):
    """`states`: every state, a domain, or a function that gives a state's text."""

    __slots__ = ()

    def attribute(self, name: str) -> Any:
        """Return the states of a domain, or of an entity for `states['sensor.x']`."""
        if "." in name:
            return look_up(name)
        return DomainProxy(name) if _is_domain(name) else MISSING

    def __call__(self, entity_id: Any, rounded: Any = None, with_unit: bool = False) -> str | float:
        """Return the state text of an entity, `unknown` when there is none."""
        entity_id = entity_id.entity_id if isinstance(entity_id, StateProxy) else str(entity_id)
        state = CURRENT.get().state(entity_id)
        if state is None:
            return UNKNOWN
        return shown(state, bool(with_unit if rounded is None else rounded), bool(with_unit))

    def __iter__(self) -> Iterator[StateProxy]:
        """Walk through all states by entity id."""
        return map(StateProxy, CURRENT.get().walk())

    def __len__(self) -> int:
        """Return how many states there are."""
        return len(CURRENT.get().walk())

    def __bool__(self) -> bool:
        """Be true, even without states."""
        return True

    def __repr__(self) -> str:
        """Show what it is."""
        return "<states>"


def _is_domain(name: str) -> bool:
    return valid_entity_id(f"{name}.x")


def look_up(entity_id: str) -> StateProxy | None:
    """Return the state of an entity as templates see it, and note that it was read."""
    state = CURRENT.get().state(entity_id)
    return None if state is None else StateProxy(state)


def shown(state: State, rounded: bool, with_unit: bool) -> str:
    """Return a state's text, as a person reads it when asked for."""
    text = state.state
    if rounded and (places := _places(state)) is not None:
        with suppress(ValueError):
            text = f"{float(text):.{min(places, 15)}f}"
    unit = state.attributes.get("unit_of_measurement")
    if with_unit and unit is not None and text not in NO_VALUE:
        return f"{text} {unit}"
    return text


def _places(state: State) -> int | None:
    """Return how many decimals the registry wants a sensor shown with."""
    entry = CURRENT.get().house.entity_registry.get(state.entity_id)
    options: Mapping[str, Any] = {} if entry is None else entry.options.get("sensor", {})
    for name in ("display_precision", "suggested_display_precision"):
        if isinstance(places := options.get(name), int) and places >= 0:
            return places
    return None
