"""Statistics and a purge in a process of their own that ends by `kill -9` in a transaction.

    python -m tests.hub.recorder.crash_upkeep FOLDER NUMBER WHEN WHERE

NUMBER counts the write transactions (0 = do not end) of WHERE, `statistics` or `purge`; WHEN is
`before` or `after` the commit.
Prints what was found at the end as JSON.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hub.recorder.database.address import Address
from tests.hub.recorder.bench import MEASURED, RISING, Bench

HOURS = 2


class Dying(Bench):
    """A bench whose process ends in its n-th write transaction."""

    writes = 0
    deadly = 0
    when = "before"
    armed = False

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self.writes += 1
        async with super().write() as connection:
            yield connection
            if self.armed and self.writes == self.deadly and self.when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if self.armed and self.writes == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


async def fill(bench: Bench) -> None:
    """Write two hours of twenty entities."""
    draw = random.Random(7)  # noqa: S311 - the same numbers each time
    for number in range(10):
        times = sorted(draw.sample(range(HOURS * 3600), 400))
        await bench.record(f"sensor.m{number}", [(t, str(draw.randint(0, 99))) for t in times])
        meter, values = 0, []
        for time in times:
            meter = 0 if draw.random() < 0.02 else meter + draw.randint(0, 9)
            values.append((float(time), str(meter)))
        await bench.record(f"sensor.t{number}", values, RISING)
    for number in range(10):  # what statistics do not need
        name = f"light.l{number}"
        await bench.record(name, [(t / 5, "on") for t in range(1500)], {"n": number, **MEASURED})


async def main(folder: Path, deadly: int, when: str, where: str) -> None:
    bench = Dying(Address.of(None, folder), keep_days=1 / 24)
    fresh = bench.path is not None and not bench.path.exists()
    await bench.open()
    if fresh:
        await fill(bench)
        bench.writes = 0
    bench.deadly, bench.when = deadly, when
    bench.armed = where == "statistics"
    await bench.to(HOURS * 3600 + 120)
    bench.armed, bench.writes = where == "purge", 0
    await bench.run(bench.retention.purge())
    found: dict[str, Any] = {"states": await bench.count()}
    for number in range(10):
        for name in (f"sensor.m{number}", f"sensor.t{number}"):
            for tier in ("short", "hour"):
                found[f"{tier} {name}"] = await bench.rows(tier, name)
    async with bench.read() as connection:
        check = await connection.exec_driver_sql("PRAGMA integrity_check")
        found["check"] = check.scalar_one()
    found["writes"] = bench.writes
    await bench.close()
    print(json.dumps(found))  # noqa: T201 - the answer


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
