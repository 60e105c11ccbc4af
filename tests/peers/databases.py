"""An empty database of each kind that the recorder knows, for one test."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.peers.mariadb import MariaDb
    from tests.peers.postgresql import PostgreSql

KINDS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.xdist_group("postgresql")),
    pytest.param("mariadb", id="mariadb", marks=pytest.mark.xdist_group("mariadb")),
]
SERVERS = KINDS[1:]


@dataclass
class EmptyDatabase:
    """Where it is; `server` can be killed and started again, None for SQLite."""

    kind: str
    url: str
    folder: Path
    server: "PostgreSql | MariaDb | None" = None
    name: str = ""


def make_database(kind: str, folder: Path, request: pytest.FixtureRequest) -> EmptyDatabase:
    """Make one on the worker's server, or name a file in `folder`."""
    if kind == "sqlite":
        return EmptyDatabase(kind, f"sqlite:///{folder / 'history.db'}", folder)
    server: PostgreSql | MariaDb = request.getfixturevalue(kind)
    name = f"test_{secrets.token_hex(4)}"
    server.create(name)
    request.addfinalizer(lambda: server.drop(name))
    return EmptyDatabase(kind, server.url(name), folder, server, name)


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> EmptyDatabase:
    """An empty database: SQLite, PostgreSQL and MariaDB in turn."""
    return make_database(request.param, tmp_path, request)


@pytest.fixture(params=SERVERS)
def served_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmptyDatabase]:
    """An empty database on a server: PostgreSQL and MariaDB in turn; it runs again afterwards."""
    found = make_database(request.param, tmp_path, request)
    yield found
    assert found.server is not None
    found.server.revive()
