"""What a kind of condition is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.errors import HubError

if TYPE_CHECKING:
    import voluptuous as vol

    from hub.automation.trace import Trace
    from hub.automation.world import World

Check = Callable[[Mapping[str, Any], "Trace | None", str], bool]
"""Takes variables, the trace of the run (None = none is kept) and the path of this condition.

Notes what it compared at its path by `trace.note(path, {...})`. Raises `ConditionError`.
"""

Compile = Callable[[Mapping[str, Any]], Check]
"""Makes a check of a nested condition."""


class ConditionError(HubError):
    """The condition can not be answered: an entity is missing, a template failed."""

    code = "condition_error"
    http_status = 400


@dataclass(frozen=True, slots=True)
class ConditionKind:
    """One kind: its fields, and what answers it."""

    name: str
    schema: "Mapping[vol.Marker, Any]"
    """Fields beside the common ones (condition, alias, enabled); normalises."""
    compile: "Callable[[World, Mapping[str, Any], Compile], Check]"
    check: Callable[[Mapping[str, Any]], None] | None = None
    """Raises `vol.Invalid` for what the fields forbid together."""
