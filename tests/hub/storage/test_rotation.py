# ruff: noqa: ASYNC240 - files are the subject here
"""Rotation: nothing is lost, whatever happens on the way."""

import asyncio
import json
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from hub.errors import NotAllowed
from hub.storage import Database, Documents, tables
from hub.storage.keyfile import Key
from hub.storage.rotation import Census, census, rotate
from hub.storage.secrets import Keyring

ROOT = Path(__file__).parents[3]
KILLED = -9
SERVER = "host.server/web"


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Keyring]:
    """Open the database and the keyring of a data folder."""
    data.mkdir(exist_ok=True)
    database = Database(data / "hub.db")
    await database.open()
    try:
        keyring = Keyring(database, data / "keys" / "sealing.json")
        await keyring.load()
        yield keyring
    finally:
        await database.close()


def spec_of(keyring: Keyring, number: int) -> dict[str, Any]:
    """Return a stored spec with secrets at the top, in a mapping and in a named list item."""
    token = {
        path: {"$sealed": keyring.seal(f"{path} {number}", f"{SERVER}{number}:{path}")}
        for path in ("password", "tls.key", "users.name=anna.password", "list.0")
    }
    return {
        "name": "Web",
        "password": token["password"],
        "tls": {"key": token["tls.key"], "port": 443},
        "users": [{"name": "anna", "password": token["users.name=anna.password"]}],
        "list": [token["list.0"]],
    }


async def put(keyring: Keyring, number: int) -> None:
    """Write a resource with one revision, 8 sealed values."""
    spec = json.dumps(spec_of(keyring, number))
    row = {"id": f"{SERVER}{number}", "spec": spec, "revision": 1}
    async with keyring.database.begin() as connection:
        await connection.execute(
            tables.resources.insert(),
            row
            | {"type": "host.server", "source": "api", "deleting": False}
            | {"created_at": 0.0, "updated_at": 0.0},
        )
        await connection.execute(
            tables.resource_revisions.insert(), row | {"action": "created", "at": 0.0}
        )


async def fill(keyring: Keyring, count: int) -> None:
    """Write `count` resources, a deletion without spec, and a sealed document."""
    for number in range(count):
        await put(keyring, number)
    async with keyring.database.begin() as connection:
        await connection.execute(
            tables.resource_revisions.insert(),
            {"id": "gone/x", "revision": 2, "spec": None, "action": "deleted", "at": 0.0},
        )
    sealed = keyring.seal("the document", "documents:sealed/mail:data")
    await Documents(keyring.database).save("sealed", "mail", sealed)
    await Documents(keyring.database).save("other", "mail", "not sealed")


async def count(keyring: Keyring) -> Census:
    async with keyring.database.read() as connection:
        return await census(keyring, connection)


async def all_readable(keyring: Keyring, resources: int) -> None:
    """Insist that every value opens to what was sealed."""
    found = await count(keyring)
    assert found.unreadable == []
    assert found.values == resources * 8 + 2
    async with keyring.database.read() as connection:
        for table in (tables.resources, tables.resource_revisions):
            rows = await connection.execute(table.select().where(table.c.spec.is_not(None)))
            for row in rows:
                number = row.id.removeprefix(SERVER)
                spec = json.loads(row.spec)
                assert spec["tls"]["port"] == 443
                sealed = spec["users"][0]["password"]["$sealed"]
                path = "users.name=anna.password"
                assert keyring.open(sealed, f"{row.id}:{path}") == f"{path} {number}"
    mail = await Documents(keyring.database).load("sealed", "mail")
    assert keyring.open(str(mail), "documents:sealed/mail:data") == "the document"
    assert await Documents(keyring.database).load("other", "mail") == "not sealed"


async def test_every_value_moves_to_the_new_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as keyring:
        await fill(keyring, 3)
        [old] = keyring.keys
        derived = keyring.derive("audit")
        told = await rotate(keyring)
        [new] = keyring.keys
        assert (told.key, list(told.dropped), told.values) == (new.id, [old.id], 26)
        assert (await count(keyring)).keys == {new.id: 26}
    assert old.id not in (tmp_path / "keys" / "sealing.json").read_text()
    async with opened(tmp_path) as keyring:
        await all_readable(keyring, 3)
        assert keyring.keys == (new,)
        assert keyring.derive("audit") == derived


async def test_more_rows_than_are_read_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as keyring:
        await fill(keyring, 203)
        assert (await rotate(keyring)).values == 203 * 8 + 2
        await all_readable(keyring, 203)


async def test_an_unreadable_value_keeps_the_old_keys(tmp_path: Path) -> None:
    async with opened(tmp_path) as keyring:
        await fill(keyring, 1)
        stranger = Key.make()
        before = keyring.keys
        await keyring.use([stranger])
        await Documents(keyring.database).save(
            "sealed", "lost", keyring.seal("x", "documents:sealed/lost:data")
        )
        await Documents(keyring.database).save(
            "sealed", "moved", keyring.seal("x", "documents:sealed/elsewhere:data")
        )
    async with opened(tmp_path) as keyring:
        with pytest.raises(NotAllowed, match="2 of 12 sealed values do not open"):
            await rotate(keyring)
        assert keyring.keys == before
        places = [item.place for item in (await count(keyring)).unreadable]
        assert places == [
            "documents sealed/lost: documents:sealed/lost:data",
            "documents sealed/moved: documents:sealed/moved:data",
        ]
        await rotate(keyring, force=True)
        assert len((await count(keyring)).unreadable) == 2
        await Documents(keyring.database).delete("sealed", "lost")
        await Documents(keyring.database).delete("sealed", "moved")
        await all_readable(keyring, 1)


async def test_a_row_without_json_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as keyring:
        await fill(keyring, 1)
        async with keyring.database.begin() as connection:
            await connection.exec_driver_sql("""UPDATE resources SET spec = '{"$sealed":'""")
        [found] = (await count(keyring)).unreadable
        assert found.message == f"resources {SERVER}0: holds no valid JSON"


@asynccontextmanager
async def writer(keyring: Keyring, reads: list[str]) -> AsyncIterator[None]:
    """Write a kept sealed text back, and new resources, as a store does that keeps specs."""
    documents, bind = Documents(keyring.database), "documents:sealed/kept:data"
    held, stop, writing = [keyring.seal("kept", bind)], asyncio.Event(), asyncio.Lock()

    @asynccontextmanager
    async def pause() -> AsyncIterator[None]:
        async with writing:
            yield
            held[0] = str(await documents.load("sealed", "kept"))
            reads.append(held[0])

    async def write() -> None:
        number = 100
        while not stop.is_set():
            async with writing:
                await documents.save("sealed", "kept", held[0])
            await put(keyring, number)
            number += 1

    keyring.pauses.append(pause)
    await documents.save("sealed", "kept", held[0])
    task = asyncio.create_task(write())
    yield
    stop.set()
    await task


async def test_writers_are_paused_and_go_on(tmp_path: Path) -> None:
    reads: list[str] = []
    async with opened(tmp_path) as keyring:
        await fill(keyring, 20)
        async with writer(keyring, reads):
            for _ in range(5):
                await rotate(keyring)
    assert len({text.split(":")[1] for text in reads}) == 5
    async with opened(tmp_path) as keyring:
        assert (await count(keyring)).unreadable == []
        assert len(keyring.keys) == 1


async def test_a_writer_that_sticks_to_the_old_key_keeps_it_alive(tmp_path: Path) -> None:
    async with opened(tmp_path) as keyring:
        before = keyring.keys
        old = keyring.seal("kept", "documents:sealed/kept:data")

        async def write_back() -> None:
            await Documents(keyring.database).save("sealed", "kept", old)

        keyring.on_rotated.append(write_back)
        with pytest.raises(NotAllowed, match="all keys were kept"):
            await rotate(keyring)
        assert set(before) < set(keyring.keys)
    async with opened(tmp_path) as keyring:
        assert (await count(keyring)).unreadable == []
        await rotate(keyring)
        assert len(keyring.keys) == 1


async def test_a_value_written_at_the_last_moment_is_found(tmp_path: Path) -> None:
    """Between the last pass and the last look somebody writes a text of the old key."""
    async with opened(tmp_path) as keyring:
        await fill(keyring, 1)
        old = json.dumps(keyring.seal("late", "documents:sealed/late:data"))
        commits: list[str] = []

        def write(name: str) -> None:
            if name == "after commit":
                commits.append(name)
            if name == "after commit" and len(commits) == 2:
                with closing(sqlite3.connect(tmp_path / "hub.db")) as connection, connection:
                    connection.execute("INSERT INTO documents VALUES ('sealed', 'late', ?)", (old,))

        keyring.file.step = write
        assert (await rotate(keyring)).values == 11
        assert len(commits) > 2
    async with opened(tmp_path) as keyring:
        late = str(await Documents(keyring.database).load("sealed", "late"))
        assert keyring.open(late, "documents:sealed/late:data") == "late"


async def test_two_rotations_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as keyring:
        await fill(keyring, 2)
        answers = await asyncio.gather(rotate(keyring), rotate(keyring), return_exceptions=True)
        assert [type(answer).__name__ for answer in answers] == ["Rotated", "NotAllowed"]
        await all_readable(keyring, 2)


async def run(data: Path, fatal: int) -> list[str] | None:
    """Rotate in a process of its own; its steps, or None when it killed itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.hub.storage.crash_rotation", str(data), str(fatal)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode in (0, KILLED), errors.decode()
    return output.decode().splitlines() if process.returncode == 0 else None


@pytest.mark.timeout(120)
async def test_killed_at_each_step(tmp_path: Path) -> None:
    async with opened(tmp_path / "first") as keyring:
        await fill(keyring, 2)
    shutil.copytree(tmp_path / "first", tmp_path / "dry")
    steps = await run(tmp_path / "dry", 0)
    assert steps is not None
    writes = ["before rename", "after rename"]
    assert [name for name in steps if name != "rows sealed"] == [
        *writes, "before commit", "after commit", "before commit", "after commit",
        "before drop", *writes, "after drop",
    ]  # fmt: skip
    for number in range(1, len(steps) + 1):
        data = tmp_path / f"killed{number}"
        shutil.copytree(tmp_path / "first", data)
        assert await run(data, number) is None, steps[number - 1]
        async with opened(data) as keyring:
            await all_readable(keyring, 2)
            await rotate(keyring)
            await all_readable(keyring, 2)
            assert len(keyring.keys) == 1


async def test_a_full_disk_costs_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as keyring:
        await fill(keyring, 5)
        before = keyring.keys

        def fail(name: str) -> None:
            if name == "before commit":
                raise OSError(28, "No space left on device")

        keyring.file.step = fail
        with pytest.raises(OSError, match="No space"):
            await rotate(keyring)
        assert set(before) < set(keyring.keys)
    async with opened(tmp_path) as keyring:
        await all_readable(keyring, 5)


async def test_a_value_nobody_can_find_by_its_old_key(tmp_path: Path) -> None:
    """Tokens of the old key are gone from the rows, also from those with several values."""
    async with opened(tmp_path) as keyring:
        await fill(keyring, 2)
        old = keyring.keys[0].id
        await rotate(keyring)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as connection:
        text = "\n".join(connection.iterdump())
    assert f"v1:{old}:" not in text
