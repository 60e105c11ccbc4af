"""Makes entities as they are wanted: all at once, each as far as it goes."""

import asyncio
from typing import TYPE_CHECKING, Final

from hub.automation.scenes.steps import KINDS
from hub.errors import HubError, TimedOut, Unauthorized

if TYPE_CHECKING:
    from hub.automation.scenes.schema import Wanted, Wishes
    from hub.events import Context
    from hub.hub import Hub

CALL_SECONDS: Final = 60.0
"""What one entity may take."""

TOLD: Final = 10
"""Failures that a message names."""


class SceneIncomplete(HubError):  # noqa: N818 - the wire names these without "Error"
    """Some entities of a scene could not be set; the others are."""

    code = "scene_incomplete"
    http_status = 503


async def apply(hub: "Hub", wishes: "Wishes", context: "Context", name: str = "scene") -> None:
    """Set what differs, every entity at once; raises `SceneIncomplete` when some failed.

    `Unauthorized` when the context's user may control none of them.
    """
    results = await asyncio.gather(
        *(_one(hub, entity_id, wish, context) for entity_id, wish in wishes.items())
    )
    failed = {
        entity_id: error
        for entity_id, error in zip(wishes, results, strict=True)
        if error is not None
    }
    if not failed:
        return
    refused = [error for error in failed.values() if isinstance(error, Unauthorized)]
    if len(refused) == len(wishes):
        raise Unauthorized
    told = [f"{entity_id}: {error.message}" for entity_id, error in failed.items()]
    more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
    raise SceneIncomplete(
        f"{name}: {len(failed)} of {len(wishes)} entities were not set: "
        f"{'; '.join(told[:TOLD])}{more}"
    )


async def _one(hub: "Hub", entity_id: str, wish: "Wanted", context: "Context") -> HubError | None:
    """Set one entity; returns what went wrong."""
    present = hub.states.get(entity_id)
    if present is None:
        return HubError("there is no such entity")
    domain = entity_id.partition(".")[0]
    plan = KINDS[domain].plan
    steps = plan(wish.state, wish.attributes, present.state, present.attributes)
    try:
        async with asyncio.timeout(CALL_SECONDS):
            for step in steps:
                await hub.services.call(
                    domain, step.service, step.data, {"entity_id": entity_id}, context
                )
    except TimeoutError:
        return TimedOut(f"it took longer than {CALL_SECONDS:g} s")
    except HubError as error:
        return error
    return None
