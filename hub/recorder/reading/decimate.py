"""Rows of a chart: of each stretch of time the lowest, the highest, the last, and a gap."""

from bisect import bisect_left
from collections.abc import Sequence
from math import isfinite
from typing import Final

from hub.recorder.reading.columns import Columns
from hub.recorder.statistics.buckets import number

PER_BUCKET: Final = 4
"""Rows that a bucket keeps at most."""


class Decimation:
    """Thins out the rows of one entity to about `max_points`, in order.

    The range is cut into equal buckets. Of each bucket stay the rows with the least and the
    greatest number, the last row (what holds until the next bucket), and the first row that is
    no number, so that a gap stays a gap. Where no row is a number, the last two stay.
    """

    def __init__(self, start: float, end: float, max_points: int) -> None:
        """Cut the range from `start` to `end`, in epoch seconds."""
        self._start = round(start * 1e6)
        span = max(round(end * 1e6) - self._start, 1)
        self._width = -(-span // max(max_points // PER_BUCKET, 1))
        self._rest: Columns | None = None

    def take(self, rows: Columns) -> Columns | None:
        """Take the next rows and return what stays of the buckets that are complete."""
        if self._rest is not None:
            rows = self._rest.followed_by(rows)
        cut = bisect_left(rows.times, self._begin(rows.times[-1]))
        self._rest = rows.between(cut, len(rows.times))
        return self._thinned(rows.between(0, cut)) if cut else None

    def rest(self) -> Columns | None:
        """Return what stays of the last bucket."""
        rest, self._rest = self._rest, None
        return None if rest is None else self._thinned(rest)

    def _begin(self, time: int) -> int:
        """Return where the bucket of a time begins."""
        return time - (time - self._start) % self._width

    def _thinned(self, rows: Columns) -> Columns:
        times, at = rows.times, 0
        keep: list[int] = []
        while at < len(times):
            end = bisect_left(times, self._begin(times[at]) + self._width, at)
            keep += _extremes(rows.states, at, end)
            at = end
        return rows if len(keep) == len(times) else rows.picked(keep)


def _extremes(states: Sequence[str | None], at: int, end: int) -> list[int]:
    """Return the indexes of the rows of one bucket that stay, in order."""
    if end - at <= PER_BUCKET:
        return list(range(at, end))
    part = states[at:end]
    try:
        plain = list(map(float, part))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        plain = []
    if plain and isfinite(sum(plain)):
        return sorted({at + plain.index(min(plain)), at + plain.index(max(plain)), end - 1})
    values = list(map(number, part))
    numbers = [value for value in values if value is not None]
    if not numbers:
        return [end - 2, end - 1]
    keep = {at + values.index(min(numbers)), at + values.index(max(numbers)), end - 1}
    if len(numbers) < len(values):
        keep.add(at + values.index(None))
    return sorted(keep)
