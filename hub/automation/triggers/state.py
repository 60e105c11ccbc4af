"""`state`: an entity takes a value, leaves one, or changes at all."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.renames import renames
from hub.automation.triggers.kind import Run, TriggerKind
from hub.errors import HubError
from hub.schema import text

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.states import State
    from hub.util.clock import Cancel

_LOGGER = logging.getLogger(__name__)

_VALUES: Final = ("from", "not_from", "to", "not_to")


def _values(value: object) -> list[Any] | None:
    """Accept one value or several; null stands for any value, attribute changes left aside."""
    if value is None:
        return None
    return list(value) if isinstance(value, list) else [value]


def _check(config: Mapping[str, Any]) -> None:
    """Refuse `from` beside `not_from`, and states that are no texts."""
    for name in ("from", "to"):
        if name in config and f"not_{name}" in config:
            raise vol.Invalid(f"{name} and not_{name} exclude each other: keep one", path=[name])
    if "attribute" in config:
        return
    for name in _VALUES:
        for value in config.get(name) or ():
            if not isinstance(value, str):
                shown = {True: "on", False: "off"}.get(value, value) if value is not None else ""
                raise vol.Invalid(
                    f'a state is a text: write it in quotes, such as "{shown}"', path=[name]
                )


class _Match:
    """Whether a value is one of some, or none of them."""

    __slots__ = ("_values", "_wanted")

    def __init__(self, config: Mapping[str, Any], name: str) -> None:
        values = config.get(name)
        self._wanted = values is not None
        if values is None:
            values = config.get(f"not_{name}") or []
        self._values = values

    def __call__(self, value: object) -> bool:
        return (value in self._values) is self._wanted


class _Held:
    """A value that must stay for a while."""

    __slots__ = ("cancel", "still")

    def __init__(self, still: Callable[[object], bool]) -> None:
        self.still = still
        self.cancel: Cancel | None = None


class StateTrigger:
    """Listens to its entities, and waits with each of them on its own."""

    __slots__ = (
        "_all",
        "_attribute",
        "_for",
        "_from",
        "_held",
        "_leaves",
        "_platform",
        "_renames",
        "_run",
        "_to",
        "_variables",
        "_world",
    )

    def __init__(
        self,
        world: "World",
        config: Mapping[str, Any],
        run: Run,
        variables: Mapping[str, Any],
        platform: str = "state",
    ) -> None:
        """Prepare; `listen` begins."""
        self._world = world
        self._run = run
        self._variables = variables
        self._platform = platform
        self._attribute: str | None = config.get("attribute")
        self._for = config.get("for")
        self._from = _Match(config, "from")
        self._to = _Match(config, "to")
        self._all = not any(name in config for name in _VALUES)
        self._leaves = "from" in config and "to" not in config
        self._held: dict[str, _Held] = {}
        self._renames = renames(world.bus)

    def listen(self, entity_ids: list[str]) -> "Unsubscribe":
        """Follow the entities until the returned function is called."""
        unsubscribe = self._world.states.listen(self._changed, entity_ids)

        def stop() -> None:
            unsubscribe()
            for entity_id in list(self._held):
                self._let_go(entity_id)

        return stop

    def _changed(self, old: "State | None", new: "State | None") -> None:
        attribute = self._attribute
        if attribute is None:
            before = None if old is None else old.state
            after = None if new is None else new.state
        else:
            before = None if old is None else old.attributes.get(attribute)
            after = None if new is None else new.attributes.get(attribute)
            if before == after:
                return
        known = new or old
        if known is None:
            return
        entity_id = known.entity_id
        if self._held and not self._still(entity_id, after):
            self._let_go(entity_id)
        if before == after and (not self._all or entity_id in self._held):
            return
        if not self._from(before) or not self._to(after):
            return
        if (old is None or new is None) and entity_id in self._renames:
            return
        if self._for is None:
            self._fire(entity_id, old, new, None)
        else:
            self._hold(entity_id, old, new, before, after)

    def _still(self, entity_id: str, value: object) -> bool:
        held = self._held.get(entity_id)
        return held is None or held.still(value)

    def _hold(
        self,
        entity_id: str,
        old: "State | None",
        new: "State | None",
        before: object,
        after: object,
    ) -> None:
        """Fire later, unless the value changes back meanwhile."""
        trigger = {"entity_id": entity_id, "from_state": old, "to_state": new}
        try:
            seconds = fields.seconds(
                self._world,
                self._for,
                {**self._variables, "trigger": {"platform": self._platform, **trigger}},
            )
        except HubError as error:
            _LOGGER.error("for of a state trigger on %s: %s", entity_id, error.message)  # noqa: TRY400
            return
        self._let_go(entity_id)
        leaves = self._leaves

        def still(value: object) -> bool:
            return value != before if leaves else value == after

        def fire() -> None:
            self._held.pop(entity_id, None)
            self._fire(entity_id, old, new, timedelta(seconds=seconds))

        held = self._held[entity_id] = _Held(still)
        held.cancel = self._world.clock.call_later(seconds, fire)

    def _let_go(self, entity_id: str) -> None:
        held = self._held.pop(entity_id, None)
        if held is not None and held.cancel is not None:
            held.cancel()

    def _fire(
        self,
        entity_id: str,
        old: "State | None",
        new: "State | None",
        lasted: timedelta | None,
    ) -> None:
        self._run(
            {
                "platform": self._platform,
                "entity_id": entity_id,
                "from_state": old,
                "to_state": new,
                "for": lasted,
                "attribute": self._attribute,
                "description": f"state of {entity_id}",
            },
            None if new is None else new.context,
        )


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Follow the entities."""
    return StateTrigger(world, config, run, variables).listen(config["entity_id"])


KIND: Final = TriggerKind(
    "state",
    {
        vol.Required("entity_id"): fields.entity_ids,
        vol.Optional("attribute"): text,
        **{vol.Optional(name): _values for name in _VALUES},
        vol.Optional("for"): fields.period,
    },
    attach,
    _check,
)
