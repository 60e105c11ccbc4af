"""Jobs side by side: every line of their logs as it is written, then how each ended."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.cli.sdk import CliError, Columns, Progress, clean, emit, note, quote
from hub.cli.sdk import line as told

if TYPE_CHECKING:
    from hub.cli.sdk import Client

FIRST_WAIT: Final = 0.05
LONGEST_WAIT: Final = 0.5
ENDED: Final = ("done", "failed", "cancelled", "interrupted")


def follow(client: "Client", jobs: Mapping[str, str], seconds: float) -> dict[str, dict[str, Any]]:
    """Follow jobs by name until all have ended, and return them.

    Their logs go to standard error. Raises `CliError` after `seconds`; they go on then.
    """
    end, wait = time.monotonic() + seconds, FIRST_WAIT
    after = dict.fromkeys(jobs, 0)
    found: dict[str, dict[str, Any]] = {}
    progress = Progress()
    try:
        while len(found) < len(jobs):
            for name, job_id in jobs.items():
                if name in found:
                    continue
                # The state is read before the lines: what was logged before the end is not missed.
                job = client.get(f"/api/jobs/{quote(job_id)}")
                after[name] = _log(client, name, job_id, after[name], progress)
                if job["state"] in ENDED:
                    found[name] = job
                else:
                    progress.show(told(job))
            if len(found) < len(jobs):
                wait = _sleep(wait, end, [name for name in jobs if name not in found])
    finally:
        progress.clear()
    return found


def tell(jobs: Mapping[str, Mapping[str, Any] | None], output: str) -> None:
    """Show how jobs ended (None = there was nothing to do); raises `CliError` when one failed."""
    rows = [_row(name, job) for name, job in jobs.items()]
    columns: Columns = {
        "RESOURCE": "resource",
        "STATE": lambda row: row["state"],
        "SECONDS": lambda row: "-" if row["seconds"] is None else f"{row['seconds']:.1f}",
        "MESSAGE": "message",
    }
    emit(rows, output, columns)
    failed = [row for row in rows if row["state"] not in ("done", "in sync")]
    if failed:
        first = failed[0]
        raise CliError(
            f"{len(failed)} of {len(rows)} not deployed: {first['resource']}: {first['message']}",
            f"see `hub jobs log {first['job']}` and `hub proxy diff {first['resource']}`",
        )


def _row(name: str, job: Mapping[str, Any] | None) -> dict[str, Any]:
    if job is None:
        words = {"state": "in sync", "message": "nothing to do", "seconds": None, "job": None}
        return {"resource": name, **words}
    error = job["error"] or {}
    ended = job["finished_at"]
    return {
        "resource": name,
        "state": job["state"],
        "message": error.get("message") or job["message"] or "",
        "seconds": None if ended is None else round(ended - job["created_at"], 3),
        "job": job["id"],
    }


def _log(client: "Client", name: str, id: str, after: int, progress: Progress) -> int:
    lines = client.get(f"/api/jobs/{quote(id)}/log", after=after)
    if lines:
        progress.clear()
    for line in lines:
        note(f"{name}: {clean(line['line'])}")
    return int(lines[-1]["seq"]) if lines else after


def _sleep(wait: float, end: float, names: list[str]) -> float:
    if time.monotonic() >= end:
        raise CliError(
            f"{', '.join(names[:5])}: not ready in time; the hub still works on it",
            "look with `hub jobs` and `hub proxy status`, or give more time with --timeout",
            code="timeout",
        )
    time.sleep(min(wait, max(0.0, end - time.monotonic())))
    return min(wait * 1.5, LONGEST_WAIT)
