"""How a job ended, and the form in which it is kept."""

import logging
from typing import Any, Final

from hub.errors import HubError, TimedOut
from hub.jobs.job import MAX_LINE, Job, JobCancelled, JobInterrupted, JobRecord, JobState, clean
from hub.util.json import dumps, loads
from hub.util.ulid import ulid

_LOGGER = logging.getLogger(__name__)

MAX_RESULT: Final = 16 * 1024
"""Bytes of a result that are kept; whoever waits for the job gets a larger one in full."""


def outcome(job: Job, error: BaseException | None) -> tuple[JobState, BaseException | None]:
    """Return how a job ended, and what those who wait are told instead of the bare error."""
    if error is None:
        return JobState.DONE, None
    if isinstance(error, JobCancelled) and job.cancel_asked:
        if isinstance(error, JobInterrupted):
            return JobState.INTERRUPTED, None
        return JobState.CANCELLED, None
    if isinstance(error, Exception):
        return JobState.FAILED, None
    return JobState.INTERRUPTED, JobInterrupted(
        f"The hub ended the job: {job.record.kind} of {job.record.target}"
    )


def as_error(job: Job, error: BaseException | None) -> dict[str, str]:
    """Return the error as others see it; a defect is logged under a reference."""
    if isinstance(error, HubError):
        return {"code": error.code, "message": clean(error.message, MAX_LINE)}
    reference = ulid()
    _LOGGER.error(
        "Job %s of %s failed (reference %s)",
        job.record.kind,
        job.record.target,
        reference,
        exc_info=error,
    )
    return {"code": "unknown_error", "message": f"Unexpected error, reference {reference}"}


def leaf(error: BaseException) -> BaseException:
    """Return what a group of errors is about: a cancel, else its one error."""
    while isinstance(error, BaseExceptionGroup):
        cancels = error.subgroup(JobCancelled)
        group = error if cancels is None else cancels
        if cancels is None and len(group.exceptions) > 1:
            return error
        error = group.exceptions[0]
    return error


def too_late(seconds: float) -> TimedOut:
    """Return the error of a job whose time is over."""
    return TimedOut(f"The job took longer than {seconds:g} s and was ended")


def kept(result: Any) -> Any:
    """Return the part of a result that is kept; raises `TypeError` for what is no JSON."""
    data = dumps(result)
    if len(data) <= MAX_RESULT:
        return loads(data)
    return {"too_large": len(data)}


def as_row(record: JobRecord) -> dict[str, Any]:
    """Return the row of a record."""
    return {
        "id": record.id,
        "kind": record.kind,
        "target": record.target,
        "state": record.state.value,
        "progress": record.progress,
        "message": record.message,
        "result": None if record.result is None else dumps(record.result).decode(),
        "error": None if record.error is None else dumps(record.error).decode(),
        "user_id": record.user_id,
        "context_id": record.context_id,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
    }


def from_row(fields: dict[str, Any]) -> JobRecord:
    """Return the record of a row, whose mapping it takes over."""
    fields["state"] = JobState(fields["state"])
    for name in ("result", "error"):
        fields[name] = None if fields[name] is None else loads(fields[name])
    return JobRecord(**fields)
