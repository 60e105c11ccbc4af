"""An automation: triggers, conditions, and the sequence of actions they lead to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hub.automation.actions.compiled import checks
from hub.automation.actions.run import Endless, Run
from hub.automation.attach import attach
from hub.automation.guard import Guard, RunContext
from hub.automation.runnable import Runnable
from hub.automation.trace import Trace
from hub.errors import HubError
from hub.util.text import slugify

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.events import Context

EVENT_TRIGGERED = "automation_triggered"


class Automation(Runnable):
    """Listens while it is on; a firing trigger runs its actions when its conditions hold."""

    kind: ClassVar = "automation"
    path: ClassVar = "action"

    def __init__(
        self, world: "World", key: str, raw: Mapping[str, Any], config: Mapping[str, Any]
    ) -> None:
        """See `Runnable`; nothing listens before `enable`."""
        super().__init__(world, key, raw, config)
        self.id = config.get("id", key)
        self.entity_id = f"automation.{slugify(config.get('alias') or key)}"
        self.is_on = False
        self._conditions = checks(world, config["conditions"])
        self._guard = Guard()
        self._detach: Unsubscribe | None = None
        self._told_endless = False

    def _actions(self) -> Any:
        return self.config["actions"]

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the attributes of its entity."""
        return {"id": self.id, **super().attributes}

    @property
    def is_active(self) -> bool:
        """Tell whether the triggers listen."""
        return self.is_on

    def retire(self) -> None:
        """Listen no more and end what runs."""
        super().retire()
        self.disable()

    def enable(self) -> None:
        """Let the triggers listen."""
        self.is_on = True
        if self._detach is not None:
            return
        self._detach = attach(
            self.world,
            self.config["triggers"],
            self._fired,
            {**self._static(), **self._variables(self.config["trigger_variables"], {})},
            self.name,
        )
        self.changed()

    def disable(self, *, stop_actions: bool = True) -> None:
        """Listen no more; what runs is ended unless it may go on."""
        if self._detach is not None:
            self._detach()
            self._detach = None
        self.is_on = False
        if stop_actions:
            self.stop()
        self.changed()

    def trigger(
        self,
        context: "Context",
        variables: Mapping[str, Any] | None = None,
        *,
        skip_conditions: bool = True,
    ) -> Run | None:
        """Run by hand; None when conditions or the mode forbid it."""
        trigger = {"platform": None, "description": None, "id": None, "idx": None, "alias": None}
        known = {"trigger": trigger, **(variables or {})}
        return self._run(known, RunContext(self.owner, context, self.key), None, skip_conditions)

    def _fired(self, trigger: dict[str, Any], cause: "Context | None") -> None:
        """React to a trigger; never raises."""
        context = RunContext(self.owner, cause, self.key)
        try:
            self._guard.check(self.key, cause, self.world.clock.monotonic())
        except Endless as error:
            self._endless(trigger, context, error)
            return
        if self._told_endless:
            self._told_endless, self.problem = False, None
        self._run({"trigger": trigger}, context, trigger)

    def _endless(self, trigger: Mapping[str, Any], context: RunContext, error: Endless) -> None:
        """Say once that a chain was ended."""
        if self._told_endless:
            return
        self._told_endless = True
        self.problem = error.message
        self._logger.error("%s was stopped: %s", self.name, error.message)
        if (trace := self.new_trace(context)) is not None:
            trace.trigger = trigger.get("description")
            trace.end("disallowed_recursion_detected", error.message)
        self.changed()

    def _run(
        self,
        known: Mapping[str, Any],
        context: RunContext,
        trigger: Mapping[str, Any] | None,
        skip_conditions: bool = False,
    ) -> Run | None:
        trace = self.new_trace(context)
        source = None if trigger is None else trigger.get("description")
        variables = {**self._static(), **known}
        if trace is not None:
            trace.trigger = source
            trace.begin(
                f"trigger/{trigger['idx']}" if trigger is not None else "trigger", variables
            )
        try:
            if own := self.config["variables"]:
                variables = {**variables, **self._variables(own, variables)}
            if not skip_conditions and not self._hold(variables, context, trace):
                return None
        except HubError as error:
            if trace is not None:
                trace.end("error", error.message)
            self._logger.warning("%s: %s", self.name, error.message)
            return None
        if (reason := self.refused()) is not None:
            self.refuse(trace, reason)
            return None

        def started() -> None:
            self.world.bus.fire(
                EVENT_TRIGGERED,
                {"name": self.name, "entity_id": self.entity_id, "source": source},
                context,
            )

        return self.begin(context, variables, trace, started)

    def _hold(self, variables: Mapping[str, Any], context: RunContext, trace: Trace | None) -> bool:
        """Ask the conditions; one that can not be answered counts as not held."""
        if not len(self._conditions):
            return True
        run = Run(self.world, self.name, context, variables, trace, reader=self.reader)
        try:
            if self._conditions.hold(run, run.scope, "condition"):
                return True
        except HubError as error:
            if trace is not None and trace.last is not None:
                trace.note(trace.last, error=error.message)
            self._logger.warning("%s: %s", self.name, error.message)
        if trace is not None:
            trace.end("failed_conditions")
        return False

    def _static(self) -> dict[str, Any]:
        return {"this": self.world.states.get(self.entity_id)}

    def _variables(self, own: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """Render variables one after the other, each with what is known by then."""
        found: dict[str, Any] = {}
        for name, value in own.items():
            found[name] = self.world.templates.render(value, {**known, **found}, self.reader)
        return found
