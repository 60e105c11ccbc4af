# ruff: noqa: ASYNC240 - files are the subject here
"""Migrations: they lead to the tables of the code, from every version that ever was."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect

from hub.storage import Database, Documents, migrations
from hub.storage.tables import areas, credentials, devices, entities, refresh_tokens, users

FIXTURES = Path(__file__).parents[2] / "fixtures" / "storage"
OLD = sorted(FIXTURES.glob("hub-*.sql"))


def schema(connection: Connection) -> dict[str, Any]:
    """Return everything that SQLAlchemy can read back of a database's tables."""
    inspector = inspect(connection)
    found: dict[str, Any] = {}
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        columns = [
            (column["name"], str(column["type"]), column["nullable"])
            for column in inspector.get_columns(table)
        ]
        found[table] = {
            "columns": columns,
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": inspector.get_foreign_keys(table),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "indexes": sorted(map(str, inspector.get_indexes(table))),
        }
    return found


async def schema_of(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        return await connection.run_sync(schema)


async def test_the_migrations_lead_to_the_tables_of_the_code(
    database: Database, tmp_path: Path
) -> None:
    migrated = Database(tmp_path / "migrated.db")
    await migrated.open()
    async with migrated.begin() as connection:
        for table in await connection.run_sync(lambda sync: inspect(sync).get_table_names()):
            await connection.exec_driver_sql(f"DROP TABLE {table}")
        await connection.run_sync(migrations.run)
    found, wanted = await schema_of(migrated), await schema_of(database)
    await migrated.close()
    assert found == wanted


def test_head_is_the_newest_migration() -> None:
    assert max(migrations.known()) == migrations.HEAD


def test_every_version_has_an_old_file() -> None:
    assert {path.stem.removeprefix("hub-") for path in OLD} == migrations.known()


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
async def test_an_old_database_opens_with_its_data(old: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(old.read_text(encoding="utf-8"))
    database = Database(path)
    await database.open()
    assert await Documents(database).load("hub", "id") == {"hub_id": "0" * 32}
    async with database.read() as connection:
        version = await connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert version.scalar_one() == migrations.HEAD
        for table in (users, credentials, refresh_tokens, areas, devices, entities):
            assert len((await connection.execute(table.select())).all()) == 1, table
    await database.close()


async def test_a_failing_migration_changes_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(path)
    await database.open()
    await database.close()
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    before = migrations.HEAD
    (folder / "versions" / "9999_broken.py").write_text(_BROKEN.format(before=before))
    monkeypatch.setattr(migrations, "FOLDER", folder)
    monkeypatch.setattr(migrations, "HEAD", "9999")
    with pytest.raises(ZeroDivisionError):
        await Database(path).open()
    with closing(sqlite3.connect(path)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (before,)
    assert "half" not in tables


_BROKEN = '''
"""Fails half way."""
from alembic import op
import sqlalchemy as sa
revision = "9999"
down_revision = "{before}"

def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer()))
    1 / 0
'''
