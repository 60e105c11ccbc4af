"""From a condition as it is written to a check that answers within one loop turn."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.automation import fields
from hub.automation.conditions.kind import Check, ConditionError

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World


def compile(world: "World", config: Mapping[str, Any] | str) -> Check:  # noqa: A001 - what it does
    """Return the check of a normalised condition; a text is a template.

    A condition that is switched off holds. Raises `HubError` for what can not be compiled.
    """
    from hub.automation.conditions import CONDITIONS

    if isinstance(config, str):
        config = {"condition": "template", "value_template": config}
    if not is_used(world, config):
        return _unused
    kind = CONDITIONS[config["condition"]]
    return _noted(kind.compile(world, config, lambda inner: compile(world, inner)))


def is_used(world: "World", config: Mapping[str, Any] | str) -> bool:
    """Tell whether a condition is switched on, as its template says at this moment."""
    if isinstance(config, str):
        return True
    return fields.is_enabled(world, config.get("enabled", True))


def all_of(checks: Sequence[Check]) -> Check:
    """Return the check of conditions that must all hold; notes each at `path/index`."""

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        for index, part in enumerate(checks):
            at = f"{path}/{index}"
            if trace is not None:
                trace.begin(at)
            if not part(variables, trace, at):
                return False
        return True

    return check


def _noted(check: Check) -> Check:
    """Note the answer of a check, or why it has none."""

    def noted(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        if trace is None:
            return check(variables, None, path)
        try:
            held = check(variables, trace, path)
        except ConditionError as error:
            trace.note(path, error=error.message)
            raise
        trace.note(path, {"result": held})
        return held

    return noted


def _unused(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
    """Answer for a condition that is switched off: it stands in nobody's way."""
    del variables
    if trace is not None:
        trace.note(path, {"enabled": False})
    return True
