"""What must hold: one module for each kind."""

from typing import TYPE_CHECKING, Final

from hub.automation.conditions import group, state, template

if TYPE_CHECKING:
    from hub.automation.conditions.kind import ConditionKind

CONDITIONS: Final[dict[str, "ConditionKind"]] = {
    kind.name: kind for kind in (group.AND, group.OR, group.NOT, state.KIND, template.KIND)
}
"""Every kind by its name."""
