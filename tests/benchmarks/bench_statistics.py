"""What statistics and retention cost: reading a year, making 5 minutes, purging beside a writer.

The purge and its baseline without a purge are measured in the same run: figures of a machine that
others use too are to be compared with each other only.
"""

import asyncio
import json
import random
import statistics as numbers
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvloop

from hub.recorder.database.address import Address
from hub.recorder.database.tables import states, statistics_day, statistics_hour, statistics_meta
from hub.recorder.retention.deleting import Pace, delete_ranges
from hub.recorder.statistics.series import SeriesReader
from hub.recorder.writing.inserts import insert_rows
from hub.util.clock import SystemClock
from tests.hub.recorder.bench import MEASURED, START, Bench

ENTITIES = 500
CHANGES = 60
"""Rows of an entity in 5 minutes: 30,000 in all."""

ROWS = 500_000
BATCH = 100
PERIOD = 0.1
"""A batch of 100 rows each 0.1 s: 1,000 rows per second."""


async def cost(name: str, work: Callable[[], Awaitable[object]], times: int) -> dict[str, float]:
    """Return how long some work took and what of that was computing, the median of some runs."""
    taken, busy = [], []
    for _ in range(times):
        began, computed = time.perf_counter(), time.process_time()
        await work()
        taken.append(time.perf_counter() - began)
        busy.append(time.process_time() - computed)
    return {
        f"{name}: ms": 1000 * numbers.median(taken),
        f"{name}: ms of computing": 1000 * numbers.median(busy),
    }


async def year(folder: Path) -> dict[str, float]:
    """Read a year of hours of ten entities."""
    bench = Bench(Address.of(None, folder))
    await bench.open()
    for number in range(1, 11):
        meta = {"id": number, "statistic_id": f"sensor.n{number}", "source": "recorder"}
        meta |= {"has_mean": True, "has_sum": False, "mean_type": 1, "unit": "W"}
        async with bench.write() as connection:
            await connection.execute(statistics_meta.insert(), meta)
            rows = [
                {"meta": number, "start": START + hour * 3600, "mean": 20.0, "min": 1.0,
                 "max": 30.0, "coverage": 1.0, "count": 60, "last": 3.0}
                for hour in range(365 * 24)
            ]  # fmt: skip
            await connection.execute(statistics_hour.insert(), rows)
            await connection.execute(
                statistics_day.insert(), [row for row in rows if row["start"] % 86400 == 0]
            )
    reader = SeriesReader(bench)  # type: ignore[arg-type]
    zone = ZoneInfo("UTC")

    async def read(period: str) -> None:
        for series in await reader.list():
            await reader.points(
                series, START, START + 365 * 86400, period, ("mean", "min", "max"), zone
            )

    found = await cost("a year of hours, 10 entities", lambda: read("hour"), 5)
    found |= await cost("a year of days, 10 entities", lambda: read("day"), 5)
    await bench.close()
    return found


async def compiling(folder: Path) -> dict[str, float]:
    """Make 5 minutes of 500 entities."""
    bench = Bench(Address.of(None, folder))
    await bench.open()
    draw = random.Random(1)  # noqa: S311 - the same numbers each time
    for number in range(ENTITIES):
        values = [(n * 5.0, str(round(draw.uniform(0, 30), 1))) for n in range(CHANGES * 2)]
        await bench.record(f"sensor.n{number}", values, {**MEASURED, "n": number})
    await bench.to(100)
    compiler = bench.statistics._compiler
    marks = bench.statistics.marks
    assert marks is not None

    async def read() -> None:
        async with bench.read() as connection:
            names = await compiler.entities(connection)
            await compiler.short(connection, START + 300, names, marks.ends, current=False)

    lag = Lag()
    await lag.start()
    found = await cost("5 minutes, 500 entities, 30,000 rows, read", read, 5)
    found |= await cost("made the first time", lambda: bench.to(400), 1)
    found |= await cost("made and written", lambda: bench.to(700), 1)
    found["longest wait of the loop meanwhile: ms"] = 1000 * await lag.stop()
    await bench.close()
    return found


class Lag:
    """How late the loop is, at worst."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.ensure_future(self._tick())

    async def stop(self) -> float:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        return self.worst

    async def _tick(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, time.perf_counter() - began - 0.001)


async def writing(bench: Bench, done: asyncio.Event, at: int) -> list[float]:
    """Write 1,000 rows per second in batches; return how long each batch took."""
    taken = []
    while not done.is_set():
        began = time.perf_counter()
        async with bench.write() as connection:
            rows = [(900, at + n, str(n), 1, None, None) for n in range(BATCH)]
            await insert_rows(connection, "states", rows)
        at += BATCH
        spent = time.perf_counter() - began
        taken.append(spent)
        await asyncio.sleep(max(0.0, PERIOD - spent))
    return taken


def told(name: str, taken: Sequence[float], longest: float) -> dict[str, float]:
    """Return the figures of a writer."""
    ordered = sorted(taken)
    return {
        f"{name}: batches": len(ordered),
        f"{name}: median flush ms": 1000 * numbers.median(ordered),
        f"{name}: p99 flush ms": 1000 * ordered[int(len(ordered) * 0.99)],
        f"{name}: longest flush ms": 1000 * ordered[-1],
        f"{name}: longest wait of the loop ms": 1000 * longest,
    }


async def purging(folder: Path) -> dict[str, float]:
    """T3: 500,000 rows go while a writer writes, beside the same writer alone."""
    bench = Bench(Address.of(None, folder))
    await bench.open()
    bench.clock = SystemClock()  # type: ignore[assignment]
    for number in range(100):
        rows = [(START * 10**6 + n * 1000, str(n)) for n in range(ROWS // 100)]
        await bench.record_at(f"sensor.n{number}", rows, MEASURED)
    found: dict[str, float] = {}
    for name, gap in (("baseline", None), ("purge, pause 20 ms", 0.02), ("purge, no pause", 0.0)):
        done, lag = asyncio.Event(), Lag()
        await lag.start()
        writer = asyncio.ensure_future(writing(bench, done, (START + hash(name) % 10**6) * 10**6))
        if gap is None:
            await asyncio.sleep(5)
        else:
            pace = Pace(bench.clock, lambda: 0, pause=gap)
            half = [(n + 1, 0, (START + (2 if gap else 9)) * 10**6) for n in range(100)]
            began, gone = time.perf_counter(), 0
            async for count in delete_ranges(bench, states, half, pace):  # type: ignore[arg-type]
                gone += count
            found[f"{name}: rows"] = gone
            found[f"{name}: rows/s"] = gone / (time.perf_counter() - began)
            found[f"{name}: longest transaction ms"] = 1000 * pace.longest
        done.set()
        found |= told(name, await writer, await lag.stop())
    await bench.close()
    return found


async def measure() -> dict[str, Any]:
    """Measure everything, each in a folder of its own."""
    found: dict[str, Any] = {}
    for work in (year, compiling, purging):
        with tempfile.TemporaryDirectory() as folder:
            found |= await work(Path(folder))
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(uvloop.run(measure()), indent=1))


if __name__ == "__main__":
    main()
