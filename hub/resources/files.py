"""The folder `resources` of the configuration: applied at the start and whenever it changes."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.config import house
from hub.config.documents import Document, files, read
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
    on: nothing in the world goes away because a file was moved. `hub apply --prune` removes. What
    is nothing but its text, such as an automation, goes with it (decision 0110).
    """

    def __init__(self, hub: "Hub", resources: "Resources") -> None:
        """Follow `<config>/resources` and the house's sections of hub.yaml."""
        self._hub = hub
        self._resources = resources
        self._folder = hub.config_dir / FOLDER
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self._sections: frozenset[str] = frozenset({str(hub.config_dir / house.FILE)})
        self.problems: Sequence[Problem] = ()
        """What is wrong with the files now."""
        self._applying = asyncio.Lock()

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
            async with self._applying:  # what was read first must not be written last
                await self._apply()
        finally:
            ORIGIN.reset(origin)

    async def _apply(self) -> None:
        documents, problems = await asyncio.to_thread(self._read)
        if not problems:
            try:
                changes = await self._resources.apply_documents(
                    documents,
                    owned=[FOLDER, *self._sections],
                    context=Context(),
                    config_dir=self._hub.config_dir,
                )
                await self._part({document.id for document in documents})
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

    def _read(self) -> tuple[list[Document], list[Problem]]:
        """Read hub.yaml's sections and the folder, and note what the files look like."""
        self._seen = self._look()
        documents, problems, sections = house.read(self._hub.config_dir)
        if sections != self._sections:
            self._sections = sections
            self._seen = self._look()
        if self._folder.is_dir():
            more, trouble = read([self._folder], self._hub.config_dir)
            return [*documents, *more], [*problems, *trouble]
        return documents, problems

    def _look(self) -> frozenset[tuple[str, int, int]]:
        return _signature(self._folder, self._sections)

    async def _part(self, named: set[str]) -> None:
        """Hand resources that no file names any more to the API, or drop what was only text."""
        orphans: list[Resource] = [
            item
            for item in self._resources.list()
            if item.place is not None and item.id not in named and self._is_watched(item)
        ]
        gone = [item for item in orphans if house.is_house_type(item.type)]
        for orphan in gone:
            _LOGGER.info("%s is no longer in %s and was removed", orphan.id, orphan.place)
        await self._resources.drop(gone)
        orphans = [item for item in orphans if item not in gone]
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
        if place is None:
            return False
        inside = not Path(place.file).is_absolute() and house.is_house_type(resource.type)
        return inside or Path(place.file).parts[:1] == (FOLDER,)

    async def _watch(self) -> None:
        """Apply again after every change; a folder that does not exist yet is waited for."""
        from watchfiles import awatch

        while True:
            wanted = [self._folder, *map(Path, sorted(self._sections))]
            found = [path for path in wanted if path.exists()]
            if not found:
                await self._hub.clock.sleep(LOOK_SECONDS)
                continue
            try:
                # Also woken by time: a change between two watches is seen by what it left.
                async for _changes in awatch(
                    *found,
                    debounce=DEBOUNCE_MS,
                    rust_timeout=int(LOOK_SECONDS * 1000),
                    yield_on_timeout=True,
                ):
                    if await asyncio.to_thread(self._look) != self._seen:
                        await self.apply()
                        break  # other files may be named now
            except (OSError, RuntimeError) as error:
                _LOGGER.warning("Watching %s failed: %s", self._folder, error)
                await self._hub.clock.sleep(LOOK_SECONDS)


def _signature(folder: Path, sections: frozenset[str]) -> frozenset[tuple[str, int, int]]:
    """Return what changes when a file does: name, size and time of every file."""
    found = set()
    for path in [*(files([folder]) if folder.is_dir() else ()), *map(Path, sections)]:
        with contextlib.suppress(OSError):
            stat = path.stat()
            found.add((str(path), stat.st_size, stat.st_mtime_ns))
    return frozenset(found)
