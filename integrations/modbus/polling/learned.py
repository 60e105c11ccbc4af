"""What a device refused, learned by asking for less.

A refused read is halved where most unwanted addresses lie until all its registers are read or
refused alone. Two halves that answer where their whole did not leave two causes: what lies between
them, or the size. A read known to be small enough, or one more request over the seam alone, tells
which. Sizes are narrowed down from both sides, so that a wrong guess costs little.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from integrations.modbus.mapping.models import Register, Table
from integrations.modbus.polling.reads import Read, Span, merged, spans

FIRST_PROBE: Final = 60.0
"""Seconds until a register that was refused alone is tried again; doubles with each refusal."""
LONGEST_PROBE: Final = 3600.0
SPREAD: Final = 0.1
"""Part of such a wait that is drawn."""
MOST: Final = 1000
"""Of each kind, so that a device full of holes fills no disk; what is too many is not kept."""
MOST_SPLITS: Final = 256
LONGEST_PAUSE: Final = 10.0

Key = tuple[Table, int, int]
"""Table, address and words of a register."""


@dataclass(slots=True)
class Size:
    """How many addresses a request may have, as far as is known."""

    good: int = 0
    """The most that was answered."""
    bad: int | None = None
    """The fewest that were too many."""

    @property
    def most(self) -> int | None:
        """Return what to ask for next, half way between what is known; None = no limit known."""
        return None if self.bad is None else max(1, (self.good + self.bad) // 2)


@dataclass(frozen=True, slots=True)
class Dead:
    """A register that was refused alone."""

    probe_at: float
    """Wall time of the next try."""
    wait: float
    """Seconds from the refusal to there, before the jitter."""

    def is_due(self, now: float) -> bool:
        """Tell whether it is time to try again; also when the clock went back."""
        return not now < self.probe_at <= now + LONGEST_PROBE * (1 + SPREAD)


@dataclass(slots=True)
class _Split:
    """A refused read and its halves."""

    read: Read
    end: int
    """The first address behind the left half."""
    start: int
    """The first address of the right half."""
    bridge: Read
    """The last register of the left half and the first of the right, with what is between."""
    open: set[Read] = field(default_factory=set)
    """The halves that were not answered yet."""


class Learned:
    """What is known of one device; wall times, because it outlives the hub."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        """Know nothing; `draw` gives 0..1 for the jitter."""
        self.holes: list[tuple[Table, int, int]] = []
        """Table, first and last address of what can not be read along."""
        self.borders: set[tuple[Table, int]] = set()
        """Addresses that no read may go across, though both sides can be read."""
        self.dead: dict[Key, Dead] = {}
        self.pause = 0.0
        """Seconds of rest that it needs before each request, as far as somebody had it measured."""
        self.changes = 0
        """Moves with all that changes a plan or is worth being kept."""
        self._words = Size()
        self._bits = Size()
        self._draw = draw
        self._halves: dict[Read, _Split] = {}
        self._bridges: dict[Read, _Split] = {}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any], draw: Callable[[], float] = random.random) -> Self:
        """Return what `as_dict` gave; what can not be understood will be learned again."""
        learned = cls(draw)
        try:
            learned._restore(kept)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            return cls(draw)
        return learned

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return {
            "holes": [list(hole) for hole in self.holes],
            "borders": [list(border) for border in sorted(self.borders)],
            "words": [self._words.good, self._words.bad],
            "bits": [self._bits.good, self._bits.bad],
            "dead": [[*key, dead.probe_at, dead.wait] for key, dead in self.dead.items()],
            "pause": self.pause,
        }

    def reset(self) -> None:
        """Forget everything."""
        self.holes.clear()
        self.borders.clear()
        self.dead.clear()
        self._words, self._bits = Size(), Size()
        self.pause = 0.0
        self._halves.clear()
        self._bridges.clear()
        self.changes += 1

    def rest(self, pause: float) -> None:
        """Keep the seconds of rest that were measured."""
        if pause != self.pause:
            self.pause = pause
            self.changes += 1

    @property
    def words(self) -> int | None:
        """Return the most words that one read should have; None = no limit known."""
        return self._words.most

    @property
    def bits(self) -> int | None:
        """Return the most bits that one read should have; None = no limit known."""
        return self._bits.most

    def most(self, table: Table) -> int | None:
        """Return the most addresses that one read of a table should have; None = no limit known."""
        return self._size(table).most

    @property
    def next_probe(self) -> float | None:
        """Return the wall time at which the next dead register is tried again."""
        return min((dead.probe_at for dead in self.dead.values()), default=None)

    def is_dead(self, register: Register) -> bool:
        """Tell whether a register was refused alone and has not been answered since."""
        return (register.table, register.address, register.words) in self.dead

    def is_due(self, register: Register, now: float) -> bool:
        """Tell whether a dead register should be tried again."""
        return self.dead[register.table, register.address, register.words].is_due(now)

    def probe_in(self, register: Register, now: float) -> float:
        """Return the seconds until a dead register should be tried again."""
        dead = self.dead[register.table, register.address, register.words]
        return 0.0 if dead.is_due(now) else dead.probe_at - now

    def answered(self, read: Read) -> list[Read]:
        """Note that a read was answered; return what to read now to know more, mostly nothing."""
        self._revive(read)
        self._grow(read)
        if (split := self._bridges.pop(read, None)) is not None:
            self._shrink(split.read)
        if (split := self._halves.pop(read, None)) is None:
            return []
        split.open.discard(read)
        return [] if split.open else self._explain(split)

    def refused(self, read: Read, wanted: Iterable[Register], now: float) -> list[Read]:
        """Note that a device does not give this; return the smaller reads to try now.

        Call it after exception 2 (address) or 3 (value). `wanted` are registers of the device,
        those outside do not matter. Nothing is returned when there is nothing smaller; `is_dead`
        then tells which registers are refused, for a read over a seam none of those it holds.
        """
        if (split := self._bridges.pop(read, None)) is not None:
            self._part(split)
            return []
        self._halves.pop(read, None)  # the trouble is in this half: the seam is not suspected
        found = spans(one for one in wanted if one.is_read and read.holds(one))
        if len(found) > 1:
            return self._halve(read, found)
        for start, end in found:
            if end - start < read.count:  # the others are not wanted any more
                return [Read(read.table, start, end - start)]
            self._bury((read.table, start, end - start), now)
        return []

    def _halve(self, read: Read, found: list[Span]) -> list[Read]:
        """Split at the widest gap, of equal ones at the one nearest to the middle."""
        middle = read.start + read.count / 2
        seam = max(
            range(1, len(found)),
            key=lambda i: (max(0, found[i][0] - found[i - 1][1]), -abs(found[i][0] - middle)),
        )
        (last, end), (start, behind) = found[seam - 1], found[seam]
        left = Read(read.table, found[0][0], end - found[0][0])
        right = Read(read.table, start, found[-1][1] - start)
        bridge = Read(read.table, last, behind - last)
        if len(self._halves) >= MOST_SPLITS:
            self._halves.clear()
        self._halves[left] = self._halves[right] = _Split(read, end, start, bridge, {left, right})
        return [left, right]

    def _explain(self, split: _Split) -> list[Read]:
        """Find out why two halves were answered and their whole was not."""
        size, whole = self._size(split.read.table), split.read
        if size.bad is not None and whole.count >= size.bad:
            return []
        if whole.count <= size.good or (split.bridge == whole and split.end < split.start):
            self._part(split)
            return []
        if split.bridge == whole:
            self._shrink(whole)
            return []
        if len(self._bridges) >= MOST_SPLITS:
            self._bridges.clear()
        self._bridges[split.bridge] = split
        return [split.bridge]

    def _part(self, split: _Split) -> None:
        """Keep that no read goes over the seam."""
        table = split.read.table
        if split.start <= split.end:
            if len(self.borders) < MOST:
                self.borders.add((table, split.start))
        elif len(self.holes) < MOST:
            others = [hole for hole in self.holes if hole[0] is not table]
            here = [hole[1:] for hole in self.holes if hole[0] is table]
            here = merged([*here, (split.end, split.start - 1)])
            self.holes = sorted([*others, *((table, first, last) for first, last in here)])
        self.changes += 1

    def _shrink(self, read: Read) -> None:
        """Keep that so many addresses are too many."""
        size = self._size(read.table)
        if size.good < read.count and (size.bad is None or read.count < size.bad):
            size.bad = read.count
            self.changes += 1

    def _grow(self, read: Read) -> None:
        """Keep that so many addresses are not too many."""
        size = self._size(read.table)
        if read.count <= size.good:
            return
        size.good = read.count
        if size.bad is not None:
            size.bad = None if size.bad <= read.count else size.bad
            self.changes += 1

    def _bury(self, key: Key, now: float) -> None:
        """Leave a register alone for a while, longer each time."""
        before = self.dead.pop(key, None)
        if len(self.dead) >= MOST:
            del self.dead[min(self.dead, key=lambda other: self.dead[other].probe_at)]
        wait = FIRST_PROBE if before is None else min(before.wait * 2, LONGEST_PROBE)
        self.dead[key] = Dead(now + wait * (1 + SPREAD * (2 * self._draw() - 1)), wait)
        self.changes += 1

    def _revive(self, read: Read) -> None:
        """Forget that registers were refused which are in an answer."""
        if not self.dead:
            return
        alive = [
            key
            for key in self.dead
            if key[0] is read.table and read.start <= key[1] and key[1] + key[2] <= read.end
        ]
        for key in alive:
            del self.dead[key]
        self.changes += bool(alive)

    def _size(self, table: Table) -> Size:
        return self._bits if table.is_bits else self._words

    def _restore(self, kept: Mapping[str, Any]) -> None:
        self.pause = float(kept.get("pause", 0.0))
        if not 0 <= self.pause <= LONGEST_PAUSE:
            raise ValueError("no pause that anybody measured")
        for table, first, last in kept["holes"]:
            self.holes.append((Table(table), int(first), int(last)))
        for table, address in kept["borders"]:
            self.borders.add((Table(table), int(address)))
        for table, address, words, probe_at, wait in kept["dead"]:
            key = (Table(table), int(address), int(words))
            self.dead[key] = Dead(float(probe_at), float(wait))
        self._words, self._bits = (
            Size(int(good), None if bad is None else int(bad))
            for good, bad in (kept["words"], kept["bits"])
        )
