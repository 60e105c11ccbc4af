"""Room for the history: a nearly full disk pauses the writer, and lets it go on by itself."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from hub.recorder.database import file
from hub.recorder.database.store import Closed, Size

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.recorder.database.store import Store
    from hub.util.clock import Cancel, Clock

_LOGGER = logging.getLogger(__name__)

LOOK_SECONDS: Final = 60.0
MORE: Final = 1.05
"""How much more than the limit must be free before the writer goes on."""


class Disk:
    """Looks once a minute at the size of the database and at the room beside it."""

    def __init__(
        self,
        store: "Store",
        clock: "Clock",
        min_free: int,
        pause: "Callable[[str | None], object]",
    ) -> None:
        """Tell `pause` why nothing may be written below `min_free` bytes, None when it may."""
        self.size: Size | None = None
        """As it was a minute ago at most; None = not known."""
        self.free: int | None = None
        """Bytes of room beside a SQLite file; None for a server."""
        self.looked: list[Callable[[], object]] = []
        self._store, self._clock, self._pause = store, clock, pause
        self._min_free = min_free
        self._short = False
        self._timer: Cancel | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look now and then."""
        self._task = asyncio.get_running_loop().create_task(self._repeat(), name="recorder disk")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def look(self) -> None:
        """Look now."""
        if self._store.path is not None:
            try:
                self.free = await asyncio.to_thread(file.room, self._store.path)
            except OSError:
                self.free = None
            self._judge()
        try:
            async with asyncio.timeout(30):
                self.size = await self._store.size()
        except Closed:
            self.size = None
        except Exception as error:  # noqa: BLE001 - the writer tells what is wrong with it
            _LOGGER.debug("The size of the history is not known: %s", type(error).__name__)
            self.size = None
        for callback in tuple(self.looked):
            callback()

    def _judge(self) -> None:
        if self.free is None or not self._min_free:
            return
        wanted = self._min_free * (MORE if self._short else 1)
        short = self.free < wanted
        if short:
            self._pause(
                f"only {self.free >> 20} MiB are free on the disk of {self._store.path}, "
                f"recorder.min_free_disk is {self._min_free >> 20}; free some space"
            )
        elif self._short:
            self._pause(None)
        self._short = short

    async def _repeat(self) -> None:
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)
