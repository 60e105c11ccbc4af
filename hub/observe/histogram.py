"""A histogram of plain ints: observing costs a search in a short tuple and two additions."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the usual buckets, in seconds."""


class Histogram:
    """Counts by bucket; the last bucket has no end."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        """Count into buckets with these upper ends, ascending."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """Return how many values were counted."""
        return sum(self.counts)

    def buckets(self) -> list[tuple[str, float]]:
        """Return (upper end, count up to it) for each bucket, as Prometheus wants them."""
        found, total = [], 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            total += count
            found.append((str(float(bound)), float(total)))
        found.append(("+Inf", float(total + self.counts[-1])))
        return found
