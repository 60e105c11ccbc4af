"""The arithmetic of statistics against a reference that looks at every second (T6)."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.recorder.statistics.buckets import SECOND, Base, Ends, Meaning, Row, Tally, advance, merged
from hub.recorder.statistics.calendar import day_after, day_begin
from hub.recorder.statistics.windows import Reading, Window

LENGTH = 300
SPAN = 4 * LENGTH
MEASURED = Meaning("measurement", "W")
RISING = Meaning("total_increasing", "kWh")

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
times = st.integers(0, SPAN - 1)


@dataclass
class Seen:
    """What looking at every second of a stretch came to."""

    values: list[float]
    known: int

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)


def look(rows: dict[int, float | None], ends: list[int], begin: int, end: int) -> Seen:
    """Look at every second: which value held then?"""
    values = []
    for second in range(begin, end):
        at = max((time for time in rows if time <= second), default=None)
        if at is None or rows[at] is None:
            continue
        if any(at <= ended <= second for ended in ends):
            continue
        value = rows[at]
        assert value is not None
        values.append(value)
    return Seen(values, len(values))


def compute(
    rows: dict[int, float | None], ends: list[int], begin: int, meaning: Meaning, base: Base | None
) -> Row | None:
    """Let the code under test do one bucket."""
    before = [time for time in rows if time < begin]
    held = None
    if before:
        held = Reading(max(before) * SECOND, rows[max(before)], meaning)
    window = Window(
        begin * SECOND,
        (begin + LENGTH) * SECOND,
        Ends(ended * SECOND for ended in ends),
        lambda _unit: base,
        held,
    )
    for time in sorted(time for time in rows if begin <= time < begin + LENGTH):
        window.feed(Reading(time * SECOND, rows[time], meaning))
    made = window.rows()
    assert len(made) <= 1
    return made[0][2] if made else None


@settings(max_examples=150)
@given(
    rows=st.dictionaries(times, st.one_of(st.none(), numbers), max_size=25),
    ends=st.lists(times, max_size=3),
)
def test_measurements_are_those_of_every_second(
    rows: dict[int, float | None], ends: list[int]
) -> None:
    made = []
    for begin in range(0, SPAN, LENGTH):
        seen = look(rows, ends, begin, begin + LENGTH)
        row = compute(rows, ends, begin, MEASURED, None)
        if not seen.known:
            assert row is None
            continue
        assert row is not None
        assert row.start == begin
        assert row.coverage == pytest.approx(seen.known / LENGTH)
        assert row.mean == pytest.approx(seen.mean, abs=1e-6)
        assert (row.min, row.max) == (min(seen.values), max(seen.values))
        assert row.last == seen.values[-1]
        inside = [time for time in rows if begin <= time < begin + LENGTH]
        assert row.count == sum(rows[time] is not None for time in inside)
        made.append(row)
    if not made:
        return
    whole = look(rows, ends, 0, SPAN)
    together = merged(made, LENGTH, 0, SPAN)
    assert together.mean == pytest.approx(whole.mean, abs=1e-6)
    assert (together.min, together.max) == (min(whole.values), max(whole.values))
    assert together.coverage == pytest.approx(whole.known / SPAN)


def total(values: list[float]) -> float:
    """Add up what a meter that only rises counted, the slow way."""
    counted, peak = 0.0, values[0]
    for value in values[1:]:
        if value >= peak:
            counted += value - peak
            peak = value
        elif value < 0.9 * peak or peak <= 0:
            counted += max(value, 0.0)
            peak = value
    return counted


@settings(max_examples=150)
@given(
    rows=st.dictionaries(
        times, st.one_of(st.none(), st.floats(0, 1e5).map(lambda value: round(value, 2)))
    ),
    again=st.integers(0, 3),
)
def test_sums_are_those_of_all_readings(rows: dict[int, float | None], again: int) -> None:
    base: Base | None = None
    for index, begin in enumerate(range(0, SPAN, LENGTH)):
        for _ in range(2 if index == again else 1):  # doing a bucket again changes nothing
            row = compute(rows, [], begin, RISING, base)
        if row is None:
            continue
        assert row.sum is not None
        readings = [value for time in sorted(rows) if time < begin + LENGTH
                    and (value := rows[time]) is not None]  # fmt: skip
        assert row.sum == pytest.approx(total(readings), abs=1e-6)
        assert row.sum >= 0
        base = Base(row.sum, row.state, row.last_reset)


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2))
def test_a_net_meter_adds_up_to_its_difference(values: list[float]) -> None:
    base: Base | None = None
    for time, value in enumerate(values):
        base = advance(base, "total", value, time, None)
    assert base is not None
    assert base.sum == pytest.approx(values[-1] - values[0], abs=1e-3)


def test_two_units_never_mix() -> None:
    other = Meaning("measurement", "kW")
    window = Window(0, LENGTH * SECOND, Ends(), lambda _unit: None)
    window.feed(Reading(0, 1000.0, MEASURED))
    window.feed(Reading(100 * SECOND, 2.0, other))
    window.feed(Reading(200 * SECOND, 500.0, MEASURED))
    rows = {unit: row for unit, _, row in window.rows()}
    assert rows["W"].mean == pytest.approx(750)
    assert rows["W"].coverage == pytest.approx(2 / 3)
    assert rows["kW"].mean == 2


def test_an_empty_bucket_has_no_row() -> None:
    assert Tally("measurement", None).row(0, LENGTH * SECOND) is None


@pytest.mark.parametrize(
    ("zone", "begin", "hours"),
    [
        ("Europe/Berlin", 1_792_879_200, 25),  # 2026-10-25
        ("Europe/Berlin", 1_774_738_800, 23),  # 2026-03-29
        ("Europe/Berlin", 1_774_821_600, 24),
        ("Asia/Kolkata", 1_774_722_600, 24),
        ("Australia/Lord_Howe", 1_775_307_600, 24.5),  # 2026-04-05
        ("America/Havana", 1_772_946_000, 23),  # 2026-03-08: there is no midnight
        ("UTC", 86400 * 20_000, 24),
    ],
)
def test_days_are_as_long_as_they_are(zone: str, begin: int, hours: float) -> None:
    place = ZoneInfo(zone)
    assert day_begin(begin, place) == begin
    assert day_begin(begin + 4000, place) == begin
    assert day_begin(begin - 1, place) < begin
    assert day_after(begin, place) == begin + hours * 3600
    assert day_after(begin + 4000, place) == begin + hours * 3600
