"""Where entities belong, for rules about areas and labels."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.auth.rights import NOWHERE, Place
from hub.const import EVENT_DEVICE_REGISTRY_UPDATED, EVENT_ENTITY_REGISTRY_UPDATED

if TYPE_CHECKING:
    from hub.events import Event, EventBus
    from hub.registry import DeviceRegistry, EntityRegistry

_DEVICE_CHANGES = frozenset({"area_id", "labels"})
_ENTITY_CHANGES = frozenset({"area_id", "labels", "device_id", "entity_id"})


class Places:
    """Area and labels of each entity, from the registries."""

    def __init__(
        self, bus: "EventBus", entities: "EntityRegistry", devices: "DeviceRegistry"
    ) -> None:
        """Ask the two registries, and follow their changes on `bus`."""
        self._entities = entities
        self._devices = devices
        self._moved: Callable[[], object] | None = None
        bus.listen(EVENT_ENTITY_REGISTRY_UPDATED, self._entity_updated)
        bus.listen(EVENT_DEVICE_REGISTRY_UPDATED, self._device_updated)

    def follow(self, moved: Callable[[], object]) -> None:
        """Call `moved` when an entity may have come to another place."""
        self._moved = moved

    def of(self, entity_id: str) -> Place:
        """Return where an entity belongs; one without a registry entry belongs nowhere."""
        entry = self._entities.get(entity_id)
        if entry is None:
            return NOWHERE
        device = None if entry.device_id is None else self._devices.get(entry.device_id)
        if device is None:
            return Place(entry.area_id, frozenset(entry.labels))
        return Place(entry.area_id or device.area_id, frozenset((*entry.labels, *device.labels)))

    def _entity_updated(self, event: "Event") -> None:
        changes = event.data.get("changes")
        if changes is None or not _ENTITY_CHANGES.isdisjoint(changes):
            self._tell()

    def _device_updated(self, event: "Event") -> None:
        changes = event.data.get("changes")
        if changes is not None and not _DEVICE_CHANGES.isdisjoint(changes):
            self._tell()

    def _tell(self) -> None:
        if self._moved is not None:
            self._moved()
