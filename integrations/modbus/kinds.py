"""From the entities of a definition to those of the house."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from hub.sdk import Entity
from integrations.modbus.binary_sensor import RegisterBinarySensor
from integrations.modbus.button import RegisterButton
from integrations.modbus.climate import RegisterClimate
from integrations.modbus.mapping.models import EntitySpec
from integrations.modbus.number import RegisterNumber
from integrations.modbus.select import RegisterSelect
from integrations.modbus.sensor import RegisterSensor
from integrations.modbus.switch import RegisterSwitch

if TYPE_CHECKING:
    from integrations.modbus.polling.device import Device

KINDS: Final[Mapping[str, Callable[["Device", EntitySpec], Entity]]] = {
    "binary_sensor": RegisterBinarySensor,
    "button": RegisterButton,
    "climate": RegisterClimate,
    "number": RegisterNumber,
    "select": RegisterSelect,
    "sensor": RegisterSensor,
    "switch": RegisterSwitch,
}


def make(source: "Device", spec: EntitySpec) -> Entity:
    """Return the entity that a definition describes."""
    return KINDS[spec.kind](source, spec)
