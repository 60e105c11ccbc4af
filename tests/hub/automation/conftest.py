"""What the tests of automations share."""

from collections.abc import AsyncIterator

import pytest

from tests.hub.automation.stage import Stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An empty world."""
    found = Stage()
    yield found
    await found.automations.clear()
    await found.world.close()
