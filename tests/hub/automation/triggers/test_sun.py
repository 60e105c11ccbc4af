"""The sun: its entity, its triggers, and places where it stays away."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.automation import sun
from hub.config.settings import House
from tests.hub.automation.triggers.conftest import BERLIN, Bench

TROMSO = House(time_zone="Europe/Oslo", latitude=69.65, longitude=18.96)
AUCKLAND = House(time_zone="Pacific/Auckland", latitude=-36.85, longitude=174.76)
HONOLULU = House(time_zone="Pacific/Honolulu", latitude=21.3, longitude=-157.86)


def epoch(text: str, place: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(place)).timestamp()


async def test_sunset_and_sunrise_fire_once_a_day(bench: Bench) -> None:
    bench.attach(
        {"trigger": "sun", "event": "sunset"},
        {"trigger": "sun", "event": "sunrise", "offset": "-00:30:00"},
    )
    await bench.clock.advance(2 * 86400)
    fired = bench.take()
    # Almanac for Berlin: 15 January sunset 16:23, 16 January sunrise 8:10.
    shown = [(it["event"], it["now"].strftime("%d %H:%M")) for it in fired]
    assert [event for event, _ in shown] == ["sunset", "sunrise", "sunset", "sunrise"]
    assert abs(fired[0]["now"] - datetime(2027, 1, 15, 16, 23, tzinfo=UTC) + timedelta(hours=1)) < (
        timedelta(minutes=3)
    )
    assert abs(fired[1]["now"] - datetime(2027, 1, 16, 7, 40, tzinfo=UTC) + timedelta(hours=1)) < (
        timedelta(minutes=3)
    )
    assert fired[0]["description"] == "sunset"
    assert fired[0]["offset"] == timedelta(0)
    assert fired[1]["description"] == "sunrise with offset"
    assert fired[1]["offset"] == timedelta(minutes=-30)


@pytest.mark.parametrize("house", [BERLIN, AUCKLAND, HONOLULU], ids=lambda it: it.time_zone)
def test_each_local_day_has_its_own_events(house: House) -> None:
    bench = Bench(house)
    place = ZoneInfo(house.time_zone)
    for number in range(0, 365, 7):
        day = date(2027, 1, 1) + timedelta(days=number)
        rise = sun.of_local_day(bench.world, "sunrise", day)
        fall = sun.of_local_day(bench.world, "sunset", day)
        assert rise is not None
        assert fall is not None
        assert rise < fall
        assert {datetime.fromtimestamp(it, place).date() for it in (rise, fall)} == {day}


async def test_offsets_of_more_than_a_day() -> None:
    bench = Bench()
    for offset in (-3 * 86400.0, -3600.0, 0.0, 7200.0, 3 * 86400.0):
        after = sun.following(bench.world, "sunset", offset)
        first = after(bench.start)
        assert first is not None
        assert bench.start < first < bench.start + 86400 + 300
    await bench.world.close()


async def test_a_polar_night_has_no_sunrise_for_weeks() -> None:
    bench = Bench(TROMSO, epoch("2026-12-15T12:00:00"))
    assert sun.of_local_day(bench.world, "sunrise", date(2026, 12, 15)) is None
    moment = sun.following(bench.world, "sunrise")(bench.start)
    assert moment is not None
    assert date(2027, 1, 13) <= datetime.fromtimestamp(moment, UTC).date() <= date(2027, 1, 17)
    room = sun.Sun(bench.world)
    room.start()
    state = bench.states.get("sun.sun")
    assert state is not None
    assert state.state == "below_horizon"
    assert state.attributes["next_rising"].startswith("2027-01-1")
    bench.clock.jump(epoch("2027-06-15T00:00:00") - bench.clock.time())
    await bench.clock.advance(1300)
    state = bench.states.get("sun.sun")
    assert state is not None
    assert state.state == "above_horizon", "the midnight sun"
    room.stop()
    await bench.world.close()


async def test_where_it_never_comes_the_entity_says_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sun, "on_day", lambda _house, _name, _day: None)
    bench.attach({"trigger": "sun", "event": "sunrise"})
    room = sun.Sun(bench.world)
    room.start()
    state = bench.states.get("sun.sun")
    assert state is not None
    assert (state.state, state.attributes["next_rising"]) == ("above_horizon", None)
    await bench.clock.advance(86400)
    assert bench.take() == []
    state = bench.states.get("sun.sun")
    assert state is not None
    assert state.state == "above_horizon"
    room.stop()


async def test_the_entity_over_a_day(bench: Bench) -> None:
    changes: list[tuple[str, str]] = []

    def changed(old: object, new: object) -> None:
        before = getattr(old, "state", None)
        if before != new.state:  # type: ignore[attr-defined]
            shown = datetime.fromtimestamp(bench.clock.time(), ZoneInfo("Europe/Berlin"))
            changes.append((new.state, shown.strftime("%H")))  # type: ignore[attr-defined]

    bench.states.listen(changed, ["sun.sun"])
    room = sun.Sun(bench.world)
    room.start()
    state = bench.states.get("sun.sun")
    assert state is not None
    assert state.state == "above_horizon"
    assert set(state.attributes) == {
        *("next_dawn", "next_dusk", "next_midnight", "next_noon", "next_rising", "next_setting"),
        *("elevation", "azimuth", "rising", "friendly_name"),
    }
    assert state.attributes["rising"] is True
    assert 0 < state.attributes["elevation"] < 10
    assert 120 < state.attributes["azimuth"] < 150
    assert state.attributes["next_rising"].endswith("+00:00")
    await bench.clock.advance(86400)
    assert changes == [("above_horizon", "09"), ("below_horizon", "16"), ("above_horizon", "08")]
    room.stop()
    before = bench.states.get("sun.sun")
    await bench.clock.advance(86400)
    assert bench.states.get("sun.sun") is before


async def test_the_entity_changes_when_the_trigger_fires(bench: Bench) -> None:
    room = sun.Sun(bench.world)
    room.start()
    bench.attach(
        {"trigger": "sun", "event": "sunset"},
        {"trigger": "state", "entity_id": "sun.sun", "to": "below_horizon"},
    )
    await bench.clock.advance(9 * 3600)
    assert sorted(it["platform"] for it in bench.take()) == ["state", "sun"]
    room.stop()
