"""A database of its own for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.storage import Database
from hub.util.clock import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(path: Path, clock: FakeClock) -> AsyncIterator[Database]:
    found = Database(path, clock, busy_timeout=0.05)
    await found.open()
    yield found
    await found.close()
