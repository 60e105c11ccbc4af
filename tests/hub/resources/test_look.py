"""What a look tells when it ends badly, and looks that a controller asks for."""

from collections.abc import Sequence
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.resources import Condition, Phase
from tests.hub.resources.conftest import World


async def test_a_plan_that_finds_it_broken_tells_conditions_and_heals_when_asked_to_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.folder("a", lines={"one": "1"})
    controller, broken = world.controller, True
    plan = controller.plan

    def planned(*args: Any) -> Sequence[Any]:
        if broken:
            raise Unavailable("nobody listens")
        return plan(*args)

    monkeypatch.setattr(controller, "plan", planned)
    monkeypatch.setattr(
        controller, "conditions", lambda *_: [Condition("listening", not broken, "not_open")]
    )
    world.resources.look("test.folder", "a")
    status = await world.phase("a", Phase.UNKNOWN)
    assert status.message == "nobody listens"
    assert [(item.type, item.status) for item in status.conditions] == [("listening", False)]
    assert status.retry_at is not None

    broken = False
    world.resources.look("test.folder", "a")
    status = await world.phase("a", Phase.IN_SYNC)
    assert [(item.type, item.status) for item in status.conditions] == [("listening", True)]
    world.resources.look("test.folder", "nobody")
