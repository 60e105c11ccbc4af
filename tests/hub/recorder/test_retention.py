"""Old rows go, and only those; on each database."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.errors import NotAllowed
from hub.recorder.database.address import Address
from hub.recorder.database.tables import (
    attributes,
    events,
    states,
    statistics_hour,
    statistics_short,
)
from hub.recorder.errors import RecorderUnavailable
from hub.recorder.retention import space
from hub.recorder.retention.deleting import Pace, delete_ranges
from hub.util.clock import SystemClock
from tests.hub.recorder.bench import MEASURED, START, Bench
from tests.peers.databases import EmptyDatabase

DAY = 86400


@pytest.fixture
async def bench(empty_database: EmptyDatabase) -> AsyncIterator[Bench]:
    async with opened(empty_database) as made:
        yield made


class opened:  # noqa: N801 - reads like a function
    """A bench on a database, closed at the end."""

    def __init__(self, database: EmptyDatabase, **options: Any) -> None:
        self.bench = Bench(Address.of(database.url, database.folder), **options)

    async def __aenter__(self) -> Bench:
        await self.bench.open()
        return self.bench

    async def __aexit__(self, *_: object) -> None:
        await self.bench.close()


@pytest.fixture
def file(tmp_path: Path) -> EmptyDatabase:
    return EmptyDatabase("sqlite", f"sqlite:///{tmp_path / 'history.db'}", tmp_path)


def made_up_to(bench: Bench, seconds: int) -> None:
    """Pretend that statistics are made up to some seconds behind `START`."""
    from hub.recorder.statistics.marks import Marks

    bench.statistics._marks = Marks(START + seconds, START + seconds, START + seconds)


async def times(bench: Bench, entity_id: str) -> list[float]:
    """Return the times of an entity's rows, in seconds behind `START`."""
    async with bench.read() as connection:
        found = await connection.scalars(
            select(states.c.time)
            .where(states.c.entity == bench._numbers[entity_id])
            .order_by(states.c.time)
        )
        return [time / 1e6 - START for time in found]


async def test_what_is_too_old_goes(bench: Bench) -> None:
    """T1: two days with `keep_days` 1 leave one day, and what held when it began."""
    bench.hub.resources.put("one_day", match={"domains": ["sensor"]}, keep_days=1)
    hours = [(hour * 3600.0, str(hour)) for hour in range(49)]
    await bench.record("sensor.a", hours)
    await bench.record("sensor.silent", [(0, "1")])
    await bench.record("sensor.rare", [(0, "1"), (10, "2")])
    await bench.record("light.a", hours)
    await bench.clock.advance(48 * 3600)
    made_up_to(bench, 48 * 3600)
    purged = await bench.run(bench.retention.purge())
    assert await times(bench, "sensor.a") == [hour * 3600 for hour in range(24, 49)]
    assert await times(bench, "sensor.silent") == [0]
    assert await times(bench, "sensor.rare") == [10]
    assert len(await times(bench, "light.a")) == 49
    assert purged.states == 24 + 1


async def test_the_hourly_purge_runs_by_itself(file: EmptyDatabase) -> None:
    async with opened(file, keep_days=1.0) as bench:
        await bench.record("sensor.a", [(hour * 3600.0, str(hour)) for hour in range(49)])
        await bench.clock.advance(48 * 3600)
        made_up_to(bench, 48 * 3600)
        bench.retention.start()
        while bench.retention.purged is None:
            await bench.clock.advance(10)
            await asyncio.sleep(0.002)
        assert len(await times(bench, "sensor.a")) <= 25
        await bench.retention.stop()


async def test_rows_that_statistics_need_stay(bench: Bench) -> None:
    bench.hub.resources.put("short", match={}, keep_days=1 / 24)
    await bench.record("sensor.a", [(minute * 60.0, "1") for minute in range(600)])
    await bench.clock.advance(600 * 60 + 30)
    made_up_to(bench, 3600)
    await bench.run(bench.retention.purge())
    # the row of 3600 s held when statistics were made last
    assert (await times(bench, "sensor.a"))[0] == 3600
    bench.statistics._marks = None
    await bench.run(bench.retention.purge())
    assert (await times(bench, "sensor.a"))[0] == 541 * 60


async def test_statistics_only_lives_for_two_hours(bench: Bench) -> None:
    bench.hub.resources.put("only", match={"domains": ["sensor"]}, record="statistics_only")
    await bench.record("sensor.a", [(minute * 60.0, "1") for minute in range(600)])
    await bench.clock.advance(600 * 60)
    made_up_to(bench, 600 * 60)
    await bench.run(bench.retention.purge())
    assert (await times(bench, "sensor.a"))[0] == 480 * 60


async def test_tiers_go_only_below_the_next_one(bench: Bench) -> None:
    rows = [{"meta": 1, "start": START + hour * 3600, "coverage": 1.0} for hour in range(24 * 40)]
    await bench.record("sensor.a", [(0, "1")])
    async with bench.write() as connection:
        from hub.recorder.database.tables import statistics_meta

        meta = {"id": 1, "statistic_id": "sensor.a", "source": "recorder", "has_mean": True}
        await connection.execute(
            statistics_meta.insert(), {**meta, "has_sum": False, "mean_type": 1}
        )
        await connection.execute(statistics_short.insert(), rows)
        await connection.execute(statistics_hour.insert(), rows)
    await bench.clock.advance(40 * DAY)
    made_up_to(bench, 5 * DAY)
    purged = await bench.run(bench.retention.purge())
    assert purged.statistics == 5 * 24
    made_up_to(bench, 40 * DAY)
    purged = await bench.run(bench.retention.purge())
    assert purged.statistics == 5 * 24  # 30 days stay
    assert await bench.count("statistics_hour") == 24 * 40


async def test_keep_days_of_a_call_hold_for_all(bench: Bench) -> None:
    await bench.record("sensor.a", [(hour * 3600.0, str(hour)) for hour in range(49)])
    await bench.clock.advance(48 * 3600)
    made_up_to(bench, 48 * 3600)
    purged = await bench.run(bench.retention.purge(keep_days=0.5))
    assert purged.states == 36


async def test_events_go_with_their_days(bench: Bench) -> None:
    async with bench.write() as connection:
        await connection.execute(
            events.insert(),
            [
                {"id": day, "type": 1, "time": (START + day * DAY) * 10**6, "data": "{}"}
                for day in range(1, 31)
            ],
        )
    await bench.clock.advance(30 * DAY)
    purged = await bench.run(bench.retention.purge())
    assert purged.events == 19
    assert await bench.count("events") == 11


async def test_a_changed_policy_deletes_nothing_by_itself(bench: Bench) -> None:
    await bench.retention.earlier.load()
    hours = [(hour * 3600.0, str(hour)) for hour in range(49)]
    await bench.record("sensor.a", hours)
    await bench.clock.advance(48 * 3600 + 1800)
    made_up_to(bench, 48 * 3600)
    bench.hub.resources.put("one_day", match={"domains": ["sensor"]}, keep_days=1)
    purged = await bench.run(bench.retention.purge())
    assert purged.states == 0
    preview = await bench.retention.preview()
    assert preview == {
        "rows": 25,
        "entities": [
            {
                "entity_id": "sensor.a",
                "rows": 25,
                "rule": "one_day",
                "record": "all",
                "keep_days": 1.0,
            }
        ],
    }
    # what is recorded from now on lives for a day only, beside the older rows
    await bench.record("sensor.a", [(49 * 3600.0 + n, "x") for n in range(1, 11)])
    await bench.record("sensor.a", [(80 * 3600.0, "y")])
    await bench.clock.advance(40 * 3600)
    made_up_to(bench, 88 * 3600)
    purged = await bench.run(bench.retention.purge())
    assert purged.states == 10
    assert len(await times(bench, "sensor.a")) == 50
    # and it is remembered when the hub is started again
    again = type(bench.retention)(bench.hub, bench, lambda: bench.statistics.marks)  # type: ignore[arg-type]
    await again.earlier.load()
    assert len(again.earlier.cutoffs("sensor.a", bench.clock.time())) == 2
    purged = await bench.run(bench.retention.apply_policies())
    assert await times(bench, "sensor.a") == [80 * 3600.0]


async def test_attributes_without_rows_go(bench: Bench) -> None:
    for number in range(30):
        meaning = {**MEASURED, "number": number}
        await bench.record("sensor.a", [(number * 3600.0, "1")], meaning)
    await bench.record("sensor.b", [(0, "1")], {**MEASURED, "number": 3})
    await bench.clock.advance(40 * 3600)
    made_up_to(bench, 40 * 3600)
    bench.retention._garbage_at = bench.clock.time()
    purged = await bench.run(bench.retention.purge_entities(["sensor.a"], keep_days=0.5))
    assert purged.states == 28
    async with bench.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(attributes)) == 30
    bench.retention._since_garbage = 10**6
    purged = await bench.run(bench.retention.purge())
    assert purged.attributes == 27
    async with bench.read() as connection:
        left = set(await connection.scalars(select(attributes.c.id)))
    assert left == {4, 29, 30}


async def test_attributes_that_came_into_use_again_stay(file: EmptyDatabase) -> None:
    from hub.recorder.retention.garbage import collect

    async with opened(file) as bench:
        await bench.record("sensor.a", [(0, "1")], {"number": 1})
        await bench.record("sensor.a", [(1, "1")], {"number": 2})
        async with bench.write() as connection:
            await connection.execute(states.delete())
        pace = Pace(bench.clock, lambda: 0, pause=0.0)

        async def used_again() -> None:
            bench.names.attributes.cache[123] = 2

        found = await bench.run(collect(bench, pace, START, used_again))  # type: ignore[arg-type]
        assert found["attributes"] == 1
        async with bench.read() as connection:
            assert list(await connection.scalars(select(attributes.c.id))) == [2]


async def test_transactions_stay_small(bench: Bench) -> None:
    rows = [(START * 10**6 + n, "1") for n in range(5000)]
    await bench.record_at("sensor.a", rows, MEASURED)
    pace = Pace(bench.clock, lambda: 0)
    parts: list[int] = []

    async def work() -> None:
        wanted = [(1, 0, START * 10**6 + 4500)]
        found = delete_ranges(bench, states, wanted, pace)  # type: ignore[arg-type]
        parts.extend([count async for count in found])

    await bench.run(work())
    assert sum(parts) == 4500
    assert max(parts) <= 1000
    assert await bench.count() == 500
    pace = Pace(bench.clock, lambda: 0)  # the other one knows how quick this machine is
    pace.took(0.06)
    assert pace.rows == 500
    for _ in range(9):
        pace.took(1.0)
    assert pace.rows == 100
    for _ in range(9):
        pace.took(0.001)
    assert pace.rows == 1000


async def test_it_waits_for_the_writer(file: EmptyDatabase) -> None:
    async with opened(file) as bench:
        bench.backlog = 501
        pace = Pace(bench.clock, lambda: bench.backlog)
        task = asyncio.ensure_future(pace.rest())
        await bench.clock.advance(2)
        assert not task.done()
        bench.backlog = 0
        await bench.clock.advance(0.2)
        await asyncio.wait_for(task, 30)


async def test_only_one_purge_at_a_time(file: EmptyDatabase) -> None:
    async with opened(file) as bench:
        await bench.record_at("sensor.a", [(n, "1") for n in range(3000)], MEASURED)
        bench.retention.pause = 0.02
        first = asyncio.ensure_future(bench.retention.purge(keep_days=1))
        await asyncio.sleep(0.05)
        with pytest.raises(NotAllowed, match="purged or rewritten"):
            await bench.retention.purge()
        await bench.run(asyncio.wait_for(first, 30))


async def test_the_size_limit_holds(file: EmptyDatabase) -> None:
    """T4, at a tenth of its size: never over the limit by more than a tenth, newest rows stay."""
    async with opened(file, max_size=4) as bench:
        for number in range(50):
            await bench.record(f"sensor.n{number}", [(0.0, "first")])
        bench.hub.resources.put(
            "loud", match={"entity_globs": ["sensor.n1", "sensor.n2"]}, priority="low"
        )
        bench.hub.resources.put("dear", match={"entity_globs": ["sensor.n3"]}, priority="high")
        worst = 0
        for turn in range(20):
            for number in range(50):
                base = (START + turn * 3600 + number + 1) * 10**6
                name = f"sensor.n{number}"
                rows = [(base + n * 1000, f"{turn * 1000 + n * 1.5}") for n in range(200)]
                await bench.record_at(name, rows, MEASURED)
            await bench.clock.advance(3600)
            made_up_to(bench, turn * 3600 + 3600)
            await bench.run(bench.retention.look())
            worst = max(worst, await bench.retention.cap.used())
        assert worst <= 4.4 * 2**20
        assert not bench.policies.squeezed
        for number in range(50):
            assert (await times(bench, f"sensor.n{number}"))[-1] > 19 * 3600
        # what matters least went first, what matters most last
        rows_of = {n: len(await times(bench, f"sensor.n{n}")) for n in (1, 3, 4)}
        assert rows_of[1] < rows_of[4] < rows_of[3]


async def test_without_rows_to_spare_only_statistics_are_kept(file: EmptyDatabase) -> None:
    async with opened(file, max_size=1) as bench:
        await bench.record("sensor.a", [(0, "1")], {"text": "x" * 1_500_000})
        await bench.run(bench.retention.look())
        assert bench.policies.squeezed
        assert bench.policies.of("sensor.b").record == "statistics_only"
        async with bench.write() as connection:
            await connection.execute(states.delete())
            await connection.execute(attributes.delete())
        await space.checkpoint(bench)  # type: ignore[arg-type]
        await bench.run(bench.retention.look())
        assert not bench.policies.squeezed
        assert bench.policies.of("sensor.b").record == "all"


async def test_pages_are_given_back_as_many_as_asked(file: EmptyDatabase) -> None:
    """T9: as a plain statement the pragma frees one page and stops."""
    async with opened(file) as bench:
        await bench.record_at("sensor.a", [(n, f"state {n}") for n in range(60_000)], MEASURED)
        async with bench.write() as connection:
            await connection.execute(states.delete())
        async with bench.write() as connection:
            assert (await connection.exec_driver_sql("PRAGMA auto_vacuum")).scalar_one() == 2
            before = await space.free_pages(connection)
            await space.script(connection, "PRAGMA incremental_vacuum(200)")
            assert before - await space.free_pages(connection) == 200
        given = await bench.run(space.give_back(bench, bench.clock, keep=10))  # type: ignore[arg-type]
        assert given == before - 200 - 10
        await space.checkpoint(bench)  # type: ignore[arg-type]
        assert bench.path is not None
        assert bench.path.stat().st_size < 400_000
        log = bench.path.with_name("history.db-wal")
        assert log.stat().st_size == 0


async def test_repack_rewrites(bench: Bench) -> None:
    await bench.record_at("sensor.a", [(n, f"state {n}") for n in range(20_000)], MEASURED)
    async with bench.write() as connection:
        await connection.execute(states.delete().where(states.c.time % 2 == 0))
    result = await bench.retention.repack()
    assert await bench.count() == 10_000
    assert result["size"] <= result["size_before"]
    if bench.dialect != "mysql":
        assert result["returned"] > 100_000
    await bench.record("sensor.a", [(0, "works")])


async def test_repack_refuses_without_room(
    file: EmptyDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(file) as bench:
        used = (await bench.store.size()).used
        assert shutil.disk_usage(file.folder).free > 2 * used
        monkeypatch.setattr("hub.recorder.database.file.room", lambda _path: 2 * used - 1)
        with pytest.raises(NotAllowed, match="free some space"):
            await bench.retention.repack()
        assert not bench.retention.working


async def test_a_lock_that_passes_ends_no_purge(file: EmptyDatabase) -> None:
    class Locked(Bench):
        refused = 0

        def write(self) -> Any:
            if self.refused < 2:
                self.refused += 1
                raise RecorderUnavailable("locked")
            return super().write()

    bench = Locked(Address.of(file.url, file.folder))
    await bench.open()
    bench.refused = 2
    await bench.record("sensor.a", [(n, "1") for n in range(10)])
    bench.refused = 0
    pace = Pace(bench.clock, lambda: 0, pause=0.0)

    async def work() -> int:
        found = delete_ranges(bench, states, [(1, 0, 1 << 62)], pace)  # type: ignore[arg-type]
        return sum([count async for count in found])

    assert await bench.run(work()) == 10
    await bench.close()


async def test_a_writer_beside_a_purge(file: EmptyDatabase) -> None:
    """T3, smaller: prints how long flushes waited; the benchmark measures it beside a baseline."""
    async with opened(file) as bench:
        bench.clock = SystemClock()  # type: ignore[assignment]
        rows = [(n * 1000, str(n)) for n in range(40_000)]
        await bench.record_at("sensor.a", rows, MEASURED)
        pace = Pace(bench.clock, lambda: bench.backlog)
        done = asyncio.Event()
        taken: list[float] = []

        async def write() -> None:
            at = START * 10**6
            while not done.is_set():
                began = time.perf_counter()
                await bench.record_at("sensor.b", [(at + n, "1") for n in range(100)], MEASURED)
                taken.append(time.perf_counter() - began)
                at += 1000
                await asyncio.sleep(0.05)

        writer = asyncio.ensure_future(write())
        found = delete_ranges(bench, states, [(1, 0, 39_000_000)], pace)  # type: ignore[arg-type]
        parts = [count async for count in found]
        done.set()
        await writer
        assert sum(parts) == 39_000
        assert max(parts) <= 1000
        assert await bench.count(entity_id="sensor.b") == 100 * len(taken)
        print(  # noqa: T201 - for who reads the output of a run
            f"longest flush {max(taken) * 1000:.1f} ms, longest transaction of the purge "
            f"{pace.longest * 1000:.1f} ms, {len(parts)} transactions"
        )
