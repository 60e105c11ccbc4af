"""Who is asked at all: thresholds, one probe at a time, growing waits, only the steady clock."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.resilience import Breaker, BreakerState
from hub.util.clock import FakeClock

NoAnswer = TimeoutError
Refused = PermissionError
"""The device lives and says no: Modbus exceptions 1 to 4."""


@dataclass
class Device:
    """What a breaker guards: answers, is silent or refuses, after a moment."""

    breaker: Breaker
    clock: FakeClock
    trouble: type[Exception] | None = None
    delay: float = 0.5
    asked: int = 0
    skipped: int = 0
    most_at_once: int = field(default=0, init=False)
    _now: int = field(default=0, init=False)

    async def ask(self) -> None:
        """Make one call as an integration does."""
        if not self.breaker.admit():
            self.skipped += 1
            return
        try:
            await self._answer()
        except NoAnswer:
            self.breaker.failure("no answer")
        except Refused:
            self.breaker.success()
        except BaseException:
            self.breaker.release()
            raise
        else:
            self.breaker.success()

    async def _answer(self) -> None:
        self.asked += 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await self.clock.sleep(self.delay)
        finally:
            self._now -= 1
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    return Breaker(clock.monotonic, draw=lambda: 0.5)


@pytest.fixture
def device(breaker: Breaker, clock: FakeClock) -> Device:
    return Device(breaker, clock)


def state(breaker: Breaker) -> BreakerState:
    return breaker.state


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.admit()
        breaker.failure("no answer")


async def together(device: Device, calls: int) -> None:
    tasks = [asyncio.create_task(device.ask()) for _ in range(calls)]
    await device.clock.advance(device.delay)
    await asyncio.gather(*tasks)


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    fail(breaker, 4)
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker, 1)
    assert state(breaker) is BreakerState.OPEN
    assert not breaker.admit()
    assert breaker.last_error == "no answer"
    assert breaker.retry_in == 60


def test_one_success_resets_the_count(breaker: Breaker) -> None:
    for _ in range(20):
        fail(breaker, 4)
        assert breaker.admit()
        breaker.success()
    assert state(breaker) is BreakerState.CLOSED
    assert breaker.changes == 0


async def test_a_storm_of_refusals_keeps_it_closed(device: Device) -> None:
    device.trouble = NoAnswer
    await together(device, 4)
    device.trouble = Refused
    await together(device, 100)
    device.trouble = NoAnswer
    await together(device, 4)
    assert state(device.breaker) is BreakerState.CLOSED


async def test_twenty_calls_at_half_open_make_one_probe(device: Device) -> None:
    fail(device.breaker, 5)
    await device.clock.advance(60)
    await together(device, 20)
    assert (device.asked, device.skipped) == (1, 19)
    assert state(device.breaker) is BreakerState.HALF_OPEN


async def test_probes_go_one_after_the_other_until_it_closes(device: Device) -> None:
    fail(device.breaker, 5)
    await device.clock.advance(60)
    for number in (1, 2, 3):
        assert state(device.breaker) is not BreakerState.CLOSED
        await together(device, 20)
        assert device.asked == number
    assert device.most_at_once == 1
    assert state(device.breaker) is BreakerState.CLOSED
    await together(device, 20)
    assert device.asked == 23


async def test_a_failed_probe_opens_it_for_longer(breaker: Breaker, clock: FakeClock) -> None:
    fail(breaker, 5)
    waits = []
    for _ in range(6):
        waits.append(breaker.retry_in)
        await clock.advance(breaker.retry_in - 1)
        assert not breaker.admit()
        await clock.advance(1)
        fail(breaker, 1)
        assert state(breaker) is BreakerState.OPEN
    assert waits == [60, 120, 240, 480, 600, 600]


async def test_a_failure_among_the_probes_counts_as_the_first(
    breaker: Breaker, clock: FakeClock
) -> None:
    fail(breaker, 5)
    await clock.advance(60)
    for _ in range(2):
        assert breaker.admit()
        breaker.success()
    fail(breaker, 1)
    assert state(breaker) is BreakerState.OPEN
    await clock.advance(120)
    for _ in range(2):
        assert breaker.admit()
        breaker.success()
    assert state(breaker) is BreakerState.HALF_OPEN


async def test_after_it_closed_all_begins_again(breaker: Breaker, clock: FakeClock) -> None:
    fail(breaker, 5)
    await clock.advance(60)
    fail(breaker, 1)
    await clock.advance(120)
    for _ in range(3):
        assert breaker.admit()
        breaker.success()
    assert (breaker.state, breaker.opened_at, breaker.retry_in) == (BreakerState.CLOSED, None, 0)
    fail(breaker, 4)
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker, 1)
    assert breaker.retry_in == 60


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
async def test_a_jump_of_the_wall_clock_changes_nothing(
    breaker: Breaker, clock: FakeClock, jump: float
) -> None:
    fail(breaker, 5)
    opened_at = breaker.opened_at
    clock.jump(jump)
    assert not breaker.admit()
    assert (breaker.retry_in, breaker.opened_at) == (60, opened_at)
    await clock.advance(59)
    clock.jump(jump)
    assert not breaker.admit()
    await clock.advance(1)
    assert breaker.admit()


async def test_a_cancelled_probe_makes_room_for_the_next(device: Device) -> None:
    fail(device.breaker, 5)
    await device.clock.advance(60)
    probe = asyncio.create_task(device.ask())
    await device.clock.settle()
    await device.ask()
    assert (device.asked, device.skipped) == (1, 1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert state(device.breaker) is BreakerState.HALF_OPEN
    await together(device, 20)
    assert device.asked == 2


def test_a_cancelled_call_is_no_failure(breaker: Breaker) -> None:
    fail(breaker, 4)
    for _ in range(10):
        assert breaker.admit()
        breaker.release()
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker, 1)
    assert state(breaker) is BreakerState.OPEN


async def test_calls_from_before_it_opened_move_nothing(breaker: Breaker, clock: FakeClock) -> None:
    for _ in range(8):
        assert breaker.admit()
    for _ in range(5):
        breaker.failure("no answer")
    await clock.advance(10)
    breaker.failure("late")
    breaker.success()
    breaker.release()
    assert (breaker.state, breaker.retry_in, breaker.changes) == (BreakerState.OPEN, 50, 1)


async def test_the_outage_began_when_it_first_opened(breaker: Breaker, clock: FakeClock) -> None:
    await clock.advance(7)
    fail(breaker, 5)
    began = clock.monotonic()
    await clock.advance(60)
    fail(breaker, 1)
    assert breaker.opened_at == began


def test_who_knows_better_hurries_the_probe(breaker: Breaker) -> None:
    fail(breaker, 5)
    breaker.hurry()
    assert breaker.retry_in == 0
    assert breaker.admit()
    assert not breaker.admit()


async def test_changes_are_told_once_they_are_complete(breaker: Breaker, clock: FakeClock) -> None:
    seen: list[tuple[BreakerState, int, float]] = []
    breaker.on_change = lambda: seen.append((breaker.state, breaker.changes, breaker.retry_in))
    fail(breaker, 5)
    await clock.advance(60)
    for _ in range(3):
        assert breaker.admit()
        breaker.success()
    assert seen == [
        (BreakerState.OPEN, 1, 60),
        (BreakerState.HALF_OPEN, 2, 0),
        (BreakerState.CLOSED, 3, 0),
    ]


def test_breakers_that_opened_together_probe_apart(clock: FakeClock) -> None:
    breakers = [Breaker(clock.monotonic) for _ in range(30)]
    for each in breakers:
        fail(each, 5)
    waits = {each.retry_in for each in breakers}
    assert len(waits) == 30
    assert all(54 <= wait <= 66 for wait in waits)


def test_limits_are_the_callers(clock: FakeClock) -> None:
    breaker = Breaker(clock.monotonic, failures=1, wait=1, longest=1, successes=1, draw=lambda: 0.5)
    fail(breaker, 1)
    breaker.hurry()
    assert breaker.admit()
    breaker.success()
    assert state(breaker) is BreakerState.CLOSED


class Story(RuleBasedStateMachine):
    """Calls in any order: never two probes at once, never a call while it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(lambda: self.now, failures=3, wait=10, longest=40, draw=lambda: 0.5)
        self.calls = 0

    @rule()
    def call(self) -> None:
        closed, waits = self.breaker.state is BreakerState.CLOSED, self.breaker.retry_in > 0
        if self.breaker.admit():
            assert not waits
            self.calls += 1
        else:
            assert not closed
            assert waits or self.calls == 1

    @rule(seconds=st.sampled_from([1.0, 10.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.calls)
    @rule(end=st.sampled_from(["success", "success", "failure", "release"]))
    def end(self, end: str) -> None:
        self.calls -= 1
        if end == "failure":
            self.breaker.failure("no answer")
        elif end == "success":
            self.breaker.success()
        else:
            self.breaker.release()
        if self.breaker.retry_in:
            self.calls = 0  # waits are longer than time-outs: those still running end in between

    @invariant()
    def half_open_lets_one_through(self) -> None:
        assert self.breaker.state is not BreakerState.HALF_OPEN or self.calls <= 1

    @invariant()
    def outage_is_known(self) -> None:
        assert (self.breaker.opened_at is None) == (self.breaker.state is BreakerState.CLOSED)
        assert 0 <= self.breaker.retry_in <= 40


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=60, stateful_step_count=40)


async def test_calls_that_end_while_it_is_open_change_nothing(clock: FakeClock) -> None:
    breaker = Breaker(clock.monotonic, failures=2, wait=60, draw=lambda: 0.5)
    for _ in range(2):
        breaker.failure("no answer")
    left, changes = breaker.retry_in, breaker.changes
    await clock.advance(1)
    for _ in range(5):
        breaker.failure("late")
    assert (breaker.retry_in, breaker.changes) == (left - 1, changes)
    assert breaker.last_error == "late"


async def test_only_the_probe_counts_for_closing(clock: FakeClock) -> None:
    breaker = Breaker(clock.monotonic, failures=1, wait=60, draw=lambda: 0.5)
    breaker.failure("no answer")
    await clock.advance(61)
    assert breaker.admit()
    breaker.success()
    for _ in range(5):
        breaker.success()  # of calls that went out before it opened
    assert breaker.state is BreakerState.HALF_OPEN
