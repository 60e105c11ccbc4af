"""Statistics are right, whatever happens to the rows they are made of."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.recorder.database.address import Address
from hub.recorder.database.tables import entities, statistics_meta, statistics_short
from hub.recorder.statistics.marks import Marks
from tests.hub.recorder.bench import MEASURED, NETTED, RISING, START, Bench
from tests.peers.databases import EmptyDatabase
from tests.peers.ports import wait_until


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(Address.of(None, tmp_path))
    await made.open()
    made.statistics._began = START
    yield made
    await made.close()


async def test_mean_is_weighted_by_time(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10"), (60, "20"), (240, "0")])
    await bench.to(360)
    (row,) = await bench.rows("short")
    assert row["mean"] == pytest.approx((10 * 60 + 20 * 180 + 0 * 60) / 300)
    assert (row["min"], row["max"], row["last"]) == (0, 20, 0)
    assert (row["coverage"], row["count"], row["start"]) == (1.0, 3, 0)
    assert row["sum"] is None


async def test_nothing_before_the_minute_of_grace(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    await bench.to(359)
    assert await bench.rows("short") == []
    await bench.to(360)
    assert len(await bench.rows("short")) == 1


async def test_a_gap_lowers_coverage_and_nothing_else(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10"), (100, "unavailable"), (200, "40"), (250, None)])
    await bench.to(660)
    (row,) = await bench.rows("short")
    assert row["coverage"] == pytest.approx(150 / 300)
    assert row["mean"] == pytest.approx((10 * 100 + 40 * 50) / 150)
    assert (row["min"], row["max"]) == (10, 40)


async def test_a_value_holds_into_later_buckets(bench: Bench) -> None:
    await bench.record("sensor.a", [(10, "10")])
    await bench.to(960)
    rows = await bench.rows("short")
    assert [row["start"] for row in rows] == [0, 300, 600]
    assert [row["count"] for row in rows] == [1, 0, 0]
    assert [round(row["coverage"], 4) for row in rows] == [round(290 / 300, 4), 1, 1]


async def test_a_fall_of_a_rising_meter_is_a_reset(bench: Bench) -> None:
    values = [(0, "100"), (60, "130"), (120, "5"), (180, "9"), (310, "12")]
    await bench.record("sensor.a", values, RISING)
    await bench.to(660)
    rows = await bench.rows("short")
    assert [row["sum"] for row in rows] == [30 + 5 + 4, 30 + 5 + 4 + 3]
    assert [row["state"] for row in rows] == [9, 12]
    assert rows[0]["last_reset"] == START + 120
    assert rows[0]["mean"] is None


async def test_jitter_of_a_rising_meter_counts_nothing(bench: Bench) -> None:
    values = [(0, "100"), (60, "99.9"), (120, "100"), (180, "101")]
    await bench.record("sensor.a", values, RISING)
    await bench.to(360)
    (row,) = await bench.rows("short")
    assert row["sum"] == pytest.approx(1)


async def test_a_net_meter_may_fall(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "100"), (60, "90"), (120, "95")], NETTED)
    await bench.to(360)
    (row,) = await bench.rows("short")
    assert row["sum"] == pytest.approx(-5)


async def test_a_net_meter_is_reset_when_it_says_so(bench: Bench) -> None:
    first = {**NETTED, "last_reset": "2026-01-01T00:00:00+00:00"}
    second = {**NETTED, "last_reset": "2026-01-02T00:00:00+00:00"}
    await bench.record("sensor.a", [(0, "100"), (60, "110")], first)
    await bench.record("sensor.a", [(120, "3")], second)
    await bench.to(360)
    (row,) = await bench.rows("short")
    assert row["sum"] == pytest.approx(10 + 3)


async def test_another_unit_is_another_series(bench: Bench) -> None:
    kilowatts = {**MEASURED, "unit_of_measurement": "kW"}
    await bench.record("sensor.a", [(0, "1000")])
    await bench.record("sensor.a", [(400, "2")], kilowatts)
    await bench.to(960)
    assert [row["mean"] for row in await bench.rows("short")] == [2, 2]
    closed = await bench.rows("short", "closed:a_1")
    assert [(row["start"], row["mean"]) for row in closed] == [(0, 1000), (300, 1000)]
    assert closed[1]["coverage"] == pytest.approx(100 / 300)
    await bench.record("sensor.a", [(1000, "500")])
    await bench.to(1260)
    assert [row["mean"] for row in await bench.rows("short")] == [1000, 1000, 500]


async def test_hours_and_days_add_up(bench: Bench) -> None:
    await bench.record("sensor.a", [(minute * 60, str(minute % 7)) for minute in range(180)])
    await bench.record("sensor.b", [(minute * 60, str(minute)) for minute in range(180)], RISING)
    await bench.to(3 * 3600 + 60)
    hours = await bench.rows("hour")
    short = await bench.rows("short")
    assert [row["start"] for row in hours] == [0, 3600, 7200]
    for index, hour in enumerate(hours):
        part = short[index * 12 : index * 12 + 12]
        assert hour["mean"] == pytest.approx(sum(row["mean"] for row in part) / 12)
        assert (hour["min"], hour["max"]) == (0, 6)
        assert hour["count"] == 60
        assert hour["coverage"] == pytest.approx(1)
    assert [row["sum"] for row in await bench.rows("hour", "sensor.b")] == [59, 119, 179]
    assert await bench.rows("day") == []
    await bench.to(86400 + 3600 * 24)
    days = await bench.rows("day", "sensor.b")
    assert days[0]["sum"] == 179


async def test_what_comes_late_is_made_again(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    await bench.record("sensor.b", [(0, "5"), (350, "8")], RISING)
    await bench.to(7300)
    await bench.record("sensor.a", [(150, "20"), (200, "30")])
    await bench.record("sensor.b", [(150, "6")], RISING)
    bench.statistics.late("sensor.a", START + 150)
    bench.statistics.late("sensor.b", START + 150)
    await bench.to(7360)
    rows = await bench.rows("short")
    assert rows[0]["mean"] == pytest.approx((10 * 150 + 20 * 50 + 30 * 100) / 300)
    assert {row["mean"] for row in rows[1:]} == {30}
    assert (await bench.rows("hour"))[0]["max"] == 30
    assert [row["sum"] for row in await bench.rows("short", "sensor.b")][:3] == [1, 3, 3]


async def test_what_is_gone_already_is_not_made_again(bench: Bench) -> None:
    from hub.recorder.database.tables import states

    await bench.record("sensor.a", [(0, "10"), (100, "20"), (400, "30"), (4000, "7")])
    await bench.to(7300)
    before = await bench.rows("short")
    async with bench.write() as connection:
        await connection.execute(states.delete().where(states.c.time < (START + 300) * 10**6))
    await bench.record("sensor.a", [(450, "50")])
    bench.statistics.late("sensor.a", START + 100)
    await bench.to(7360)
    after = await bench.rows("short")
    assert after[0] == before[0]
    assert after[1]["max"] == before[1]["max"]  # the changes before 400 s are gone
    assert after[2]["mean"] == 50


async def test_the_time_without_the_hub_is_a_gap(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    await bench.to(1000)
    await bench.statistics.stop()
    again = type(bench.statistics)(bench.hub, bench)  # type: ignore[arg-type]
    bench.statistics = again
    await bench.clock.advance(7400)
    again._began = START + 8400
    await bench.record("sensor.a", [(8500, "20")])
    await bench.to(9060)
    rows = await bench.rows("short")
    assert [row["start"] for row in rows] == [0, 300, 600, 900, 8400, 8700]
    assert rows[3]["coverage"] == pytest.approx(100 / 300)
    assert rows[4]["coverage"] == pytest.approx(200 / 300)


async def test_a_restart_in_the_middle_of_a_bucket_loses_nothing(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10"), (100, "20")])
    await bench.to(200)
    await bench.statistics.stop()
    bench.statistics = type(bench.statistics)(bench.hub, bench)  # type: ignore[arg-type]
    bench.statistics._began = START + 200
    await bench.record("sensor.a", [(205, "30")])
    await bench.to(360)
    (row,) = await bench.rows("short")
    assert row["coverage"] == pytest.approx(295 / 300)
    assert row["mean"] == pytest.approx((10 * 100 + 20 * 100 + 30 * 95) / 295)


async def test_the_watermark_never_goes_back(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    await bench.to(3700)
    marks = bench.statistics.marks
    assert marks is not None
    before = marks.short
    await bench.to(100)
    assert marks.short == before
    assert len(await bench.rows("short")) == 12


async def test_a_meter_silent_for_long_goes_on_where_it_stood(bench: Bench) -> None:
    from hub.recorder.database.tables import statistics_hour

    await bench.record("sensor.a", [(0, "100"), (60, "150"), (120, None)], RISING)
    await bench.to(3700)
    async with bench.write() as connection:
        await connection.execute(statistics_short.delete())
    await bench.record("sensor.a", [(4000, "160")], RISING)
    await bench.to(7300)
    assert (await bench.rows("short"))[-1]["sum"] == 60
    async with bench.write() as connection:
        await connection.execute(statistics_short.delete())
        await connection.execute(statistics_hour.delete())
    assert await bench.count("statistics_day") == 0


async def test_a_clock_set_forward_makes_a_gap(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    await bench.to(400)
    bench.clock.jump(86400 * 365)
    await bench.statistics.catch_up()
    await bench.record("sensor.a", [(86400 * 365 + 450, "20")])
    await bench.to(86400 * 365 + 1000)
    rows = await bench.rows("short")
    assert [row["start"] for row in rows] == [0, 300, 86400 * 365 + 300, 86400 * 365 + 600]
    assert bench.statistics.windows < 10


async def test_events_tell_of_new_statistics(bench: Bench) -> None:
    heard: list[str] = []
    for name in ("recorder_5min_statistics_generated", "recorder_hourly_statistics_generated"):
        bench.hub.bus.listen(name, lambda event: heard.append(event.type))
    await bench.record("sensor.a", [(0, "10")])
    await bench.to(360)
    assert heard == ["recorder_5min_statistics_generated"]
    await bench.to(3660)
    assert heard[-1] == "recorder_hourly_statistics_generated"


async def test_it_works_by_itself(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    bench.statistics.start()
    await bench.clock.advance(0.1)
    await wait_until(lambda: bench.statistics.marks is not None)
    await bench.clock.advance(400)
    while not await bench.rows("short"):
        await bench.clock.advance(60)
        await asyncio.sleep(0.01)
    await bench.statistics.stop()


async def test_every_database_makes_the_same(empty_database: EmptyDatabase) -> None:
    bench = Bench(Address.of(empty_database.url, empty_database.folder))
    await bench.open()
    try:
        bench.statistics._began = START
        await bench.record("sensor.a", [(n * 7, str(n % 50)) for n in range(600)])
        values = [(0, "100"), (60, "130"), (120, "unknown"), (400, "5"), (500, "9")]
        await bench.record("sensor.b", values, RISING)
        await bench.record("sensor.c", [(0, "1")])
        await bench.record("sensor.c", [(100, "2")], {**MEASURED, "unit_of_measurement": "kW"})
        await bench.to(7300)
        rows = await bench.rows("short", "sensor.b")
        assert [row["sum"] for row in rows[:3]] == [30, 39, 39]
        assert rows[0]["coverage"] == pytest.approx(120 / 300)
        assert rows[1]["last_reset"] == START + 400
        hour = (await bench.rows("hour"))[0]
        assert (hour["min"], hour["max"], hour["count"]) == (0, 49, 515)
        assert len(await bench.rows("short", "sensor.c")) == 24
        assert len(await bench.rows("short", "closed:c_3")) == 1
        await bench.record("sensor.b", [(30, "110"), (450, "7")], RISING)
        await bench.record("sensor.a", [(3, "1000")])
        bench.statistics.late("sensor.a", START + 3)
        bench.statistics.late("sensor.b", START + 30)
        await bench.to(7360)
        assert (await bench.rows("hour"))[0]["max"] == 1000
        assert [row["sum"] for row in await bench.rows("hour", "sensor.b")] == [39, 39]
        await bench.record("sensor.c", [(7400, "3")])
        await bench.to(7900)
        assert (await bench.rows("short", "sensor.c"))[-1]["mean"] == pytest.approx(3)
        assert len(await bench.rows("short", "closed:c_4")) == 25
    finally:
        await bench.close()


async def test_the_series_follows_a_renamed_entity(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    await bench.to(400)
    async with bench.write() as connection:
        await connection.execute(entities.update().values(entity_id="sensor.z"))
    data = {"action": "update", "entity_id": "sensor.z", "old_entity_id": "sensor.a"}
    bench.statistics.start()
    bench.hub.bus.fire("entity_registry_updated", data)
    while not await bench.rows("short", "sensor.z"):
        await asyncio.sleep(0.005)
    await bench.statistics.stop()
    await bench.to(700)
    assert len(await bench.rows("short", "sensor.z")) == 2
    assert await bench.rows("short", "sensor.a") == []


async def test_what_is_paused_is_a_gap(bench: Bench) -> None:
    await bench.record("sensor.a", [(0, "10")])
    await bench.to(100)
    bench.statistics.pause()
    await bench.to(400)
    bench.statistics.resume()
    await bench.record("sensor.a", [(400, "20")])
    await bench.to(700)
    rows = await bench.rows("short")
    assert [(row["mean"], round(row["coverage"], 3)) for row in rows] == [(10, 0.333), (20, 0.667)]


async def test_days_where_clocks_are_half_an_hour_off(tmp_path: Path) -> None:
    bench = Bench(Address.of(None, tmp_path), zone="Asia/Kolkata")
    await bench.open()
    begin = (START + 86400 - 66600) // 86400 * 86400 + 66600  # 18:30 UTC is midnight there
    marks = Marks(begin + 86400, begin + 86400 - 1800, begin)
    bench.statistics._marks = marks
    async with bench.write() as connection:
        meta = {"id": 1, "statistic_id": "sensor.a", "source": "recorder", "has_mean": True}
        await connection.execute(
            statistics_meta.insert(), {**meta, "has_sum": False, "mean_type": 1}
        )
        rows = [
            {"meta": 1, "start": at, "mean": 1.0, "min": 0.0, "max": 2.0, "coverage": 1.0}
            for at in range(begin - 1800, begin + 86400 + 1800, 300)
        ]
        await connection.execute(statistics_short.insert(), [{**row, "count": 1} for row in rows])
    async with bench.read() as connection:
        await bench.statistics._ledger.load(connection)
    marks.hour = begin + 86400
    await bench.statistics._days(marks)
    (day,) = await bench.rows("day")
    assert day["start"] == begin - START
    assert (day["count"], day["coverage"]) == (288, 1.0)
    await bench.close()
