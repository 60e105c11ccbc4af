"""What the house consists of: entities, devices, areas, floors and labels, kept over restarts."""

from hub.registry.areas import AreaEntry, AreaRegistry
from hub.registry.devices import DeviceEntry, DeviceRegistry
from hub.registry.entities import EntityRegistry
from hub.registry.entity import EntityEntry
from hub.registry.floors import FloorEntry, FloorRegistry
from hub.registry.labels import LabelEntry, LabelRegistry

__all__ = [
    "AreaEntry",
    "AreaRegistry",
    "DeviceEntry",
    "DeviceRegistry",
    "EntityEntry",
    "EntityRegistry",
    "FloorEntry",
    "FloorRegistry",
    "LabelEntry",
    "LabelRegistry",
]
