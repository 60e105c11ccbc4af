"""A circuit breaker: who does not answer is left alone, then asked by one call at a time."""

import random
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from hub.resilience.backoff import Backoff

SPREAD: Final = 0.1
"""Part of a wait that is drawn: enough that what failed together is not asked together again."""


class BreakerState(StrEnum):
    """Whether calls are let through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One call at a time shows whether it is over."""


class Breaker:
    """Counts failures in a row and tells callers when to leave the other side alone.

    Each admitted call ends in exactly one of `success`, `failure` and `release`. What counts as a
    failure is the caller's affair; nothing here waits, so nothing can be held across a wait.
    """

    def __init__(
        self,
        clock_monotonic: Callable[[], float],
        *,
        failures: int = 5,
        wait: float = 60.0,
        longest: float = 600.0,
        successes: int = 3,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Open after `failures` in a row for `wait` seconds, doubling until `longest`.

        It closes after `successes` calls in a row; `draw` gives 0..1 for the jitter.
        """
        self.state = BreakerState.CLOSED
        self.opened_at: float | None = None
        """Monotonic time at which the present outage began; None while closed."""
        self.last_error: str | None = None
        """Reason of the newest failure; stays when it is over."""
        self.changes = 0
        """Changes of state so far."""
        self.on_change: Callable[[], object] | None = None
        """Called after each change of state; may read the breaker, must not raise."""
        self._now = clock_monotonic
        self._failures = failures
        self._successes = successes
        self._backoff = Backoff.doubling(wait, longest, draw, spread=SPREAD)
        self._count = 0
        self._probe_at = 0.0
        self._probing = False

    @property
    def retry_in(self) -> float:
        """Return the seconds until the next call is let through; 0 unless open."""
        return max(0.0, self._probe_at - self._now()) if self.state is BreakerState.OPEN else 0.0

    def admit(self) -> bool:
        """Tell whether a call may go out; half-open it is the one probe until it ends."""
        if self.state is BreakerState.CLOSED:
            return True
        if self._probing or self.retry_in > 0:
            return False
        self._probing = True
        if self.state is BreakerState.OPEN:
            self._change(BreakerState.HALF_OPEN)
        return True

    def success(self) -> None:
        """Note that an admitted call was answered."""
        if self.state is BreakerState.CLOSED:
            self._count = 0
        elif self._probing:
            self._probing = False
            self._count += 1
            if self._count >= self._successes:
                self._close()

    def failure(self, reason: str) -> None:
        """Note that an admitted call got no answer."""
        self.last_error = reason
        if self.state is BreakerState.OPEN:
            return
        self._count += 1
        if self.state is BreakerState.HALF_OPEN or self._count >= self._failures:
            self._open()

    def release(self) -> None:
        """Note that an admitted call ended without saying anything, such as by being cancelled."""
        self._probing = False

    def hurry(self) -> None:
        """Let the next call through as a probe: somebody knows that the other side is back."""
        self._probe_at = self._now()

    def _open(self) -> None:
        now = self._now()
        if self.opened_at is None:
            self.opened_at = now
        self._probe_at = now + self._backoff.next()
        self._change(BreakerState.OPEN)

    def _close(self) -> None:
        self.opened_at = None
        self._backoff.reset()
        self._change(BreakerState.CLOSED)

    def _change(self, state: BreakerState) -> None:
        self.state = state
        self._count = 0
        self._probing = self._probing and state is BreakerState.HALF_OPEN
        self.changes += 1
        if self.on_change is not None:
            self.on_change()
