"""`resource`: a resource changes its phase, drifts, or is written or removed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.automation import fields
from hub.automation.conditions.resource import (
    drifted,
    each,
    keys,
    phases,
    resource_type,
    statuses,
)
from hub.automation.triggers.kind import Run, TriggerKind
from hub.const import EVENT_RESOURCE_UPDATED
from hub.errors import NotFound
from hub.resources.model import Phase, Status
from hub.schema import boolean

if TYPE_CHECKING:
    from hub.automation.world import Unsubscribe, World
    from hub.events import Event

_ACTIONS: Final = ("added", "updated", "removed")


def _types(value: object) -> list[str]:
    return each(value, resource_type)


def _actions(value: object) -> list[str]:
    found = fields.texts(value)
    for index, action in enumerate(found):
        if action not in _ACTIONS:
            raise vol.Invalid(f"expected some of {', '.join(_ACTIONS)}", path=[index])
    return found


def _check(config: Mapping[str, Any]) -> None:
    asked = [
        name
        for name, keys_ in (
            ("action", ("action",)),
            ("drift", ("drift",)),
            ("from", ("from", "to")),
        )
        if config.keys() & set(keys_)
    ]
    if len(asked) > 1:
        raise vol.Invalid(
            "from and to (phases), drift and action exclude each other: use several triggers",
            path=[asked[0]],
        )


class _ResourceTrigger:
    """Knows phase and drift of the resources it is about, to tell what is new."""

    def __init__(self, world: "World", config: Mapping[str, Any], run: Run) -> None:
        self._run = run
        self._types = frozenset(config.get("type", ()))
        self._keys = frozenset(config.get("key", ()))
        self._from = config.get("from")
        self._to = config.get("to")
        self._drift: bool | None = config.get("drift")
        self._actions = frozenset(config.get("action", ()))
        self._resources = statuses(world)
        self._known: dict[tuple[str, str], tuple[str, bool]] = {}
        if self._resources is None:
            return
        for resource in self._resources.list():
            if self._fits(resource.type, resource.key):
                status = self._resources.status(resource.type, resource.key)
                self._known[resource.type, resource.key] = status.phase.value, drifted(status)

    def happened(self, event: "Event") -> None:
        """Look what is new about a resource."""
        data = event.data
        name = data["resource_type"], data["key"]
        if not self._fits(*name):
            return
        before = self._known.get(name, (None, None))
        if data["action"] == "removed":
            self._known.pop(name, None)
            now: tuple[str | None, bool | None] = (None, None)
        else:
            now = self._known[name] = self._status(*name, data["phase"])
        if self._actions:
            wanted = data["action"] in self._actions
        elif self._drift is not None:
            # What is not known yet has not drifted.
            wanted = now[1] is self._drift and bool(before[1]) is not self._drift
        else:
            wanted = before[0] != now[0] and all(
                allowed is None or phase in allowed
                for allowed, phase in ((self._from, before[0]), (self._to, now[0]))
            )
        if wanted:
            self._fire(event, before[0], now)

    def _fits(self, type_: str, key: str) -> bool:
        return (not self._types or type_ in self._types) and (not self._keys or key in self._keys)

    def _look(self, type_: str, key: str) -> Status | None:
        """Return what was observed last; None for a resource that is not there."""
        if self._resources is None:
            return None
        try:
            self._resources.get(type_, key)
        except NotFound:
            return None
        return self._resources.status(type_, key)

    def _status(self, type_: str, key: str, phase: str) -> tuple[str, bool]:
        """Return phase and drift; without a status the phase tells both."""
        status = self._look(type_, key)
        return phase, phase == Phase.DRIFTED if status is None else drifted(status)

    def _fire(
        self, event: "Event", before: str | None, now: tuple[str | None, bool | None]
    ) -> None:
        data = event.data
        type_, key = data["resource_type"], data["key"]
        status = self._look(type_, key)
        trigger = {
            "platform": "resource",
            "resource_type": type_,
            "key": key,
            "action": data["action"],
            "revision": data.get("revision"),
            "from_phase": before,
            "to_phase": now[0],
            "drift": now[1],
            "message": None if status is None else status.message,
            "description": f"resource {type_}/{key}",
        }
        self._run(trigger, event.context)


def attach(
    world: "World", config: Mapping[str, Any], run: Run, variables: Mapping[str, Any]
) -> "Unsubscribe":
    """Listen to what happens to resources."""
    del variables
    return world.bus.listen(EVENT_RESOURCE_UPDATED, _ResourceTrigger(world, config, run).happened)


KIND: Final = TriggerKind(
    "resource",
    {
        vol.Optional("type"): _types,
        vol.Optional("key"): keys,
        vol.Optional("from"): phases,
        vol.Optional("to"): phases,
        vol.Optional("drift"): boolean,
        vol.Optional("action"): _actions,
    },
    attach,
    _check,
)
