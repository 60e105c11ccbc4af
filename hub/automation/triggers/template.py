"""`template`: a template becomes true."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.triggers.kind import Run, TriggerKind
from hub.errors import HubError
from hub.templates import Rendered, TemplateError

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.states import State
    from hub.templates import Tracker
    from hub.util.clock import Cancel

_LOGGER = logging.getLogger(__name__)

_FAST_SECONDS: Final = 2.0
_SLOW_SECONDS: Final = 61.0
"""How long a change may have gone before the result that it made; templates that read whole
domains are rendered less often."""


class _Cause:
    """Remembers the last change of what a template reads: it made the template differ."""

    def __init__(self, world: "World", tracker: "Tracker") -> None:
        self._world = world
        self._tracker = tracker
        self._change: tuple[State | None, State | None] = (None, None)
        self._at = 0.0
        self._reads: tuple[object, ...] = ()
        self._unsubscribe: Callable[[], None] | None = None
        self.follow()

    def follow(self) -> None:
        """Listen to what was read last."""
        found = self._tracker.read
        reads = (found.entities, found.domains, found.all)
        if reads == self._reads:
            return
        self.stop()
        self._reads = reads
        states = self._world.states
        if found.all:
            self._unsubscribe = states.listen(self._changed)
        elif found.entities or found.domains:
            self._unsubscribe = states.listen(self._changed, found.entities, found.domains)

    def take(self) -> tuple["State | None", "State | None"]:
        """Return the change, and forget it; one that is long past did not make the difference."""
        found = self._tracker.read
        limit = _SLOW_SECONDS if found.all or found.domains else _FAST_SECONDS
        fresh = self._world.clock.monotonic() - self._at <= limit
        change, self._change = self._change, (None, None)
        self.follow()
        return change if fresh else (None, None)

    def stop(self) -> None:
        """Listen no more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            self._reads = ()

    def _changed(self, old: "State | None", new: "State | None") -> None:
        self._change = (old, new)
        self._at = self._world.clock.monotonic()
        # The tracker renders at the end of this turn, and may read something else then.
        asyncio.get_running_loop().call_soon(self._rendered)

    def _rendered(self) -> None:
        if self._unsubscribe is not None:
            self.follow()


class _TemplateTrigger:
    """Fires when the template was false before, or failed, and is true."""

    def __init__(
        self, world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
    ) -> None:
        self._world = world
        self._run = run
        self._variables = variables
        self._for = config.get("for")
        self._armed = False
        self._cancel: Cancel | None = None
        template = world.templates.compile(config["value_template"])
        self._tracker = world.templates.track(template, self._told, variables)
        self._cause = _Cause(world, self._tracker)
        first = self._tracker.last
        if isinstance(first, TemplateError):
            _LOGGER.warning("A template trigger can not be rendered: %s", first.message)
        elif first is not None:
            self._armed = not fields.truth(first.result)

    def stop(self) -> None:
        """Follow the template no more."""
        self._tracker.stop()
        self._cause.stop()
        self._give_up()

    def _give_up(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _told(self, found: Rendered | TemplateError) -> None:
        if isinstance(found, TemplateError):
            _LOGGER.warning("A template trigger can not be rendered: %s", found.message)
            return
        old, new = self._cause.take()
        if not fields.truth(found.result):
            self._armed = True
            self._give_up()
        elif self._armed:
            self._armed = False
            self._begin(old, new)

    def _begin(self, old: "State | None", new: "State | None") -> None:
        known = new or old
        entity_id = None if known is None else known.entity_id
        trigger: dict[str, Any] = {
            "platform": "template",
            "entity_id": entity_id,
            "from_state": old,
            "to_state": new,
        }
        if self._for is None:
            self._fire(trigger, None)
            return
        try:
            variables = {**self._variables, "trigger": trigger}
            seconds = fields.seconds(self._world, self._for, variables)
        except HubError as error:
            _LOGGER.error("for of a template trigger: %s", error.message)  # noqa: TRY400
            return
        self._give_up()
        self._cancel = self._world.clock.call_later(
            seconds, lambda: self._fire(trigger, timedelta(seconds=seconds))
        )

    def _fire(self, trigger: dict[str, Any], lasted: timedelta | None) -> None:
        self._cancel = None
        entity_id, new = trigger["entity_id"], trigger["to_state"]
        what = "time change or manual update" if entity_id is None else entity_id
        trigger = {**trigger, "for": lasted, "description": f"{what} via template"}
        self._run(trigger, None if new is None else new.context)


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Follow the template."""
    return _TemplateTrigger(world, config, run, variables).stop


KIND: Final = TriggerKind(
    "template",
    {
        vol.Required("value_template"): fields.template,
        vol.Optional("for"): fields.period,
    },
    attach,
)
