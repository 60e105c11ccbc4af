"""Growing, jittered waits between attempts."""

import random
from collections.abc import Callable, Sequence
from typing import Final

STEPS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)


class Backoff:
    """Yields the next wait in seconds: each step with up to half of it added or taken away."""

    def __init__(
        self, steps: Sequence[float] | None = None, draw: Callable[[], float] = random.random
    ) -> None:
        """Walk through `steps`, staying at the last; `draw` gives 0..1."""
        self._steps = tuple(STEPS if steps is None else steps)
        self._draw = draw
        self._taken = 0

    def next(self) -> float:
        """Return the seconds to wait before the next attempt."""
        step = self._steps[min(self._taken, len(self._steps) - 1)]
        self._taken += 1
        return step * (0.5 + self._draw())

    def reset(self) -> None:
        """Begin again at the first step, after a success."""
        self._taken = 0
