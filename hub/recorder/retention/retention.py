"""Old rows go: by policy, on request, or because the database is full. One purge at a time."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.errors import NotAllowed
from hub.recorder.errors import RecorderUnavailable
from hub.recorder.retention import expiry, space
from hub.recorder.retention.cap import Cap
from hub.recorder.retention.deleting import MOST, Pace, Range, delete_numbers, delete_ranges
from hub.recorder.retention.earlier import Earlier
from hub.recorder.retention.garbage import collect
from hub.recorder.state import RecorderState

if TYPE_CHECKING:
    from sqlalchemy import Table

    from hub.hub import Hub
    from hub.jobs import Job
    from hub.recorder.recorder import Recorder
    from hub.recorder.statistics.marks import Marks

_LOGGER = logging.getLogger(__name__)

LOOK_SECONDS: Final = 60.0
"""Between two looks at the size."""

PURGE_SECONDS: Final = 3600.0
GARBAGE_SECONDS: Final = 86400.0

MANY: Final = 100_000
"""Rows after which attributes are looked through before the day is over."""


@dataclass(slots=True)
class Purged:
    """What a purge came to."""

    states: int = 0
    statistics: int = 0
    events: int = 0
    attributes: int = 0
    contexts: int = 0
    free: int = 0
    """Bytes that are free inside the file now; the next rows use them."""
    returned: int = 0
    """Bytes that the disk got back."""
    longest: float = 0.0
    """Seconds of the longest transaction."""

    @property
    def rows(self) -> int:
        """Return how many rows went, all tables together."""
        return self.states + self.statistics + self.events + self.attributes + self.contexts

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return asdict(self)


class Retention:
    """Purges by the hour in small steps, looks at the size by the minute."""

    def __init__(
        self, hub: "Hub", recorder: "Recorder", marks: Callable[[], "Marks | None"]
    ) -> None:
        """Ask `marks` how far statistics are made; `start` begins."""
        self._hub = hub
        self._recorder = recorder
        self._marks = marks
        self._settings = hub.settings.recorder
        self.earlier = Earlier(hub, recorder.policies)
        self.cap = Cap(recorder, self._settings.max_size << 20)
        self._working = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._since_garbage = 0
        self._garbage_at = 0.0
        self.pause: float | None = None
        """Seconds between transactions, where not the usual ones."""
        self.purged: Purged | None = None
        """What the last purge came to."""
        self.purged_at: float | None = None

    # --- life

    def start(self) -> None:
        """Look after the database from now on."""
        self._task = self._hub.tasks.spawn(self._run(), "recorder retention")

    async def stop(self) -> None:
        """Stop at the next transaction; what is left over goes next time."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=0.5)

    @property
    def working(self) -> bool:
        """Tell whether a purge or another work on all rows is under way."""
        return self._working.locked()

    @property
    def _reachable(self) -> bool:
        """Tell whether rows can be deleted; on a nearly full disk that may be what helps."""
        return self._recorder.state in (RecorderState.RECORDING, RecorderState.PAUSED)

    # --- work

    async def purge(self, job: "Job | None" = None, *, keep_days: float | None = None) -> Purged:
        """Delete what is too old by policy, or everything older than `keep_days`.

        Never the newest row of an entity, nothing that statistics still need. Raises `NotAllowed`
        while another purge runs, `RecorderUnavailable`.
        """
        now = self._hub.clock.time()
        if keep_days is None:
            cutoffs = self._by_policy(now)
        else:
            until = now - keep_days * 86400
            cutoffs = lambda _entity_id: [(0.0, until)]  # noqa: E731 - one line says it all
        async with self._alone():
            return await self._purge(cutoffs, job, now)

    async def purge_entities(
        self, entity_ids: Collection[str], keep_days: float = 0.0, job: "Job | None" = None
    ) -> Purged:
        """Delete the rows of some entities, with `keep_days` 0 all of them, the newest included."""
        from hub.recorder.database.tables import states

        now = self._hub.clock.time()
        until = int((now - keep_days * 86400) * 1e6) if keep_days else (1 << 62)
        wanted = set(entity_ids)
        async with self._alone():
            async with self._recorder.read() as connection:
                names = await expiry.all_names(connection)
            found: list[Range] = [(key, 0, until) for key, name in names.items() if name in wanted]
            done = Purged()
            pace = self._pace()
            done.states = await self._delete(states, found, pace, job, 0.0, 0.9)
            return await self._finish(done, pace, job, now)

    async def named(self, wanted: Callable[[str], bool]) -> list[str]:
        """Return those entities with rows that are wanted; raises `RecorderUnavailable`."""
        async with self._recorder.read() as connection:
            names = await expiry.all_names(connection)
        return sorted(name for name in names.values() if wanted(name))

    async def apply_policies(self, job: "Job | None" = None) -> Purged:
        """Let the present policies hold for rows recorded under others, too.

        Entities that are not recorded any more lose all their rows.
        """
        policies = self._recorder.policies
        async with self._recorder.read() as connection:
            names = await expiry.all_names(connection)
        unwanted = [name for name in names.values() if policies.of(name).record == "none"]
        await self.earlier.forget()
        first = await self.purge_entities(unwanted, job=job) if unwanted else Purged()
        done = await self.purge(job)
        done.states += first.states
        return done

    async def preview(self) -> dict[str, Any]:
        """Return how many rows `apply_policies` would delete, in all and by entity.

        `{"rows", "entities": [{"entity_id", "rows", "rule", "record", "keep_days"}]}`, most first.
        """
        from hub.recorder.database.tables import states

        policies, now = self._recorder.policies, self._hub.clock.time()
        entities: list[dict[str, Any]] = []
        async with self._recorder.read() as connection:
            names = await expiry.all_names(connection)
            found = {item.key: item for item in await expiry.extents(connection, names, None)}
        for key, name in names.items():
            policy = policies.of(name)
            if policy.record == "none":
                wanted: Sequence[Range] = [(key, 0, 1 << 62)]
            elif key in found:
                until = now - policy.keep_days * 86400
                wanted = expiry.ranges([found[key]], _up_to(until))
            else:
                continue
            async with self._recorder.read() as connection:
                rows = await expiry.counted(connection, states, wanted)
            if rows:
                entities.append(
                    {
                        "entity_id": name,
                        "rows": rows,
                        "rule": policy.rule,
                        "record": policy.record,
                        "keep_days": policy.keep_days,
                    }
                )
        entities.sort(key=lambda item: -item["rows"])
        return {"rows": sum(item["rows"] for item in entities), "entities": entities}

    async def repack(self, job: "Job | None" = None) -> dict[str, int]:
        """Rewrite the database without holes; raises `NotAllowed` without room for it."""
        async with self._alone():
            return await space.repack(self._recorder, job)

    async def look(self) -> None:
        """Look at the size, and make room where it is over the limit."""
        if self.working or not self._reachable:
            return
        if not await self.cap.over():
            return
        async with self._alone():
            now = self._hub.clock.time()
            pace = self._pace()
            await self._purge(self._by_policy(now), None, now)
            await self.cap.make_room(self._marks(), pace)
            found = await collect(self._recorder, pace, now)
            _LOGGER.info("Made room in the history: %s", found)
            await self.cap.judge()

    # --- inside

    async def _run(self) -> None:
        clock = self._hub.clock
        await self._load_earlier()
        next_purge = clock.monotonic() + 300
        while True:
            try:
                await self.look()
                if clock.monotonic() >= next_purge and self._reachable:
                    next_purge = clock.monotonic() + PURGE_SECONDS
                    await self.purge()
            except (RecorderUnavailable, NotAllowed) as error:
                _LOGGER.debug("The history is not purged now: %s", error.message)
            except Exception:
                # maintenance that fails must not touch recording
                _LOGGER.exception("Purging the history failed, it is tried again")
            await clock.sleep(LOOK_SECONDS)

    async def _load_earlier(self) -> None:
        from hub.errors import HubError

        try:
            await self.earlier.load()
        except HubError as error:
            _LOGGER.warning("The recorder's earlier policies are not known: %s", error.message)

    def _by_policy(self, now: float) -> expiry.Cutoffs:
        return lambda entity_id: self.earlier.cutoffs(entity_id, now)

    def _alone(self) -> "_Alone":
        return _Alone(self._working)

    def _pace(self) -> Pace:
        pace = Pace(self._hub.clock, lambda: self._recorder.backlog)
        if self.pause is not None:
            pace.pause = self.pause
        return pace

    async def _purge(self, cutoffs: expiry.Cutoffs, job: "Job | None", now: float) -> Purged:
        from hub.recorder.database.tables import states

        done, pace = Purged(), self._pace()
        marks = self._marks()
        async with self._recorder.read() as connection:
            names = await expiry.all_names(connection)
            found = await expiry.extents(connection, names, marks)
            old = (
                await expiry.old_statistics(
                    connection,
                    marks,
                    now,
                    self._settings.keep_short_days,
                    self._settings.keep_hour_days,
                )
                if marks is not None
                else []
            )
        wanted = expiry.ranges(found, cutoffs)
        done.states = await self._delete(states, wanted, pace, job, 0.0, 0.6)
        for table, ranges in old:
            done.statistics += await self._delete(table, ranges, pace, job, 0.6, 0.7)
        done.events = await self._delete_events(now - self._settings.keep_days * 86400, pace, job)
        return await self._finish(done, pace, job, now)

    async def _delete(
        self,
        table: "Table",
        found: Sequence[Range],
        pace: Pace,
        job: "Job | None",
        begin: float,
        end: float,
    ) -> int:
        gone = 0
        async for count in delete_ranges(self._recorder, table, found, pace):
            gone += count
            if job is not None:
                await job.checkpoint()
                job.progress(
                    begin + (end - begin) * min(0.99, gone / (gone + 50_000)), f"{gone} rows"
                )
        return gone

    async def _delete_events(self, until: float, pace: Pace, job: "Job | None") -> int:
        from hub.recorder.database.tables import events

        gone = 0
        while True:
            async with self._recorder.read() as connection:
                numbers = await expiry.old_events(connection, until, MOST)
            if not numbers:
                return gone
            async for count in delete_numbers(self._recorder, events, numbers, pace):
                gone += count
                if job is not None:
                    await job.checkpoint()

    async def _finish(self, done: Purged, pace: Pace, job: "Job | None", now: float) -> Purged:
        """Look for what nothing refers to any more, and give space back."""
        self._since_garbage += done.states + done.events
        due = now - self._garbage_at >= GARBAGE_SECONDS or self._since_garbage >= MANY
        if job is not None or (due and self._since_garbage):
            if job is not None:
                job.progress(0.8, "Looking for attributes without rows")
            found = await collect(
                self._recorder, pace, now, None if job is None else job.checkpoint
            )
            done.attributes, done.contexts = found["attributes"], found["contexts"]
            self._since_garbage, self._garbage_at = 0, now
        if done.rows:
            before = await space.size(self._recorder)
            keep = space.RESERVE if self._recorder.recording else 0
            await space.give_back(self._recorder, self._hub.clock, keep)
            await space.checkpoint(self._recorder)
            after = await space.size(self._recorder)
            done.free = after.free
            done.returned = max(0, before.used + before.free - after.used - after.free)
        done.longest = pace.longest
        self.purged, self.purged_at = done, now
        return done


class _Alone:
    """Works on all rows alone, or not at all."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock

    async def __aenter__(self) -> None:
        if self._lock.locked():
            raise NotAllowed("The history is being purged or rewritten; wait for that to end")
        await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


def _up_to(until: float) -> expiry.Cutoffs:
    return lambda _entity_id: [(0.0, until)]
