"""Stops trying what does not work: for a pause, or until somebody changes something."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.errors import HubError
from hub.runner.errors import Unreachable

if TYPE_CHECKING:
    from hub.runner.limits import Limits
    from hub.util.clock import Clock


class Breaker:
    """Of one host: closed, open until a time, or open for good."""

    def __init__(
        self, clock: "Clock", limits: "Limits", draw: Callable[[], float] = random.random
    ) -> None:
        """Begin closed; `draw` gives 0..1 for the jitter of pauses."""
        self._clock = clock
        self._limits = limits
        self._draw = draw
        self.failures = 0
        self.permanent: HubError | None = None
        self.last: HubError | None = None
        self._until = 0.0

    def check(self) -> None:
        """Raise what is known when another attempt is not due."""
        if self.permanent is not None:
            raise self.permanent.with_traceback(None)
        wait = self._until - self._clock.monotonic()
        if wait > 0:
            raise Unreachable(
                f"{self.last}; not tried again for {wait:.0f} s"
                f" after {self.failures} failed attempts",
                retry_after=wait,
            )

    def failed(self, error: HubError) -> None:
        """Note a failed attempt: unreachable hosts get pauses, refusals are final."""
        self.last = error
        if not isinstance(error, Unreachable):
            self.permanent = error
            return
        self.failures += 1
        past = self.failures - self._limits.failures
        if past >= 0:
            pause = min(self._limits.pause * 2 ** min(past, 20), self._limits.longest_pause)
            self._until = self._clock.monotonic() + pause * (0.75 + self._draw() / 2)

    def reset(self) -> None:
        """Forget everything: it worked, or something changed."""
        self.failures = 0
        self.permanent = None
        self.last = None
        self._until = 0.0
