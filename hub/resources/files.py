"""The folder `resources` of the configuration: applied at the start and whenever it changes."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.config.documents import files, read
from hub.errors import ConfigError, HubError, Problem
from hub.events import ORIGIN, Context
from hub.observe.health import Level
from hub.resources.batches import FOLDER
from hub.resources.model import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.hub import Hub
    from hub.resources.resources import Resources

_LOGGER = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often to look by ourselves, beside what the operating system tells."""

DEBOUNCE_MS: Final = 300
"""An editor writes a file in several steps; wait until it is quiet."""


class Files:
    """Keeps resources equal to the files of one folder.

    A file with a mistake changes nothing: what was applied before stays, and the problems say file
    and line. A resource that its file no longer names stays, too, and belongs to the API from then
    on: nothing in the world goes away because a file was moved. `hub apply --prune` removes.
    """

    def __init__(self, hub: "Hub", resources: "Resources") -> None:
        """Follow `<config>/resources` of `hub`."""
        self._hub = hub
        self._resources = resources
        self._folder = hub.config_dir / FOLDER
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self.problems: Sequence[Problem] = ()
        """What is wrong with the files now."""

    async def start(self) -> None:
        """Apply the folder once and watch it from now on."""
        await self.apply()
        self._hub.tasks.spawn(self._watch(), "watch resource files")

    def health(self) -> tuple[Level, str | None] | None:
        """Say whether the files are applied; None = there are none."""
        if self.problems:
            return Level.DEGRADED, f"not applied: {self.problems[0]}"
        return (Level.OK, None) if self._seen else None

    async def apply(self) -> None:
        """Read every file and write what differs; never raises for what is in the files."""
        origin = ORIGIN.set("file")
        try:
            await self._apply()
        finally:
            ORIGIN.reset(origin)

    async def _apply(self) -> None:
        self._seen = await asyncio.to_thread(_signature, self._folder)
        folders = [self._folder] if self._seen else []
        documents, problems = await asyncio.to_thread(read, folders, self._hub.config_dir)
        if not problems:
            try:
                changes = await self._resources.apply_documents(
                    documents,
                    owned=[FOLDER],
                    context=Context(),
                    config_dir=self._hub.config_dir,
                )
                await self._release({document.id for document in documents})
                told = [item for item in changes if item.action != "unchanged"]
                if told:
                    _LOGGER.info("%d resources changed by files", len(told))
            except ConfigError as error:
                problems = list(error.problems)
            except HubError as error:
                problems = [Problem(str(self._folder), None, error.message)]
        if problems and list(problems) != list(self.problems):
            for problem in problems:
                _LOGGER.error("%s", problem)
            _LOGGER.error("Resource files were not applied; what was applied before stays")
        self.problems = problems

    async def _release(self, named: set[str]) -> None:
        """Hand resources that no file names any more to the API."""
        orphans: list[Resource] = [
            item
            for item in self._resources.list()
            if item.place is not None and item.id not in named and self._is_watched(item)
        ]
        for orphan in orphans:
            _LOGGER.warning(
                "%s is no longer in %s: it stays and is changed through the API from now on",
                orphan.id,
                orphan.place,
            )
        await self._resources.release(orphans)

    @staticmethod
    def _is_watched(resource: Resource) -> bool:
        place = resource.place
        return place is not None and Path(place.file).parts[:1] == (FOLDER,)

    async def _watch(self) -> None:
        """Apply again after every change; a folder that does not exist yet is waited for."""
        from watchfiles import awatch

        while True:
            if not await asyncio.to_thread(self._folder.is_dir):
                await self._hub.clock.sleep(LOOK_SECONDS)
                continue
            try:
                # Also woken by time: a change between two watches is seen by what it left.
                async for _changes in awatch(
                    self._folder,
                    debounce=DEBOUNCE_MS,
                    rust_timeout=int(LOOK_SECONDS * 1000),
                    yield_on_timeout=True,
                ):
                    if await asyncio.to_thread(_signature, self._folder) != self._seen:
                        await self.apply()
            except (OSError, RuntimeError) as error:
                _LOGGER.warning("Watching %s failed: %s", self._folder, error)
            await self._hub.clock.sleep(LOOK_SECONDS)


def _signature(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Return what changes when a file does: name, size and time of every file."""
    found = set()
    for path in files([folder]) if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            stat = path.stat()
            found.add((str(path), stat.st_size, stat.st_mtime_ns))
    return frozenset(found)
