"""What sets an automation off: one module for each kind."""

from typing import TYPE_CHECKING, Final

from hub.automation.triggers import (
    device,
    event,
    homeassistant,
    job,
    mqtt,
    numeric_state,
    resource,
    state,
    sun,
    template,
    time,
    time_pattern,
    unsupported,
    webhook,
)

if TYPE_CHECKING:
    from hub.automation.triggers.kind import TriggerKind

_MODULES: Final = (
    device,
    event,
    homeassistant,
    job,
    mqtt,
    numeric_state,
    resource,
    state,
    sun,
    template,
    time,
    time_pattern,
    webhook,
)

TRIGGERS: Final[dict[str, "TriggerKind"]] = {
    kind.name: kind for kind in (*(module.KIND for module in _MODULES), *unsupported.KINDS)
}
"""Every kind by its name."""
