"""Growing, jittered waits between attempts."""

import random
from collections.abc import Callable, Sequence
from typing import Final, Self

STEPS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)


class Backoff:
    """Yields the next wait in seconds: each step with up to `spread` of it added or taken away."""

    def __init__(
        self,
        steps: Sequence[float] | None = None,
        draw: Callable[[], float] = random.random,
        *,
        spread: float = 0.5,
    ) -> None:
        """Walk through `steps`, staying at the last; `draw` gives 0..1."""
        self._steps = tuple(STEPS if steps is None else steps)
        self._draw = draw
        self._spread = spread
        self._taken = 0

    @classmethod
    def doubling(
        cls,
        first: float,
        longest: float,
        draw: Callable[[], float] = random.random,
        *,
        spread: float = 0.5,
    ) -> Self:
        """Return one that begins at `first` seconds and doubles until `longest`."""
        steps = [first]
        while steps[-1] < longest:
            steps.append(min(steps[-1] * 2, longest))
        return cls(steps, draw, spread=spread)

    def next(self) -> float:
        """Return the seconds to wait before the next attempt."""
        step = self._steps[min(self._taken, len(self._steps) - 1)]
        self._taken += 1
        return step * (1 + self._spread * (2 * self._draw() - 1))

    def reset(self) -> None:
        """Begin again at the first step, after a success."""
        self._taken = 0
