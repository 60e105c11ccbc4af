"""One apply: steps in order, each written down before it is begun, taken back when one fails."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.errors import HubError
from hub.jobs import JobCancelled, JobInterrupted
from hub.resources.controller import Controller, NotProved, Unfinished
from hub.resources.model import Desired, Step

if TYPE_CHECKING:
    from hub.jobs import Job

_LOGGER = logging.getLogger(__name__)

PLAN: Final = "plan"
BEGUN: Final = "begun"
"""Notes in the job's journal: what is to be done, and the number of the step begun last."""

APPLIED: Final = "applied"
ROLLED_BACK: Final = "rolled_back"
HALF_APPLIED: Final = "half_applied"
UNFINISHED: Final = "unfinished"
NOTHING_DONE: Final = "nothing_done"
INTERRUPTED: Final = "interrupted"

UNDO_SECONDS: Final = 300.0
"""The longest that taking back one step may take."""

_PROOF: Final = 0.1
"""Share of the progress bar that the proof takes."""


class ApplyFailed(HubError):  # noqa: N818 - the wire names these without "Error"
    """An apply failed; `outcome` says what that left behind."""

    code = "apply_failed"
    http_status = 502

    def __init__(self, message: str, outcome: str, cause: BaseException) -> None:
        """Take the message for people, the outcome's word and what went wrong."""
        super().__init__(message)
        self.outcome = outcome
        self.cause = cause

    def as_dict(self) -> dict[str, Any]:
        """Add the outcome."""
        return {**super().as_dict(), "outcome": self.outcome}


class ApplyCancelled(ApplyFailed, JobCancelled):
    """Somebody ended an apply; what was done was taken back."""

    code = "job_cancelled"
    http_status = 409


class Part:
    """What a step sees of its job: its share of the bar, and notes under its own number."""

    def __init__(self, job: "Job", number: int, low: float, high: float) -> None:
        """Show 0..1 of the step as `low`..`high` of the job."""
        self._job = job
        self._number = number
        self._low = low
        self._high = high

    def progress(self, fraction: float, message: str | None = None) -> None:
        """Say how much of the step is done, 0..1."""
        inside = min(1.0, max(0.0, fraction))
        self._job.progress(self._low + (self._high - self._low) * inside, message)

    def log(self, line: str) -> None:
        """Add a line to the job's log."""
        self._job.log(line)

    async def checkpoint(self) -> None:
        """Mark a safe point: raises `JobCancelled` when the job is to end."""
        await self._job.checkpoint()

    async def note(self, key: str, value: Any) -> None:
        """Keep JSON for `undo`."""
        await self._job.note(f"{self._number}:{key}", value)

    def noted(self, key: str) -> Any:
        """Return what was kept by this step, also before a crash."""
        return self._job.noted(f"{self._number}:{key}")


async def run(
    controller: Controller[Any],
    desired: Desired,
    steps: Sequence[Step],
    job: "Job",
    seconds: float,
    hook: Callable[[str], None],
) -> dict[str, Any]:
    """Do all steps and prove the result within `seconds`.

    Raises `ApplyFailed` after taking back what was done, `JobInterrupted` when the hub stops: then
    the journal tells the next start what is left.
    """
    plan = {"revision": desired.revision, "steps": [step.as_dict() for step in steps]}
    await job.note(PLAN, plan)
    hook("planned")
    try:
        async with asyncio.timeout(seconds):
            await _forward(controller, desired, steps, job, hook)
    except JobInterrupted:
        raise
    except Exception as error:
        begun = job.noted(BEGUN)
        outcome = NOTHING_DONE
        if isinstance(error, Unfinished):
            outcome = UNFINISHED
        elif begun is not None:
            job.log(f"Failed: {words(error)}")
            outcome = await undo(controller, desired, steps[: begun + 1], job, hook)
        how = ApplyCancelled if isinstance(error, JobCancelled) else ApplyFailed
        raise how(_failure(error, steps, begun, outcome), outcome, error) from error
    job.progress(1.0, "Applied")
    return {"outcome": APPLIED, "steps": len(steps)}


async def _forward(
    controller: Controller[Any],
    desired: Desired,
    steps: Sequence[Step],
    job: "Job",
    hook: Callable[[str], None],
) -> None:
    """Do the steps, then prove."""
    share = (1.0 - _PROOF) / len(steps)
    for number, step in enumerate(steps):
        await job.checkpoint()
        job.log(step.summary)
        job.progress(number * share, step.summary)
        await job.note(BEGUN, number)
        hook(f"begun {number}")
        part = Part(job, number, number * share, (number + 1) * share)
        await controller.apply(desired, step, part)
        hook(f"done {number}")
    await job.checkpoint()
    job.progress(1.0 - _PROOF, "Proving")
    await controller.prove(desired, Part(job, len(steps), 1.0 - _PROOF, 1.0))
    hook("proved")


async def undo(
    controller: Controller[Any],
    desired: Desired,
    steps: Sequence[Step],
    job: "Job",
    hook: Callable[[str], None],
) -> str:
    """Take steps back, last first; returns `rolled_back` or `half_applied`."""
    outcome = ROLLED_BACK
    for number in reversed(range(len(steps))):
        step = steps[number]
        try:
            hook(f"undoing {number}")
            async with asyncio.timeout(UNDO_SECONDS):
                await controller.undo(desired, step, Part(job, number, 0.0, 0.0))
            job.log(f"Taken back: {step.summary}")
        except Exception as error:  # noqa: BLE001 - the steps before it are still tried
            outcome = HALF_APPLIED
            job.log(f"Not taken back: {step.summary}: {words(error)}")
    return outcome


def words(error: BaseException) -> str:
    """Say what went wrong, without details of what is not ours to show."""
    if isinstance(error, HubError):
        return error.message
    if isinstance(error, TimeoutError):
        return "it took too long"
    _LOGGER.error("A controller failed", exc_info=error)
    return f"internal error ({type(error).__name__}), see the log"


def _failure(error: BaseException, steps: Sequence[Step], begun: int | None, outcome: str) -> str:
    """Say what failed, and what that left behind."""
    own = isinstance(error, NotProved | Unfinished | JobCancelled)
    where = "" if own else f"{steps[begun or 0].summary}: "
    left = {
        NOTHING_DONE: "nothing was changed",
        ROLLED_BACK: "everything was taken back",
        UNFINISHED: "what was done stays, the rest is tried again",
        HALF_APPLIED: "it could not all be taken back, see the job's log",
    }[outcome]
    return f"{where}{words(error)}; {left}"
