"""A timer: it runs, can be paused, and tells when it has ended."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

import voluptuous as vol

from hub.const import EVENT_STARTED
from hub.entities.service import EntityService
from hub.errors import ServiceValidationError
from hub.events import Context
from hub.helpers.fields import NAMED, seconds_of, signed_seconds_of, span, span_text
from hub.helpers.helper import Helper, HelperKind
from hub.hub import Phase
from hub.schema import boolean, described
from hub.services import Field

if TYPE_CHECKING:
    from hub.util.clock import Cancel


class TimerState(StrEnum):
    """What a timer does."""

    IDLE = "idle"
    ACTIVE = "active"
    PAUSED = "paused"


_seconds = described(type="string")(partial(seconds_of))
_change = described(type="string")(partial(signed_seconds_of))
_DURATION: Final = {"text": None}


class Timer(Helper):
    """Runs for `duration`; events `timer.started` and so on say what happens to it."""

    kind = "timer"
    SERVICES: ClassVar = (
        EntityService(
            "start",
            "start",
            {vol.Optional("duration"): _seconds},
            {"duration": Field(_DURATION, name="Duration", example="00:01:00")},
            title="Start",
        ),
        EntityService("pause", "pause", title="Pause"),
        EntityService("cancel", "cancel", title="Cancel"),
        EntityService("finish", "finish", title="Finish"),
        EntityService(
            "change",
            "change",
            {vol.Required("duration"): _change},
            {
                "duration": Field(
                    _DURATION,
                    required=True,
                    name="Duration",
                    description="What is added; with a minus before it, taken away",
                    example="-00:00:30",
                )
            },
            title="Change",
        ),
    )
    status = TimerState.IDLE
    _configured: float = 0.0
    _duration: float = 0.0
    """What the present run was given."""
    _left: float | None = None
    """Seconds left when it was paused, or last began to run."""
    _end: float | None = None
    """Monotonic time of the end while it runs."""
    _ends_at: float | None = None
    """The same as wall time, for people and for after a restart."""
    _cancel: "Cancel | None" = None

    def configure(self, spec: Mapping[str, Any]) -> None:
        """Take the duration of runs that start from now on."""
        self._configured = seconds_of(spec["duration"])
        self._restores = spec["restore"]
        if self.status is TimerState.IDLE:
            self._duration = self._configured

    def restore(self, kept: Any) -> None:
        """Go on where it was, when `restore` is set; `added` sets the time going."""
        self._idle()
        if not self._restores or not isinstance(kept, Mapping):
            return
        state = kept.get("state")
        if state == TimerState.ACTIVE and isinstance(kept.get("ends_at"), int | float):
            self.status, self._ends_at = TimerState.ACTIVE, float(kept["ends_at"])
        elif state == TimerState.PAUSED and isinstance(kept.get("left"), int | float):
            self.status, self._left = TimerState.PAUSED, float(kept["left"])
        else:
            return
        self._duration = float(kept.get("duration", self._configured))

    async def added(self) -> None:
        """Let a restored run go on; one that should have ended ends when the house has started.

        Before that nobody listens: automations start after the helpers.
        """
        await super().added()
        if self.status is not TimerState.ACTIVE or self._ends_at is None:
            return
        left = self._ends_at - self.hub.clock.time()
        if left > 0 or self.hub.phase is Phase.RUNNING:
            self._run(max(0.0, left), ends_at=self._ends_at)
            return
        self._cancel = self.hub.bus.listen(EVENT_STARTED, lambda _event: self._late())

    def rest(self) -> None:
        """Run no further."""
        self._stop()

    def kept(self) -> Any:
        """Return how it goes on after a restart."""
        if not self._restores or self.status is TimerState.IDLE:
            return None
        return {
            "state": self.status.value,
            "duration": self._duration,
            "left": self._left,
            "ends_at": self._ends_at,
        }

    @property
    def state_value(self) -> str:
        """Return `idle`, `active` or `paused`."""
        return self.status.value

    @property
    def state_attributes(self) -> Mapping[str, Any]:
        """Return the duration, what is left, and when it ends while it runs."""
        found: dict[str, Any] = {"duration": span_text(self._duration)}
        if self._ends_at is not None:
            found["finishes_at"] = _iso(self._ends_at)
        if self._left is not None:
            found["remaining"] = span_text(self._left)
        if self._restores:
            found["restore"] = True
        return found

    def start(self, duration: float | None = None) -> None:
        """Begin, begin anew, or go on after a pause; `duration` in seconds is for this run."""
        again = self.status is not TimerState.IDLE
        if duration is not None:
            self._duration = duration
            left = duration
        else:
            paused = self.status is TimerState.PAUSED and self._left is not None
            left = self._left if paused else self._duration  # type: ignore[assignment]
        self._run(left)
        self._tell("restarted" if again else "started")

    def pause(self) -> None:
        """Hold; a timer that does not run stays as it is."""
        if self.status is not TimerState.ACTIVE or self._end is None:
            return
        left = max(0.0, self._end - self.hub.clock.monotonic())
        self._stop()
        self.status, self._left = TimerState.PAUSED, left
        self._tell("paused")

    def cancel(self) -> None:
        """End without having finished; an idle timer stays as it is."""
        if self.status is TimerState.IDLE:
            return
        self._idle()
        self._tell("cancelled")

    def finish(self) -> None:
        """End now, as if the time were over; a timer that does not run stays as it is."""
        if self.status is TimerState.ACTIVE:
            self._finish(self.cause())

    def change(self, duration: float) -> None:
        """Add to a running timer; raises `ServiceValidationError` when that can not be."""
        if self.status is not TimerState.ACTIVE or self._end is None:
            raise ServiceValidationError(
                f"Timer {self.entity_id} is not running, only active timers can be changed"
            )
        left = self._end - self.hub.clock.monotonic() + duration
        if left > self._duration:
            raise ServiceValidationError(
                f"Not possible to change timer {self.entity_id} beyond duration"
            )
        if left < 0:
            raise ServiceValidationError(
                f"Not possible to change timer {self.entity_id} below zero duration"
            )
        self._run(left)
        self._tell("changed")

    def _run(self, left: float, ends_at: float | None = None) -> None:
        """Let the time go for `left` seconds from now."""
        self._stop()
        clock = self.hub.clock
        self.status, self._left = TimerState.ACTIVE, left
        self._end = clock.monotonic() + left
        self._ends_at = clock.time() + left if ends_at is None else ends_at
        self._cancel = clock.call_later(left, self._over)

    def _stop(self) -> None:
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()
        self._end = self._ends_at = None

    def _idle(self) -> None:
        self._stop()
        self.status, self._left, self._duration = TimerState.IDLE, None, self._configured

    def _over(self) -> None:
        """End because the time is over: nobody's doing."""
        self._finish(Context())

    def _late(self) -> None:
        """End a run whose time was over while the hub was away."""
        self._finish(Context())

    def _finish(self, context: Context) -> None:
        now = self.hub.clock.time()
        finished_at = now if self._ends_at is None else min(now, self._ends_at)
        self._idle()
        self.changed(context)
        data = {"entity_id": self.entity_id, "finished_at": _iso(finished_at)}
        self.hub.bus.fire("timer.finished", data, context)

    def _tell(self, what: str) -> None:
        self.changed()
        self.hub.bus.fire(f"timer.{what}", {"entity_id": self.entity_id}, self.cause())


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


KIND: Final = HelperKind(
    Timer,
    {
        **NAMED,
        vol.Optional("duration", default="0:00:00", description="How long it runs"): span,
        vol.Optional("restore", default=False, description="Go on after a restart"): boolean,
    },
    "Timer",
    "Runs for a while and tells when it has ended",
)
