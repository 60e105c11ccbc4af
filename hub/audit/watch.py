"""Turns what other rooms tell into entries: registry writes, users, logins and tokens."""

from collections.abc import Callable, Coroutine, Mapping
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
    from sqlalchemy.ext.asyncio import AsyncConnection

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


def adder(audit: "Audit") -> Callable[..., Coroutine[Any, Any, None]]:
    """Return what `hub.auth` writes changes down with, in their own transaction (its `Add`)."""

    async def add(
        connection: "AsyncConnection",
        action: str,
        target: str,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        await audit.add(connection, Entry(action, target, data=data or {}))

    return add


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
