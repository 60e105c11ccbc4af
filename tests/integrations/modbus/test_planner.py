"""As few reads as can be, none of them over what must not be asked for."""

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.modbus.mapping.models import Access, Limits, Register, Table, Type
from integrations.modbus.polling.learned import Learned
from integrations.modbus.polling.planner import Read, plan
from integrations.modbus.polling.reads import merged, spans

NOTHING = Limits()


def register(address: int, words: int = 1, table: Table = Table.HOLDING) -> Register:
    return Register(f"{table}{address}", table, address, Type.UINT16, words)


def registers(*places: int | tuple[int, int], table: Table = Table.HOLDING) -> list[Register]:
    """Return registers at addresses, or at (address, words)."""
    return [
        register(place, table=table) if isinstance(place, int) else register(*place, table)
        for place in places
    ]


def planned(
    wanted: Iterable[Register],
    limits: Limits = NOTHING,
    learned: Learned | None = None,
    gap: int = 8,
    now: float = 0.0,
) -> list[tuple[int, int]]:
    """Return starts and counts of the plan."""
    reads = plan(wanted, limits, learned or Learned(), gap, now)
    return [(read.start, read.count) for read in reads]


def test_nothing_wanted_is_nothing_read() -> None:
    assert planned([]) == []


def test_neighbours_are_one_read_whatever_their_order() -> None:
    assert planned(registers(2, 0, (3, 2), 1)) == [(0, 5)]


def test_registers_of_one_word_are_read_once() -> None:
    low = Register("low", Table.HOLDING, 4, Type.UINT16, mask=0x00FF)
    high = Register("high", Table.HOLDING, 4, Type.UINT16, mask=0xFF00)
    assert planned([low, high, *registers(5)]) == [(4, 2)]


def test_gaps_are_read_along_as_far_as_allowed() -> None:
    wanted = registers(0, 9, 19)
    assert planned(wanted, gap=8) == [(0, 10), (19, 1)]
    assert planned(wanted, gap=9) == [(0, 20)]
    assert planned(wanted, gap=0) == [(0, 1), (9, 1), (19, 1)]
    assert planned(wanted, Limits(gap=9), gap=0) == [(0, 20)], "the device's own goes first"


def test_a_gap_of_nothing_still_joins_neighbours() -> None:
    assert planned(registers(0, 1, (2, 2)), gap=0) == [(0, 4)]


def test_no_value_is_torn_apart() -> None:
    wanted = registers(*((address, 4) for address in range(0, 20, 4)))
    assert planned(wanted, Limits(words=10)) == [(0, 8), (8, 8), (16, 4)]


def test_a_value_longer_than_the_limit_is_asked_for_alone() -> None:
    assert planned(registers(0, (1, 20), 21), Limits(words=10)) == [(0, 1), (1, 20), (21, 1)]


def test_of_plans_with_as_few_reads_the_one_with_fewer_addresses_is_taken() -> None:
    assert planned(registers(0, 5, 6, 7, 8), Limits(words=8)) == [(0, 1), (5, 4)]


def test_tables_are_not_mixed() -> None:
    wanted = [register(0, table=table) for table in reversed(Table)]
    reads = plan(wanted, NOTHING, Learned(), 8, 0.0)
    assert [read.table for read in reads] == list(Table)


def test_bits_have_a_limit_of_their_own() -> None:
    wanted = registers(*range(250), table=Table.COIL)
    assert planned(wanted) == [(0, 250)]
    assert planned(wanted, Limits(bits=200)) == [(0, 200), (200, 50)]


def test_forbidden_addresses_are_asked_around() -> None:
    wanted = registers(0, 4, 8)
    limits = Limits(forbidden=((Table.HOLDING, 6, 6), (Table.INPUT, 2, 2)))
    assert planned(wanted, limits) == [(0, 5), (8, 1)]


def test_a_wanted_register_in_a_forbidden_range_is_read() -> None:
    limits = Limits(forbidden=((Table.HOLDING, 0, 100),))
    assert planned(registers(3, 4, 6), limits) == [(3, 2), (6, 1)]


def test_what_is_only_written_is_not_read() -> None:
    command = Register("command", Table.HOLDING, 1, Type.UINT16, access=Access.WRITE)
    assert planned([*registers(0, 2), command]) == [(0, 3)]
    assert planned([command]) == []


def test_what_was_learned_is_asked_around() -> None:
    learned = Learned()
    learned.holes.append((Table.HOLDING, 2, 3))
    learned.borders.add((Table.HOLDING, 10))
    assert planned(registers(0, 1, 4, 5, 9, 10, 11), learned=learned) == [(0, 2), (4, 6), (10, 2)]


def test_a_border_stays_when_the_register_at_it_is_not_wanted() -> None:
    learned = Learned()
    learned.borders.add((Table.HOLDING, 10))
    assert planned(registers(8, 12), learned=learned) == [(8, 1), (12, 1)]


def test_a_dead_register_is_left_out_and_then_tried_alone() -> None:
    wanted = registers(0, 1, 2)
    learned = Learned(lambda: 0.5)
    assert learned.refused(Read(Table.HOLDING, 1, 1), wanted, 1000.0) == []
    assert planned(wanted, learned=learned, now=1059.0) == [(0, 1), (2, 1)]
    assert planned(wanted, learned=learned, now=1060.0) == [(0, 1), (2, 1), (1, 1)]


def test_dead_registers_that_are_due_together_are_tried_together() -> None:
    wanted = registers(0, 1, 2, 3, 4)
    learned = Learned(lambda: 0.5)
    for address in (1, 2, 4):
        learned.refused(Read(Table.HOLDING, address, 1), wanted, 1000.0)
    assert planned(wanted, learned=learned, now=1060.0) == [(0, 1), (3, 1), (1, 4)]


def scattered(seed: int) -> list[Register]:
    """Return 1,000 registers in 40 groups."""
    draw = random.Random(seed)  # noqa: S311 - the same each time
    wanted: list[Register] = []
    address = 0
    for _ in range(40):
        address += draw.randint(20, 800)
        for _ in range(25):
            words = draw.choice((1, 1, 2, 2, 4))
            wanted.append(register(address, words))
            address += words + draw.choice((0, 0, 0, 1, 3, 7))
    return wanted


def fewest(found: list[tuple[int, int]], most: int, gap: int) -> int:
    """Return how many reads it takes when each takes as much as it can: no plan needs fewer."""
    reads, start, end = 0, 0, -1
    for first, behind in found:
        if end < 0 or first - end > gap or behind - start > most:
            reads, start = reads + 1, first
        end = behind
    return reads


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_scattered_registers_need_as_few_reads_as_can_be(seed: int) -> None:
    wanted = scattered(seed)
    assert len(planned(wanted)) <= 1.3 * fewest(spans(wanted), 125, 8)


# --- against trying everything --------------------------------------------------------------------

PLACES = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4)), min_size=1, max_size=8)
RANGES = st.lists(st.tuples(st.integers(0, 34), st.integers(0, 2)), max_size=3)


def partitions(found: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Yield every way to cut spans into reads of neighbours."""
    for cuts in range(1 << (len(found) - 1)):
        ends = [at for at in range(1, len(found)) if cuts >> (at - 1) & 1]
        yield [
            (found[begin][0], found[end - 1][1]) for begin, end in pairwise([0, *ends, len(found)])
        ]


@settings(max_examples=200)
@given(PLACES, st.integers(1, 12), st.integers(0, 6), RANGES, RANGES)
def test_no_allowed_way_to_cut_is_better(
    places: list[tuple[int, int]],
    most: int,
    gap: int,
    forbidden: list[tuple[int, int]],
    holes: list[tuple[int, int]],
) -> None:
    wanted = registers(*dict(places).items())
    learned = Learned()
    learned.holes = sorted((Table.HOLDING, first, first + more) for first, more in holes)
    limits = Limits(
        words=most,
        gap=gap,
        forbidden=tuple((Table.HOLDING, first, first + more) for first, more in forbidden),
    )
    found = spans(wanted)
    covered = {address for start, end in found for address in range(start, end)}
    walls = {
        address
        for first, more in (*forbidden, *holes)
        for address in range(first, first + more + 1)
    } - covered

    def is_allowed(read: tuple[int, int]) -> bool:
        inside = [span for span in found if read[0] <= span[0] and span[1] <= read[1]]
        return (
            (read[1] - read[0] <= most or len(inside) == 1)
            and walls.isdisjoint(range(*read))
            and all(right[0] - left[1] <= gap for left, right in pairwise(inside))
        )

    best = min(
        (len(cut), sum(end - start for start, end in cut))
        for cut in partitions(found)
        if all(map(is_allowed, cut))
    )
    reads = plan(wanted, limits, learned, 0, 0.0)
    assert (len(reads), sum(read.count for read in reads)) == best
    assert all(is_allowed((read.start, read.end)) for read in reads)
    assert all(any(read.holds(one) for read in reads) for one in wanted)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 125)), max_size=60), st.integers(0, 50)
)
def test_no_read_is_longer_than_the_protocol_allows(
    places: list[tuple[int, int]], gap: int
) -> None:
    wanted = registers(*places)
    reads = plan(wanted, NOTHING, Learned(), gap, 0.0)
    assert all(1 <= read.count <= 125 for read in reads)
    assert all(any(read.holds(one) for read in reads) for one in wanted)
    assert all({read.start, read.end} <= edges(wanted) for read in reads)


def edges(wanted: list[Register]) -> set[int]:
    return {edge for one in wanted for edge in (one.address, one.end)}


def test_ranges_that_touch_are_one() -> None:
    assert merged([(5, 6), (0, 1), (2, 3), (6, 6), (9, 9)]) == [(0, 3), (5, 6), (9, 9)]
