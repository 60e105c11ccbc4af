"""A script: a sequence with a name, called like a service."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hub.automation.actions.run import Endless, Run
from hub.automation.guard import Guard, RunContext
from hub.automation.runnable import Runnable
from hub.errors import InvalidFormat

if TYPE_CHECKING:
    from hub.events import Context

EVENT_STARTED = "script_started"


class Script(Runnable):
    """Runs when it is called; `stop` with a response variable gives an answer."""

    kind: ClassVar = "script"
    path: ClassVar = "sequence"

    _guard: Guard | None = None

    def _actions(self) -> Any:
        return self.config["sequence"]

    def call(self, context: "Context", given: Mapping[str, Any]) -> Run | None:
        """Begin a run; None when the mode forbids it.

        Raises `InvalidFormat` for a missing field, `Endless` in an endless chain.
        """
        fields = self.config["fields"]
        for name, field in fields.items():
            if field.get("required") and name not in given:
                raise InvalidFormat(f"script.{self.key}: the field {name} is missing")
        own = RunContext(self._actor(context), context, self.entity_id)
        trace = self.new_trace(own)
        if self._guard is None:
            self._guard = Guard()
        try:
            self._guard.check(self.entity_id, context, self.world.clock.monotonic())
        except Endless as error:
            if trace is not None:
                trace.end("disallowed_recursion_detected", error.message)
            raise
        known: dict[str, Any] = {
            "this": self.world.states.get(self.entity_id),
            "context": own,
            **given,
        }
        for name, value in self.config["variables"].items():
            known[name] = self.world.templates.render(value, known, self.reader)
        if (reason := self.refused()) is not None:
            self.refuse(trace, reason)
            return None

        def started() -> None:
            self.world.bus.fire(
                EVENT_STARTED, {"name": self.name, "entity_id": self.entity_id}, own
            )

        return self.begin(own, known, trace, started)

    def _actor(self, context: "Context") -> str | None:
        """Return with whose rights the actions run: the owner's, whoever called.

        A script is a door that its owner opened; who may go through it is the caller's right to
        call it.
        """
        del context
        return self.owner
