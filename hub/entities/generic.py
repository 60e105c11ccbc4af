"""`homeassistant.turn_on`, `turn_off` and `toggle`: one verb for entities of any kind."""

import inspect
from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hub.entities.targets import resolve
from hub.services import Description, ServiceCall

if TYPE_CHECKING:
    from hub.hub import Hub

DOMAIN: Final = "homeassistant"


def register_generic_services(hub: "Hub") -> None:
    """Register the three verbs; each hands the entities to the service of their kind."""
    for name, title in (("turn_on", "Turn on"), ("turn_off", "Turn off"), ("toggle", "Toggle")):
        hub.services.register(
            DOMAIN,
            name,
            partial(_forward, hub),
            description=Description(title, target={}),
            needs_target=True,
        )


def _forward(hub: "Hub", call: ServiceCall) -> Awaitable[None] | None:
    """Call `<kind>.<verb>` with the targeted entities of each kind that has the verb."""
    by_kind: dict[str, list[str]] = {}
    for entity_id in hub.services.controllable(resolve(hub, call.target, None), call.context):
        kind = entity_id.partition(".")[0]
        if hub.services.has(kind, call.service):
            by_kind.setdefault(kind, []).append(entity_id)
    for kind, entity_ids in by_kind.items():  # all or nothing
        hub.services.check(kind, call.service, entity_ids, call.context)
    waiting: list[Awaitable[Any]] = []
    for kind, entity_ids in by_kind.items():
        target = {"entity_id": entity_ids}
        result = hub.services.start(kind, call.service, None, target, call.context)
        if inspect.isawaitable(result):
            waiting.append(result)
    return _wait(waiting) if waiting else None


async def _wait(waiting: list[Awaitable[Any]]) -> None:
    for result in waiting:
        await result
