"""Entity ids that change in this very moment: a rename is no change of a value."""

import asyncio
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from hub.const import EVENT_ENTITY_REGISTRY_UPDATED

if TYPE_CHECKING:
    from hub.events import Event, EventBus


class Renames:
    """The ids that a rename touches, until the loop's next turn.

    A rename takes the old id's state away and gives the new id one; both changes are dispatched
    before whoever renamed goes on.
    """

    def __init__(self, bus: "EventBus") -> None:
        """Follow the entity registry."""
        self._ids: set[str] = set()
        bus.listen(EVENT_ENTITY_REGISTRY_UPDATED, self._updated)

    def __contains__(self, entity_id: object) -> bool:
        """Tell whether an entity comes or goes only because its id was changed."""
        return entity_id in self._ids

    def _updated(self, event: "Event") -> None:
        old = event.data.get("old_entity_id")
        if old is None:
            return
        if not self._ids:
            asyncio.get_running_loop().call_soon(self._ids.clear)
        self._ids |= {old, event.data["entity_id"]}


_BY_BUS: Final["WeakKeyDictionary[EventBus, Renames]"] = WeakKeyDictionary()


def renames(bus: "EventBus") -> Renames:
    """Return the one that follows the registry behind a bus, made when it is first asked for."""
    found = _BY_BUS.get(bus)
    if found is None:
        found = _BY_BUS[bus] = Renames(bus)
    return found
