"""Tell of jobs: at most some events a second for each, however fast the work is."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from hub.const import EVENT_JOB_UPDATED

if TYPE_CHECKING:
    from hub.events import EventBus
    from hub.jobs.job import Job, Line
    from hub.util.clock import Cancel, Clock

EVENT_SECONDS: Final = 0.1
"""Between two events of one job's progress, and between two deliveries of log lines."""

MAX_FRESH: Final = 1000
"""Lines of one job that wait for a delivery; whoever listens reads the gap from the log."""

LogListener = Callable[["Job", "Sequence[Line]"], object]


class Telling:
    """Events on the bus, and log lines for those who follow a job."""

    def __init__(self, bus: "EventBus", clock: "Clock") -> None:
        """Fire on `bus`."""
        self._bus = bus
        self._clock = clock
        self._listeners: list[LogListener] = []
        self._changed: dict[Job, None] = {}
        self._fresh: dict[Job, list[Line]] = {}
        self._timer: Cancel | None = None

    def listen(self, callback: LogListener) -> Callable[[], None]:
        """Call `callback(job, lines)` for new log lines, in batches."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    def note(self, job: "Job", line: "Line | None" = None) -> None:
        """Tell soon of progress (no line) or of a new line."""
        if line is None:
            self._changed[job] = None
        elif not self._listeners:
            return
        else:
            lines = self._fresh.setdefault(job, [])
            lines.append(line)
            if len(lines) > MAX_FRESH:
                del lines[0]
        if self._timer is None:
            self._timer = self._clock.call_later(EVENT_SECONDS, self._deliver)

    def now(self, job: "Job") -> None:
        """Tell at once of a change of state, after the lines that led to it."""
        self._changed.pop(job, None)
        self._tell_lines(job, self._fresh.pop(job, []))
        self._bus.fire(EVENT_JOB_UPDATED, {"job": job.as_dict()}, job.context)

    def _deliver(self) -> None:
        self._timer = None
        changed, self._changed = self._changed, {}
        fresh, self._fresh = self._fresh, {}
        for job, lines in fresh.items():
            self._tell_lines(job, lines)
        for job in changed:
            self._bus.fire(EVENT_JOB_UPDATED, {"job": job.as_dict()}, job.context)

    def _tell_lines(self, job: "Job", lines: "Sequence[Line]") -> None:
        if lines:
            for listener in list(self._listeners):
                listener(job, lines)
