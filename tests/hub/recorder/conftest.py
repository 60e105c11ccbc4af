"""Recorders for tests, on the database of each kind."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.hub.recorder.desk import Desk

if TYPE_CHECKING:
    from tests.peers.databases import EmptyDatabase

MakeDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is to be written be written, however long this machine takes for it."""
    monkeypatch.setattr("hub.recorder.writing.writer.FLUSH_SECONDS", 30.0)
    monkeypatch.setattr("hub.recorder.statistics.statistics.STOP_SECONDS", 30.0)


@pytest.fixture
async def make_desk() -> AsyncIterator[MakeDesk]:
    """Return a function that opens a recorder on a URL; all are closed at the end."""
    made: list[Desk] = []

    async def make(url: str, **options: Any) -> Desk:
        desk = Desk(url, **options)
        made.append(desk)
        return await desk.open()

    yield make
    for desk in made:
        await desk.close()


@pytest.fixture
async def desk(empty_database: "EmptyDatabase", make_desk: MakeDesk) -> Desk:
    """A recorder on SQLite, PostgreSQL and MariaDB in turn."""
    return await make_desk(empty_database.url)
