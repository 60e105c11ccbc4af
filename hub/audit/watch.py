"""Turns what other rooms tell into entries: registry writes, users, logins and tokens."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from hub.audit.entry import Entry, Result
from hub.const import (
    EVENT_AREA_REGISTRY_UPDATED,
    EVENT_DEVICE_REGISTRY_UPDATED,
    EVENT_ENTITY_REGISTRY_UPDATED,
    EVENT_FLOOR_REGISTRY_UPDATED,
    EVENT_LABEL_REGISTRY_UPDATED,
)
from hub.events import ORIGIN, Context

if TYPE_CHECKING:
    from hub.audit.log import Audit
    from hub.events import Event, EventBus

_REGISTRIES: Final = {
    EVENT_AREA_REGISTRY_UPDATED: ("area", "area_id"),
    EVENT_DEVICE_REGISTRY_UPDATED: ("device", "device_id"),
    EVENT_ENTITY_REGISTRY_UPDATED: ("entity", "entity_id"),
    EVENT_FLOOR_REGISTRY_UPDATED: ("floor", "floor_id"),
    EVENT_LABEL_REGISTRY_UPDATED: ("label", "label_id"),
}


class Person(Protocol):
    """A user, as far as the audit needs to know him."""

    @property
    def id(self) -> str:
        """Return the user's id."""

    @property
    def name(self) -> str:
        """Return the user's name."""

    def as_dict(self) -> dict[str, Any]:
        """Return what clients may see of the user."""


def watch_registries(audit: "Audit", bus: "EventBus") -> None:
    """Note each change of a registry that came in through a door.

    What integrations register by themselves is no write of anybody and is left out.
    """

    def note(event: "Event") -> None:
        if ORIGIN.get() is None:
            return
        noun, key = _REGISTRIES[event.type]
        action, target = event.data["action"], event.data.get(key, "")
        changes = event.data.get("changes")
        data = {"changed": sorted(changes)} if isinstance(changes, Mapping) else {}
        audit.note(Entry(f"{noun}.{action}", str(target), data=data))

    for event_type in _REGISTRIES:
        bus.listen(event_type, note)


def user_listener(audit: "Audit", known: Iterable[Person]) -> Callable[[str, Person], None]:
    """Return a listener for changes of users, which notes what a change was."""
    before = {user.id: user.as_dict() for user in known}

    def note(action: str, user: Person) -> None:
        now = user.as_dict()
        data: dict[str, Any] = {"name": user.name}
        if action == "update":
            old = before.get(user.id, {})
            changed = {name: value for name, value in now.items() if old.get(name) != value}
            data["changed"] = changed or "password"
        if action == "remove":
            before.pop(user.id, None)
        else:
            before[user.id] = now
        audit.note(Entry(f"user.{action}", f"user/{user.id}", data=data))

    return note


def teller(audit: "Audit") -> Callable[..., None]:
    """Return what `hub.auth` tells of logins and tokens (its `Tell`)."""

    def tell(
        action: str,
        target: str,
        result: str = "ok",
        *,
        user: Person | None = None,
        address: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        context = None if user is None else Context(user.id)
        name = None if user is None else user.name
        audit.note(Entry(action, target, Result(result), context, data or {}, address, name))

    return tell
