"""How entities leave the house, and what the registries hold of resources that are gone."""

from collections.abc import Collection

from hub.sdk import Entity, Hub
from integrations.proxy.const import DOMAIN


async def take(hub: Hub, entity: Entity, *, forget: bool) -> None:
    """Take an entity out of the house, and out of the registry when it is gone for good."""
    entry = hub.entity_registry.by_unique_id(entity.kind, DOMAIN, entity.unique_id)
    if entry is None:
        return
    await hub.entities.remove(entry.entity_id)
    if forget:
        hub.entity_registry.remove(entry.entity_id)


async def sweep(hub: Hub, resources: Collection[str], kept: Collection[str]) -> None:
    """Remove entities but those of `kept` (unique ids), and devices of no resource (ids)."""
    for entry in list(hub.entity_registry.all()):
        if entry.platform == DOMAIN and entry.unique_id not in kept:
            await hub.entities.remove(entry.entity_id)
            hub.entity_registry.remove(entry.entity_id)
    for device in list(hub.devices.all()):
        names = [name for domain, name in device.identifiers if domain == DOMAIN]
        if names and not any(name in resources for name in names):
            hub.devices.remove(device.id)
