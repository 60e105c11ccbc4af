"""Follows resources of some types: who does so works in a task of his own, on what is stored."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from hub.resources.model import Resource

if TYPE_CHECKING:
    from hub.resources.resources import Resources
    from hub.util.tasks import Tasks

Work = Callable[[Sequence[Resource]], Awaitable[None]]
"""Takes the resources that changed; what is stored of them now is for it to look up."""


class Follower:
    """Hands changed resources to `work`, never twice at once and none twice in one go.

    A change only says which resource to look at, so none is missed and the newest counts.
    """

    def __init__(
        self, resources: "Resources", tasks: "Tasks", types: Sequence[str], work: Work
    ) -> None:
        """Wait for `start`."""
        self._resources = resources
        self._tasks = tasks
        self._types = types
        self._work = work
        self._due: dict[str, Resource] = {}
        self._worker: asyncio.Task[None] | None = None
        self._stops: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Hand over every resource that there is, then follow."""
        for name in self._types:
            self._stops.append(self._resources.listen(self._changed, name))
            self._due |= {item.id: item for item in self._resources.list(name)}
        self._wake()
        await self.settle()

    async def stop(self) -> None:
        """Follow no more; what was begun is finished."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        await self.settle()

    async def settle(self) -> None:
        """Wait until all that changed was worked on."""
        while self._worker is not None:
            await asyncio.wait([self._worker])

    def _changed(self, action: str, resource: Resource) -> None:
        if action != "status":
            self._due[resource.id] = resource
            self._wake()

    def _wake(self) -> None:
        if self._worker is None and self._due:
            self._worker = self._tasks.spawn(self._run(), f"follow {self._types[0]}")

    async def _run(self) -> None:
        try:
            while self._due:
                due, self._due = self._due, {}
                await self._work(list(due.values()))
        finally:
            self._worker = None
            self._wake()
