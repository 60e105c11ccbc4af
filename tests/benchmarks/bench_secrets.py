"""Measure sealing, the start of the keyring, rotation and backups; print JSON."""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyrage

from hub.storage import Database, tables
from hub.storage.backup import Identities, Passphrase, Recipients, create, restore, verify
from hub.storage.rotation import rotate
from hub.storage.secrets import Keyring

BIND = "host.server/web:password"


def micros(action: Callable[[], object], count: int = 5000) -> float:
    """Return microseconds for one call, the median of seven runs."""
    runs = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(count):
            action()
        runs.append((time.perf_counter() - start) / count * 1e6)
    return round(statistics.median(runs), 2)


async def millis(action: Callable[[], Awaitable[Any]], runs: int = 5) -> float:
    """Return milliseconds for one call, the median of some runs."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        await action()
        found.append((time.perf_counter() - start) * 1e3)
    return round(statistics.median(found), 1)


async def filled(data: Path, resources: int) -> tuple[Database, Keyring]:
    """Return an open database with resources of four secrets each, and its keyring."""
    data.mkdir(exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    database = Database(data / "hub.db")
    await database.open()
    keyring = Keyring(database, data / "keys" / "sealing.json")
    await keyring.load()
    rows = []
    for number in range(resources):
        name = f"host.server/server{number}"
        secrets = {
            field: {"$sealed": keyring.seal(os.urandom(200).hex(), f"{name}:{field}")}
            for field in ("a", "b", "c", "d")
        }
        row = {"id": name, "type": "host.server", "spec": json.dumps(secrets), "revision": 1}
        rows.append(
            row | {"source": "api", "deleting": False, "created_at": 0.0, "updated_at": 0.0}
        )
    if rows:
        async with database.begin() as connection:
            await connection.execute(tables.resources.insert(), rows)
    return database, keyring


async def sealing(data: Path) -> dict[str, Any]:
    """Measure single values and the start."""
    database, keyring = await filled(data, 0)
    found: dict[str, Any] = {}
    for size in (20, 2048):
        text = "x" * size
        sealed = keyring.seal(text, BIND)
        found[f"seal {size} bytes us"] = micros(lambda text=text: keyring.seal(text, BIND))
        found[f"open {size} bytes us"] = micros(lambda text=sealed: keyring.open(text, BIND))
        found[f"characters of {size} bytes"] = len(sealed)
    found["derive us"] = micros(lambda: keyring.derive("audit"))

    async def load(secret_key: str | None = None) -> None:
        await Keyring(database, keyring.file.path, secret_key).load()

    found["load ms"] = await millis(load)
    await load("a secret key of the production profile")
    found["load wrapped ms"] = await millis(lambda: load("a secret key of the production profile"))
    await database.close()
    return found


async def rotation(data: Path, resources: int) -> dict[str, Any]:
    """Measure a rotation of many values, and how long it holds up the loop."""
    database, keyring = await filled(data, resources)
    gaps, stop = [0.0], False

    async def tick() -> None:
        while not stop:
            start = time.perf_counter()
            await asyncio.sleep(0)
            gaps.append(time.perf_counter() - start)

    task = asyncio.create_task(tick())
    took = await millis(lambda: rotate(keyring), 3)
    stop = True
    await task
    await database.close()
    return {
        "values": resources * 4 + 1,
        "rotate ms": took,
        "longest hold-up of the loop ms": round(max(gaps) * 1e3, 1),
    }


def write(path: Path, stop: threading.Event, seconds: list[float]) -> None:
    """Write batches of 50 rows twenty times a second, and note what each took."""
    with closing(sqlite3.connect(path, 5, isolation_level=None)) as connection:
        batch, due = 0, time.perf_counter()
        while not stop.is_set():
            start = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO documents VALUES (?, ?, ?)",
                [(f"batch{batch}", str(number), '"x"') for number in range(50)],
            )
            connection.execute("COMMIT")
            seconds.append(time.perf_counter() - start)
            batch += 1
            due += 0.05
            time.sleep(max(0.0, due - time.perf_counter()))


async def backups(data: Path, mebibytes: int) -> dict[str, Any]:
    """Measure backups of a large database, alone and beside a writer."""
    database, _ = await filled(data, 10)
    await database.close()
    with closing(sqlite3.connect(data / "hub.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO documents VALUES ('large', ?, ?)",
            ((str(number), json.dumps(os.urandom(512).hex())) for number in range(mebibytes * 950)),
        )
    identity = pyrage.x25519.Identity.generate()
    to, opener = Recipients((str(identity.to_public()),)), Identities(str(identity))
    folder = data.parent / "backups"

    async def make() -> Path:
        made = await asyncio.to_thread(create, data, None, folder, to)
        return made.archive

    found: dict[str, Any] = {"database MiB": round((data / "hub.db").stat().st_size / 2**20)}
    found["create ms"] = await millis(make, 3)
    archive = await make()
    found["archive MiB"] = round(archive.stat().st_size / 2**20, 1)
    found["verify ms"] = await millis(lambda: verify(archive, opener), 3)
    new = data.parent / "new"
    found["restore ms"] = await millis(lambda: restore(archive, opener, new, None, force=True), 3)
    stop, seconds = threading.Event(), []
    thread = threading.Thread(target=write, args=(data / "hub.db", stop, seconds))
    thread.start()
    start = time.perf_counter()
    found["create beside a writer ms"] = await millis(make, 3)
    spent = time.perf_counter() - start
    stop.set()
    thread.join()
    found["rows per second beside"] = round(len(seconds) * 50 / spent)
    found["longest transaction beside ms"] = round(max(seconds) * 1e3, 1)
    phrase = Passphrase("correct horse battery staple")
    small = data.parent / "small"
    await (await filled(small, 10))[0].close()
    made = await asyncio.to_thread(create, small, None, folder, phrase)
    found["create small with passphrase ms"] = await millis(
        lambda: asyncio.to_thread(create, small, None, folder, phrase), 2
    )
    found["verify small with passphrase ms"] = await millis(lambda: verify(made.archive, phrase), 2)
    return found


async def main(resources: int, mebibytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        found = {
            "sealing": await sealing(home / "sealing"),
            "rotation": await rotation(home / "rotation", resources),
            "backup": await backups(home / "data", mebibytes),
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--mebibytes", type=int, default=80)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.resources, chosen.mebibytes))
