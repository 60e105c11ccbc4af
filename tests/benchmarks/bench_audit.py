"""What the audit log costs: appending in batches and one by one, noting, proving, querying."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from hub.audit import Audit, Entry
from hub.storage import Database
from hub.storage.tables import documents
from hub.util.clock import SystemClock

ROWS = 10_000
BATCH = 500
SINGLES = 300


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    """Return how long some work took."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def measure(folder: Path) -> dict[str, float]:
    """Write and prove a log in `folder`."""
    clock = SystemClock()
    database = Database(folder / "hub.db", clock)
    await database.open()
    audit = Audit(database, clock, bytes(32))
    data = {"revision": 3, "changed": ["zones.name=kitchen.name"]}

    async def batches() -> None:
        for start in range(0, ROWS, BATCH):
            entries = [
                Entry("resource.put", f"test.thing/{number}", data=data, address="192.0.2.1")
                for number in range(start, start + BATCH)
            ]
            async with database.begin() as connection:
                await audit.add(connection, *entries)

    async def singles(audited: bool) -> None:
        for number in range(SINGLES):
            async with database.begin() as connection:
                row = {"namespace": f"x{audited}", "key": str(number), "data": "{}"}
                await connection.execute(documents.insert(), row)
                if audited:
                    await audit.add(connection, Entry("resource.put", f"test.thing/{number}"))

    async def notes() -> None:
        for number in range(1000):
            audit.note(Entry("denied", f"GET /api/states/sensor.n{number}"))

    found = {"append, batches of 500: rows/s": ROWS / await seconds(batches)}
    found["verify 10,000 rows: s"] = await seconds(audit.verify)
    plain = await seconds(lambda: singles(audited=False))
    both = await seconds(lambda: singles(audited=True))
    found["write without audit: ms"] = plain / SINGLES * 1000
    found["write with audit: ms"] = both / SINGLES * 1000
    found["note: us"] = await seconds(notes) * 1000
    found["flush of 1,000 notes: ms"] = await seconds(audit.flush) * 1000
    found["newest 100 rows: ms"] = await seconds(lambda: audit.query(limit=100)) * 1000
    found["100 rows of an action that is rare: ms"] = 1000 * await seconds(
        lambda: audit.query(action="host.run", limit=100)
    )
    await database.close()
    return {name: round(value, 3) for name, value in found.items()}


def main() -> None:
    """Print the figures as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(Path(folder))), indent=1))


if __name__ == "__main__":
    main()
