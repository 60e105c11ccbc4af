"""What a target of areas, devices and labels leads to."""

from typing import Any

import voluptuous as vol

from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.entities.targets import resolve
from hub.services.call import split_target


@command(
    "extract_from_target",
    {
        vol.Required("target"): dict,
        vol.Optional("expand_group", default=False): bool,
        vol.Optional("primary_entities_only", default=True): bool,
    },
    verb="read",
)
def extract_from_target(connection: Connection, message: Message) -> dict[str, Any]:
    """Return the entities, devices and areas that a target means, and what of it is missing."""
    hub = connection.hub
    target = split_target(None, message["target"])[1]
    may = connection.user.may
    entities = [found for found in resolve(hub, target, None) if may("read", found)]
    entries = [entry for found in entities if (entry := hub.entity_registry.get(found))]
    areas = {area_id for area_id in target.area_ids if hub.areas.get(area_id) is not None}
    areas |= {area.area_id for area in hub.areas.all() if area.floor_id in target.floor_ids}
    devices = {device_id for device_id in target.device_ids if hub.devices.get(device_id)}
    devices |= {entry.device_id for entry in entries if entry.device_id is not None}
    return {
        "referenced_entities": sorted(entities),
        "referenced_devices": sorted(devices),
        "referenced_areas": sorted(areas),
        "missing_devices": [x for x in target.device_ids if hub.devices.get(x) is None],
        "missing_areas": [x for x in target.area_ids if hub.areas.get(x) is None],
        "missing_floors": [x for x in target.floor_ids if hub.floors.get(x) is None],
        "missing_labels": [x for x in target.label_ids if hub.labels.get(x) is None],
    }
