"""Entities: what integrations publish, by kind, and the index of all of them."""

from hub.entities.coordinator import Coordinator
from hub.entities.entity import DeviceInfo, Entity, EntityCategory
from hub.entities.owned import Owned
from hub.entities.platform import EntityIndex

__all__ = ["Coordinator", "DeviceInfo", "Entity", "EntityCategory", "EntityIndex", "Owned"]
