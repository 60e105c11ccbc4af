"""Measure the recorder: rows per second beside bare SQLite, bytes per row, reading; print JSON.

Runs against `--url` (SQLite in a temporary folder by default). The bare baseline writes the same
rows with sqlite3's executemany into the same table, in the same batches, in the same run.
"""

import argparse
import asyncio
import gc
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import uvloop

from hub.bootstrap import GC_THRESHOLDS
from hub.events import EventBus
from hub.recorder.database.address import Address
from hub.recorder.database.store import Store
from hub.recorder.policies import Policy
from hub.recorder.reading.queries import History, Wanted
from hub.recorder.status import Status
from hub.recorder.writing.intake import Intake
from hub.recorder.writing.names import Names
from hub.recorder.writing.queue import Queue
from hub.recorder.writing.writer import ENOUGH, MOST, Writer
from hub.states import StateMachine
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks

START = 1_790_000_000_000_000
SCHEMA = (
    "CREATE TABLE states (entity INTEGER NOT NULL, time BIGINT NOT NULL, state VARCHAR(255), "
    "attributes INTEGER, changed BIGINT, context INTEGER, PRIMARY KEY (entity, time)) WITHOUT ROWID"
)


class Everything:
    """The policy of a house without rules."""

    squeezed = False
    policy = Policy()

    def of(self, _entity_id: str) -> Policy:
        return self.policy


class Ticker:
    """How long the loop was held: a 1 ms timer's delays.

    `cpu_max_ms` is the most that the loop's own thread computed between two ticks: on a busy
    machine the delays tell of other programs as well.
    """

    def __init__(self) -> None:
        self.late: list[float] = []
        self.cpu: list[float] = []
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            before, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self.late.append(time.perf_counter() - before - 0.001)
            self.cpu.append(time.thread_time() - used)

    def stop(self) -> dict[str, float]:
        self._task.cancel()
        late = sorted(self.late)
        return {
            "max_ms": round(late[-1] * 1000, 2),
            "p99_ms": round(late[int(len(late) * 0.99)] * 1000, 2),
            "over_20_ms": sum(1 for item in late if item > 0.020),
            "cpu_max_ms": round(max(self.cpu) * 1000, 2),
            "cpu_over_20_ms": sum(1 for item in self.cpu if item > 0.020),
        }


class Bench:
    """Intake, queue and writer on one database."""

    def __init__(self, url: str, folder: Path, queue: Queue | None = None) -> None:
        self.bus = EventBus(Tasks())
        self.states = StateMachine(self.bus)
        self.queue = Queue(10**7, 10**10) if queue is None else queue
        self.names, self.status = Names(), Status()
        self.store = Store(Address.of(url, folder))
        clock = SystemClock()
        self.writer = Writer(self.store, self.queue, self.names, self.status, clock, 2.0)
        self.dialect = self.store.dialect
        self.read, self.flush = self.store.read, self.writer.flush
        self.history = History(self, clock)  # type: ignore[arg-type]
        self.intake = Intake(self.queue, self.names, Everything(), clock)  # type: ignore[arg-type]

    async def open(self) -> None:
        self.intake.start(self.bus, [])
        self.writer.start()
        self.bus.fire("begun")
        await self.writer.flush()

    async def close(self) -> None:
        self.intake.stop()
        await self.writer.stop(60)


def values(rows: int, entities: int, seed: int = 1) -> Sequence[tuple[int, int, str]]:
    """Return (entity, microseconds, state) of a house whose sensors report in turn."""
    chance = random.Random(seed)  # noqa: S311
    return [
        (number % entities, START + number * 1000, f"{20 + chance.random() * 5:.2f}")
        for number in range(rows)
    ]


def bare(path: Path, rows: Sequence[tuple[int, int, str]], batch: int) -> float:
    """Return rows per second of sqlite3 alone, sorted batches, one transaction each."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute(SCHEMA)
        start = time.perf_counter()
        for first in range(0, len(rows), batch):
            made = [(e, t, s, 1, None, None) for e, t, s in rows[first : first + batch]]
            made.sort(key=lambda row: row[:2])
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO states VALUES (?,?,?,?,?,?)", made)
            connection.execute("COMMIT")
        return len(rows) / (time.perf_counter() - start)


async def queued(url: str, folder: Path, rows: Sequence[tuple[int, int, str]]) -> dict[str, Any]:
    """Write what lies in the queue: the writer alone."""
    bench = Bench(url, folder)
    await bench.open()
    blob = b'{"unit_of_measurement":"C"}'
    names = [f"sensor.s{number}" for number in range(max(row[0] for row in rows) + 1)]
    for entity, at, text in rows:
        bench.queue.put(names[entity], at, text, blob, None, None, 1, 0)
    ticker = Ticker()
    start, cpu = time.perf_counter(), time.process_time()
    bench.writer.wake()
    while len(bench.queue):
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - start
    found = {
        "rows_per_s": round(len(rows) / seconds),
        "cpu_us_per_row": round((time.process_time() - cpu) / len(rows) * 1e6, 2),
        "loop": ticker.stop(),
    }
    await bench.close()
    return found


async def fired(url: str, folder: Path, rows: int, entities: int) -> dict[str, Any]:
    """From `states.set` to committed rows, as fast as it goes, the loop turning every 100."""
    bench = Bench(url, folder)
    await bench.open()
    names = [f"sensor.s{number}" for number in range(entities)]
    attributes = [{"unit_of_measurement": "C", "friendly_name": name} for name in names]
    ticker = Ticker()
    start = time.perf_counter()
    for number in range(rows):
        bench.states.set(names[number % entities], str(number), attributes[number % entities])
        if number % 100 == 0:
            await asyncio.sleep(0)
    handed = time.perf_counter() - start
    await drain(bench)
    seconds = time.perf_counter() - start
    found = {
        "rows_per_s": round(rows / seconds),
        "fired_in_s": round(handed, 3),
        "loop": ticker.stop(),
    }
    await bench.close()
    return found


async def drain(bench: Bench) -> None:
    while len(bench.queue):
        bench.writer.wake()
        await asyncio.sleep(0.001)


async def steady(url: str, folder: Path, rate: int, seconds: float) -> dict[str, Any]:
    """`rate` changes per second of 500 entities: what it costs, what waits."""
    bench = Bench(url, folder)
    await bench.open()
    names = [f"sensor.s{number}" for number in range(500)]
    attributes = {"unit_of_measurement": "C"}
    ticker, most, count = Ticker(), 0, 0
    start, cpu = time.perf_counter(), time.process_time()
    while (now := time.perf_counter() - start) < seconds:
        while count < now * rate:
            bench.states.set(names[count % 500], str(count), attributes)
            count += 1
        most = max(most, len(bench.queue))
        await asyncio.sleep(0.005)
    used = time.process_time() - cpu
    await bench.writer.flush()
    found = {
        "asked_per_s": rate,
        "changes": count,
        "core_percent": round(used / seconds * 100, 1),
        "most_waiting": most,
        "dropped": bench.queue.dropped,
        "flush_p50_ms": _middle(bench),
        "loop": ticker.stop(),
    }
    await bench.close()
    return found


def _middle(bench: Bench) -> float:
    histogram = bench.writer.seconds
    return round(histogram.sum / max(1, histogram.count) * 1000, 2)


async def size(folder: Path, rows: int, entities: int) -> dict[str, Any]:
    """Bytes of the file per numeric row, written in batches as a house writes them."""
    bench = Bench("sqlite:///size.db", folder)
    await bench.open()
    blob = b'{"unit_of_measurement":"C"}'
    names = [f"sensor.s{number}" for number in range(entities)]
    for number, (entity, at, text) in enumerate(values(rows, entities)):
        bench.queue.put(names[entity], at, text, blob, None, None, 1, 0)
        if number % ENOUGH == 0:
            await drain(bench)
    await drain(bench)
    path = folder / "size.db"
    await bench.close()
    with closing(sqlite3.connect(path)) as connection:
        pages = (
            connection.execute(
                "SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY 1 "
                "ORDER BY 2 DESC LIMIT 3"
            ).fetchall()
            if _has_dbstat(connection)
            else []
        )
    return {
        "rows": rows,
        "entities": entities,
        "file_bytes": path.stat().st_size,
        "bytes_per_row": round(path.stat().st_size / rows, 1),
        "tables": pages,
    }


def _has_dbstat(connection: sqlite3.Connection) -> bool:
    options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    return "ENABLE_DBSTAT_VTAB" in options


async def read_day(url: str, folder: Path) -> dict[str, Any]:
    """Read 24 h of one sensor at a row per second, among 20 other entities' rows."""
    bench = Bench(url, folder)
    await bench.open()
    blob = b'{"unit_of_measurement":"C"}'
    for second in range(86_400):
        at = START + second * 1_000_000
        bench.queue.put("sensor.day", at, f"{second % 977 / 10}", blob, None, None, 1, 0)
        if second % 60 == 0:
            for number in range(20):
                bench.queue.put(f"sensor.s{number}", at, "1.0", blob, None, None, 1, 0)
    await drain(bench)
    runs = []
    for _ in range(7):
        start = time.perf_counter()
        count = 0
        wanted = Wanted(START / 1e6, START / 1e6 + 86_400, significant=False, details=False)
        async for part in bench.history.rows(["sensor.day"], wanted):
            count += len(part.times)
        runs.append(time.perf_counter() - start)
    await bench.close()
    return {"rows": count, "ms": round(statistics.median(runs) * 1000, 1)}


async def main(options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir=options.folder) as name:
        folder = Path(name)

        def url(key: str) -> str:
            return options.url or f"sqlite:///{key}.db"

        rows = values(options.rows, options.entities)
        if "write" in options.only:
            if options.url is None:
                found["bare_sqlite_rows_per_s"] = {
                    batch: round(bare(folder / f"bare{batch}.db", rows, batch))
                    for batch in (1_000, MOST)
                }
            found["writer"] = await queued(url("writer"), folder, rows)
        if "fired" in options.only:
            found["fired"] = await fired(url("fired"), folder, options.rows, options.entities)
        if "steady" in options.only:
            found["steady"] = await steady(url("steady"), folder, options.rate, 10)
        if "read" in options.only:
            found["read_24h_of_one_sensor"] = await read_day(url("day"), folder)
        if "size" in options.only and options.url is None:
            found["size"] = await size(folder, options.size_rows, options.entities)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--url", help="an empty database; each part begins with the last one's rows"
    )
    parser.add_argument("--folder", help="where the files lie; a real disk, not memory")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--size-rows", type=int, default=1_000_000)
    parser.add_argument("--entities", type=int, default=500)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--only", nargs="+", default=["write", "fired", "steady", "read", "size"])
    arguments = parser.parse_args()
    if arguments.uvloop:
        import uvloop

        uvloop.install()
    gc.set_threshold(*GC_THRESHOLDS)  # as the hub does
    json.dump(uvloop.run(main(arguments)), sys.stdout, indent=2)
    print()
