"""One lane for each type at work: its controller, started when first needed, and its queue."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.errors import NotFound, Unavailable
from hub.resources.applying import words
from hub.resources.controller import Controller
from hub.resources.model import ResourceType
from hub.resources.queue import Queue, Work

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.resources.catalogue import Catalogue

_LOGGER = logging.getLogger(__name__)

START_SECONDS: Final = 60.0
"""Seconds that the start of a controller may take."""

STOP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One type at work."""

    type: ResourceType
    controller: Controller[Any]
    queue: Queue


class Lanes:
    """The lanes that are open."""

    def __init__(self, hub: "Hub", types: "Catalogue", work: Work) -> None:
        """Open lanes for `types`; every queue calls `work(id)`."""
        self._hub = hub
        self._types = types
        self._work = work
        self._lanes: dict[str, Lane] = {}
        self._opening: dict[str, asyncio.Task[Lane | None]] = {}

    def __iter__(self) -> Iterator[Lane]:
        """Return every open lane."""
        return iter(list(self._lanes.values()))

    def opened(self, name: str) -> Lane | None:
        """Return the lane of a type if it is open."""
        return self._lanes.get(name)

    async def get(self, name: str) -> Lane | None:
        """Return the lane of a type, opened when it is first needed; None without a controller.

        Raises `Unavailable` when the controller does not start; the next call tries again.
        """
        lane = self._lanes.get(name)
        if lane is not None:
            return lane
        opening = self._opening.get(name)
        if opening is None:
            opening = self._hub.tasks.spawn(self._open(name), f"controller of {name}")
            self._opening[name] = opening
            opening.add_done_callback(lambda _task: self._opening.pop(name, None))
        return await asyncio.shield(opening)

    async def stop(self) -> None:
        """Let no queue start anything more."""
        await asyncio.gather(*(lane.queue.close(STOP_SECONDS) for lane in self))

    async def close(self) -> None:
        """Stop the controllers."""
        for lane in self:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await lane.controller.stop()
            except Exception:
                _LOGGER.exception("The controller of %s failed to stop", lane.type.name)

    async def _open(self, name: str) -> Lane | None:
        try:
            found = self._types.get(name)
        except NotFound:
            return None
        if found.controller is None:
            return None
        try:
            controller = found.controller(self._hub)
            async with asyncio.timeout(START_SECONDS):
                await controller.start()
        except Exception as error:
            raise Unavailable(f"The controller of {name} did not start: {words(error)}") from error
        queue = Queue(name, self._work, found.workers, self._hub.clock, self._hub.tasks)
        self._lanes[name] = Lane(found, controller, queue)
        self._list_integration(found.domain)
        return self._lanes[name]

    def _list_integration(self, domain: str) -> None:
        """Let clients see that an integration is at work."""
        try:
            self._hub.loaded(domain)
        except LookupError:
            return
