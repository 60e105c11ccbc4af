"""What must hold: one module for each kind."""

from typing import TYPE_CHECKING, Final

from hub.automation.conditions import (
    device,
    group,
    numeric_state,
    resource,
    state,
    sun,
    template,
    time,
    trigger,
    unsupported,
)

if TYPE_CHECKING:
    from hub.automation.conditions.kind import ConditionKind

_MODULES: Final = (device, numeric_state, resource, state, sun, template, time, trigger)

CONDITIONS: Final[dict[str, "ConditionKind"]] = {
    kind.name: kind
    for kind in (
        group.AND,
        group.OR,
        group.NOT,
        *(module.KIND for module in _MODULES),
        unsupported.ZONE,
    )
}
"""Every kind by its name."""
