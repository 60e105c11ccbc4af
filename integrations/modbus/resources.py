"""The resource types of this integration."""

from typing import TYPE_CHECKING, Any, Final

from hub.sdk import DriftPolicy, ResourceType
from integrations.modbus import schema
from integrations.modbus.const import DEFINITION, DEVICE, LINK
from integrations.modbus.link_schema import LINK as LINK_SPEC
from integrations.modbus.mapping.schema import DEFINITION as DEFINITION_SPEC
from integrations.modbus.mapping.schema import check_definition

if TYPE_CHECKING:
    from hub.sdk import Controller, Hub


def _links(hub: "Hub") -> "Controller[Any]":
    from integrations.modbus.links import Links

    return Links(hub)


def _devices(hub: "Hub") -> "Controller[Any]":
    from integrations.modbus.devices import Devices

    return Devices(hub)


TYPES: Final = (
    ResourceType(
        name=LINK,
        schema=LINK_SPEC,
        controller=_links,
        title="Modbus link",
        description="A connection that Modbus devices hang on: TCP, TLS, UDP or a serial line",
        drift=DriftPolicy.REPAIR,
        workers=16,
    ),
    ResourceType(
        name=DEVICE,
        schema=schema.DEVICE,
        check=schema.check_device,
        controller=_devices,
        title="Modbus device",
        description="A thermostat, meter or relay that is polled",
        drift=DriftPolicy.REPAIR,
        workers=16,
    ),
    ResourceType(
        name=DEFINITION,
        schema=DEFINITION_SPEC,
        check=check_definition,
        title="Modbus definition",
        description="What the registers of a kind of device mean",
        entities=False,
    ),
)
