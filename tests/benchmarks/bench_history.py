"""A day of one sensor at a row a second, and a year of hours of ten, through the websocket.

Run `python tests/benchmarks/bench_history.py [--json FILE]`; prints JSON. Times are medians of
nine rounds in milliseconds, measured by a client in the same process that reads frames whole and
does not parse them. `bare` is what the same rows cost with `sqlite3` and `orjson` alone, on a
thread's own connection, without a hub. `lag` is the longest time for which a ticker of 1 ms on the
hub's loop was late meanwhile; in an idle loop it is about 1 ms. Bar: 50 ms each.
"""

import argparse
import asyncio
import json
import platform
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop
from sqlalchemy import insert, select

from hub import bootstrap
from hub.hub import Hub
from hub.recorder.database.tables import (
    attributes,
    entities,
    states,
    statistics_day,
    statistics_hour,
    statistics_meta,
)

ROUNDS = 9
DAY = 86_400
HOURS = 8_760
ENTITIES = 10
CONFIG = "hub:\n  name: Bench\nmqtt:\n  enabled: false\n"
MEASURED = {"unit_of_measurement": "°C", "state_class": "measurement", "friendly_name": "Hot"}


async def timed(work: Callable[[], Awaitable[str | bytes]]) -> dict[str, float]:
    """Return the median time and the longest lag of the loop in milliseconds, and the size."""
    found, lags, size = [], [], 0
    for _ in range(ROUNDS):
        ticker = Ticker()
        start = time.perf_counter()
        size = len(await work())
        found.append((time.perf_counter() - start) * 1000)
        lags.append(await ticker.stop())
    return {
        "ms": round(statistics.median(found), 1),
        "lag_ms": round(statistics.median(lags), 1),
        "bytes": size,
    }


class Ticker:
    """Sleeps 1 ms at a time and keeps the longest delay."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, time.perf_counter() - start - 0.001)

    async def stop(self) -> float:
        """End, and return the longest delay in milliseconds."""
        self._task.cancel()
        await asyncio.wait([self._task])
        return self.worst * 1000


class Client:
    """A websocket that reads frames whole, without parsing them."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.last = 0

    async def call(self, **message: Any) -> str:
        """Return the result of a command as text."""
        self.last += 1
        await self.ws.send_json({"id": self.last, **message})
        found: str = (await self.ws.receive(timeout=60)).data
        if '"success":true' not in found[:80]:
            raise RuntimeError(found[:300])
        return found


async def fill(hub: Hub, begin: int) -> None:
    """Write a day of changes and a year of statistics."""
    hub.states.set("sensor.hot", "20.0", MEASURED)
    await hub.recorder.flush()
    chance = random.Random(1)  # noqa: S311 - only numbers for a chart
    async with hub.recorder.write() as connection:
        number = await connection.scalar(
            select(entities.c.id).where(entities.c.entity_id == "sensor.hot")
        )
        shared = await connection.scalar(select(attributes.c.id).limit(1))
        rows = [
            {
                "entity": number,
                "time": (begin + n) * 1_000_000 + chance.randrange(900_000),
                "state": f"{20 + chance.random() * 5:.2f}",
                "attributes": shared,
            }
            for n in range(DAY)
        ]
        await connection.execute(insert(states), rows)
    for meta in range(1, ENTITIES + 1):
        async with hub.recorder.write() as connection:
            named = {"id": meta, "statistic_id": f"sensor.s{meta}", "source": "recorder"}
            kind = {"unit": "°C", "unit_class": "temperature", "has_mean": True}
            await connection.execute(
                insert(statistics_meta), {**named, **kind, "has_sum": False, "mean_type": 1}
            )
            for table, length in ((statistics_hour, 3600), (statistics_day, 86400)):
                points = [
                    {
                        "meta": meta,
                        "start": (begin - n * length) // length * length,
                        "mean": 20 + chance.random() * 5,
                        "min": 20 - chance.random(),
                        "max": 25 + chance.random(),
                        "last": 21.0,
                        "coverage": 1.0,
                        "count": 60,
                    }
                    for n in range(HOURS * 3600 // length)
                ]
                await connection.execute(insert(table), points)


def bare(path: Path, begin: int) -> dict[str, float]:
    """Read the same rows with nothing but a driver and a serialiser."""
    connection = sqlite3.connect(path)

    def day() -> bytes:
        rows = connection.execute(
            "SELECT time, state FROM states WHERE entity = "
            "(SELECT id FROM entities WHERE entity_id = 'sensor.hot') AND time >= ? ORDER BY time",
            (begin * 1_000_000,),
        ).fetchall()
        return orjson.dumps([{"s": state, "lu": time / 1e6} for time, state in rows])

    def year() -> bytes:
        found = {}
        for meta in range(1, ENTITIES + 1):
            rows = connection.execute(
                "SELECT start, mean, min, max FROM statistics_hour WHERE meta = ? ORDER BY start",
                (meta,),
            ).fetchall()
            found[f"sensor.s{meta}"] = [
                {"start": at * 1000, "end": at * 1000 + 3_600_000, "mean": a, "min": b, "max": c}
                for at, a, b, c in rows
            ]
        return orjson.dumps(found)

    answer = {}
    for name, work in (("day", day), ("year", year)):
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            work()
            times.append((time.perf_counter() - start) * 1000)
        answer[f"bare_{name}_ms"] = round(statistics.median(times), 1)
    connection.close()
    return answer


async def measure(folder: Path) -> dict[str, Any]:
    """Start a hub, fill its history, ask through the door."""
    config = folder / "config"
    config.mkdir()
    (config / "hub.yaml").write_text(CONFIG)
    settings = bootstrap.load_settings(config)
    running = await bootstrap.start(settings, config, folder / "data", port=0)
    hub = running.hub
    begin = int(time.time()) - DAY - 60
    await fill(hub, begin)
    user = await hub.auth.create_owner("Owner", "owner", "a-long-password")
    token = await hub.auth.tokens.create_long_lived(user, "bench", 1)
    url = f"http://127.0.0.1:{running.api.port}"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        ws = await session.ws_connect(f"{url}/api/websocket", max_msg_size=1 << 28)
        await ws.receive()
        await ws.send_json({"type": "auth", "access_token": token})
        await ws.receive()
        client = Client(ws)

        def past(**more: Any) -> Callable[[], Awaitable[str]]:
            start = datetime.fromtimestamp(begin, UTC).isoformat()
            return lambda: client.call(
                type="history/history_during_period",
                start_time=start,
                entity_ids=["sensor.hot"],
                **more,
            )

        def series(period: str, **more: Any) -> Callable[[], Awaitable[str]]:
            start = datetime.fromtimestamp(begin - HOURS * 3600, UTC).isoformat()
            return lambda: client.call(
                type="recorder/statistics_during_period",
                start_time=start,
                statistic_ids=[f"sensor.s{n}" for n in range(1, ENTITIES + 1)],
                period=period,
                **more,
            )

        async def rest() -> bytes:
            query = {"filter_entity_id": "sensor.hot", "minimal_response": "1"}
            start = datetime.fromtimestamp(begin, UTC).isoformat().replace("+", "%2B")
            async with session.get(f"{url}/api/history/period/{start}", params=query) as answer:
                return await answer.read()

        small = {"minimal_response": True, "no_attributes": True}
        measured = ["mean", "min", "max"]
        found = {
            "day_minimal": await timed(past(**small)),
            "day_full": await timed(past()),
            "day_chart_1000_points": await timed(past(**small, max_points=1000)),
            "day_rest_minimal": await timed(rest),
            "year_of_hours_mean": await timed(series("hour", types=["mean"])),
            "year_of_hours_mean_min_max": await timed(series("hour", types=measured)),
            "year_of_days_mean_min_max": await timed(series("day", types=measured)),
        }
        await ws.close()
    path = hub.recorder.path
    assert path is not None
    found |= await asyncio.to_thread(bare, path, begin)
    await bootstrap.stop(running)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = uvloop.run(measure(Path(folder)))
    text = json.dumps({"python": platform.python_version(), **found}, indent=2)
    sys.stdout.write(text + "\n")
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
