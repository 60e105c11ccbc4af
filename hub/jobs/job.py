"""One long operation, as its work sees it and as it is told to others."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from hub.errors import HubError
from hub.jobs.batch import JOURNAL, LOG, Entry
from hub.jobs.journal import Journal
from hub.util.json import dumps

if TYPE_CHECKING:
    from hub.events import Context
    from hub.util.clock import Clock

MAX_LINES: Final = 5000
"""Log lines of one job that are kept; the oldest go."""

MAX_LINE: Final = 2000
"""Characters of one log line; the rest is cut."""

MAX_MESSAGE: Final = 500
"""Characters of a progress message."""


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will happen."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class JobCancelled(HubError):  # noqa: N818 - the wire names these without "Error"
    """The job ended at a safe point because somebody asked for it."""

    code = "job_cancelled"
    http_status = 409


class JobInterrupted(JobCancelled):
    """The job ended because the hub stops; its journal says how far it came."""

    code = "job_interrupted"
    http_status = 503


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a job's log."""

    seq: int
    at: float
    line: str

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form; `at` is seconds since 1970."""
        return {"seq": self.seq, "at": self.at, "line": self.line}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """What is known of a job at one moment."""

    id: str
    kind: str
    target: str
    """What it works on: `type/key` of a resource, else a name."""
    state: JobState
    progress: float | None = None
    message: str | None = None
    result: Any = None
    error: Mapping[str, str] | None = None
    """`{"code", "message"}` of a failed job."""
    user_id: str | None = None
    context_id: str | None = None
    created_at: float = 0.0
    finished_at: float | None = None
    cancellable: bool = False
    journal: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What the work noted; filled in for interrupted jobs only."""

    def but(self, **changes: Any) -> "JobRecord":
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form; times are seconds since 1970."""
        return {
            "id": self.id,
            "kind": self.kind,
            "target": self.target,
            "state": self.state.value,
            "progress": self.progress,
            "message": self.message,
            "result": self.result,
            "error": None if self.error is None else dict(self.error),
            "user_id": self.user_id,
            "context_id": self.context_id,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "cancellable": self.cancellable,
        }


class Job:
    """A running job: the handle of whoever started it, and of the work itself."""

    def __init__(
        self,
        record: JobRecord,
        context: "Context",
        journal: Journal,
        clock: "Clock",
        told: "Callable[[Job, Line | None], None]",
    ) -> None:
        """Keep log and notes in `journal`; `told` hears of changes (None) and log lines."""
        self.record = record
        self.context = context
        self.error: BaseException | None = None
        """Why the job ended without a result."""
        self._journal = journal
        self._clock = clock
        self._told = told
        self._notes: dict[str, Any] = {}
        self._note_seqs: dict[str, int] = {}
        self._lines: deque[int] = deque()
        self._dropped = 0
        self._seq = 0
        self._asked: type[JobCancelled] | None = None
        self._anywhere: list[asyncio.Task[Any]] = []
        self._ended = asyncio.Event()
        self._result: Any = None

    @property
    def id(self) -> str:
        """Return the job's id."""
        return self.record.id

    @property
    def state(self) -> JobState:
        """Return where the job is in its life."""
        return self.record.state

    @property
    def cancel_asked(self) -> bool:
        """Tell whether the job is to end at its next safe point."""
        return self._asked is not None

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return self.record.as_dict()

    async def wait(self) -> Any:
        """Wait for the end and return the result; raises what the work raised, `JobCancelled`."""
        await self._ended.wait()
        if self.error is not None:
            raise self.error
        return self._result

    # --- for the work

    def progress(self, fraction: float, message: str | None = None) -> None:
        """Say how much is done, 0..1; what is outside is brought inside."""
        if self.state.ended:
            return
        changes: dict[str, Any] = {}
        if math.isfinite(fraction):
            changes["progress"] = min(1.0, max(0.0, float(fraction)))
        if message is not None:
            changes["message"] = clean(message, MAX_MESSAGE)
        self.record = self.record.but(**changes)
        self._told(self, None)

    def log(self, line: str) -> None:
        """Add to the job's log, each line of the text for itself; never a secret."""
        for part in line.splitlines() or [""]:
            self._add_line(clean(part, MAX_LINE))

    async def checkpoint(self) -> None:
        """Mark a safe point: raises `JobCancelled` when the job is to end."""
        self._check()
        await asyncio.sleep(0)
        self._check()

    @contextmanager
    def cancel_anywhere(self) -> Iterator[None]:
        """Let a cancel take effect at any await inside the block, as `JobCancelled`."""
        self._check()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("cancel_anywhere is used outside a task")
        self._anywhere.append(task)
        try:
            yield
        except asyncio.CancelledError:
            # More cancels than ours: somebody else wants the task to end, and that goes first.
            if self._asked is not None and task.uncancel() == 0:
                raise self._cancelled() from None
            raise
        finally:
            if task in self._anywhere:
                self._anywhere.remove(task)

    async def note(self, key: str, value: Any) -> None:
        """Keep JSON for a recovery; it is on the disk when this returns.

        On a failing disk it is kept in memory and written when the disk works again. Raises
        `TypeError` for what is no JSON.
        """
        data = dumps([key, value]).decode()
        seq = self._note_seqs.get(key)
        if seq is None:
            seq = self._note_seqs[key] = self._next()
        self._notes[key] = value
        self._journal.note(Entry(self.id, seq, JOURNAL, self._clock.time(), data))
        await self._journal.flush()

    def noted(self, key: str) -> Any:
        """Return what was noted under `key`, also by the job that this one resumes."""
        return self._notes.get(key)

    @property
    def notes(self) -> Mapping[str, Any]:
        """Return everything that was noted."""
        return dict(self._notes)

    # --- for the jobs' room

    def resume(self, notes: Mapping[str, Any]) -> None:
        """Take over the notes of an interrupted job; the caller flushes the journal."""
        for key, value in notes.items():
            seq = self._note_seqs[key] = self._next()
            self._notes[key] = value
            data = dumps([key, value]).decode()
            self._journal.note(Entry(self.id, seq, JOURNAL, self._clock.time(), data))

    def ask(self, how: type[JobCancelled]) -> None:
        """Let the job end at its next safe point, or at once where it allows that."""
        self._asked = how
        self.record = self.record.but(cancellable=False)
        tasks, self._anywhere = self._anywhere, []
        for task in tasks:
            task.cancel()

    def end(self, record: JobRecord, result: Any, error: BaseException | None) -> None:
        """Wake those who wait."""
        self.record = record
        self.error = error
        self._result = result
        self._ended.set()

    def _check(self) -> None:
        if self._asked is not None:
            raise self._cancelled()

    def _cancelled(self) -> JobCancelled:
        how = self._asked or JobCancelled
        what = "The hub stops" if how is JobInterrupted else "The job was cancelled"
        return how(f"{what}: {self.record.kind} of {self.record.target}")

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _add_line(self, text: str) -> None:
        seq, at = self._next(), self._clock.time()
        self._lines.append(seq)
        self._journal.line(Entry(self.id, seq, LOG, at, dumps(text).decode()))
        if len(self._lines) > MAX_LINES:
            self._dropped += 1
            self._journal.drop(self.id, self._lines.popleft(), self._dropped, at)
        self._told(self, Line(seq, at, text))


def clean(text: str, limit: int) -> str:
    """Return text that is safe to keep and to show: no control characters, bounded."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    text = text.encode("utf-8", "replace").decode()
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in text)
