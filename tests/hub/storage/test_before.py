"""Before a migration a copy of the old database is kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.storage import Database, StorageError, migrations

FIXTURES = Path(__file__).parents[2] / "fixtures" / "storage"
OLD = sorted(FIXTURES.glob("hub-*.sql"))


def make(path: Path, dump: Path) -> str:
    """Make a database of an older hub; return its schema version."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text())
        return version_of(connection)


def version_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


async def opened(path: Path) -> None:
    database = Database(path)
    await database.open()
    await database.close()


@pytest.mark.parametrize("dump", OLD, ids=lambda path: path.stem)
async def test_the_copy_is_the_old_database(path: Path, dump: Path) -> None:
    version = make(path, dump)
    with closing(sqlite3.connect(path)) as connection:
        before = list(connection.iterdump())
    await opened(path)
    with closing(sqlite3.connect(path)) as connection:
        assert version_of(connection) == migrations.HEAD
    copies = [found.name for found in path.parent.glob("hub.db.before-*")]
    if version == migrations.HEAD:
        assert copies == []
        return
    assert copies == [f"hub.db.before-{version}"]
    copy = path.parent / copies[0]
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert list(connection.iterdump()) == before


async def test_one_copy_is_kept(path: Path) -> None:
    (path.parent / "hub.db.before-0000").write_text("older still")
    make(path, OLD[0])
    await opened(path)
    assert [found.name for found in path.parent.glob("hub.db.before-*")] == ["hub.db.before-0001"]


async def test_nothing_is_copied_for_a_new_or_present_database(path: Path) -> None:
    await opened(path)
    await opened(path)
    assert list(path.parent.glob("hub.db.before-*")) == []


async def test_without_a_copy_nothing_is_migrated(path: Path) -> None:
    make(path, OLD[0])
    (path.parent / "hub.db.before-0001.new").mkdir()
    with pytest.raises(StorageError, match="the schema was not changed, for no copy could be kept"):
        await opened(path)
    with closing(sqlite3.connect(path)) as connection:
        assert version_of(connection) == "0001"
