"""From a target (entities, devices, areas, floors, labels) to entity ids, by index."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hub.services import Target

if TYPE_CHECKING:
    from hub.hub import Hub


def resolve(hub: "Hub", target: Target, kind: str | None) -> Iterator[str]:
    """Yield each targeted entity id once; `kind` narrows devices, areas, floors and labels.

    Hidden entities, and those that are configuration or diagnosis, are reached only by their own
    id, as in Home Assistant.
    """
    if target.all:
        yield from hub.states.entity_ids(kind)
        return
    seen: set[str] = set()
    for entity_id in target.entity_ids:
        if entity_id not in seen:
            seen.add(entity_id)
            yield entity_id
    for entity_id in _indirect(hub, target):
        if entity_id not in seen and (kind is None or entity_id.startswith(kind + ".")):
            seen.add(entity_id)
            yield entity_id


def _indirect(hub: "Hub", target: Target) -> Iterator[str]:
    """Yield what devices, areas, floors and labels lead to."""
    registry = hub.entity_registry
    areas = [
        *target.area_ids,
        *(
            area.area_id
            for area in (hub.areas.all() if target.floor_ids else ())
            if area.floor_id in target.floor_ids
        ),
    ]
    devices = list(target.device_ids)
    entries = []
    for area_id in areas:
        entries += registry.by_area(area_id)
        devices += [device.id for device in hub.devices.by_area(area_id)]
    for label_id in target.label_ids:
        entries += registry.by_label(label_id)
        devices += [device.id for device in hub.devices.by_label(label_id)]
    inherited = set(areas)
    for device_id in devices:
        for entry in registry.by_device(device_id):
            moved = inherited and entry.area_id is not None and entry.area_id not in inherited
            if not (moved and device_id not in target.device_ids):
                entries.append(entry)
    for entry in entries:
        if entry.hidden_by is None and entry.disabled_by is None and entry.entity_category is None:
            yield entry.entity_id
