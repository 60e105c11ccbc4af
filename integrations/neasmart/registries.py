"""What the registries hold of an installation, and how it leaves them."""

from collections.abc import Callable, Collection, Iterable

from hub.sdk import Entity, Hub
from integrations.neasmart.const import DOMAIN

Owns = Callable[[str], bool]
"""Tells whether a unique id or a device's identifier belongs to the installation in question."""


def is_known(hub: Hub, owns: Owns) -> bool:
    """Tell whether there is a device of an installation."""
    return any(owns(name) for device in hub.devices.all() for name in _ids(device.identifiers))


async def silence(hub: Hub, entity: Entity) -> None:
    """Take an entity out of the house; its registry entry stays."""
    entry = hub.entity_registry.by_unique_id(entity.kind, DOMAIN, entity.unique_id)
    if entry is not None:
        await hub.entities.remove(entry.entity_id)


async def forget(hub: Hub, entity: Entity) -> None:
    """Take an entity out of house and registry."""
    await silence(hub, entity)
    entry = hub.entity_registry.by_unique_id(entity.kind, DOMAIN, entity.unique_id)
    if entry is not None:
        hub.entity_registry.remove(entry.entity_id)


def device_ids(entities: Iterable[Entity]) -> set[str]:
    """Return the identifiers of the devices that entities stand on."""
    devices = (entity.device for entity in entities)
    found = [device.identifiers for device in devices if device is not None]
    return {name for identifiers in found for name in _ids(identifiers)}


def drop(hub: Hub, names: Iterable[str]) -> None:
    """Remove devices from the registry."""
    for name in names:
        device = hub.devices.by_identifier((DOMAIN, name))
        if device is not None:
            hub.devices.remove(device.id)


async def sweep(hub: Hub, owns: Owns, keep: Collection[Entity] = ()) -> list[str]:
    """Remove what an installation owns beside the entities of `keep`; returns the entity ids."""
    kept = {entity.unique_id for entity in keep}
    gone = [
        entry.entity_id
        for entry in hub.entity_registry.all()
        if entry.platform == DOMAIN and owns(entry.unique_id) and entry.unique_id not in kept
    ]
    for entity_id in gone:
        await hub.entities.remove(entity_id)
        hub.entity_registry.remove(entity_id)
    found = {name for device in hub.devices.all() for name in _ids(device.identifiers)}
    drop(hub, set(filter(owns, found)) - device_ids(keep))
    return gone


def _ids(identifiers: Iterable[tuple[str, str]]) -> list[str]:
    return [name for domain, name in identifiers if domain == DOMAIN]
