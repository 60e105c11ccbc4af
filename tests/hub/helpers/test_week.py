"""Weeks: what holds when, and the next change, also where clocks are put forward and back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.helpers.schedule import KIND, week_of
from hub.helpers.week import DAYS, Week, at, next_change

BERLIN = ZoneInfo("Europe/Berlin")


def week(**days: list[tuple[str, str]]) -> Week:
    return week_of(
        KIND.normal(
            {
                day: [{"from": start, "to": end} for start, end in blocks]
                for day, blocks in days.items()
            }
        )
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(BERLIN)


CASES = [
    ("2026-11-30T05:59:59+01:00", "off", "2026-11-30T06:00:00+01:00"),
    ("2026-11-30T06:00:00+01:00", "on", "2026-11-30T08:30:00+01:00"),
    ("2026-11-30T08:30:00+01:00", "off", "2026-11-30T22:00:00+01:00"),
    ("2026-11-30T23:59:59+01:00", "on", "2026-12-01T00:00:00+01:00"),
    ("2026-12-01T00:00:00+01:00", "off", "2026-12-07T06:00:00+01:00"),
]


@pytest.mark.parametrize(("now", "state", "following"), CASES, ids=[case[0] for case in CASES])
def test_an_ordinary_week(now: str, state: str, following: str) -> None:
    found = week(monday=[("22:00", "24:00"), ("06:00", "08:30")])
    assert ("off" if at(found, moment(now)) is None else "on") == state
    assert next_change(found, moment(now), BERLIN) == moment(following)


def test_an_empty_week_changes_never() -> None:
    assert next_change(week(), moment("2026-11-30T00:00:00+01:00"), BERLIN) is None


def test_the_hour_that_is_left_out() -> None:
    """On 2027-03-28 clocks go from 02:00 to 03:00."""
    found = week(sunday=[("02:15", "02:45"), ("02:50", "04:00")])
    before = moment("2027-03-28T01:59:00+01:00")
    assert at(found, before) is None
    gap = next_change(found, before, BERLIN)
    assert gap == moment("2027-03-28T03:00:00+02:00")
    assert at(found, moment("2027-03-28T03:00:00+02:00")) is not None
    assert next_change(found, gap, BERLIN) == moment("2027-03-28T04:00:00+02:00")


def test_the_hour_that_comes_twice() -> None:
    """On 2026-10-25 clocks go from 03:00 back to 02:00."""
    found = week(sunday=[("02:15", "02:45")])
    now, changes = moment("2026-10-25T00:00:00+02:00"), []
    for _ in range(4):
        following = next_change(found, now, BERLIN)
        assert following is not None
        changes.append(following.astimezone(UTC).strftime("%H:%M"))
        now = following
    assert changes == ["00:15", "00:45", "01:15", "01:45"]


@settings(max_examples=100)
@given(
    start=st.integers(0, 86399),
    length=st.integers(1, 86400),
    day=st.integers(0, 6),
    now=st.integers(1_767_225_600, 1_830_297_600),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_nothing_changes_before_the_next_change(
    start: int, length: int, day: int, now: int, zone: str
) -> None:
    """Between a moment and its next change every minute holds the same as the moment."""
    place = ZoneInfo(zone)
    end = min(start + length, 86400)
    clock = "{:02}:{:02}:{:02}"
    texts = [clock.format(one // 3600, one // 60 % 60, one % 60) for one in (start, end)]
    found = week(**{DAYS[day]: [(texts[0], texts[1])]})
    here = datetime.fromtimestamp(now, place)
    following = next_change(found, here, place)
    assert following is not None
    held = at(found, here)
    seconds = (following.astimezone(UTC) - here.astimezone(UTC)).total_seconds()
    assert 0 < seconds <= 8 * 86400
    for part in (0.0, 0.25, 0.5, 0.75, 0.999):
        later = here.astimezone(UTC) + timedelta(seconds=seconds * part)
        assert at(found, later.astimezone(place)) == held
