"""A database with an audit log, and what an intruder can do to its file."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.audit import Audit, Entry
from hub.storage import Database
from hub.util.clock import SystemClock

KEY = b"k" * 32


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "hub.db")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def audit(database: Database) -> Audit:
    return Audit(database, SystemClock(), KEY)


async def fill(audit: Audit, database: Database, count: int = 10) -> None:
    """Write rows 1 to `count`."""
    async with database.begin() as connection:
        await audit.add(connection, *[Entry("test.put", f"thing/{n}") for n in range(1, count + 1)])


def tamper(database: Database, *statements: str) -> None:
    """Change the file as another program would."""
    with sqlite3.connect(database.path) as file:
        for statement in statements:
            file.execute(statement)
    file.close()
