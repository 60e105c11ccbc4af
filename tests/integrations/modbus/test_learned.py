"""Devices with holes and limits: everything legal is read each cycle, and soon nothing else."""

import json
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.modbus.mapping.models import Access, Limits, Register, Table, Type
from integrations.modbus.polling.learned import (
    FIRST_PROBE,
    LONGEST_PROBE,
    MOST,
    MOST_SPLITS,
    Learned,
)
from integrations.modbus.polling.planner import Read, plan

HOLDING = Table.HOLDING
NOTHING = Limits()


def register(address: int, words: int = 1, table: Table = HOLDING) -> Register:
    return Register(f"{table}{address}", table, address, Type.UINT16, words)


def read(start: int, count: int, table: Table = HOLDING) -> Read:
    return Read(table, start, count)


@pytest.fixture
def learned() -> Learned:
    return Learned(lambda: 0.5)


@dataclass
class Device:
    """Refuses what touches an illegal address, is too long, or goes over a border."""

    illegal: set[int] = field(default_factory=set)
    limit: int = 125
    borders: Iterable[int] = ()
    asked: int = 0
    refused: int = 0

    def gives(self, asked: Read) -> bool:
        """Answer one request."""
        given = (
            asked.count <= self.limit
            and self.illegal.isdisjoint(range(asked.start, asked.end))
            and not any(asked.start < border < asked.end for border in self.borders)
        )
        self.asked += 1
        self.refused += not given
        return given


def cycle(
    device: Device,
    wanted: Sequence[Register],
    learned: Learned,
    now: float = 0.0,
    *,
    at_once: bool = True,
) -> set[int]:
    """Poll once, the smaller reads at once or after the others; return what was read."""
    found: set[int] = set()
    waiting = deque(plan(wanted, NOTHING, learned, 8, now))
    while waiting:
        asked = waiting.popleft()
        if device.gives(asked):
            found |= {one.address for one in wanted if asked.holds(one)}
            more = learned.answered(asked)
        else:
            more = learned.refused(asked, wanted, now)
        if at_once:
            waiting.extendleft(reversed(more))
        else:
            waiting.extend(more)
    return found


def settle(device: Device, wanted: Sequence[Register], learned: Learned, now: float = 0.0) -> int:
    """Poll until nothing more is learned; return how many requests a cycle takes then."""
    for _ in range(30):
        asked, refused, changes = device.asked, device.refused, learned.changes
        cycle(device, wanted, learned, now)
        if learned.changes == changes:
            assert device.refused == refused
            return device.asked - asked
    raise AssertionError("never done")


# --- one cause each -------------------------------------------------------------------------------


def test_one_illegal_register_costs_only_itself(learned: Learned) -> None:
    wanted = [register(address) for address in range(100)]
    device = Device(illegal={37})
    assert cycle(device, wanted, learned) == set(range(100)) - {37}
    assert list(learned.dead) == [(HOLDING, 37, 1)]
    assert learned.is_dead(wanted[37])
    assert device.asked < 20
    assert settle(device, wanted, learned) == 2
    assert (learned.words, learned.holes, learned.borders) == (None, [], set())


def test_a_hole_between_two_registers_is_remembered(learned: Learned) -> None:
    wanted = [register(address) for address in (*range(20), *range(25, 40))]
    device = Device(illegal={22})
    assert cycle(device, wanted, learned) == {one.address for one in wanted}
    assert device.asked == 4, "the whole, its halves, and the seam to tell a hole from a limit"
    assert learned.holes == [(HOLDING, 20, 24)]
    assert settle(device, wanted, learned) == 2


def test_a_gap_is_not_blamed_for_a_limit(learned: Learned) -> None:
    wanted = [register(address) for address in (*range(20), *range(25, 40))]
    device = Device(limit=39)
    assert settle(device, wanted, learned) == 2
    assert (learned.holes, learned.borders) == ([], set())


@pytest.mark.parametrize("limit", [1, 2, 10, 50, 99, 100, 124])
def test_the_limit_is_found(learned: Learned, limit: int) -> None:
    wanted = [register(address) for address in range(250)]
    assert settle(Device(limit=limit), wanted, learned) == math.ceil(250 / limit)
    assert learned.words == limit
    assert (learned.holes, learned.borders, learned.dead) == ([], set(), {})


def test_a_device_that_gives_one_value_at_a_time(learned: Learned) -> None:
    wanted = [register(address, 2) for address in range(0, 40, 2)]
    assert settle(Device(limit=2), wanted, learned) == 20
    assert learned.words in {2, 3}


def test_a_border_that_no_read_may_cross(learned: Learned) -> None:
    wanted = [register(address) for address in range(120)]
    device = Device(borders=[50])
    assert settle(device, wanted, learned) == 2
    assert learned.borders == {(HOLDING, 50)}
    assert learned.words is None


def test_a_limit_once_known_explains_what_is_longer(learned: Learned) -> None:
    wanted = [register(address) for address in range(1000)]
    device = Device(limit=100)
    cycle(device, wanted, learned)
    assert device.asked == 8 + 8 * 2 + 1, "only the first seam is looked at"


def test_a_wrong_limit_is_forgotten(learned: Learned) -> None:
    learned = Learned.from_dict({**learned.as_dict(), "words": [3, 10]})
    assert learned.words == 6
    learned.answered(read(0, 20))
    assert learned.words is None


def test_limits_of_words_and_bits_are_two(learned: Learned) -> None:
    wanted = [register(address, 1, Table.COIL) for address in range(300)]
    settle(Device(limit=100), wanted, learned)
    assert (learned.words, learned.bits) == (None, 100)
    assert (learned.most(Table.DISCRETE), learned.most(Table.INPUT)) == (100, None)


def test_two_causes_in_one_read(learned: Learned) -> None:
    wanted = [register(address) for address in (*range(10), *range(12, 22), *range(24, 40))]
    device = Device(illegal={11, 30})
    assert cycle(device, wanted, learned) == {one.address for one in wanted} - {30}
    assert settle(device, wanted, learned) == 3
    assert learned.holes == [(HOLDING, 10, 11)]


# --- dead registers ------------------------------------------------------------------------------


def test_probes_of_a_dead_register_grow_rare(learned: Learned) -> None:
    wanted = [register(0), register(1)]
    device = Device(illegal={1})
    now, probes = 0.0, []
    cycle(device, wanted, learned, now)
    for _ in range(9):
        assert learned.next_probe is not None
        probes.append(learned.next_probe - now)
        before = device.refused
        cycle(device, wanted, learned, learned.next_probe - 1)
        assert device.refused == before
        now = learned.next_probe
        assert cycle(device, wanted, learned, now) == {0}
        assert device.refused == before + 1
    assert probes == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_dead_register_that_answers_lives(learned: Learned) -> None:
    wanted = [register(0), register(1)]
    device = Device(illegal={1})
    cycle(device, wanted, learned)
    device.illegal.clear()
    assert cycle(device, wanted, learned, FIRST_PROBE) == {0, 1}
    assert (learned.dead, learned.next_probe) == ({}, None)
    assert plan(wanted, NOTHING, learned, 8, FIRST_PROBE) == [read(0, 2)]


def test_a_device_that_refuses_all_while_it_starts_is_soon_read_again(learned: Learned) -> None:
    wanted = [register(address) for address in range(100)]
    device = Device(limit=0)
    assert cycle(device, wanted, learned) == set()
    device.limit = 125
    before = device.asked
    assert cycle(device, wanted, learned, FIRST_PROBE) == set(range(100))
    assert device.asked == before + 1, "they died together and are tried together"
    assert (learned.holes, learned.borders, learned.words) == ([], set(), None)


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_jump_of_the_clock_never_silences_a_register(learned: Learned, jump: float) -> None:
    wanted = [register(1)]
    device = Device(illegal={1})
    cycle(device, wanted, learned, 1_800_000_000.0)
    device.illegal.clear()
    assert cycle(device, wanted, learned, 1_800_000_000.0 + jump) == {1}


def test_probes_of_many_are_spread() -> None:
    learned = Learned()
    for address in range(50):
        learned.refused(read(address, 1), [register(address)], 0.0)
    waits = {dead.probe_at for dead in learned.dead.values()}
    assert len(waits) == 50
    assert all(0.9 * FIRST_PROBE <= wait <= 1.1 * FIRST_PROBE for wait in waits)


# --- odd callers ---------------------------------------------------------------------------------


def test_being_told_twice_changes_nothing(learned: Learned) -> None:
    wanted = [register(0), register(5)]
    for _ in range(3):
        assert learned.refused(read(0, 6), wanted, 0.0) == [read(0, 1), read(5, 1)]
        assert learned.answered(read(0, 1)) == []
        assert learned.answered(read(5, 1)) == []
        assert learned.holes == [(HOLDING, 1, 4)]


def test_a_cycle_cut_short_goes_on_in_the_next(learned: Learned) -> None:
    wanted = [register(0), register(5)]
    learned.refused(read(0, 6), wanted, 0.0)
    learned.answered(read(0, 1))
    assert learned.as_dict()["holes"] == []
    learned.refused(read(0, 6), wanted, 1.0)
    learned.answered(read(0, 1))
    learned.answered(read(5, 1))
    assert learned.holes == [(HOLDING, 1, 4)]


def test_a_read_of_which_most_is_not_wanted_any_more_is_made_smaller(learned: Learned) -> None:
    assert learned.refused(read(0, 10), [register(4)], 0.0) == [read(4, 1)]
    assert learned.dead == {}
    assert learned.refused(read(0, 10), [], 0.0) == []


def test_what_is_elsewhere_or_only_written_is_no_part_of_a_read(learned: Learned) -> None:
    command = Register("command", HOLDING, 2, Type.UINT16, access=Access.WRITE)
    others = [register(0, 1, Table.INPUT), register(20), register(9, 2), command]
    assert learned.refused(read(0, 10), [register(1), register(8), *others], 0.0) == [
        read(1, 1),
        read(8, 1),
    ]


def test_reset_forgets_everything(learned: Learned) -> None:
    wanted = [register(address) for address in (*range(100), 103)]
    cycle(Device({37, 101}, 30), wanted, learned)
    before = learned.changes
    learned.reset()
    assert learned.as_dict() == Learned().as_dict()
    assert learned.changes > before


def test_a_device_full_of_holes_is_still_read_and_fills_no_memory(
    learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.learned.MOST", 50)
    monkeypatch.setattr("integrations.modbus.polling.learned.MOST_SPLITS", 10)
    wanted = [register(address) for address in range(0, 400, 2)]
    device = Device(illegal=set(range(1, 400, 2)))
    for _ in range(15):
        assert len(cycle(device, wanted, learned, at_once=False)) == len(wanted)
        assert len(learned._halves) <= 11
        assert len(learned._bridges) <= 10
    assert len(learned.holes) == 50


def test_the_other_half_of_a_refused_half_says_nothing_of_the_seam(learned: Learned) -> None:
    wanted = [register(0), register(10)]
    learned.refused(read(0, 11), wanted, 0.0)
    learned.refused(read(0, 1), wanted, 0.0)
    assert learned.answered(read(10, 1)) == []
    assert learned.answered(read(0, 1)) == [], "it answers again: the seam was never the trouble"


def test_an_answer_below_a_known_limit_leaves_it(learned: Learned) -> None:
    learned = Learned.from_dict({**learned.as_dict(), "words": [3, 10]})
    learned.answered(read(0, 5))
    assert learned.words == 7


def test_a_size_that_was_answered_meanwhile_is_no_limit(learned: Learned) -> None:
    wanted = [register(address) for address in range(4)]
    left, right = learned.refused(read(0, 4), wanted, 0.0)
    assert learned.answered(left) == []
    (bridge,) = learned.answered(right)
    learned.answered(read(50, 20))
    learned.answered(bridge)
    assert learned.words is None


def test_no_more_borders_and_open_questions_than_a_bound_are_kept(learned: Learned) -> None:
    learned.answered(read(60_000, 2))
    for start in range(0, 3 * MOST, 2):
        for half in learned.refused(read(start, 2), [register(start), register(start + 1)], 0.0):
            learned.answered(half)
    assert len(learned.borders) == MOST
    for start in range(0, 4 * MOST_SPLITS, 2):
        learned.refused(read(start, 2), [register(start), register(start + 1)], 0.0)
    assert len(learned._halves) <= MOST_SPLITS + 2


def test_no_more_dead_ones_than_a_bound_are_kept(learned: Learned) -> None:
    for address in range(MOST + 10):
        learned.refused(read(address, 1), [register(address)], float(address))
        assert learned.is_dead(register(address))
    assert len(learned.dead) == MOST
    assert not learned.is_dead(register(9))


def test_a_refused_seam_kills_no_register(learned: Learned) -> None:
    wanted = [register(address) for address in (0, 1, 5, 6)]
    assert learned.refused(read(0, 7), wanted, 0.0) == [read(0, 2), read(5, 2)]
    assert learned.answered(read(0, 2)) == []
    assert learned.answered(read(5, 2)) == [read(1, 5)]
    assert learned.refused(read(1, 5), wanted, 0.0) == []
    assert not any(map(learned.is_dead, wanted))
    assert learned.holes == [(HOLDING, 2, 4)]


def test_changes_tell_when_a_plan_is_old(learned: Learned) -> None:
    wanted = [register(address) for address in (*range(100), 103)]
    device = Device({37, 101}, 30)
    plans: dict[int, list[Read]] = {}
    for _ in range(20):
        planned = plan(wanted, NOTHING, learned, 8, 0.0)
        assert plans.setdefault(learned.changes, planned) == planned
        cycle(device, wanted, learned)
    assert len(plans) > 2


# --- kept -----------------------------------------------------------------------------------------


def test_what_was_learned_outlives_the_hub(learned: Learned) -> None:
    wanted = [register(address) for address in (*range(100), 103, *range(200, 240))]
    device = Device({37, 101}, 30, borders=[210])
    settle(device, wanted, learned)
    kept = json.loads(json.dumps(learned.as_dict()))
    again = Learned.from_dict(kept)
    assert again.as_dict() == learned.as_dict()
    assert plan(wanted, NOTHING, again, 8, 0.0) == plan(wanted, NOTHING, learned, 8, 0.0)
    before = device.refused
    cycle(device, wanted, again)
    assert device.refused == before


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"holes": 3},
        {**Learned().as_dict(), "holes": [["nowhere", 1, 2]]},
        {**Learned().as_dict(), "holes": [["input", 1]]},
        {**Learned().as_dict(), "dead": [["input", 1, 1, None, 60.0]]},
        {**Learned().as_dict(), "words": [math.inf, None]},
        {**Learned().as_dict(), "pause": 11.0},
        {**Learned().as_dict(), "pause": math.nan},
        [],
    ],
    ids=[
        "empty",
        "no list",
        "no table",
        "short",
        "no time",
        "infinite",
        "too slow",
        "no pause",
        "no mapping",
    ],
)
def test_what_can_not_be_understood_is_learned_again(kept: Any) -> None:
    assert Learned.from_dict(kept).as_dict() == Learned().as_dict()


# --- any device -----------------------------------------------------------------------------------


@st.composite
def houses(draw: st.DrawFn) -> tuple[list[Register], Device]:
    """Return wanted registers, and a device that does not like all of them or what is between."""
    gaps = draw(st.sampled_from([[0], [0, 0, 0, 1], [0, 1, 3, 8, 9, 40]]))
    wanted: list[Register] = []
    address = 0
    for gap, words in draw(
        st.lists(
            st.tuples(st.sampled_from(gaps), st.sampled_from([1, 1, 2, 4])),
            min_size=1,
            max_size=120,
        )
    ):
        wanted.append(register(address + gap, words))
        address += gap + words
    device = Device(
        draw(st.sets(st.integers(0, address), max_size=draw(st.sampled_from([0, 3, address])))),
        draw(st.sampled_from([4, 5, 10, 31, 50, 100, 125])),
        draw(st.lists(st.sampled_from([one.address for one in wanted]), max_size=2)),
    )
    return wanted, device


@settings(max_examples=150)
@given(houses(), st.booleans())
def test_any_device_is_read_completely_and_soon_without_a_refusal(
    house: tuple[list[Register], Device], at_once: bool
) -> None:
    wanted, device = house
    legal = {
        one.address for one in wanted if device.illegal.isdisjoint(range(one.address, one.end))
    }
    learned = Learned(lambda: 0.5)
    for _ in range(15):
        assert cycle(device, wanted, learned, at_once=at_once) == legal
    asked, refused, changes = device.asked, device.refused, learned.changes
    for _ in range(3):
        assert cycle(device, wanted, learned, at_once=at_once) == legal
    assert (device.refused, learned.changes) == (refused, changes)
    each = (device.asked - asked) // 3
    assert asked - 15 * each <= 4 * len(wanted) + 40, "learning costs a few requests, once"
    assert {key[1] for key in learned.dead} == {one.address for one in wanted} - legal
    assert learned.next_probe is None or learned.next_probe <= LONGEST_PROBE
