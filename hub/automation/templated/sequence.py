"""The actions of a template entity: a sequence without a name of its own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hub.automation.guard import Guard, RunContext
from hub.automation.runnable import Runnable

if TYPE_CHECKING:
    from hub.automation.actions.run import Run
    from hub.automation.world import World
    from hub.events import Context
    from hub.templates import Reader


class Sequence(Runnable):
    """Runs with the rights of who wrote the entity; several may run at once."""

    kind: ClassVar = "template"
    path: ClassVar = "sequence"

    def __init__(
        self,
        world: "World",
        name: str,
        actions: Any,
        owner: str | None,
        reader: "Reader | None",
    ) -> None:
        """`name` says what fails: the entity and the field."""
        config = {
            "alias": name,
            "sequence": actions,
            "mode": "parallel",
            "max": 10,
            "max_exceeded": "warning",
            "trace": {"stored_traces": 0},
            "dry_run": False,
        }
        super().__init__(world, name, config, config)
        self.owner = owner
        self.reader = reader
        self._guard = Guard()

    def _actions(self) -> Any:
        return self.config["sequence"]

    def call(
        self, entity_id: str, cause: "Context | None", variables: Mapping[str, Any]
    ) -> "Run | None":
        """Begin a run, None when ten go on; raises `Endless` in an endless chain."""
        from hub.events import Context

        cause = cause or Context()
        self._guard.check(entity_id, cause, self.world.clock.monotonic())
        if (reason := self.refused()) is not None:
            self.refuse(None, reason)
            return None
        context = RunContext(self.owner, cause, entity_id)
        return self.begin(context, {**variables, "context": context}, None)
