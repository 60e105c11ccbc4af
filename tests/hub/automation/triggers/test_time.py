"""Triggers of the kinds `time` and `time_pattern`."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from hub.automation import validation
from hub.config.settings import House
from tests.hub.automation.triggers.conftest import Bench

# 15 January 2027 is a Friday; the bench starts at 09:00 in Berlin.


def times(bench: Bench) -> list[str]:
    return [it["now"].strftime("%a %H:%M:%S") for it in bench.take()]


def time(at: Any, **fields: Any) -> dict[str, Any]:
    return {"trigger": "time", "at": at, **fields}


async def test_a_list_of_times_on_some_weekdays(bench: Bench) -> None:
    bench.attach(time(["12:00", "9:30:15"], weekday=["fri", "mon"]))
    await bench.clock.advance(4 * 86400)
    assert times(bench) == ["Fri 09:30:15", "Fri 12:00:00", "Mon 09:30:15", "Mon 12:00:00"]


async def test_variables_are_those_of_home_assistant(bench: Bench) -> None:
    bench.attach(time("09:01"))
    await bench.clock.advance(60)
    (fired,) = bench.take()
    now = fired.pop("now")
    assert now == datetime(2027, 1, 15, 9, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert now.utcoffset().total_seconds() == 3600
    assert fired == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "time",
        "entity_id": None,
        "description": "time",
    }


async def test_a_helper_with_a_time_rings_daily_and_follows_changes(bench: Bench) -> None:
    await bench.set("input_datetime.wake", "09:10:00", has_date=False, has_time=True)
    bench.attach(time("input_datetime.wake"))
    await bench.clock.advance(600)
    (fired,) = bench.take()
    assert fired["entity_id"] == "input_datetime.wake"
    assert fired["description"] == "time set in input_datetime.wake"
    await bench.set("input_datetime.wake", "09:20:00")
    await bench.set("input_datetime.wake", "09:20:00", friendly_name="Wake")
    await bench.clock.advance(86400)
    assert times(bench) == ["Fri 09:20:00"]
    await bench.clock.advance(600)
    assert times(bench) == ["Sat 09:20:00"]
    await bench.set("input_datetime.wake", "unknown")
    await bench.clock.advance(2 * 86400)
    assert times(bench) == []


async def test_a_helper_with_date_and_time_rings_once(bench: Bench) -> None:
    await bench.set("input_datetime.party", "2027-01-16 20:00:00", has_date=True, has_time=True)
    await bench.set("input_datetime.day", "2027-01-17", has_date=True, has_time=False)
    await bench.set("input_datetime.past", "2027-01-15 08:59:59", has_date=True, has_time=True)
    bench.attach(time(["input_datetime.party", "input_datetime.day", "input_datetime.past"]))
    await bench.clock.advance(5 * 86400)
    assert times(bench) == ["Sat 20:00:00", "Sun 00:00:00"]


async def test_a_timestamp_sensor_with_an_offset(bench: Bench) -> None:
    later = "2027-01-15T09:30:00+00:00"
    await bench.set("sensor.bus", later, device_class="timestamp")
    await bench.set("sensor.text", later)
    bench.attach(
        time({"entity_id": "sensor.bus", "offset": "-00:10:00"}),
        time({"entity_id": "sensor.bus", "offset": {"minutes": 5}}),
        time("sensor.text"),
    )
    await bench.clock.advance(86400)
    fired = bench.take()
    assert [it["now"].strftime("%H:%M") for it in fired] == ["10:20", "10:35"]
    assert fired[0]["description"] == "time set in sensor.bus with offset"


async def test_entities_are_followed_on_weekdays_too(bench: Bench) -> None:
    await bench.set("input_datetime.wake", "07:00:00")
    bench.attach(time("input_datetime.wake", weekday="sun"))
    await bench.clock.advance(10 * 86400)
    assert times(bench) == ["Sun 07:00:00", "Sun 07:00:00"]


async def test_an_entity_may_come_later(bench: Bench) -> None:
    bench.attach(time("input_datetime.wake"))
    await bench.clock.advance(60)
    await bench.set("input_datetime.wake", "09:10:00")
    await bench.clock.advance(600)
    assert times(bench) == ["Fri 09:10:00"]


async def test_a_template_names_a_time_or_an_entity(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.attach(time("{{ when }}"), variables={"when": "09:05"})
    bench.attach(time("{{ 'soon' }}"))
    await bench.clock.advance(600)
    assert times(bench) == ["Fri 09:05:00"]
    assert "'soon'" in caplog.text


async def test_detached_it_is_silent(bench: Bench) -> None:
    await bench.set("input_datetime.wake", "09:10:00")
    stop = bench.attach(time(["input_datetime.wake", "09:11"]))
    stop()
    await bench.set("input_datetime.wake", "09:12:00")
    await bench.clock.advance(86400)
    assert times(bench) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"minutes": "/20"}, ["09:20:00", "09:40:00", "10:00:00"]),
        ({"minutes": 7}, ["09:07:00", "10:07:00", "11:07:00"]),
        ({"hours": "/6"}, ["12:00:00", "18:00:00", "00:00:00"]),
        ({"hours": "*"}, ["10:00:00", "11:00:00", "12:00:00"]),
        ({"seconds": "/25"}, ["09:00:25", "09:00:50", "09:01:00"]),
        ({"hours": "10", "seconds": "30"}, ["10:00:30", "10:00:30", "10:00:30"]),
        ({"minutes": "*", "seconds": 5}, ["09:00:05", "09:01:05", "09:02:05"]),
    ],
)
async def test_patterns(bench: Bench, fields: dict[str, Any], expected: list[str]) -> None:
    stop = bench.attach({"trigger": "time_pattern", **fields})
    while len(bench.fired) < 3:
        await bench.clock.advance(600)
    stop()
    fired = bench.take()
    assert [it["now"].strftime("%H:%M:%S") for it in fired[:3]] == expected
    assert fired[0]["description"] == "time pattern"


@pytest.mark.parametrize(
    ("trigger", "path", "words"),
    [
        (time("25:00"), ["at"], "in quotes"),
        (time(27000), ["at"], "in quotes"),
        (time(["08:00", "8"]), ["at", 1], "in quotes"),
        (time("light.hall"), ["at"], "input_datetime"),
        (time({"entity_id": "sensor.a", "offset": "{{ 5 }}"}), ["at", "offset"], "fixed"),
        (time("08:00", weekday="monday"), ["weekday", 0], "mon, tue"),
        ({"trigger": "time_pattern"}, [], "at least one"),
        ({"trigger": "time_pattern", "minutes": "/0"}, ["minutes"], "0 to 59"),
        ({"trigger": "time_pattern", "hours": 24}, ["hours"], "0 to 23"),
        ({"trigger": "time_pattern", "seconds": "5-10"}, ["seconds"], "/n"),
        ({"trigger": "time_pattern", "seconds": True}, ["seconds"], "/n"),
    ],
)
def test_mistakes_are_told_with_their_place(
    trigger: dict[str, Any], path: list[Any], words: str
) -> None:
    with pytest.raises(vol.Invalid) as caught:
        validation.triggers([trigger])
    (error,) = getattr(caught.value, "errors", [caught.value])
    assert error.path == [0, *path]
    assert words in error.msg


async def test_the_time_zone_is_that_of_the_house() -> None:
    bench = Bench(House(time_zone="America/New_York"))  # starts at 03:00
    bench.attach(time("03:30"), {"trigger": "time_pattern", "hours": "/5"})
    await bench.clock.advance(3 * 3600)
    assert times(bench) == ["Fri 03:30:00", "Fri 05:00:00"]
    await bench.world.close()
