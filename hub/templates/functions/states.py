"""States of entities."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from hub.states import State, valid_entity_id
from hub.templates.current import CURRENT
from hub.templates.proxies import NO_VALUE, AllStates, StateProxy, look_up

ALL_STATES: Final = AllStates()


def id_of(value: Any) -> str:
    """Return the entity id that a text or a state stands for."""
    if isinstance(value, StateProxy | State):
        return value.entity_id
    return str(value)


def is_state(entity_id: Any, state: Any) -> bool:
    """Tell whether an entity has a state, or one of several."""
    found = CURRENT.get().state(id_of(entity_id))
    if found is None:
        return False
    return found.state in state if isinstance(state, list | tuple | set) else found.state == state


def state_attr(entity_id: Any, name: str) -> Any:
    """Return an attribute, none when there is no such entity or attribute."""
    found = CURRENT.get().state(id_of(entity_id))
    return None if found is None else found.attributes.get(name)


def is_state_attr(entity_id: Any, name: str, value: Any) -> bool:
    """Tell whether an attribute has a value."""
    return bool(state_attr(entity_id, name) == value)


def has_value(entity_id: Any) -> bool:
    """Tell whether an entity exists and is neither unknown nor unavailable."""
    found = CURRENT.get().state(id_of(entity_id))
    return found is not None and found.state not in NO_VALUE


def expand(*values: Any) -> list[StateProxy]:
    """Return the states of entities and of the members of groups, by entity id."""
    run = CURRENT.get()
    found: dict[str, StateProxy] = {}
    seen: set[str] = set()
    waiting = list(values)
    while waiting:
        run.tick()
        value = waiting.pop()
        if isinstance(value, StateProxy | State):
            proxy = look_up(value.entity_id)
        elif isinstance(value, str):
            proxy = look_up(value) if valid_entity_id(value.lower()) else None
        elif isinstance(value, Iterable):
            waiting.extend(value)
            continue
        else:
            continue
        if proxy is None or proxy.entity_id in seen:
            continue
        seen.add(proxy.entity_id)
        members = proxy.attributes.get("entity_id") if _is_group(proxy) else None
        if isinstance(members, list | tuple | set):
            waiting.extend(members)
        else:
            found[proxy.entity_id] = proxy
    return [found[entity_id] for entity_id in sorted(found)]


def _is_group(proxy: StateProxy) -> bool:
    if proxy.entity_id.startswith("group."):
        return True
    entry = CURRENT.get().house.entity_registry.get(proxy.entity_id)
    return entry is not None and entry.platform == "group"


_BOTH: Final[dict[str, Any]] = {
    "expand": expand,
    "has_value": has_value,
    "is_state": is_state,
    "is_state_attr": is_state_attr,
    "state_attr": state_attr,
    "states": ALL_STATES,
}
GLOBALS: Final[dict[str, Any]] = _BOTH
FILTERS: Final[dict[str, Callable[..., Any]]] = {
    **_BOTH,
    "states": ALL_STATES.__call__,
}
TESTS: Final[dict[str, Callable[..., Any]]] = {
    "has_value": has_value,
    "is_state": is_state,
    "is_state_attr": is_state_attr,
}
