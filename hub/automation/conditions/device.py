"""`device`: an entity of a device has a value, as Home Assistant's page writes it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.automation import devices
from hub.automation.conditions import numeric_state, state
from hub.automation.conditions.kind import Check, Compile, ConditionError, ConditionKind
from hub.errors import NotFound

if TYPE_CHECKING:
    from hub.automation.trace import Trace
    from hub.automation.world import World


def _check(config: Mapping[str, Any]) -> None:
    devices.condition_config(config)


def compile(world: "World", config: Mapping[str, Any], inner: Compile) -> Check:  # noqa: A001
    """Ask the entities that the device has when it is asked."""

    def check(variables: Mapping[str, Any], trace: "Trace | None", path: str) -> bool:
        try:
            found = devices.mapped(world, config, devices.condition_config(config))
        except NotFound as error:
            raise ConditionError(f"In 'device' condition: {error.message}") from None
        kind = state if found.kind == "state" else numeric_state
        given = {"entity_id": found.entity_ids, "match": "any", **found.config}
        own: Check = kind.compile(world, given, inner)
        return own(variables, trace, path)

    return check


KIND: Final = ConditionKind("device", devices.CONDITION_FIELDS, compile, _check)
