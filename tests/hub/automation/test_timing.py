"""Times of the day and alarms: daylight saving, and clocks that jump."""

import heapq
import random
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.automation import timing
from hub.util.clock import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
SYDNEY = ZoneInfo("Australia/Sydney")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
EVERY = tuple(range(60))
HOURS = tuple(range(24))


def at(text: str, place: ZoneInfo = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=place, fold=fold).timestamp()


def shown(moment: float | None, place: ZoneInfo = BERLIN) -> str:
    assert moment is not None
    return datetime.fromtimestamp(moment, place).isoformat()


def series(following: timing.Following, after: float, count: int) -> list[float]:
    found = []
    for _ in range(count):
        moment = following(after)
        assert moment is not None
        assert moment > after
        found.append(moment)
        after = moment
    return found


@pytest.mark.parametrize(
    ("place", "day", "clock", "expected"),
    [
        (BERLIN, "2027-03-28", "02:30", "2027-03-28T03:00:00+02:00"),
        (BERLIN, "2027-03-28", "01:59:59", "2027-03-28T01:59:59+01:00"),
        (BERLIN, "2027-03-28", "03:00", "2027-03-28T03:00:00+02:00"),
        (BERLIN, "2027-10-31", "02:30", "2027-10-31T02:30:00+02:00"),
        (BERLIN, "2027-10-31", "03:00", "2027-10-31T03:00:00+01:00"),
        (NEW_YORK, "2027-03-14", "02:00", "2027-03-14T03:00:00-04:00"),
        (NEW_YORK, "2027-11-07", "01:15", "2027-11-07T01:15:00-04:00"),
        (SYDNEY, "2027-10-03", "02:45", "2027-10-03T03:00:00+11:00"),
        (SYDNEY, "2027-04-04", "02:30", "2027-04-04T02:30:00+11:00"),
        (LORD_HOWE, "2027-10-03", "02:15", "2027-10-03T02:30:00+11:00"),
        (LORD_HOWE, "2027-04-04", "01:45", "2027-04-04T01:45:00+11:00"),
        (ZoneInfo("America/Santiago"), "2027-09-05", "00:30", "2027-09-05T01:00:00-03:00"),
    ],
)
def test_a_day_of_changing_clocks(place: ZoneInfo, day: str, clock: str, expected: str) -> None:
    midday_before = at(f"{day}T00:00:00", place) - 6 * 3600
    first, second = series(timing.daily(time.fromisoformat(clock), place), midday_before, 2)
    assert shown(first, place) == expected
    following = date.fromisoformat(day) + timedelta(days=1)
    assert shown(second, place)[:19] == f"{following}T{time.fromisoformat(clock)}"


@pytest.mark.parametrize("place", [BERLIN, NEW_YORK, SYDNEY, LORD_HOWE])
@given(clock=st.times().map(lambda it: it.replace(microsecond=0, fold=0)))
@settings(max_examples=25)
def test_each_time_comes_once_a_day(place: ZoneInfo, clock: time) -> None:
    moments = series(timing.daily(clock, place), at("2027-01-01T00:00:00", place) - 1, 365)
    days = [datetime.fromtimestamp(moment, place).date() for moment in moments]
    assert days == [date(2027, 1, 1) + timedelta(days=number) for number in range(365)]


def test_weekdays_are_those_of_the_place() -> None:
    following = timing.daily(time(0, 30), SYDNEY, ["mon", "wed"])
    found = series(following, at("2027-01-01T00:00:00", SYDNEY), 3)
    assert [shown(moment, SYDNEY)[:16] for moment in found] == [
        "2027-01-04T00:30", "2027-01-06T00:30", "2027-01-11T00:30",
    ]  # fmt: skip


def test_moved_series_and_chosen_days() -> None:
    following = timing.shifted(timing.daily(time(0, 10), BERLIN), -900)
    found = series(timing.on_days(following, BERLIN, ["sun"]), at("2027-01-01T12:00:00"), 2)
    assert [shown(moment)[:16] for moment in found] == ["2027-01-03T23:55", "2027-01-10T23:55"]
    assert timing.once(5.0)(4.9) == 5.0
    assert timing.once(5.0)(5.0) is None


def texts(moments: list[float], place: ZoneInfo = BERLIN) -> list[str]:
    return [shown(moment, place)[11:] for moment in moments]


def test_every_hour_goes_on_through_changing_clocks() -> None:
    half = timing.pattern(HOURS, (0, 30), (0,), BERLIN)
    assert texts(series(half, at("2027-03-28T01:10:00"), 3)) == [
        "01:30:00+01:00", "03:00:00+02:00", "03:30:00+02:00",
    ]  # fmt: skip
    assert texts(series(half, at("2027-10-31T01:50:00"), 5)) == [
        "02:00:00+02:00", "02:30:00+02:00", "02:00:00+01:00", "02:30:00+01:00", "03:00:00+01:00",
    ]  # fmt: skip
    lord = timing.pattern(HOURS, (0, 20, 40), (0,), LORD_HOWE)
    assert texts(series(lord, at("2027-10-03T01:35:00", LORD_HOWE), 3), LORD_HOWE) == [
        "01:40:00+10:30", "02:40:00+11:00", "03:00:00+11:00",
    ]  # fmt: skip


def test_named_hours_behave_like_times_of_the_day() -> None:
    spring = timing.pattern((2,), (0, 20, 40), (0,), BERLIN)
    assert texts(series(spring, at("2027-03-27T22:00:00"), 3)) == [
        "03:00:00+02:00", "02:00:00+02:00", "02:20:00+02:00",
    ]  # fmt: skip
    assert texts(series(spring, at("2027-10-31T01:00:00"), 4)) == [
        "02:00:00+02:00", "02:20:00+02:00", "02:40:00+02:00", "02:00:00+01:00",
    ]  # fmt: skip
    seconds = timing.pattern((2,), EVERY, EVERY, BERLIN)
    assert shown(seconds(at("2027-10-31T02:59:59"))) == "2027-11-01T02:00:00+01:00"


@given(
    after=st.integers(1_767_225_600, 1_830_297_600),
    hours=st.sets(st.integers(0, 23), min_size=1),
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=4),
    seconds=st.sets(st.integers(0, 59), min_size=1, max_size=4),
)
@settings(max_examples=200)
def test_a_pattern_leaves_nothing_out(
    after: int, hours: set[int], minutes: set[int], seconds: set[int]
) -> None:
    """Between two moments of a pattern no second fits it, in a place without changing clocks."""
    place = ZoneInfo("Asia/Riyadh")
    following = timing.pattern(sorted(hours), sorted(minutes), sorted(seconds), place)
    moment = following(after)
    assert moment is not None
    found = datetime.fromtimestamp(moment, place)
    assert (found.hour in hours, found.minute in minutes, found.second in seconds) == (True,) * 3
    step = max(1, int(moment - after) // 500)
    for between in [*range(after + 1, int(moment), step), int(moment) - 1]:
        if between <= after:
            continue
        wall = datetime.fromtimestamp(between, place)
        assert not (wall.hour in hours and wall.minute in minutes and wall.second in seconds)


# --- alarms


class Ringing:
    """An alarm on a clock that a test moves."""

    def __init__(self, following: timing.Following, start: float) -> None:
        self.clock = FakeClock(start)
        self.rung: list[float] = []
        self.alarm = timing.Alarm(self.clock, following, self.rung.append)

    def take(self) -> list[str]:
        found = [shown(moment)[:16] for moment in self.rung]
        self.rung.clear()
        return found


def daily_alarm(start: str, clock: str = "08:00") -> Ringing:
    return Ringing(timing.daily(time.fromisoformat(clock), BERLIN), at(start))


async def test_rings_at_its_time_and_the_next_day() -> None:
    it = daily_alarm("2027-01-15T07:59:00")
    await it.clock.advance(59)
    assert it.take() == []
    await it.clock.advance(1)
    assert it.take() == ["2027-01-15T08:00"]
    await it.clock.advance(86399)
    assert it.take() == []
    await it.clock.advance(1)
    assert it.take() == ["2027-01-16T08:00"]
    it.alarm.stop()
    await it.clock.advance(3 * 86400)
    assert it.take() == []


async def test_a_jump_over_the_time_is_made_up_for_once() -> None:
    it = daily_alarm("2027-01-15T07:50:00")
    it.clock.jump(1800)
    assert it.take() == ["2027-01-15T08:00"]
    it.clock.jump(-1800)
    await it.clock.advance(3600)
    assert it.take() == []
    await it.clock.advance(83400)
    assert it.take() == ["2027-01-16T08:00"]


async def test_a_jump_back_repeats_nothing() -> None:
    it = daily_alarm("2027-01-15T07:59:00")
    await it.clock.advance(120)
    assert it.take() == ["2027-01-15T08:00"]
    it.clock.jump(-timing.BACK_SECONDS + 300)
    await it.clock.advance(6 * 3600)
    assert it.take() == []


async def test_a_clock_that_was_wrong_by_far_starts_anew() -> None:
    it = daily_alarm("2031-06-01T12:00:00")
    it.clock.jump(at("2027-01-15T07:00:00") - at("2031-06-01T12:00:00"))
    await it.clock.advance(3600)
    assert it.take() == ["2027-01-15T08:00"]


async def test_steps_back_add_up() -> None:
    it = daily_alarm("2027-01-15T07:59:00")
    await it.clock.advance(120)
    it.clock.jump(-2 * 3600)
    it.clock.jump(-2 * 3600)
    it.take()
    await it.clock.advance(5 * 3600)
    assert it.take() == ["2027-01-15T08:00"], "four hours: the clock was wrong before"


async def test_a_jump_too_far_is_made_up_for_by_the_last_time_only() -> None:
    it = daily_alarm("2027-01-15T07:00:00")
    it.clock.jump(4 * 3600 + 60)  # 11:01: the time has been over for more than three hours
    await it.clock.advance(60)
    assert it.take() == []
    it = daily_alarm("2020-01-15T07:00:00")
    it.clock.jump(at("2027-01-15T10:00:00") - at("2020-01-15T07:00:00"))
    await it.clock.advance(60)
    assert it.take() == ["2027-01-15T08:00"]
    await it.clock.advance(86400)
    assert it.take() == ["2027-01-16T08:00"]


async def test_a_pattern_that_was_jumped_over_rings_once() -> None:
    it = Ringing(timing.pattern(HOURS, EVERY, (0,), BERLIN), at("2027-01-15T08:00:00"))
    await it.clock.advance(60)
    assert it.take() == ["2027-01-15T08:01"]
    it.clock.jump(600)
    assert it.take() == ["2027-01-15T08:02"]
    await it.clock.advance(60)
    assert it.take() == ["2027-01-15T08:12"]


async def test_what_never_comes_is_asked_for_again() -> None:
    never: list[float] = []
    later, start = at("2027-01-17T00:00:00"), at("2027-01-15T08:00:00")
    it = Ringing(lambda _after: later if never else None, start)
    assert it.alarm.due is None
    await it.clock.advance(timing.NEVER_SECONDS)
    assert it.alarm.due is None
    never.append(1)
    await it.clock.advance(timing.NEVER_SECONDS)
    assert it.alarm.due == later


class Plain:
    """A clock that tells nobody when it jumps, as the real one; a year of it takes no time."""

    def __init__(self, start: float) -> None:
        self.now, self.ticks = start, 0.0
        self.timers: list[tuple[float, int, Any]] = []
        self.serial = 0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.ticks

    def call_later(self, delay: float, action: Any) -> Any:
        self.serial += 1
        entry = (self.ticks + delay, self.serial, action)
        heapq.heappush(self.timers, entry)

        def cancel() -> None:
            if entry in self.timers:
                self.timers.remove(entry)
                heapq.heapify(self.timers)

        return cancel

    async def sleep(self, delay: float) -> None:
        raise AssertionError

    def advance(self, seconds: float) -> None:
        end = self.ticks + seconds
        while self.timers and self.timers[0][0] <= end:
            due, _, action = heapq.heappop(self.timers)
            self.now += due - self.ticks
            self.ticks = due
            action()
        self.now += end - self.ticks
        self.ticks = end


def test_a_clock_that_tells_nothing_is_looked_at() -> None:
    plain = Plain(at("2027-01-15T07:50:00"))
    rung: list[float] = []
    alarms = [
        timing.Alarm(plain, timing.daily(time(8, minute), BERLIN), rung.append)
        for minute in range(3)
    ]
    assert len(plain.timers) == 4, "one look for all of them"
    plain.now += 660
    plain.advance(timing.LOOK_SECONDS)
    assert [shown(moment)[11:16] for moment in rung] == ["08:00", "08:01"]
    plain.now -= 660
    plain.advance(900)
    assert [shown(moment)[11:16] for moment in rung] == ["08:00", "08:01", "08:02"]
    for alarm in alarms:
        alarm.stop()
    assert plain.timers == []


@pytest.mark.parametrize("place", [BERLIN, NEW_YORK, SYDNEY])
@given(seed=st.integers(), clock=st.times().map(lambda it: it.replace(microsecond=0, fold=0)))
@settings(max_examples=10)
def test_a_year_of_jumps_rings_each_day_once(place: ZoneInfo, seed: int, clock: time) -> None:
    """Some hundred jumps of some minutes to and fro, the two changes of the clocks among them."""
    draw = random.Random(seed)  # noqa: S311
    plain = Plain(at("2027-01-01T00:00:00", place) - 7200)
    rung: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "LOOK_SECONDS", 600.0)
        timing.Alarm(plain, timing.daily(clock, place), rung.append)
        while plain.time() < at("2028-01-01T00:00:00", place) + 7200:
            plain.now += draw.uniform(-1200, 1200)
            plain.advance(draw.uniform(0, 2 * 86400))
    days = [datetime.fromtimestamp(moment, place).date() for moment in rung]
    wanted = [date(2027, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [day for day in days if day.year == 2027] == wanted
