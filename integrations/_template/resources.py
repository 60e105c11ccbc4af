"""The resource type of this integration; the hub imports it when there is a resource of it."""

from typing import TYPE_CHECKING, Final

from hub.sdk import DriftPolicy, ResourceType
from integrations._template.schema import SPEC

if TYPE_CHECKING:
    from hub.sdk import Hub
    from integrations._template.controller import Thermometers


def _controller(hub: "Hub") -> "Thermometers":
    from integrations._template.controller import Thermometers

    return Thermometers(hub)


TYPES: Final = (
    ResourceType(
        name="template.thermometer",
        schema=SPEC,
        controller=_controller,
        title="Thermometer",
        # Nothing runs after a start of the hub; with things outside, `report` is the better choice.
        drift=DriftPolicy.REPAIR,
        lock=lambda spec: f"{spec['host']}:{spec['port']}",
    ),
)
