"""From wanted registers to the fewest requests; pure.

Neighbours are joined as far as the device can stand it. A read begins and ends on wanted registers,
never tears one apart, and goes around what the device does not have. Registers that were refused
alone are left out until it is time to try them again, then read apart from those that work.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from integrations.modbus.mapping.models import Limits, Register, Table
from integrations.modbus.polling.learned import Learned
from integrations.modbus.polling.reads import Read, Span, merged, spans

__all__ = ["Read", "plan"]


def plan(
    wanted: Iterable[Register], limits: Limits, learned: Learned, default_gap: int, now: float
) -> list[Read]:
    """Return the reads that bring all wanted registers, by table and address; `now` is wall time.

    There are as few as can be, and of all such plans it reads the fewest addresses. It holds until
    `learned.changes` moves or `learned.next_probe` has come.
    """
    living: dict[Table, list[Register]] = defaultdict(list)
    due: dict[Table, list[Register]] = defaultdict(list)
    for register in wanted:
        if not register.is_read:
            continue
        if not learned.is_dead(register):
            living[register.table].append(register)
        elif learned.is_due(register, now):
            due[register.table].append(register)
    gap = default_gap if limits.gap is None else limits.gap
    return [
        read
        for group in (living, due)
        for table in Table
        if table in group
        for read in _reads(table, group[table], limits, learned, gap)
    ]


def _reads(
    table: Table, registers: list[Register], limits: Limits, learned: Learned, gap: int
) -> Iterator[Read]:
    """Yield the reads of one table."""
    most = limits.bits if table.is_bits else limits.words
    most = min(most, learned.most(table) or most)
    for run in _runs(spans(registers), _Walls(table, limits, learned), gap):
        for start, end in _cut(run, most):
            yield Read(table, start, end - start)


class _Walls:
    """The addresses of a table that are never read along."""

    def __init__(self, table: Table, limits: Limits, learned: Learned) -> None:
        ranges = merged(
            [
                *(hole[1:] for hole in (*limits.forbidden, *learned.holes) if hole[0] is table),
                *((key[1], key[1] + key[2] - 1) for key in learned.dead if key[0] is table),
            ]
        )
        self._firsts = [first for first, _ in ranges]
        self._lasts = [last for _, last in ranges]
        self._borders = sorted(border for on, border in learned.borders if on is table)

    def between(self, end: int, start: int) -> bool:
        """Tell whether one stands in the way from `end` of a register to `start` of the next."""
        wall = bisect_left(self._lasts, end)
        border = bisect_left(self._borders, end)
        return (end < start and wall < len(self._lasts) and self._firsts[wall] < start) or (
            border < len(self._borders) and self._borders[border] <= start
        )


def _runs(found: list[Span], walls: _Walls, gap: int) -> Iterator[list[Span]]:
    """Yield spans that could be read together if requests had no limit."""
    run: list[Span] = []
    for span in found:
        if run and not _joins(run[-1][1], span[0], walls, gap):
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _joins(end: int, start: int, walls: _Walls, gap: int) -> bool:
    return start < end or (start - end <= gap and not walls.between(end, start))


def _cut(run: list[Span], most: int) -> list[Span]:
    """Return the fewest pieces of at most `most` addresses, and of such the fewest addresses.

    Begin and end of a read each cost something of their own, so the best begin for an end is the
    cheapest in a window that moves along: one pass. A span longer than `most` is its own piece.
    """
    cost = (0, 0)
    begins: list[int] = []
    window: deque[tuple[tuple[int, int], int]] = deque()
    for index, (start, end) in enumerate(run):
        pieces, addresses = cost
        begin = (pieces + 1, addresses - start)
        while window and window[-1][0] >= begin:
            window.pop()
        window.append((begin, index))
        while window[0][1] < index and end - run[window[0][1]][0] > most:
            window.popleft()
        (pieces, addresses), first = window[0]
        cost = (pieces, addresses + end)
        begins.append(first)
    cuts: list[Span] = []
    index = len(run) - 1
    while index >= 0:
        cuts.append((run[begins[index]][0], run[index][1]))
        index = begins[index] - 1
    return cuts[::-1]
