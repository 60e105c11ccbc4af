"""One entity in one bucket: its changes, read one after the other, become a row per series."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.recorder.statistics.buckets import Base, Ends, Meaning, Row, Tally

Series = tuple[str, str | None]
"""Entity id and unit."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One change: `value` None = a gap. `time` in microseconds."""

    time: int
    value: float | None
    meaning: Meaning


class Window:
    """The changes of one entity between `begin` and `end`, which it does not include."""

    def __init__(
        self,
        begin: int,
        end: int,
        ends: Ends,
        base: Callable[[str | None], Base | None],
        held: Reading | None = None,
    ) -> None:
        """Begin with what held before; `base` tells, by unit, where a meter stood then."""
        self.held = held
        """What holds at the end of what was read so far."""
        self.known_before = held is not None
        """Whether anything is known of the time before the bucket."""
        self._begin = begin
        self._end = end
        self._ends = ends
        self._base = base
        self._tallies: dict[str | None, Tally] = {}
        if held is not None:
            self._note(held, counted=False)

    def feed(self, reading: Reading) -> None:
        """Take the next change, in order of time."""
        self._close(reading.time)
        self.held = reading
        self._note(reading, counted=True)

    def rows(self) -> list[tuple[str | None, Tally, Row]]:
        """Return unit, tally and row of each series that was known for a while."""
        self._close(self._end)
        found = []
        for unit, tally in self._tallies.items():
            row = tally.row(self._begin, self._end - self._begin)
            if row is not None:
                found.append((unit, tally, row))
        return found

    def _note(self, reading: Reading, *, counted: bool) -> None:
        tally = self._tally(reading)
        if tally is not None and reading.value is not None:
            tally.count += counted
            tally.read(reading.value, reading.time, reading.meaning)

    def _tally(self, reading: Reading) -> Tally | None:
        meaning = reading.meaning
        if reading.value is None or meaning.kind is None:
            return None
        tally = self._tallies.get(meaning.unit)
        if tally is None:
            base = None if meaning.kind == "measurement" else self._base(meaning.unit)
            tally = self._tallies[meaning.unit] = Tally(meaning.kind, base)
        tally.kind = meaning.kind
        return tally

    def _close(self, until: int) -> None:
        """Let what holds end at `until`, or where the hub ended before."""
        held = self.held
        if held is None or held.value is None:
            return
        tally = self._tally(held)
        if tally is None:
            return
        ended = self._ends.after(held.time)
        last = until if ended is None else min(until, ended)
        tally.hold(held.value, last - max(held.time, self._begin))
