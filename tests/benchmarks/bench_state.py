"""Measure the database, registries and token check in process; print JSON."""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.auth import Auth
from hub.events import EventBus
from hub.registry import DeviceRegistry, EntityRegistry
from hub.storage import Database
from hub.util.clock import SystemClock

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> float:
    """Return the process's resident memory in MiB."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 2**20


def rate(action: Callable[[], object], count: int) -> float:
    """Return calls per second, the median of five runs."""
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(count):
            action()
        runs.append(count / (time.perf_counter() - start))
    return round(statistics.median(runs))


async def fill(path: Path, count: int) -> None:
    """Make a database with so many entities, twelve on each device."""
    database = Database(path)
    await database.open()
    bus, clock = EventBus(), SystemClock()
    devices, entities = DeviceRegistry(bus, database, clock), EntityRegistry(bus, database, clock)
    for number in range(count):
        device = devices.get_or_create(
            identifiers={("demo", str(number // 12))}, name=f"Zone {number // 12}", model="M"
        )
        entities.get_or_create(
            "sensor",
            "demo",
            f"unique-{number}",
            suggested_object_id=f"zone {number}",
            device_id=device.id,
            original_name=f"Value {number}",
            original_device_class="temperature",
            unit_of_measurement="°C",
            capabilities={"state_class": "measurement"},
        )
    await entities.flush()
    await database.close()


async def load(path: Path) -> dict[str, float]:
    """Open and load; milliseconds of each part."""
    start = time.perf_counter()
    database = Database(path)
    await database.open()
    opened = time.perf_counter()
    bus, clock = EventBus(), SystemClock()
    devices, entities = DeviceRegistry(bus, database, clock), EntityRegistry(bus, database, clock)
    await devices.load()
    await entities.load()
    loaded = time.perf_counter()
    entities.list_json()
    listed = time.perf_counter()
    await database.close()
    return {
        "open_ms": (opened - start) * 1000,
        "load_ms": (loaded - opened) * 1000,
        "open_and_load_ms": (loaded - start) * 1000,
        "first_list_ms": (listed - loaded) * 1000,
    }


async def writes(path: Path) -> dict[str, float]:
    """Acknowledged single changes per second, and changes per second in one batch."""
    database = Database(path)
    await database.open()
    entities = EntityRegistry(EventBus(), database, SystemClock())
    await entities.load()
    ids = [entry.entity_id for entry in entities.all()][:1000]
    start = time.perf_counter()
    for number, entity_id in enumerate(ids[:200]):
        entities.update(entity_id, name=f"one {number}")
        await entities.flush()
    single = 200 / (time.perf_counter() - start)
    start = time.perf_counter()
    for number, entity_id in enumerate(ids):
        entities.update(entity_id, name=f"many {number}")
    await entities.flush()
    batch = len(ids) / (time.perf_counter() - start)
    await database.close()
    return {"acknowledged_changes_per_s": round(single), "batched_changes_per_s": round(batch)}


async def tokens(path: Path) -> dict[str, float]:
    """Token checks per second, from the cache and with the signature."""
    database = Database(path)
    await database.open()
    auth = Auth(database)
    await auth.load()
    user = await auth.create_owner("Bench", "bench", "bench password")
    token = await auth.tokens.create_long_lived(user, "bench", 1)
    auth.tokens.validate(token)

    def miss() -> None:
        auth.tokens._cache.clear()
        auth.tokens.validate(token)

    found = {
        "validate_hit_per_s": rate(lambda: auth.tokens.validate(token), 200_000),
        "validate_miss_per_s": rate(miss, 2_000),
    }
    await database.close()
    return found


async def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result: dict[str, Any] = {"entities": options.entities, "python": sys.version.split()[0]}
    result["resident_before_open_mib"] = round(resident(), 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "hub.db")
        await fill(path, options.entities)
        before = resident()
        runs = [await load(path) for _ in range(7)]
        result["resident_after_open_mib"] = round(before, 1)
        for name in runs[0]:
            result[name] = round(statistics.median(run[name] for run in runs), 1)
        result |= await writes(path)
        result |= await tokens(Path(folder, "auth.db"))
    text = json.dumps(result, indent=1)
    if options.json:
        options.json.write_text(text, encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    asyncio.run(main())
