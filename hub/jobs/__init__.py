"""Long operations: progress, log, result, cancel, and a journal that survives the hub's end."""

from hub.jobs.job import Job, JobCancelled, JobInterrupted, JobRecord, JobState, Line
from hub.jobs.jobs import Jobs, Work

__all__ = [
    "Job",
    "JobCancelled",
    "JobInterrupted",
    "JobRecord",
    "JobState",
    "Jobs",
    "Line",
    "Work",
]
