"""`numeric_state`: the numbers of entities lie above or below a limit."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.conditions.kind import Check, Compile, ConditionError, ConditionKind
from hub.automation.conditions.state import Result, known, match, of_entities
from hub.automation.limits import LIMITS, check_limits, limit
from hub.const import UNAVAILABLE, UNKNOWN
from hub.schema import text

if TYPE_CHECKING:
    from hub.automation.world import World
    from hub.states import State
    from hub.templates import Template


class Range:
    """A range between limits, and how the number of a state is found."""

    def __init__(self, world: "World", config: Mapping[str, Any]) -> None:
        """Take above, below, attribute and value_template; raises `HubError`."""
        self._world = world
        self._above = config.get("above")
        self._below = config.get("below")
        self._attribute: str | None = config.get("attribute")
        self._template: Template | None = None
        if (template := config.get("value_template")) is not None:
            self._template = world.templates.compile(template)

    def holds(self, state: "State", variables: Mapping[str, Any]) -> Result:
        """Tell whether the number lies inside; raises `HubError` when there should be one."""
        if self._template is not None:
            value = self._template.render({**variables, "state": state})
        elif self._attribute is None:
            value = state.state
        elif self._attribute in state.attributes:
            value = state.attributes[self._attribute]
        else:
            what = f"attribute '{self._attribute}' of {state.entity_id} does not exist"
            return False, {"message": what}
        if value in (None, UNKNOWN, UNAVAILABLE):
            return False, {"message": f"{state.entity_id} has no number: {value}"}
        found = number(value)
        if found is None:
            raise ConditionError(f"{state.entity_id} is no number: {str(value)[:40]!r}")
        compared: dict[str, Any] = {"state": found}
        for name, wanted in (("above", self._above), ("below", self._below)):
            if wanted is None:
                continue
            edge = self._edge(name, wanted)
            if edge is None:
                return False, {"state": found, "message": f"'{name}' entity {wanted} is not known"}
            compared[f"wanted_state_{name}"] = edge
            if found <= edge if name == "above" else found >= edge:
                return False, compared
        return True, compared

    def _edge(self, name: str, wanted: float | str) -> float | None:
        """Return a limit's number; None when it is not known for now."""
        if isinstance(wanted, float):
            return wanted
        state = self._world.states.get(wanted)
        if state is None:
            raise ConditionError(f"unknown '{name}' entity {wanted}")
        if state.state in (UNKNOWN, UNAVAILABLE):
            return None
        found = number(state.state)
        if found is None:
            raise ConditionError(f"the '{name}' entity {wanted} is no number: {state.state!r}")
        return found


def number(value: object) -> float | None:
    """Return a value as a number; None when it is none."""
    try:
        found = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return None
    return None if math.isnan(found) else found


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Compare each entity's number with the limits."""
    del inner
    limits = Range(world, config)

    def ask(entity_id: str, variables: Mapping[str, Any]) -> Result:
        return limits.holds(known(world, entity_id), variables)

    return of_entities("numeric_state", config["entity_id"], config["match"] == "all", ask)


FIELDS: Final[dict[vol.Marker, Any]] = {
    vol.Required("entity_id"): fields.entity_ids,
    **{vol.Optional(name): limit for name in LIMITS},
    vol.Optional("attribute"): text,
    vol.Optional("value_template"): fields.template,
}

KIND: Final = ConditionKind(
    "numeric_state",
    {**FIELDS, vol.Optional("match", default="all"): match},
    compile,
    check_limits,
)
