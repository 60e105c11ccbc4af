"""What a write of a resource costs, beside bare SQLite commits on the same disk; prints JSON."""

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import voluptuous as vol

from hub import bootstrap
from hub.resources import ResourceType
from hub.schema import text

NOTE = ResourceType(name="bench.note", schema=vol.Schema({vol.Required("text"): text}))
COUNT = 10_000
SINGLE = 400


def bare(path: Path) -> float:
    """Return durable commits per second of SQLite alone: one row, one revision, one audit row."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
        start = time.perf_counter()
        for number in range(SINGLE):
            connection.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                connection.execute("INSERT INTO t(b) VALUES(?)", (f"{number}" * 20,))
            connection.execute("COMMIT")
        return SINGLE / (time.perf_counter() - start)


async def main() -> None:
    """Start a hub, write, list."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hub.yaml").write_text("mqtt:\n  enabled: false\n")
        settings = bootstrap.load_settings(folder)
        running = await bootstrap.start(settings, folder, folder / "data", port=0)
        resources = running.hub.resources
        resources.types.register(NOTE)
        found: dict[str, float] = {"bare_commits_per_s": bare(folder / "bare.db")}
        start = time.perf_counter()
        await asyncio.gather(
            *(resources.put("bench.note", f"n{n}", {"text": "x" * 100}) for n in range(COUNT))
        )
        found["put_in_batches_per_s"] = COUNT / (time.perf_counter() - start)
        times = []
        for number in range(SINGLE):
            start = time.perf_counter()
            await resources.put("bench.note", f"n{number}", {"text": "y"})
            times.append(time.perf_counter() - start)
        found["put_one_by_one_per_s"] = SINGLE / sum(times)
        found["put_median_ms"] = statistics.median(times) * 1e3
        while any(
            resources.status("bench.note", f"n{n}").observed_revision is None
            for n in (0, COUNT - 1)
        ):
            await asyncio.sleep(0.05)
        for label in ("list_first_ms", "list_again_ms"):
            start = time.perf_counter()
            b",".join(resources.json(item) for item in resources.list("bench.note"))
            found[label] = (time.perf_counter() - start) * 1e3
        found["resources"] = COUNT
        await bootstrap.stop(running)
    print(json.dumps({key: round(value, 2) for key, value in found.items()}))


if __name__ == "__main__":
    asyncio.run(main())
