"""All jobs of the hub: started, listed, cancelled, kept over restarts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from hub.errors import NotAllowed, NotFound, Unauthorized, Unavailable
from hub.events import Context
from hub.jobs.access import APPLY, may_job
from hub.jobs.batch import JOURNAL, LOG, SETTLED, Entry
from hub.jobs.job import (
    MAX_MESSAGE,
    Job,
    JobCancelled,
    JobInterrupted,
    JobRecord,
    JobState,
    Line,
    clean,
)
from hub.jobs.journal import Journal, notes_of
from hub.jobs.outcome import as_error, as_row, from_row, kept, leaf, outcome, too_late
from hub.jobs.telling import LogListener, Telling
from hub.util.json import loads
from hub.util.ulid import ulid

if TYPE_CHECKING:
    from hub.auth.users import Users
    from hub.events import EventBus
    from hub.storage import Database
    from hub.util.clock import Cancel, Clock
    from hub.util.tasks import Tasks

_LOGGER = logging.getLogger(__name__)

Work = Callable[[Job], Awaitable[Any]]
Records = list[JobRecord]
Lines = list[Line]

KEEP_JOBS: Final = 1000
KEEP_SECONDS: Final = 30 * 86400.0
"""How many ended jobs are kept, and for how long."""

PRUNE_SECONDS: Final = 3600.0
"""How often jobs that became too old are looked for."""

SAFE_POINT_SECONDS: Final = 2.0
"""How long running jobs may look for a safe point when the hub stops."""

LAST_SECONDS: Final = 0.3
"""How long a job that found none may clean up."""


class Jobs:
    """Running jobs and the records of ended ones, oldest first."""

    def __init__(
        self,
        bus: "EventBus",
        database: "Database",
        clock: "Clock",
        tasks: "Tasks",
        users: "Users | None" = None,
    ) -> None:
        """Start empty; `load` reads the records. `users` says who may cancel."""
        self._clock = clock
        self._tasks = tasks
        self._users = users
        self._database = database
        self._journal = Journal(database, clock)
        database.before_close(self._journal.close)
        self._telling = Telling(bus, clock)
        self._records: dict[str, JobRecord] = {}
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._starting: dict[str, Job] = {}
        self._interrupted: dict[str, JobRecord] = {}
        self._timer: Cancel | None = None
        self._stopping = False

    @property
    def degraded(self) -> bool:
        """Tell whether the disk fails, so that jobs live in memory only for now."""
        return self._journal.degraded

    def __len__(self) -> int:
        """Return how many jobs are running."""
        return len(self._running) + len(self._starting)

    # --- life

    async def load(self) -> None:
        """Read the records; jobs that ran when the hub ended become interrupted.

        Raises `StorageError`.
        """
        from hub.storage.tables import jobs as table

        async with self._database.read() as connection:
            found = await connection.execute(table.select().order_by(table.c.created_at))
            rows = [dict(row) for row in found.mappings()]
        for row in rows:
            record = from_row(row)
            if not record.state.ended:
                record = record.but(
                    state=JobState.INTERRUPTED,
                    finished_at=self._clock.time(),
                    message="The hub ended while this was running",
                )
                self._journal.row(record.id, as_row(record))
            self._records[record.id] = record
        await self._journal.flush()
        await self._find_unsettled()
        self._prune()

    async def stop(self) -> None:
        """Let running jobs reach a safe point, then end them; their journals stay."""
        self._stopping = True
        if self._timer is not None:
            self._timer()
        running = [*self._running.values()]
        for job, _ in running:
            job.ask(JobInterrupted)
        tasks = [task for _, task in running if task is not asyncio.current_task()]
        if tasks:
            _, unsafe = await asyncio.wait(tasks, timeout=SAFE_POINT_SECONDS)
            for task in unsafe:
                task.cancel()
            if unsafe:
                await asyncio.wait(unsafe, timeout=LAST_SECONDS)
        await self._journal.close()

    async def start(
        self,
        kind: str,
        target: str,
        work: Work,
        context: Context | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - of the work, not of the start
        cancellable: bool = True,
        resume: JobRecord | None = None,
    ) -> Job:
        """Start `work(job)` in the background; its row is on the disk when this returns.

        `timeout` is in seconds. `resume` hands the notes of an interrupted job to this one and
        settles it. Raises `Unavailable` while the hub stops.
        """
        if self._stopping:
            raise Unavailable("The hub is stopping, no job is started")
        context = Context() if context is None else context
        record = JobRecord(
            id=ulid(),
            kind=clean(kind, MAX_MESSAGE),
            target=clean(target, MAX_MESSAGE),
            state=JobState.QUEUED,
            user_id=context.user_id,
            context_id=context.id,
            created_at=self._clock.time(),
            cancellable=cancellable,
        )
        job = Job(record, context, self._journal, self._clock, self._told)
        self._starting[job.id] = job
        try:
            self._journal.row(job.id, as_row(record))
            if resume is not None:
                job.resume(resume.journal)
                self._settle(resume.id)
            self._telling.now(job)
            await self._journal.flush()
            # Nothing between here and the task: a job that was started has somebody who ends it.
            return self._spawn(job, work, timeout)
        finally:
            self._starting.pop(job.id, None)
            if job.id not in self._running and not job.state.ended:
                self._end(job, JobState.INTERRUPTED, None, JobInterrupted("It was not started"))

    # --- asking

    def get(self, job_id: str) -> JobRecord:
        """Return what is known of a job; raises `NotFound`."""
        job = self._live(job_id)
        record = self._records.get(job_id) if job is None else job.record
        if record is None:
            raise NotFound(f"There is no job {clean(job_id, 40)}")
        return record

    def list(
        self,
        state: JobState | str | None = None,
        target: str | None = None,
        limit: int | None = None,
        readable: Callable[[JobRecord], bool] | None = None,
    ) -> Records:
        """Return jobs, newest first, of a state and a target where they are given."""
        found: list[JobRecord] = []
        for record in self._newest_first():
            if limit is not None and len(found) >= limit:
                break
            if (
                state in (None, record.state)
                and target in (None, record.target)
                and (readable is None or readable(record))
            ):
                found.append(record)
        return found

    async def log(self, job_id: str, after: int = 0, limit: int | None = None) -> Lines:
        """Return a job's log lines above a number.

        Where lines went because there were too many, one line says how many. Raises `NotFound`,
        `StorageError`.
        """
        self.get(job_id)
        lines = []
        for entry in await self._journal.read(job_id, LOG, after, limit):
            data = loads(entry.data)
            if entry.seq:
                lines.append(Line(entry.seq, entry.at, data))
            elif data[1] > after:
                lines.append(Line(data[1], entry.at, f"… {data[0]} earlier lines were dropped"))
        return [line for index, line in enumerate(lines) if index == 0 or line.seq > lines[0].seq]

    async def journal(self, job_id: str) -> dict[str, Any]:
        """Return what a job noted; raises `NotFound`, `StorageError`."""
        self.get(job_id)
        return notes_of(await self._journal.read(job_id, JOURNAL))

    def listen_log(self, callback: LogListener) -> Callable[[], None]:
        """Call `callback(job, lines)` for new log lines of all jobs, in batches."""
        return self._telling.listen(callback)

    # --- ending

    async def cancel(self, job_id: str, context: Context | None = None) -> JobRecord:
        """Ask a job to end at its next safe point.

        Raises `NotFound`, `NotAllowed` for a job that has ended or can not be cancelled, and
        `Unauthorized` when the context's user may not.
        """
        record = self.get(job_id)
        self._authorise(record, context)
        job = self._live(job_id)
        if job is None or job.state.ended:
            raise NotAllowed("The job has ended already")
        if not job.cancel_asked:
            if not record.cancellable:
                raise NotAllowed("This job can not be cancelled")
            job.ask(JobCancelled)
            self._telling.now(job)
        return job.record

    def interrupted(self) -> Records:
        """Return the interrupted jobs that nobody took care of, oldest first, with their journals.

        A job is taken care of by `settle`, by a later job that resumes it, or by a later job of
        the same kind and target that came to its own end.
        """
        return list(self._interrupted.values())

    async def settle(self, job_id: str) -> None:
        """Mark an interrupted job as taken care of, for all times."""
        self._settle(job_id)
        await self._journal.flush()

    # --- inside

    def _live(self, job_id: str) -> Job | None:
        found = self._running.get(job_id)
        return self._starting.get(job_id) if found is None else found[0]

    def _newest_first(self) -> Iterator[JobRecord]:
        live = [job for job, _ in self._running.values()] + [*self._starting.values()]
        records = {job.id: job.record for job in live}
        yield from sorted(
            [*self._records.values(), *records.values()],
            key=lambda record: (record.created_at, record.id),
            reverse=True,
        )

    def _authorise(self, record: JobRecord, context: Context | None) -> None:
        if context is None or context.user_id is None or self._users is None:
            return
        user = self._users.get(context.user_id)
        if user is None or not may_job(user, APPLY, record):
            raise Unauthorized

    def _spawn(self, job: Job, work: Work, timeout: float | None) -> Job:
        job.record = job.record.but(state=JobState.RUNNING)
        self._journal.row(job.id, as_row(job.record))
        coro = self._run(job, work, timeout)
        try:
            name = f"job {job.record.kind} of {job.record.target}"
            task = self._tasks.spawn(coro, name, inherit=True)
        except RuntimeError as error:
            raise Unavailable("The hub is stopping, no job is started") from error
        self._running[job.id] = (job, task)
        if self._stopping:
            job.ask(JobInterrupted)
        self._telling.now(job)
        return job

    async def _run(self, job: Job, work: Work, seconds: float | None) -> None:
        """Run the work to its end, whatever that is."""
        expired = False
        cancel: Cancel | None = None
        if seconds is not None:
            task = asyncio.current_task()

            def expire() -> None:
                nonlocal expired
                expired = True
                if task is not None:
                    task.cancel()

            cancel = self._clock.call_later(seconds, expire)
        result: Any = None
        error: BaseException | None = None
        try:
            result = await work(job)
        except (Exception, asyncio.CancelledError, BaseExceptionGroup) as caught:  # noqa: BLE001 - every end is written down
            error = leaf(caught)
        finally:
            if cancel is not None:
                cancel()
        if expired and seconds is not None:
            error = too_late(seconds)
        await self._finish(job, result, error)

    async def _finish(self, job: Job, result: Any, error: BaseException | None) -> None:
        """Write the end down and tell of it; a cancelled write still ends the job in memory."""
        state, told = outcome(job, error)
        result_kept: Any = None
        if error is None:
            try:
                result_kept = kept(result)
            except TypeError as problem:
                state, error = JobState.FAILED, problem
        wire = as_error(job, error) if state is JobState.FAILED else None
        record = job.record.but(
            state=state,
            result=result_kept,
            error=wire,
            finished_at=self._clock.time(),
            cancellable=False,
            **({"progress": 1.0} if state is JobState.DONE else {}),
        )
        self._journal.row(job.id, as_row(record))
        try:
            await self._journal.flush()
        finally:
            self._conclude(job, record, result, told if told is not None else error)

    def _end(self, job: Job, state: JobState, result: Any, error: BaseException | None) -> None:
        """End a job that never ran."""
        record = job.record.but(state=state, finished_at=self._clock.time(), cancellable=False)
        self._journal.row(job.id, as_row(record))
        self._conclude(job, record, result, error)

    def _conclude(
        self, job: Job, record: JobRecord, result: Any, error: BaseException | None
    ) -> None:
        self._running.pop(job.id, None)
        self._records[job.id] = record
        job.end(record, result, error)
        self._telling.now(job)
        self._prune()

    def _told(self, job: Job, line: Line | None) -> None:
        """Hear of progress (no line) and of log lines."""
        if line is None:
            self._journal.row(job.id, as_row(job.record))
        self._telling.note(job, line)

    # --- recovery

    async def _find_unsettled(self) -> None:
        """Find the interrupted jobs that nobody took care of, and read their notes."""
        entries = await self._journal.of_interrupted()
        ended: dict[tuple[str, str], float] = {}
        for record in self._records.values():
            if record.state is not JobState.INTERRUPTED:
                ended[(record.kind, record.target)] = record.created_at
        oldest = self._clock.time() - KEEP_SECONDS
        for record in self._records.values():
            found = entries.get(record.id, ())
            if (
                record.state is JobState.INTERRUPTED
                and record.created_at >= oldest
                and ended.get((record.kind, record.target), -1.0) <= record.created_at
                and not any(entry.kind == SETTLED for entry in found)
            ):
                self._interrupted[record.id] = record.but(journal=notes_of(found))

    def _settle(self, job_id: str) -> None:
        self._interrupted.pop(job_id, None)
        self._journal.note(Entry(job_id, _SETTLED_SEQ, SETTLED, self._clock.time(), "null"))

    # --- retention

    def _prune(self) -> None:
        """Let go of what is too old or too much; what waits for its recovery stays."""
        if self._timer is not None:
            self._timer()
        self._timer = None
        if not self._stopping:
            self._timer = self._clock.call_later(PRUNE_SECONDS, self._prune)
        oldest = self._clock.time() - KEEP_SECONDS
        surplus = len(self._records) - KEEP_JOBS
        gone: list[str] = []
        for record in self._records.values():
            if len(gone) >= surplus and (record.finished_at or oldest) >= oldest:
                break
            if record.id not in self._interrupted:
                gone.append(record.id)
        for job_id in gone:
            del self._records[job_id]
        if gone:
            self._journal.delete(gone)


_SETTLED_SEQ: Final = -1
