"""Statistics over the websocket: as clients know them, and only for those who may see them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.auth import Role
from hub.recorder.database.tables import statistics_day, statistics_hour, statistics_short
from tests.hub.api.past import add_statistics
from tests.peers.house import Client, House, MakeHouse

EXT = {
    "has_mean": True,
    "has_sum": True,
    "name": "Energy",
    "source": "ext",
    "statistic_id": "ext:energy",
    "unit_of_measurement": "kWh",
}
DAY = datetime(2026, 11, 1, tzinfo=UTC)


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


async def points(client: Client, *ids: str, **more: Any) -> Any:
    asked = {"start_time": DAY.isoformat(), "statistic_ids": list(ids), "period": "hour", **more}
    answer = await client.call(type="recorder/statistics_during_period", **asked)
    return answer["result"] if answer["success"] else answer["error"]["code"]


async def bring(client: Client, stats: list[dict[str, Any]], **changes: Any) -> Any:
    metadata = {**EXT, **changes}
    return await client.call(type="recorder/import_statistics", metadata=metadata, stats=stats)


async def test_what_is_imported_is_told(house: House) -> None:
    client = await house.connect()
    stats = [
        {"start": (DAY + timedelta(hours=hour)).isoformat(), "mean": mean, "min": 0, "max": top}
        | {"sum": total, "state": total}
        for hour, mean, top, total in ((0, 1.0, 2.0, 2.0), (1, 2.0, 4.0, 6.0))
    ]
    assert await bring(client, stats) | {"id": 0} == {
        "id": 0,
        "type": "result",
        "success": True,
        "result": None,
    }
    start = int(DAY.timestamp())
    day = await points(client, "ext:energy", "ext:none", period="day", types=["change", "mean"])
    row = {"start": start * 1000, "end": (start + 86400) * 1000, "mean": 1.5, "change": 6.0}
    assert day == {"ext:energy": [row]}
    hours = await points(client, "ext:energy", units={"energy": "Wh"}, types=["sum", "change"])
    told = [(row["sum"], row["change"]) for row in hours["ext:energy"]]
    assert told == [(2000.0, 2000.0), (6000.0, 4000.0)]
    whole = await points(client, "ext:energy")
    assert whole["ext:energy"][1] == {
        "start": (start + 3600) * 1000,
        "end": (start + 7200) * 1000,
        "mean": 2.0,
        "min": 0.0,
        "max": 4.0,
        "last_reset": None,
        "state": 6.0,
        "sum": 6.0,
        "change": 4.0,
    }
    one = await client.call(
        type="recorder/statistic_during_period",
        statistic_id="ext:energy",
        fixed_period={"start_time": iso(start), "end_time": iso(start + 86400)},
    )
    assert one["result"] == {"max": 4.0, "mean": 1.5, "min": 0.0, "change": 6.0}
    await bring(client, [{**stats[1], "sum": 8.0}])
    later = await points(client, "ext:energy", types=["sum"])
    assert [row["sum"] for row in later["ext:energy"]] == [2.0, 8.0], "it is replaced"
    day = await points(client, "ext:energy", period="day", types=["sum"])
    assert [row["sum"] for row in day["ext:energy"]] == [8.0]


async def test_names_of_series(house: House) -> None:
    client = await house.connect()
    await bring(client, [])
    await bring(client, [], statistic_id="ext:heat", has_sum=False, unit_of_measurement="°C")
    listed = (await client.call(type="recorder/list_statistic_ids"))["result"]
    assert listed[0] == {
        "statistic_id": "ext:energy",
        "display_unit_of_measurement": "kWh",
        "has_mean": True,
        "mean_type": 1,
        "has_sum": True,
        "name": "Energy",
        "source": "ext",
        "statistics_unit_of_measurement": "kWh",
        "unit_class": "energy",
    }
    summed = await client.call(type="recorder/list_statistic_ids", statistic_type="sum")
    assert [meta["statistic_id"] for meta in summed["result"]] == ["ext:energy"]
    named = await client.call(type="recorder/get_statistics_metadata", statistic_ids=["ext:heat"])
    assert [meta["unit_class"] for meta in named["result"]] == ["temperature"]


async def test_what_is_asked_wrongly(house: House) -> None:
    client = await house.connect()
    kind = "recorder/statistics_during_period"
    asked = {"start_time": iso(0), "statistic_ids": ["ext:a"], "period": "hour"}
    for changes, code in (
        ({"statistic_ids": []}, "invalid_format"),
        ({"period": "second"}, "invalid_format"),
        ({"types": ["median"]}, "invalid_format"),
        ({"units": {"energy": "pints"}}, "invalid_format"),
        ({"units": {"taste": "sweet"}}, "invalid_format"),
        ({"start_time": "x"}, "invalid_start_time"),
        ({"end_time": "x"}, "invalid_end_time"),
        ({"end_time": iso(-9)}, "invalid_end_time"),
    ):
        answer = await client.call(type=kind, **{**asked, **changes})
        assert answer["error"]["code"] == code, changes
    one = {"type": "recorder/statistic_during_period", "statistic_id": "ext:a"}
    both = await client.call(**one, calendar={"period": "day"}, rolling_window={"duration": 5})
    assert both["error"]["code"] == "invalid_format"
    assert (await client.call(**one, calendar={"period": "day"}))["result"] == {}
    stats = [{"start": "2026-11-01T00:30:00+00:00", "mean": 1}]
    for changes, given in (
        ({}, stats),
        ({}, [{"start": "soon"}]),
        ({"statistic_id": "energy"}, []),
        ({"statistic_id": "other:energy"}, []),
        ({"source": "recorder", "statistic_id": "ext:energy"}, []),
        ({"source": "closed", "statistic_id": "closed:a_1"}, []),
        ({"has_sum": 5}, []),
    ):
        assert (await bring(client, given, **changes))["error"]["code"] == "invalid_format", changes
    half = await client.call(
        type="recorder/clear_statistics", statistic_ids=["ext:a"], start_time=iso(0)
    )
    assert half["error"]["code"] == "invalid_time_range"


@pytest.fixture
async def zoned(make_house: MakeHouse) -> House:
    """A house in a zone that changes its clocks, with a year of hours and days of a sensor."""
    house = await make_house(
        "hub:\n  name: Test\n  time_zone: Europe/Berlin\nmqtt:\n  enabled: false\n"
    )
    begin = int(datetime(2025, 10, 20, tzinfo=ZoneInfo("Europe/Berlin")).timestamp())
    hours = [
        {"start": begin + number * 3600, "mean": float(number % 24), "min": 0.0, "max": 30.0}
        | {"coverage": 1.0, "count": 5, "last": 1.0, "sum": float(number), "state": 1.0}
        for number in range(24 * 20 + 1)
    ]
    await add_statistics(
        house.hub,
        "sensor.meter",
        {statistics_hour: hours},
        unit="kWh",
        unit_class="energy",
        has_sum=True,
    )
    return house


async def test_days_follow_the_clocks_of_the_house(zoned: House) -> None:
    client = await zoned.connect()
    start = datetime(2025, 10, 24, tzinfo=ZoneInfo("Europe/Berlin"))
    days = (
        await points(
            client,
            "sensor.meter",
            start_time=start.isoformat(),
            end_time=(start + timedelta(days=5)).isoformat(),
            period="day",
            types=["change"],
        )
    )["sensor.meter"]
    lengths = [(row["end"] - row["start"]) / 3_600_000 for row in days]
    assert lengths == [24, 24, 25, 24, 24]
    assert [row["change"] for row in days] == lengths, "one unit an hour"
    weeks = (
        await points(
            client,
            "sensor.meter",
            start_time=start.isoformat(),
            end_time=(start + timedelta(days=14)).isoformat(),
            period="week",
            types=["max"],
        )
    )["sensor.meter"]
    begins = [datetime.fromtimestamp(row["start"] / 1000, start.tzinfo) for row in weeks]
    assert [(day.day, day.weekday(), day.hour) for day in begins] == [
        (20, 0, 0),
        (27, 0, 0),
        (3, 0, 0),
    ]
    months = (
        await points(
            client, "sensor.meter", start_time=start.isoformat(), period="month", types=["sum"]
        )
    )["sensor.meter"]
    assert len(months) == 2
    year = await points(
        client, "sensor.meter", start_time=start.isoformat(), period="year", types=["max", "min"]
    )
    assert [(row["min"], row["max"]) for row in year["sensor.meter"]] == [(0.0, 30.0)]


async def test_one_number_of_hours_and_their_ends(zoned: House) -> None:
    """Whole hours from the hours, the ends from five minutes, what is older from days."""
    begin = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    flat = {"coverage": 1.0, "count": 1, "last": 1.0, "state": 1.0}
    await add_statistics(
        zoned.hub,
        "sensor.b",
        {
            statistics_day: [
                {"start": begin - 3600 - n * 86400, "mean": 50.0, "min": 40.0, "max": 60.0, **flat}
                for n in (1, 2)
            ],
            statistics_hour: [
                {"start": begin + n * 3600, "mean": 10.0 + n, "min": 5.0, "max": 20.0 + n, **flat}
                for n in range(3)
            ],
            statistics_short: [
                {"start": begin + n * 300, "mean": 100.0, "min": 90.0, "max": 110.0, **flat}
                for n in range(6, 48)
            ],
        },
    )
    client = await zoned.connect()

    async def one(start: float, end: float) -> Any:
        asked = {"start_time": iso(start), "end_time": iso(end)}
        answer = await client.call(
            type="recorder/statistic_during_period", statistic_id="sensor.b", fixed_period=asked
        )
        return answer["result"]

    assert await one(begin, begin + 7200) == {"max": 21.0, "mean": 10.5, "min": 5.0, "change": None}
    head = await one(begin + 1800, begin + 7200)
    assert (head["max"], head["mean"]) == (110.0, pytest.approx((100 * 1800 + 11 * 3600) / 5400))
    tail = await one(begin, begin + 3 * 3600 + 1800)
    assert tail["mean"] == pytest.approx((33 * 3600 + 100 * 1800) / (3.5 * 3600))
    old = await one(begin - 3 * 86400, begin + 3600)
    assert (old["max"], old["min"]) == (60.0, 5.0)
    assert await one(begin + 86400, begin + 2 * 86400) == dict.fromkeys(
        ("max", "mean", "min", "change")
    )


async def test_the_finest_period_that_reaches_back(zoned: House) -> None:
    now = int(zoned.hub.clock.time())
    flat = {"mean": 1.0, "coverage": 1.0, "count": 1}
    hour, short = now - now % 3600, now - now % 300
    await add_statistics(
        zoned.hub,
        "sensor.c",
        {
            statistics_hour: [{"start": hour - n * 3600, **flat} for n in range(1, 100)],
            statistics_short: [{"start": short - n * 300, **flat} for n in range(1, 30)],
        },
    )
    client = await zoned.connect()
    for back, length in ((3600, 300), (50 * 3600, 3600), (400 * 3600, 86400)):
        found = await points(
            client, "sensor.c", start_time=iso(now - back), period="auto", types=["mean"]
        )
        row = found["sensor.c"][0]
        assert (row["end"] - row["start"]) / 1000 == pytest.approx(
            length, abs=3600 * (length > 9999)
        )


async def test_units_as_the_entity_shows_them_now(zoned: House) -> None:
    zoned.hub.states.set("sensor.meter", "5", {"unit_of_measurement": "Wh"})
    client = await zoned.connect()
    start = datetime(2025, 10, 21, tzinfo=ZoneInfo("Europe/Berlin")).isoformat()
    found = await points(client, "sensor.meter", start_time=start, types=["sum"])
    assert found["sensor.meter"][0]["sum"] == 24_000.0
    meta = (await client.call(type="recorder/list_statistic_ids"))["result"][0]
    assert meta["display_unit_of_measurement"] == "Wh"
    assert meta["statistics_unit_of_measurement"] == "kWh"
    issues = (await client.call(type="recorder/validate_statistics"))["result"]
    assert [issue["type"] for issue in issues["sensor.meter"]] == ["state_class_removed"]
    zoned.hub.states.set(
        "sensor.meter", "5", {"unit_of_measurement": "Wh", "state_class": "total_increasing"}
    )
    issues = (await client.call(type="recorder/validate_statistics"))["result"]
    assert issues["sensor.meter"][0]["data"]["metadata_unit"] == "kWh"
    zoned.hub.states.remove("sensor.meter")
    issues = (await client.call(type="recorder/validate_statistics"))["result"]
    assert issues["sensor.meter"][0]["type"] == "no_state"


async def test_clearing(zoned: House) -> None:
    client = await zoned.connect()
    start = datetime(2025, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))
    before = len((await points(client, "sensor.meter", start_time=iso(0)))["sensor.meter"])
    cleared = await client.call(
        type="recorder/clear_statistics",
        statistic_ids=["sensor.meter", "sensor.nope"],
        start_time=start.isoformat(),
        end_time=(start + timedelta(hours=5)).isoformat(),
    )
    assert cleared["success"]
    rest = (await points(client, "sensor.meter", start_time=iso(0)))["sensor.meter"]
    assert len(rest) == before - 5
    await client.call(type="recorder/clear_statistics", statistic_ids=["sensor.meter"])
    assert await points(client, "sensor.meter", start_time=iso(0)) == {}
    assert (await client.call(type="recorder/list_statistic_ids"))["result"] == []


async def test_nobody_sees_what_he_may_not_read(zoned: House) -> None:
    auth = zoned.hub.auth
    owner = await zoned.connect()
    await bring(owner, [])
    rules = [{"effect": "deny", "verbs": ["read"], "entity": "sensor.meter"}]
    await auth.policies.put("guest", rules)
    user = await auth.users.create("Guest", role=Role.ADMIN, policies=["guest"])
    client = await zoned.connect(await auth.tokens.create_long_lived(user, "tests", 1))
    assert (await client.call(type="recorder/list_statistic_ids"))["result"] == []
    assert (await client.call(type="recorder/validate_statistics"))["result"] == {}
    assert await points(client, "sensor.meter", "ext:energy", start_time=iso(0)) == {}
    one = await client.call(
        type="recorder/statistic_during_period", statistic_id="sensor.meter", types=["max"]
    )
    assert one["result"] == {}
    await client.call(type="recorder/clear_statistics", statistic_ids=["sensor.meter"])
    assert await points(owner, "sensor.meter", start_time=iso(0)) != {}
    forged = await bring(client, [], source="recorder", statistic_id="sensor.meter")
    assert forged["error"]["code"] == "invalid_format"
    hidden = await client.call(type="recorder/policy", entity_id="sensor.meter")
    assert hidden["error"]["code"] == "not_found"
    zoned.hub.states.set("sensor.meter", "5")
    zoned.hub.states.set("sensor.other", "5")
    await zoned.hub.recorder.flush()
    usage = (await client.call(type="recorder/usage"))["result"]
    assert "sensor.meter" not in {row["entity_id"] for row in usage["entities"]}
    usage = (await owner.call(type="recorder/usage", limit=1))["result"]
    assert len(usage["entities"]) == 1


async def test_the_recorder_itself(house: House) -> None:
    client = await house.connect()
    house.hub.states.set("sensor.a", "1")
    await house.hub.recorder.flush()
    info = (await client.call(type="recorder/info"))["result"]
    assert info["recording"] is info["thread_running"] is info["db_in_default_location"] is True
    assert (info["state"], info["dialect"], info["dropped"]) == ("recording", "sqlite", 0)
    assert info["max_backlog"] == 65_000
    assert info["oldest"] <= info["last_flush"] <= house.hub.clock.time()
    usage = (await client.call(type="recorder/usage"))["result"]
    assert set(usage) == {
        "size",
        "free",
        "disk_free",
        "limit",
        "oldest",
        "tables",
        "entities",
    }
    policy = (await client.call(type="recorder/policy", entity_id="sensor.a"))["result"]
    assert (policy["entity_id"], policy["record"]) == ("sensor.a", "all")
    bad = await client.call(type="recorder/policy", entity_id="nope")
    assert bad["error"]["code"] == "invalid_format"
