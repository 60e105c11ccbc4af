"""`trigger`: the run was set off by one of some triggers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation.conditions.kind import Check, Compile, ConditionKind

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World


def _ids(value: object) -> list[str]:
    found = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise vol.Invalid("expected the id of a trigger, or several", path=[index])
        found.append(str(item))
    return found


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Compare the id of the trigger; a run that nothing set off has none."""
    del world, inner
    wanted = frozenset(config["id"])

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        del trace, path
        trigger = variables.get("trigger")
        return isinstance(trigger, Mapping) and trigger.get("id") in wanted

    return check


KIND: Final = ConditionKind("trigger", {vol.Required("id"): _ids}, compile)
