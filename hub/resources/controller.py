"""The code that makes the world match one resource type: the part an integration writes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from hub.errors import HubError, NotSupported
from hub.resources.model import Condition, Desired, Step

if TYPE_CHECKING:
    from hub.hub import Hub

Observed = TypeVar("Observed")


class NotProved(HubError):  # noqa: N818 - the wire names these without "Error"
    """What was applied does not show outside; it was taken back if the controller can."""

    code = "not_proved"
    http_status = 500


class Unfinished(HubError):  # noqa: N818
    """Some of it is done and stays, the rest is tried again: nothing is taken back."""

    code = "unfinished"
    http_status = 502


class Progress(Protocol):
    """What an apply tells while it works; the job behind it feeds progress bars and logs."""

    def progress(self, fraction: float, message: str | None = None) -> None:
        """Say how much of the present step is done, 0..1."""

    def log(self, line: str) -> None:
        """Add a line to the job's log; never a secret."""

    async def checkpoint(self) -> None:
        """Mark a safe point: here a cancel takes effect."""

    async def note(self, key: str, value: Any) -> None:
        """Keep JSON that `undo` needs in the journal, on the disk before this returns."""

    def noted(self, key: str) -> Any:
        """Return what was kept under `key`, also before a crash; None = nothing."""


class Controller(Generic[Observed]):
    """Observe, plan, apply, prove, undo: all that differs between resource types.

    Raise `Unavailable` when the outside can not be reached (tried again with backoff), other
    `HubError`s for what will not pass by itself. Every await on the outside has a time-out.
    """

    def __init__(self, hub: "Hub") -> None:
        """Keep the hub; `start` follows."""
        self.hub = hub

    async def start(self) -> None:
        """Prepare before the first resource is looked at."""

    async def stop(self) -> None:
        """Let go of everything; resources stay as they are."""

    async def observe(self, desired: Desired) -> Observed:
        """Return what is there now; changes nothing."""
        raise NotImplementedError

    def plan(self, desired: Desired, observed: Observed) -> Sequence[Step]:
        """Return what is to be done, in order; pure. Empty = in sync.

        For `desired.deleting`: what takes the thing out of the world. Raises `Unavailable` when
        nothing is to be done and yet it does not work: conditions and facts are told all the same.
        """
        raise NotImplementedError

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Do one step; may be called again for a step that was cut off."""
        raise NotImplementedError

    async def prove(self, desired: Desired, progress: Progress) -> None:
        """Show from outside that it works; raises `NotProved`, or `Unfinished`.

        Without an own proof: observe again, nothing may be left to do.
        """
        del progress
        left = self.plan(desired, await self.observe(desired))
        if left:
            raise NotProved(f"still to do after the apply: {left[0].summary}")

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Take back a step that was done or begun; may be called for one that did nothing."""
        del desired, progress
        raise NotSupported(f"{step.summary}: can not be taken back")

    def conditions(self, desired: Desired, observed: Observed) -> Sequence[Condition]:
        """Return what is to be told beside the phase."""
        del desired, observed
        return ()

    def facts(self, desired: Desired, observed: Observed) -> Mapping[str, Any]:
        """Return what the status tells of the outside; no secrets."""
        del desired, observed
        return {}

    async def forget(self, key: str) -> None:
        """React to a resource that is gone for good."""
