"""What sets an automation off: one module for each kind."""

from typing import TYPE_CHECKING, Final

from hub.automation.triggers import event, state, template, time

if TYPE_CHECKING:
    from hub.automation.triggers.kind import TriggerKind

TRIGGERS: Final[dict[str, "TriggerKind"]] = {
    module.KIND.name: module.KIND for module in (event, state, template, time)
}
"""Every kind by its name."""
