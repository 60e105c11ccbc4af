"""The limit of the database's size: oldest rows go first, of what matters least first."""

import logging
from typing import TYPE_CHECKING, Final

from hub.recorder.retention import expiry, space
from hub.recorder.retention.deleting import MOST, Pace, delete_numbers, delete_ranges

if TYPE_CHECKING:
    from hub.recorder.recorder import Recorder
    from hub.recorder.retention.expiry import Extent
    from hub.recorder.statistics.marks import Marks

_LOGGER = logging.getLogger(__name__)

SOFT: Final = 0.8
"""Part of the limit above which old rows go before their time."""

AIM: Final = 0.7
"""Down to which part."""

SLICES: Final = 20
"""In how many steps the time that is kept is shortened."""

_CLASSES: Final = ("low", "normal", "high")


class Cap:
    """Watches over `recorder.max_size`."""

    def __init__(self, recorder: "Recorder", limit: int) -> None:
        """Take the limit in bytes; 0 = none."""
        self._recorder = recorder
        self.limit = limit
        self._freed = 0
        """Bytes that are free inside of a server's tables, as far as we know: it does not tell."""
        self._rows_then = 0
        self._told = False

    async def used(self) -> int:
        """Return how many bytes rows use."""
        size = await space.size(self._recorder)
        if self._recorder.path is not None:
            return size.used
        rows = self._recorder.writer.rows
        self._freed = max(0, self._freed - (rows - self._rows_then) * BYTES_PER_ROW)
        self._rows_then = rows
        return max(0, size.used - self._freed)

    async def over(self) -> bool:
        """Tell whether it is time to make room."""
        if not self.limit:
            return False
        used = await self.used()
        if used <= SOFT * self.limit:
            self._relax(used)
            return False
        return True

    async def make_room(self, marks: "Marks | None", pace: Pace) -> int:
        """Delete the oldest rows down to 70 % of the limit; returns how many.

        Over the limit itself statistics do not matter any more, only the newest row of each
        entity does.
        """
        force = await self.used() > self.limit
        gone = 0
        for limits in (marks, None) if force else (marks,):
            if await self.used() <= AIM * self.limit:
                break
            if limits is None and force:
                _LOGGER.warning(
                    "The history is over its limit of %d MiB: rows go before statistics are made",
                    self.limit >> 20,
                )
            for name in _CLASSES:
                gone += await self._class(name, limits, pace)
        if gone and not self._told:
            self._told = True
            _LOGGER.warning(
                "The history is near its limit of %d MiB: %d rows were deleted before their time; "
                "see what fills it, and record less of that or raise recorder.max_size",
                self.limit >> 20,
                gone,
            )
        return gone

    async def judge(self) -> None:
        """Keep only statistics while there is no room for more."""
        used = await self.used()
        policies = self._recorder.policies
        if used > self.limit and not policies.squeezed:
            policies.squeezed = True
            _LOGGER.error(
                "The history has %d MiB, more than its limit of %d MiB, without rows to spare: "
                "only statistics are kept until there is room",
                used >> 20,
                self.limit >> 20,
            )
        else:
            self._relax(used)

    # --- inside

    def _relax(self, used: int) -> None:
        if used <= SOFT * self.limit:
            self._told = False
            if self._recorder.policies.squeezed:
                self._recorder.policies.squeezed = False
                _LOGGER.warning("The history is below its limit again: everything is recorded")

    async def _class(self, name: str, marks: "Marks | None", pace: Pace) -> int:
        """Shorten the time that one class of entities is kept, step by step."""
        from hub.recorder.database.tables import states

        found = await self._extents(name, marks)
        gone = 0
        if not found:
            return 0
        oldest = min(extent.oldest for extent in found)
        newest = max(extent.limit for extent in found)
        for step in range(1, SLICES + 1):
            if await self._enough():
                return gone
            until = oldest + (newest - oldest) * step // SLICES
            wanted = [(extent.key, extent.oldest, min(extent.limit, until)) for extent in found]
            deleted = 0
            async for count in delete_ranges(self._recorder, states, wanted, pace):
                deleted += count
            if name == "normal":
                deleted += await self._events(until / 1e6, pace)
            await self._freed_by(deleted)
            gone += deleted
        return gone

    async def _enough(self) -> bool:
        await space.checkpoint(self._recorder)
        return await self.used() <= AIM * self.limit

    async def _extents(self, name: str, marks: "Marks | None") -> "list[Extent]":
        policies = self._recorder.policies
        async with self._recorder.read() as connection:
            names = await expiry.all_names(connection)
            wanted = {
                key: item for key, item in names.items() if policies.of(item).priority == name
            }
            return await expiry.extents(connection, wanted, marks)

    async def _events(self, until: float, pace: Pace) -> int:
        from hub.recorder.database.tables import events

        gone = 0
        while True:
            async with self._recorder.read() as connection:
                numbers = await expiry.old_events(connection, until, MOST)
            if not numbers:
                return gone
            async for count in delete_numbers(self._recorder, events, numbers, pace):
                gone += count

    async def _freed_by(self, rows: int) -> None:
        """Guess what rows of a server's table leave free; its files do not shrink by themselves."""
        if self._recorder.path is None:
            self._freed += rows * BYTES_PER_ROW


BYTES_PER_ROW: Final = 60
"""What a row takes on a server, its part of the index included."""
