"""The recorder's file and its versions."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, inspect, text

from hub.recorder.database import schema
from hub.recorder.database.tables import metadata
from hub.recorder.errors import RecorderUnavailable
from hub.recorder.state import RecorderState
from tests.hub.recorder.conftest import MakeDesk
from tests.hub.recorder.desk import Desk

if TYPE_CHECKING:
    from tests.peers.databases import EmptyDatabase

STORED = Path(__file__).parents[2] / "fixtures" / "recorder"


def stored(version: int, folder: Path) -> str:
    """Unpack a file that a hub of this schema version wrote; return its address."""
    path = folder / "history.db"
    path.write_bytes(gzip.decompress((STORED / f"history-v{version}.db.gz").read_bytes()))
    return f"sqlite:///{path}"


@pytest.mark.parametrize("version", range(1, schema.HEAD + 1))
async def test_old_files_are_opened_and_written(
    version: int, tmp_path: Path, make_desk: MakeDesk
) -> None:
    desk = await make_desk(stored(version, tmp_path))
    assert await desk.history("sensor.power") == ["1.5", "2.5", "unavailable", "3"]
    desk.states.set("sensor.power", "4", {"unit_of_measurement": "W"})
    assert (await desk.history("sensor.power"))[-1] == "4"
    assert await desk.value("SELECT value FROM recorder_meta WHERE name = 'schema'") == str(
        schema.HEAD
    )
    async with desk.store.read() as connection:
        found = await connection.run_sync(columns)
    assert found == {
        table.name: {c.name for c in table.columns} for table in metadata.sorted_tables
    }


def columns(connection: Connection) -> dict[str, set[str]]:
    looked = inspect(connection)
    names = looked.get_table_names()
    return {name: {column["name"] for column in looked.get_columns(name)} for name in names}


async def test_a_step_is_run_once(empty_database: "EmptyDatabase", make_desk: MakeDesk) -> None:
    desk = await make_desk(empty_database.url)
    desk.states.set("sensor.a", "1")
    await desk.close()
    runs = []

    def add_note(connection: Connection) -> None:
        runs.append(1)
        connection.execute(text("ALTER TABLE entities ADD COLUMN note VARCHAR(16)"))

    for _ in range(2):
        desk = await make_desk(
            empty_database.url, steps={schema.HEAD + 1: add_note}, head=schema.HEAD + 1
        )
        assert await desk.history("sensor.a") == ["1"]
        assert await desk.value("SELECT note FROM entities") is None
        await desk.close()
    assert runs == [1]


async def test_a_step_that_fails_changes_nothing(tmp_path: Path, make_desk: MakeDesk) -> None:
    url = stored(1, tmp_path)

    def broken(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE entities ADD COLUMN note VARCHAR(16)"))
        raise RuntimeError("half way")

    desk = Desk(url, steps={2: broken}, head=2)
    desk.begin()
    try:
        await desk.until(RecorderState.WAITING)
    finally:
        await desk.close()
    desk = await make_desk(url)
    assert len(await desk.history("sensor.power")) == 4


async def test_a_newer_schema_is_refused(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    desk = await make_desk(empty_database.url, steps={}, head=7)
    await desk.close()
    desk = Desk(empty_database.url)
    desk.begin()
    try:
        await desk.until(RecorderState.FAILED)
        reason = str(desk.status.reason)
        assert "schema 7" in reason
        assert f"up to {schema.HEAD}" in reason
        desk.states.set("sensor.a", "1")
        with pytest.raises(RecorderUnavailable, match="schema 7"):
            await desk.writer.flush()
    finally:
        await desk.close()


async def test_tables_of_another_program_are_left_alone(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    desk = await make_desk(empty_database.url)
    async with desk.store.write() as connection:
        await connection.exec_driver_sql("DROP TABLE recorder_meta")
    await desk.close()
    desk = Desk(empty_database.url)
    desk.begin()
    try:
        await desk.until(RecorderState.FAILED)
        assert "another program" in str(desk.status.reason)
    finally:
        await desk.close()


async def test_tables_that_were_only_begun_are_finished(
    empty_database: "EmptyDatabase", make_desk: MakeDesk
) -> None:
    """MySQL commits each table by itself: a crash leaves some of them."""
    desk = await make_desk(empty_database.url)
    async with desk.store.write() as connection:
        await connection.exec_driver_sql("DROP TABLE states")
        await connection.exec_driver_sql("UPDATE recorder_meta SET value='0' WHERE name='schema'")
    await desk.close()
    desk = await make_desk(empty_database.url)
    desk.states.set("sensor.a", "1")
    assert await desk.history("sensor.a") == ["1"]


async def test_a_new_file_gives_pages_back(tmp_path: Path, make_desk: MakeDesk) -> None:
    """T9: auto_vacuum was set before WAL, and the asked number of pages is freed."""
    desk = await make_desk(f"sqlite:///{tmp_path}/history.db")
    for number in range(3000):
        desk.states.set("sensor.a", str(number), {"n": number, "text": "x" * 200})
    await desk.writer.flush()
    assert await desk.value("PRAGMA auto_vacuum") == 2
    assert await desk.value("PRAGMA journal_mode") == "wal"
    async with desk.store.write() as connection:
        await connection.exec_driver_sql("DELETE FROM attributes")
        desk.names.forget()
    before = await desk.value("PRAGMA freelist_count")
    assert before > 50
    with closing(sqlite3.connect(tmp_path / "history.db")) as other:
        other.executescript("PRAGMA incremental_vacuum(20)")
    assert await desk.value("PRAGMA freelist_count") == before - 20
    size = await desk.store.size()
    assert size.free == (before - 20) * 4096
    assert size.used > 0


async def test_pragmas(tmp_path: Path) -> None:
    desk = await Desk(f"sqlite:///{tmp_path}/history.db").open()
    try:
        async with desk.store.write() as connection:
            for pragma, wanted in (
                ("synchronous", 1), ("cache_size", -16384), ("journal_size_limit", 16 << 20),
                ("busy_timeout", 5000),
            ):  # fmt: skip
                found = await connection.exec_driver_sql(f"PRAGMA {pragma}")
                assert found.scalar() == wanted
        async with desk.store.read() as connection:
            found = await connection.exec_driver_sql("PRAGMA query_only")
            assert found.scalar() == 1
        assert (tmp_path / "history.db").stat().st_mode & 0o777 == 0o600
    finally:
        await desk.close()


async def test_size_of_each_database(empty_database: "EmptyDatabase", make_desk: MakeDesk) -> None:
    desk = await make_desk(empty_database.url)
    before = (await desk.store.size()).used
    for number in range(4000):
        desk.states.set("sensor.a", str(number), {"n": number, "text": "x" * 200})
    await desk.writer.flush()
    if empty_database.kind == "mariadb":  # its figures lag behind until they are asked for anew
        await desk.sql("ANALYZE TABLE states, attributes")
    assert (await desk.store.size()).used > before + 200_000
