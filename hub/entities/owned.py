"""What one owner has in the house: how its entities and devices leave it and its registries."""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.entities.entity import DeviceInfo, Entity
    from hub.hub import Hub


class Owned:
    """The entities and devices of an integration, or of one thing of it.

    They are told by their names: the unique ids of entities, and the identifiers of devices.
    """

    def __init__(self, hub: "Hub", domain: str, owns: Callable[[str], bool]) -> None:
        """`owns` tells, of the integration `domain`, whether a name belongs to this owner."""
        self._hub = hub
        self._domain = domain
        self._owns = owns

    @property
    def is_known(self) -> bool:
        """Tell whether there is a device of it."""
        return any(map(self._owns, self._devices()))

    async def silence(self, entity: "Entity") -> None:
        """Take an entity out of the house; its registry entry stays."""
        entry = self._hub.entity_registry.by_unique_id(entity.kind, self._domain, entity.unique_id)
        if entry is not None:
            await self._hub.entities.remove(entry.entity_id)

    async def forget(self, entity: "Entity") -> None:
        """Take an entity out of house and registry."""
        registry = self._hub.entity_registry
        entry = registry.by_unique_id(entity.kind, self._domain, entity.unique_id)
        if entry is not None:
            await self._hub.entities.remove(entry.entity_id)
            registry.remove(entry.entity_id)

    def rename(self, device: "DeviceInfo") -> None:
        """Tell the registry what a device is called now; the names of its entities follow."""
        self._hub.devices.get_or_create(identifiers=device.identifiers, name=device.name)

    def drop(self, names: Iterable[str]) -> None:
        """Remove devices from the registry."""
        for name in names:
            device = self._hub.devices.by_identifier((self._domain, name))
            if device is not None:
                self._hub.devices.remove(device.id)

    async def sweep(self, keep: Collection["Entity"] = ()) -> list[str]:
        """Remove what it owns beside the entities of `keep`; returns the entity ids."""
        kept = {entity.unique_id for entity in keep}
        gone = [
            entry.entity_id
            for entry in self._hub.entity_registry.all()
            if entry.platform == self._domain
            and self._owns(entry.unique_id)
            and entry.unique_id not in kept
        ]
        for entity_id in gone:
            await self._hub.entities.remove(entity_id)
            self._hub.entity_registry.remove(entity_id)
        self.drop(set(filter(self._owns, self._devices())) - self.devices_of(keep))
        return gone

    def devices_of(self, entities: Iterable["Entity"]) -> set[str]:
        """Return the identifiers of the devices that entities stand on."""
        devices = (entity.device for entity in entities)
        found = [device.identifiers for device in devices if device is not None]
        return {name for identifiers in found for name in self._names(identifiers)}

    def _devices(self) -> list[str]:
        return [
            name for device in self._hub.devices.all() for name in self._names(device.identifiers)
        ]

    def _names(self, identifiers: Iterable[tuple[str, str]]) -> list[str]:
        return [name for domain, name in identifiers if domain == self._domain]
