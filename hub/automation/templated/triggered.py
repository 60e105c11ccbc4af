"""Template entities that render when a trigger fires, and only then."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from hub.automation.attach import attach
from hub.automation.conditions import compile as conditions
from hub.automation.templated.sequence import Sequence
from hub.errors import HubError
from hub.events import Context

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence as List

    from hub.automation.actions.run import Run
    from hub.automation.templated.entity import TemplatedEntity
    from hub.automation.templated.validation import Section
    from hub.hub import Hub
    from hub.templates import Reader

_LOGGER = logging.getLogger("hub.template")


class Triggered:
    """Triggers, conditions and actions of one section, and the entities that they render."""

    def __init__(
        self,
        hub: "Hub",
        name: str,
        section: "Section",
        entities: "List[TemplatedEntity]",
        owner: str | None,
        reader: "Reader | None",
    ) -> None:
        """Wait for `start`; raises `HubError` for conditions that can not be compiled."""
        self._hub = hub
        self._name = name
        self._section = section
        self._entities = entities
        self._owner = owner
        self._reader = reader
        self._check = conditions.all_of(
            [conditions.compile(hub, item) for item in section.conditions]
        )
        self._sequence = (
            Sequence(hub, f"{name} actions", list(section.actions), owner, reader)
            if section.actions
            else None
        )
        self._stop: Callable[[], None] | None = None

    def start(self) -> None:
        """Let the triggers listen."""
        self._stop = attach(self._hub, self._section.triggers, self._fired, {}, self._name)

    def stop(self) -> None:
        """Let them listen no more and end what runs."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        if self._sequence is not None:
            self._sequence.retire()

    def _fired(self, trigger: dict[str, Any], cause: "Context | None") -> None:
        variables: dict[str, Any] = {"trigger": trigger}
        context = Context(self._owner, None if cause is None else cause.id)
        try:
            for name, value in self._section.variables.items():
                variables[name] = self._hub.templates.render(value, variables, self._reader)
            if not self._check(variables, None, "condition"):
                return
            if self._sequence is None:
                self._render(variables, context)
                return
            run = self._sequence.call(f"template.{self._name}", cause, variables)
        except HubError as error:
            _LOGGER.warning("Template %s: %s", self._name, error.message)
            return
        if run is None:
            return
        if run.is_over:
            self._render(dict(run.scope.all), context)
        else:
            self._hub.tasks.spawn(self._later(run, context), f"template {self._name}")

    async def _later(self, run: "Run", context: Context) -> None:
        """Render when the actions have ended, with what they found."""
        try:
            await run.ended()
        except (HubError, asyncio.CancelledError):
            return  # logged where it happened
        self._render(dict(run.scope.all), context)

    def _render(self, variables: dict[str, Any], context: Context) -> None:
        if self._stop is None:
            return
        for take in [partial(entity.take, variables, context) for entity in self._entities]:
            take()
