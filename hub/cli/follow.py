"""Jobs and resources followed to their end, with a progress line on a terminal."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.cli.errors import CliError
from hub.cli.output import clean, colours, note, width, width_of
from hub.cli.resources import id_of, path
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client

FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 1.0
BAR: Final = 20

ENDED: Final = ("done", "failed", "cancelled", "interrupted")


class Progress:
    """One line that changes on a terminal; a line per news where standard error is a file."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._moving = sys.stderr.isatty() and colours(sys.stderr)
        self._last = ""

    def show(self, text: str) -> None:
        """Show the present news."""
        text = clean(text)
        if text == self._last:
            return
        self._last = text
        if self._moving:
            sys.stderr.write("\r\x1b[K" + _fit(text))
            sys.stderr.flush()
        else:
            note(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._moving and self._last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._last = ""


def job(client: "Client", job_id: str, seconds: float) -> dict[str, Any]:
    """Follow a job and return it when it has ended; raises `CliError` after `seconds`."""
    progress, end, wait = Progress(), time.monotonic() + seconds, FIRST_WAIT
    try:
        while True:
            found: dict[str, Any] = client.get(f"/api/jobs/{quote(job_id)}")
            if found["state"] in ENDED:
                return found
            progress.show(line(found))
            wait = _sleep(wait, end, f"job {job_id} of {found['target']}")
    finally:
        progress.clear()


def settled(
    client: "Client", changes: Sequence[dict[str, Any]], seconds: float
) -> list[dict[str, Any]]:
    """Follow changed resources until each is live or failed; return those that failed.

    Raises `CliError` after `seconds`.
    """
    waiting = {id_of(change): change for change in changes}
    failed: list[dict[str, Any]] = []
    progress, end, wait = Progress(), time.monotonic() + seconds, FIRST_WAIT
    try:
        while waiting:
            for name, change in list(waiting.items()):
                found = _look(client, name)
                live = _live(found, change)
                if live is None:
                    progress.show(_news(client, name, found))
                    continue
                del waiting[name]
                if not live and found is not None:
                    failed.append(found)
            if waiting:
                wait = _sleep(wait, end, ", ".join(waiting))
    finally:
        progress.clear()
    return failed


def line(job: dict[str, Any]) -> str:
    """Return what a job does now, with a bar when it tells how far it is."""
    words = f"{job['kind']} {job['target']}: {job['message'] or job['state']}"
    if job["progress"] is None:
        return words
    full = round(job["progress"] * BAR)
    return f"[{'#' * full}{'.' * (BAR - full)}] {job['progress']:4.0%} {words}"


def ended(job: dict[str, Any]) -> None:
    """Raise `CliError` for a job that did not come to a good end."""
    if job["state"] == "done":
        return
    error = job["error"] or {}
    raise CliError(
        f"{job['kind']} of {job['target']} {job['state']}"
        + (f": {error['message']}" if error.get("message") else ""),
        f"see its log with `hub jobs log {job['id']}`",
        code=str(error.get("code", "")),
    )


def _look(client: "Client", id: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.get(path(id))
    except CliError as error:
        if error.code == "not_found":
            return None
        raise
    return found


def _live(found: dict[str, Any] | None, change: dict[str, Any]) -> bool | None:
    """Return whether a change is live, None while the hub still works on it.

    A failure counts when it is newer than the change: what `change` shows as its status was there
    before.
    """
    if found is None:
        return True
    status, phase = found["status"], found["status"]["phase"]
    reached = (status["observed_revision"] or 0) >= change["revision"]
    if reached and not found["deleting"] and phase in ("in_sync", "drifted"):
        return bool(phase == "in_sync")
    before = (change.get("resource") or {}).get("status") or {}
    if status["attempts"]:
        tries = (status["attempts"], status["retry_at"])
        return None if tries == (before.get("attempts"), before.get("retry_at")) else False
    # A type that is gone: nobody looks at such a resource.
    return False if phase == "unknown" and status["observed_at"] is None else None


def _news(client: "Client", id: str, found: dict[str, Any] | None) -> str:
    status = (found or {}).get("status", {})
    if status.get("job_id") and status.get("phase") in ("applying", "deleting"):
        try:
            return line(client.get(f"/api/jobs/{quote(status['job_id'])}"))
        except CliError:
            pass  # it ended and was forgotten between the two looks
    if status.get("phase") == "in_sync":
        return f"{id} waits for its turn"  # what is in sync is the revision before
    message = f": {status['message']}" if status.get("message") else ""
    return f"{id} {status.get('phase', '')}{message}"


def _sleep(wait: float, end: float, what: str) -> float:
    """Sleep before the next look and return the wait after it; raises `CliError` at the end."""
    if time.monotonic() >= end:
        raise CliError(
            f"{what}: not ready in time; the hub still works on it",
            "look with `hub get` and `hub jobs`, or give more time with --timeout",
            code="timeout",
        )
    time.sleep(min(wait, max(0.0, end - time.monotonic())))
    return min(wait * 1.5, LONGEST_WAIT)


def _fit(text: str) -> str:
    """Cut a line to the terminal, so that the next one can take its place."""
    limit = width_of(sys.stderr) - 1
    while text and width(text) > limit:
        text = text[:-1]
    return text
