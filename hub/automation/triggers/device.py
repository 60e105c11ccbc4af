"""`device`: something happens to an entity of a device, as Home Assistant's page writes it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.automation import devices
from hub.automation.triggers.kind import Run, TriggerKind
from hub.automation.triggers.numeric_state import NumericTrigger
from hub.automation.triggers.state import StateTrigger

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World


def _check(config: Mapping[str, Any]) -> None:
    devices.trigger_config(config)


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Follow the entities that the device has now; raises `NotFound`."""
    found = devices.mapped(world, config, devices.trigger_config(config))
    listener: StateTrigger | NumericTrigger
    if found.kind == "state":
        listener = StateTrigger(world, found.config, run, variables, "device")
    else:
        listener = NumericTrigger(world, found.config, run, variables, "device")
    return listener.listen(found.entity_ids)


KIND: Final = TriggerKind("device", devices.TRIGGER_FIELDS, attach, _check)
