"""Statistics of 5 minutes, hours and days, made a minute after each of them has ended."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from hub.const import EVENT_ENTITY_REGISTRY_UPDATED
from hub.recorder.database.upserts import upsert
from hub.recorder.errors import RecorderUnavailable
from hub.recorder.statistics import marks as marks_of
from hub.recorder.statistics.buckets import SECOND
from hub.recorder.statistics.calendar import day_after, day_begin
from hub.recorder.statistics.compiler import HOUR, SHORT, Compiled, Compiler
from hub.recorder.statistics.ledger import Ledger, rename
from hub.recorder.statistics.marks import Marks

if TYPE_CHECKING:
    from sqlalchemy import Table

    from hub.events import Event
    from hub.hub import Hub
    from hub.recorder.recorder import Recorder

_LOGGER = logging.getLogger(__name__)

EVENT_SHORT: Final = "recorder_5min_statistics_generated"
EVENT_HOURLY: Final = "recorder_hourly_statistics_generated"

GRACE: Final = 60
"""Seconds that a bucket waits after its end for what comes late."""

AGAIN: Final = 3600
"""Seconds before the watermark that are made again after a start: what an interval held back may
have been written just before the hub ended."""

LONGEST_SLEEP: Final = 60.0
"""The wall clock may jump: it is looked at so often."""

ROWS: Final = 500
"""Rows of one transaction."""

STOP_SECONDS: Final = 0.5
"""What ending may take, and then writing down when that was."""


class Statistics:
    """Makes the tiers, one window after the other, and remembers how far it came."""

    def __init__(self, hub: "Hub", recorder: "Recorder") -> None:
        """Prepare; `start` begins."""
        self._hub = hub
        self._recorder = recorder
        self._ledger = Ledger()
        self._compiler = Compiler(self._ledger, recorder.policies)
        self._zone = ZoneInfo(hub.settings.hub.time_zone)
        self._marks: Marks | None = None
        self._late: dict[str, int] = {}
        self._late_all: int | None = None
        """From when on, in seconds, everything is made again."""
        self._looked: tuple[float, float] | None = None
        """Wall and steady clock when it worked last."""
        self._away_since: float | None = None
        self._began = 0.0
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._ends: list[Callable[[], None]] = []
        self._failing = False
        self.windows = 0
        """Buckets of 5 minutes made since the start, those made again included."""

    # --- life

    def start(self) -> None:
        """Begin: from now on the hub is there."""
        self._began = self._hub.clock.time()
        self._ends.append(self._hub.bus.listen(EVENT_ENTITY_REGISTRY_UPDATED, self._entity_updated))
        self._task = self._hub.tasks.spawn(self._run(), "recorder statistics")

    async def stop(self) -> None:
        """End, and remember when; call it before the database is closed."""
        for end in self._ends:
            end()
        self._ends.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=STOP_SECONDS)
        if self._marks is None:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS), self._recorder.write() as connection:
                await self._marks.save(connection, self._hub.clock.time())
        except (RecorderUnavailable, TimeoutError) as error:
            _LOGGER.warning("The end of the statistics was not written down: %s", error)

    @property
    def marks(self) -> Marks | None:
        """Return how far each tier is made; None until the database was seen."""
        return self._marks

    # --- what others tell

    def late(self, entity_id: str, time: float) -> None:
        """Make again what a row that comes late falls into; `time` in seconds."""
        marks = self._marks
        if marks is not None and time < marks.short:
            at = int(time * SECOND)
            self._late[entity_id] = min(at, self._late.get(entity_id, at))

    def pause(self) -> None:
        """Hear that nothing is recorded from now on: what holds is not known any more."""
        if self._away_since is None:
            self._away_since = self._hub.clock.time()

    def resume(self) -> None:
        """Hear that recording goes on."""
        since, self._away_since = self._away_since, None
        if since is not None and self._marks is not None:
            self._marks.add_gap(since, self._hub.clock.time())

    # --- work

    async def catch_up(self) -> int:
        """Make everything that is due; returns the number of windows of 5 minutes.

        Raises `RecorderUnavailable`. What was made stays made when it ends in the middle.
        """
        async with self._lock:
            await self._recorder.flush()
            marks = self._marks
            if marks is None:
                marks = self._marks = await self._open()
            self._notice_jump(marks)
            before = self.windows
            async with self._recorder.read() as connection:
                await self._ledger.load(connection)
                entities = await self._compiler.entities(connection)
            await self._made_again(marks, entities)
            if await self._short(marks, entities):
                self._hub.bus.fire(EVENT_SHORT)
            if await self._hours(marks):
                self._hub.bus.fire(EVENT_HOURLY)
            await self._days(marks)
            return self.windows - before

    async def _run(self) -> None:
        """Work for ever."""
        while True:
            try:
                await self.catch_up()
                self._failing = False
            except RecorderUnavailable as error:
                _LOGGER.debug("Statistics wait: %s", error.message)
            except Exception:
                # told once: the same fault comes back every minute
                _LOGGER.log(
                    logging.DEBUG if self._failing else logging.ERROR,
                    "Statistics could not be made, they are tried again",
                    exc_info=True,
                )
                self._failing = True
            await self._hub.clock.sleep(self._pause())

    def _pause(self) -> float:
        if self._marks is None:
            return 5.0
        due = self._marks.short + SHORT + GRACE - self._hub.clock.time()
        return min(LONGEST_SLEEP, max(1.0, due))

    def _notice_jump(self, marks: Marks) -> None:
        """Take a clock that was set forward for time that nobody has seen."""
        now, steady = self._hub.clock.time(), self._hub.clock.monotonic()
        before, self._looked = self._looked, (now, steady)
        if before is not None:
            skipped = (now - before[0]) - (steady - before[1])
            if skipped > SHORT:
                _LOGGER.warning("The clock was set forward by %.0f s", skipped)
                marks.add_gap(before[0], before[0] + skipped)

    async def _open(self) -> Marks:
        """Read how far it came, and find out when the hub was there last."""
        began = self._began or self._hub.clock.time()
        async with self._recorder.read() as connection:
            found, alive = await marks_of.load(connection)
            oldest, newest = await marks_of.edges(connection, began)
        seen = max((time for time in (alive, newest) if time is not None), default=None)
        if found is None:
            first = int(min(began, began if oldest is None else oldest))
            short = first - first % SHORT
            found = Marks(short, short - short % HOUR, day_begin(short, self._zone))
        else:
            self._late_all = found.short - AGAIN
        if seen is not None:
            found.add_gap(min(seen, began), began)
        return found

    async def _made_again(self, marks: Marks, entities: dict[int, str]) -> None:
        """Make again what rows that came late fall into."""
        late, self._late = self._late, {}
        again, self._late_all = self._late_all, None
        if again is not None:
            for entity_id in entities.values():
                late[entity_id] = min(again * SECOND, late.get(entity_id, again * SECOND))
        if not late:
            return
        try:
            await self._redo(marks, entities, late)
        except BaseException:
            for entity_id, at in late.items():
                self._late[entity_id] = min(at, self._late.get(entity_id, at))
            raise

    async def _redo(self, marks: Marks, entities: dict[int, str], late: dict[str, int]) -> None:
        first = min(late.values()) // SECOND
        start = first - first % SHORT
        while start < marks.short:
            end = (start + SHORT) * SECOND
            touched = {key: name for key, name in entities.items() if late.get(name, end) < end}
            await self._window(marks, start, touched, current=False)
            start += SHORT
        metas = [meta.id for meta in self._ledger.of(late)]
        start = first - first % HOUR
        while start < marks.hour:
            await self._hour(start, metas, again=True)
            start += HOUR
        start = day_begin(first, self._zone)
        while start < marks.day:
            end = day_after(start, self._zone)
            await self._day(start, end, metas, again=True)
            start = end

    async def _short(self, marks: Marks, entities: dict[int, str]) -> bool:
        made = False
        while marks.short + SHORT + GRACE <= self._hub.clock.time():
            start = marks.short
            back = marks.away(start, start + SHORT)
            if back is not None:
                # nobody was there: nothing can be known until the hub came back
                marks.short = max(start + SHORT, int(back) - int(back) % SHORT)
                continue
            await self._window(marks, start, entities, current=True)
            made = True
        return made

    async def _window(
        self, marks: Marks, start: int, entities: dict[int, str], *, current: bool
    ) -> None:
        from hub.recorder.database.tables import statistics_short as table

        if self._away_since is not None:
            ends = Marks(0, 0, 0, [*marks.gaps, (self._away_since, self._away_since)]).ends
        else:
            ends = marks.ends
        async with self._recorder.read() as connection:
            found = await self._compiler.short(connection, start, entities, ends, current=current)
        after = Marks(start + SHORT, marks.hour, marks.day, marks.gaps) if current else None
        await self._write(table, found, start, after)
        if current:
            marks.short = start + SHORT
        self.windows += 1

    async def _hours(self, marks: Marks) -> bool:
        made = False
        while marks.hour + HOUR <= marks.short:
            metas = [meta.id for meta in self._ledger.of()]
            start = marks.hour
            back = marks.away(start, start + HOUR)
            if back is not None:
                marks.hour = max(start + HOUR, min(marks.short, int(back)) // HOUR * HOUR)
                continue
            after = Marks(marks.short, start + HOUR, marks.day, marks.gaps)
            await self._hour(start, metas, after)
            marks.hour = start + HOUR
            made = True
        return made

    async def _hour(
        self, start: int, metas: Collection[int], after: Marks | None = None, *, again: bool = False
    ) -> None:
        from hub.recorder.database.tables import statistics_hour, statistics_short

        async with self._recorder.read() as connection:
            found = await self._compiler.tier(
                connection, statistics_short, SHORT, start, start + HOUR, metas
            )
        await self._write(statistics_hour, found, start, after, again=again)

    async def _days(self, marks: Marks) -> None:
        while (end := day_after(marks.day, self._zone)) <= marks.hour:
            metas = [meta.id for meta in self._ledger.of()]
            start = marks.day
            back = marks.away(start, end)
            if back is not None:
                marks.day = max(end, day_begin(min(marks.hour, int(back)), self._zone))
                continue
            after = Marks(marks.short, marks.hour, end, marks.gaps)
            await self._day(start, end, metas, after)
            marks.day = end

    async def _day(
        self,
        start: int,
        end: int,
        metas: Collection[int],
        after: Marks | None = None,
        *,
        again: bool = False,
    ) -> None:
        from hub.recorder.database.tables import statistics_day, statistics_hour, statistics_short

        # where clocks are half an hour off, a day does not consist of hours
        even = start % HOUR == 0 and end % HOUR == 0
        source, length = (statistics_hour, HOUR) if even else (statistics_short, SHORT)
        async with self._recorder.read() as connection:
            found = await self._compiler.tier(connection, source, length, start, end, metas)
        await self._write(statistics_day, found, start, after, again=again)

    async def _write(
        self,
        table: "Table",
        found: Compiled,
        start: int,
        after: Marks | None,
        *,
        again: bool = False,
    ) -> None:
        """Write a window in small transactions; the last one moves the watermark."""
        parts = [found.rows[at : at + ROWS] for at in range(0, len(found.rows), ROWS)] or [[]]
        gone = found.gone if again or table.name == "statistics_short" else []
        if not (found.rows or gone or after is not None):
            return
        for number, rows in enumerate(parts):
            async with self._recorder.write() as connection:
                if number == 0:
                    await self._ledger.save(connection)
                    for at in range(0, len(gone), ROWS):
                        part = gone[at : at + ROWS]
                        await connection.execute(
                            table.delete().where(table.c.meta.in_(part), table.c.start == start)
                        )
                await upsert(connection, table, rows)
                if number == len(parts) - 1 and after is not None:
                    await after.save(connection, self._hub.clock.time())
            self._ledger.saved()

    # --- what happens elsewhere

    def _entity_updated(self, event: "Event") -> None:
        old = event.data.get("old_entity_id")
        if old is not None:
            self._hub.tasks.spawn(
                self._rename(old, event.data["entity_id"]), f"rename statistics of {old}"
            )

    async def _rename(self, old: str, new: str) -> None:
        try:
            async with self._lock, self._recorder.write() as connection:
                await rename(connection, old, new)
        except RecorderUnavailable as error:
            _LOGGER.warning("Statistics of %s keep the old name: %s", old, error.message)
