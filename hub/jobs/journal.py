"""The rows of jobs: written behind in batches, or at once for those who wait."""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.jobs.batch import (
    JOURNAL,
    LOG,
    Batch,
    Entry,
    Row,
    delete_jobs,
    drop_lines,
    write_entries,
    write_rows,
)
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from hub.storage import Database
    from hub.util.clock import Cancel, Clock

_LOGGER = logging.getLogger(__name__)

BATCH_SECONDS: Final = 0.5
"""How long lines and progress wait for company, when nobody waits for them."""

MAX_WAITING: Final = 20_000
"""Log lines of all jobs that wait for a failing disk; the oldest go."""

PRUNE_AT_ONCE: Final = 10
"""Old jobs, each with up to 5,000 lines, that one transaction deletes."""

FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
"""Seconds between attempts on a failing disk."""


class Journal:
    """Jobs' rows and entries on their way to the disk, committed together."""

    def __init__(self, database: "Database", clock: "Clock") -> None:
        """Write into `database`."""
        self._database = database
        self._clock = clock
        self._batch = Batch()
        self._writing = Batch()
        self._changes = 0
        self._committed = 0
        self._flushes: list[tuple[int, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._timer: Cancel | None = None
        self._delay = 0.0
        self.lost_lines = 0
        """Lines that were given up because the disk failed for too long."""

    @property
    def degraded(self) -> bool:
        """Tell whether the last attempt failed, so that jobs live in memory only."""
        return self._delay > 0

    # --- changes

    def row(self, job_id: str, row: Row) -> None:
        """Write a job's row soon."""
        self._batch.rows[job_id] = row
        self._changed()

    def note(self, entry: Entry) -> None:
        """Write or replace a note soon."""
        self._batch.notes[(entry.job_id, entry.seq)] = entry
        self._changed()

    def line(self, entry: Entry) -> None:
        """Write a log line soon."""
        lines = self._batch.lines
        lines[(entry.job_id, entry.seq)] = entry
        if len(lines) > MAX_WAITING:
            del lines[next(iter(lines))]
            self.lost_lines += 1
        self._changed()

    def drop(self, job_id: str, upto: int, count: int, at: float) -> None:
        """Delete a job's lines up to a number, and leave a mark that says how many went."""
        batch = self._batch
        batch.lines.pop((job_id, upto), None)
        batch.drops[job_id] = upto
        data = dumps([count, upto]).decode()
        batch.lines[(job_id, 0)] = Entry(job_id, 0, LOG, at, data)
        self._changed()

    def delete(self, job_ids: Sequence[str]) -> None:
        """Delete ended jobs soon, a few at a time."""
        self._batch.deletes |= dict.fromkeys(job_ids)
        self._changed()

    async def flush(self) -> bool:
        """Wait until all changes made so far are committed; False while the disk fails."""
        if self._committed >= self._changes:
            return True
        if self.degraded:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._flushes.append((self._changes, future))
        self._start()
        return await future

    async def close(self) -> None:
        """Try once more to write what waits, then stop."""
        self._stop_timer()
        writer, self._writer = self._writer, None
        if writer is not None:
            if self.degraded:
                writer.cancel()
            await asyncio.wait([writer])
        self._batch.deletes.clear()  # the next start finds them again
        if self._batch and not await self._attempt():
            _LOGGER.error("Rows of %d jobs could not be saved", len(self._batch.rows))
        self._settle(working=False)

    # --- reading

    def waiting(self, job_id: str, kind: str) -> list[Entry]:
        """Return a job's entries of one kind that are not on the disk yet."""
        both = [self._writing, self._batch]
        found = [batch.lines if kind == LOG else batch.notes for batch in both]
        entries = [entry for batch in found for entry in batch.values()]
        return [entry for entry in entries if entry.job_id == job_id and entry.kind == kind]

    async def read(
        self, job_id: str, kind: str, after: int = -1, limit: int | None = None
    ) -> list[Entry]:
        """Return a job's entries of one kind in order, also those that wait.

        Entry 0 is always among them: the mark that stands for the lines that went.
        """
        from hub.storage.tables import job_entries as table

        await self.flush()
        newer = (table.c.seq > after) | (table.c.seq == 0)
        wanted = (table.c.job_id == job_id) & (table.c.kind == kind) & newer
        statement = table.select().where(wanted).order_by(table.c.seq).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        found = {row.seq: Entry(row.job_id, row.seq, row.kind, row.at, row.data) for row in rows}
        found |= {
            entry.seq: entry
            for entry in self.waiting(job_id, kind)
            if entry.seq > after or entry.seq == 0
        }
        return [found[seq] for seq in sorted(found)][:limit]

    async def of_interrupted(self) -> dict[str, list[Entry]]:
        """Return notes and marks of all jobs that did not come to an end of their own."""
        from hub.storage.tables import job_entries as table
        from hub.storage.tables import jobs

        cut_off = jobs.c.state.in_(("queued", "running", "interrupted"))
        statement = (
            table.select()
            .join(jobs, jobs.c.id == table.c.job_id)
            .where(cut_off, table.c.kind != LOG)
            .order_by(table.c.job_id, table.c.seq)
        )
        found: dict[str, list[Entry]] = {}
        async with self._database.read() as connection:
            for row in await connection.execute(statement):
                entry = Entry(row.job_id, row.seq, row.kind, row.at, row.data)
                found.setdefault(entry.job_id, []).append(entry)
        return found

    # --- writing

    def _changed(self) -> None:
        self._changes += 1
        if self._writer is None and self._timer is None:
            self._timer = self._clock.call_later(BATCH_SECONDS, self._start)

    def _start(self) -> None:
        self._stop_timer()
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._run(), name="job writer")

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer()

    async def _run(self) -> None:
        """Write what waits; what comes meanwhile waits for company unless somebody waits."""
        try:
            while self._batch:
                if not await self._attempt():
                    await self._clock.sleep(self._delay * random.uniform(0.8, 1.2))  # noqa: S311
                elif not self._flushes and not self._batch.deletes:
                    break
        finally:
            if self._writer is asyncio.current_task():
                self._writer = None
                if self._batch:
                    self._timer = self._clock.call_later(BATCH_SECONDS, self._start)

    async def _attempt(self) -> bool:
        """Write everything that waits in one transaction; on failure keep it."""
        batch, self._batch = self._batch, Batch()
        later = list(batch.deletes)[PRUNE_AT_ONCE:]
        for job_id in later:
            del batch.deletes[job_id]
        self._batch.deletes |= dict.fromkeys(later)
        upto = self._changes
        self._writing = batch
        try:
            await self._write(batch)
        except BaseException as error:
            batch.under(self._batch)
            self._batch = batch
            if not isinstance(error, Exception):
                raise
            self._failed(error)
            return False
        finally:
            self._writing = Batch()
        self._committed = upto
        if self.degraded:
            self._delay = 0.0
            _LOGGER.warning("Jobs can be saved again; their rows are caught up")
        self._settle(working=True)
        return True

    async def _write(self, batch: Batch) -> None:
        async with self._database.begin() as connection:
            if batch.rows:
                await write_rows(connection, batch.rows)
            if batch.lines or batch.notes:
                # After a failure nobody knows what was committed, so lines are replaced then.
                await write_entries(connection, batch, replace=self.degraded)
            if batch.drops:
                await drop_lines(connection, batch.drops)
            if batch.deletes:
                await delete_jobs(connection, list(batch.deletes))

    def _failed(self, error: Exception) -> None:
        if not self.degraded:
            _LOGGER.error(
                "Jobs can not be saved (%s); they go on from memory and are caught up later", error
            )
        self._delay = min(LONGEST_RETRY, max(FIRST_RETRY, self._delay * 2))
        self._settle(working=False)

    def _settle(self, *, working: bool) -> None:
        """Answer the flushes that are done; on a failing disk all of them."""
        still = []
        for upto, future in self._flushes:
            done = self._committed >= upto
            if not done and working:
                still.append((upto, future))
            elif not future.done():
                future.set_result(done)
        self._flushes = still


def notes_of(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what the notes say, the newest of each key."""
    return dict(loads(entry.data) for entry in entries if entry.kind == JOURNAL)
