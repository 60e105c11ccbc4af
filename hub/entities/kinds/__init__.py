"""The kinds of entities, with Home Assistant's attribute and service names."""

from hub.entities.kinds.binary_sensor import BinarySensorEntity
from hub.entities.kinds.button import ButtonEntity
from hub.entities.kinds.climate import ClimateEntity, ClimateFeature, HVACAction, HVACMode
from hub.entities.kinds.event import EventEntity
from hub.entities.kinds.number import NumberEntity
from hub.entities.kinds.select import SelectEntity
from hub.entities.kinds.sensor import SensorEntity, StateClass
from hub.entities.kinds.switch import SwitchEntity
from hub.entities.kinds.update import UpdateEntity, UpdateFeature

__all__ = [
    "BinarySensorEntity",
    "ButtonEntity",
    "ClimateEntity",
    "ClimateFeature",
    "EventEntity",
    "HVACAction",
    "HVACMode",
    "NumberEntity",
    "SelectEntity",
    "SensorEntity",
    "StateClass",
    "SwitchEntity",
    "UpdateEntity",
    "UpdateFeature",
]
