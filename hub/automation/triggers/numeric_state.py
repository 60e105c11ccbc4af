"""`numeric_state`: a number comes into a range from outside."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.conditions.numeric_state import FIELDS, Range
from hub.automation.limits import check_limits
from hub.automation.triggers.kind import Run, TriggerKind
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.states import State

_LOGGER = logging.getLogger(__name__)


class NumericTrigger:
    """Armed for each entity while its number is outside; fires when it comes in."""

    def __init__(
        self,
        world: "World",
        config: Mapping[str, Any],
        run: Run,
        variables: Mapping[str, Any],
        platform: str = "numeric_state",
    ) -> None:
        """Prepare; `listen` begins. Raises `HubError`."""
        self._world = world
        self._run = run
        self._variables = variables
        self._config = config
        self._platform = platform
        self._for = config.get("for")
        self._range = Range(world, config)
        self._armed: set[str] = set()
        self._held: dict[str, Callable[[], None]] = {}

    def listen(self, entity_ids: list[str]) -> "Unsubscribe":
        """Follow the entities until the returned function is called."""
        for entity_id in entity_ids:
            state = self._world.states.get(entity_id)
            if state is not None and self._inside(state) is False:
                self._armed.add(entity_id)
        unsubscribe = self._world.states.listen(self._changed, entity_ids)

        def stop() -> None:
            unsubscribe()
            for entity_id in list(self._held):
                self._let_go(entity_id)

        return stop

    def _inside(self, state: "State") -> bool | None:
        """Tell whether the number is in the range; None, with a log line, when there is none."""
        entity_id = state.entity_id
        try:
            return self._range.holds(state, {**self._variables, **self._about(entity_id)})[0]
        except HubError as error:
            _LOGGER.warning("numeric_state trigger: %s", error.message)
            return None

    def _about(self, entity_id: str) -> dict[str, Any]:
        config = self._config
        trigger = {
            "platform": self._platform,
            "entity_id": entity_id,
            "below": config.get("below"),
            "above": config.get("above"),
            "attribute": config.get("attribute"),
        }
        return {"trigger": trigger}

    def _changed(self, old: "State | None", new: "State | None") -> None:
        if new is None:
            if old is not None:
                self._let_go(old.entity_id)
            return
        entity_id = new.entity_id
        inside = self._inside(new)
        if not inside:
            self._let_go(entity_id)
            if inside is False:
                self._armed.add(entity_id)
        elif entity_id in self._armed:
            self._armed.discard(entity_id)
            self._begin(entity_id, old, new)

    def _begin(self, entity_id: str, old: "State | None", new: "State") -> None:
        trigger = {**self._about(entity_id)["trigger"], "from_state": old, "to_state": new}
        if self._for is None:
            self._fire(trigger, None)
            return
        try:
            variables = {**self._variables, "trigger": trigger}
            seconds = fields.seconds(self._world, self._for, variables)
        except HubError as error:
            _LOGGER.error("for of a numeric_state trigger: %s", error.message)  # noqa: TRY400
            return

        def fire() -> None:
            self._held.pop(entity_id, None)
            self._fire(trigger, timedelta(seconds=seconds))

        self._let_go(entity_id)
        self._held[entity_id] = self._world.clock.call_later(seconds, fire)

    def _let_go(self, entity_id: str) -> None:
        cancel = self._held.pop(entity_id, None)
        if cancel is not None:
            cancel()

    def _fire(self, trigger: dict[str, Any], lasted: timedelta | None) -> None:
        description = f"numeric state of {trigger['entity_id']}"
        self._run(
            {**trigger, "for": lasted, "description": description}, trigger["to_state"].context
        )


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Follow the entities."""
    return NumericTrigger(world, config, run, variables).listen(config["entity_id"])


KIND: Final = TriggerKind(
    "numeric_state",
    {**FIELDS, vol.Optional("for"): fields.period},
    attach,
    check_limits,
)
