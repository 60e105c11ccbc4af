# ruff: noqa: ASYNC240 - files are the subject here
"""Opening: new, old, damaged, foreign, locked and missing files; transactions."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.storage import Database, Documents, StorageError
from hub.storage.preflight import Damaged, inspect


async def filled(path: Path, count: int = 300) -> None:
    """Make a database of many pages."""
    database = Database(path)
    await database.open()
    documents = Documents(database)
    for number in range(3):
        await documents.save("test", str(number), ["x" * 100] * count)
    await database.close()


async def test_commits_are_on_the_disk_and_references_hold(database: Database) -> None:
    async with database.read() as connection:
        pragmas = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


async def test_the_file_is_for_the_hub_alone(database: Database) -> None:
    await Documents(database).save("a", "b", 1)
    modes = {file.stat().st_mode & 0o777 for file in database.path.parent.glob("hub.db*")}
    assert modes == {0o600}


async def test_a_failed_block_is_rolled_back(database: Database) -> None:
    documents = Documents(database)

    async def fail() -> None:
        async with database.begin() as connection:
            await connection.exec_driver_sql("INSERT INTO documents VALUES ('a', 'b', '1')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await documents.load("a", "b") is None


async def test_writers_take_turns_and_readers_see_a_snapshot(database: Database) -> None:
    documents = Documents(database)
    await documents.save("n", "count", 0)

    async def add() -> None:
        async with database.begin() as connection:
            text = (await connection.exec_driver_sql("SELECT data FROM documents")).scalar_one()
            async with database.read() as reader:
                seen = (await reader.exec_driver_sql("SELECT data FROM documents")).scalar_one()
            assert seen == text
            await connection.exec_driver_sql("UPDATE documents SET data = ?", (str(int(text) + 1),))

    await asyncio.gather(*(add() for _ in range(20)))
    assert await documents.load("n", "count") == 20


async def test_data_outlive_a_restart_and_opening_needs_no_alembic(path: Path) -> None:
    await filled(path)
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from hub.storage import Database, Documents\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "async def main():\n"
        "    database = Database(Path(sys.argv[1])); await database.open()\n"
        "    print(len(await Documents(database).load('test', '0'))); await database.close()\n"
        "    assert 'alembic' not in sys.modules\n"
        "asyncio.run(main())"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, str(path)], capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("300", "")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"no database at all " * 500, id="garbage"),
        pytest.param(lambda data: data[:60], id="truncated-header"),
        pytest.param(lambda data: data[: len(data) // 2], id="half"),
        pytest.param(lambda data: data[:100] + b"\xff" * 4000 + data[4100:], id="first-page"),
    ],
)
async def test_a_damaged_file_is_set_aside(
    path: Path, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    assert callable(damage)
    await filled(path)
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    database = Database(path)
    with caplog.at_level(logging.ERROR):
        await database.open()
    await Documents(database).save("a", "b", 1)
    await database.close()
    copy = database.corrupt_copy
    assert copy is not None
    assert copy.name.startswith("hub.db.corrupt-")
    assert copy.read_bytes() == broken
    (record,) = caplog.records
    assert str(copy) in record.getMessage()
    assert "put a backup in its place" in record.getMessage()


async def test_the_log_of_a_damaged_file_goes_with_it(path: Path) -> None:
    await filled(path)
    whole = path.read_bytes()
    log = path.with_name(path.name + "-wal")
    for broken in (b"garbage" * 1000, whole[: len(whole) // 2 // 4096 * 4096]):
        path.write_bytes(broken)
        log.write_bytes(b"kept")
        database = Database(path)
        await database.open()
        await database.close()
        copy = database.corrupt_copy
        assert copy is not None
        assert copy.read_bytes() == broken
        assert copy.with_name(copy.name + "-wal").read_bytes() == b"kept"


async def test_two_damaged_files_of_one_second_are_both_kept(path: Path) -> None:
    for number in range(2):
        path.write_bytes(b"garbage" * (1000 + number))
        database = Database(path)
        await database.open()
        await database.close()
    assert len(list(path.parent.glob("hub.db.corrupt-*"))) == 2


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_database_or_damaged(path: Path, data: bytes) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(data)
    try:
        assert inspect(path, 0.1) is None
        assert data == b""
    except Damaged:
        assert path.read_bytes() == data


async def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    await filled(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    database = Database(path)
    with pytest.raises(StorageError, match=r"hub\.db: the database has schema 9999, this hub"):
        await database.open()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (3,)
    assert database.corrupt_copy is None


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none/hub\.db: the folder does not exist; create it"):
        await Database(tmp_path / "none" / "hub.db").open()


async def test_a_file_that_can_not_be_opened_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StorageError, match=r"hub\.db: Is a directory: a folder stands"):
        await Database(path).open()


async def test_a_read_only_file_is_named() -> None:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _READ_ONLY], capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert "hub's user needs write permission" in done.stdout, done.stderr


async def test_a_locked_file_is_named(path: Path) -> None:
    await filled(path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match=r"hub\.db: database is locked: another program"):
            await Database(path, busy_timeout=0.05).open()


async def test_using_a_closed_database_is_an_error_of_ours(path: Path) -> None:
    database = Database(path)
    with pytest.raises(StorageError, match="not open"):
        await Documents(database).load("a", "b")
    await database.close()


_READ_ONLY = """
import os, tempfile
from pathlib import Path
from hub.storage import StorageError
from hub.storage.preflight import inspect

folder = Path(tempfile.mkdtemp())
path = folder / "hub.db"
path.touch()
path.chmod(0o444)
folder.chmod(0o555)
if os.getuid() == 0:
    os.setuid(65534)
try:
    inspect(path, 0.1)
except StorageError as error:
    print(error)
"""
