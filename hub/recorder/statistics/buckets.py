"""What one stretch of time says about one number: pure arithmetic of the statistics.

Times are microseconds since 1970. A value holds until the next one, or until the hub ended; where
there is no number there is a gap, which lowers the coverage and touches nothing else.
"""

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["measurement", "total", "total_increasing"]

KINDS: Final[frozenset[str]] = frozenset({"measurement", "total", "total_increasing"})
SECOND: Final = 1_000_000

RESET_BELOW: Final = 0.9
"""A meter that only rises was reset when it shows less than this part of what it showed."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an entity's attributes say of its number; no `kind` = it is no statistic."""

    kind: Kind | None = None
    unit: str | None = None
    last_reset: float | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """Where a meter stood: its sum so far, its reading, the time of the last reset (seconds)."""

    sum: float = 0.0
    state: float | None = None
    last_reset: float | None = None


@dataclass(slots=True)
class Row:
    """One bucket of one series; `start` in seconds, `coverage` 0..1 of the bucket."""

    start: int
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    last: float | None = None
    sum: float | None = None
    state: float | None = None
    coverage: float = 0.0
    count: int = 0
    last_reset: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the columns."""
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS: Final = (
    "start",
    "mean",
    "min",
    "max",
    "last",
    "sum",
    "state",
    "coverage",
    "count",
    "last_reset",
)


class Ends:
    """The times when the hub ended, sorted: what held then is not known any more."""

    def __init__(self, times: Iterable[int] = ()) -> None:
        """Take the times in microseconds."""
        self._times = sorted(times)

    def after(self, time: int) -> int | None:
        """Return the first end at or after `time`."""
        index = bisect.bisect_left(self._times, time)
        return self._times[index] if index < len(self._times) else None


class Tally:
    """One bucket of one series while it is read, oldest value first."""

    __slots__ = ("_high", "_known", "_low", "_weighted", "base", "count", "kind", "last")

    def __init__(self, kind: Kind, base: Base | None) -> None:
        """Begin with what a meter showed before; None = it was never seen."""
        self.kind = kind
        self.base = base
        self.count = 0
        self.last: float | None = None
        self._weighted = 0.0
        self._known = 0
        self._low = math.inf
        self._high = -math.inf

    def read(self, value: float, time: int, meaning: Meaning) -> None:
        """Note what a meter shows; nothing to do for a measurement."""
        if self.kind != "measurement":
            self.base = advance(self.base, self.kind, value, time, meaning.last_reset)

    def hold(self, value: float, duration: int) -> None:
        """Note that a value held for so many microseconds of the bucket."""
        if duration <= 0:
            return
        self._known += duration
        self.last = value
        if self.kind == "measurement":
            self._weighted += value * duration
            self._low = min(self._low, value)
            self._high = max(self._high, value)

    def row(self, start: int, length: int) -> Row | None:
        """Return the row; None when nothing was known. `start` and `length` in microseconds."""
        if not self._known:
            return None
        row = Row(start // SECOND, last=self.last, count=self.count)
        row.coverage = self._known / length
        if self.kind == "measurement":
            # rounding must not lead outside of what was seen
            row.mean = min(self._high, max(self._low, self._weighted / self._known))
            row.min, row.max = self._low, self._high
        elif self.base is not None:
            row.sum, row.state = self.base.sum, self.base.state
            row.last_reset = self.base.last_reset
        return row


def advance(
    base: Base | None, kind: Kind, value: float, time: int, last_reset: float | None
) -> Base:
    """Return where a meter stands after a reading.

    The first reading ever is the zero of the sum. A meter that only rises was reset when it falls
    clearly, and begins again at 0; a slight fall is jitter: it counts nothing until the old
    reading is passed. A `total` may fall, and was reset when its `last_reset` says so.
    """
    if base is None or base.state is None:
        return Base(0.0 if base is None else base.sum, value, last_reset)
    if kind == "total":
        if last_reset is not None and not _same(last_reset, base.last_reset):
            return Base(base.sum + value, value, last_reset)
        return Base(base.sum + value - base.state, value, base.last_reset)
    if value >= base.state:
        return Base(base.sum + value - base.state, value, base.last_reset)
    if value < RESET_BELOW * base.state or base.state <= 0:
        return Base(base.sum + max(value, 0.0), value, time / SECOND)
    return base


def _same(one: float, other: float | None) -> bool:
    """Compare two times in seconds, to the millisecond."""
    return other is not None and abs(one - other) < 1e-3


def merged(rows: Sequence[Row], lengths: float, start: int, length: float) -> Row:
    """Return the bucket that smaller ones, oldest first, add up to; lengths in seconds."""
    last = rows[-1]
    found = Row(start, last=last.last, sum=last.sum, state=last.state, last_reset=last.last_reset)
    known = sum(row.coverage for row in rows) * lengths
    found.coverage = min(1.0, known / length)
    found.count = sum(row.count for row in rows)
    measured = [row for row in rows if row.mean is not None]
    weights = sum(row.coverage for row in measured)
    if weights:
        mean = sum((row.mean or 0.0) * row.coverage for row in measured) / weights
        # what was imported may have a mean alone
        found.min = min((row.min for row in measured if row.min is not None), default=None)
        found.max = max((row.max for row in measured if row.max is not None), default=None)
        low = mean if found.min is None else max(found.min, mean)
        found.mean = low if found.max is None else min(found.max, low)
    return found


def number(text: str | None) -> float | None:
    """Return a state's number; None for a text, a removal, and what is not finite."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
