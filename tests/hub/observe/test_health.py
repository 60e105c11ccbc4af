"""Items: levels, since, checks."""

import pytest

from hub.observe.health import Health, Level
from hub.util.clock import FakeClock


async def test_since_moves_with_the_level_only() -> None:
    clock = FakeClock()
    health = Health(clock)
    health.set("disk", Level.OK)
    start = clock.time()
    await clock.advance(10)
    health.set("disk", Level.DEGRADED, "slow")
    await clock.advance(10)
    health.set("disk", Level.DEGRADED, "slower")
    (item,) = health.items()
    assert (item.level, item.message, item.since) == (Level.DEGRADED, "slower", start + 10)


async def test_checks_are_asked_and_a_failing_check_is_an_item(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    health = Health(clock)
    answers = {"a": (Level.OK, None)}

    def broken() -> None:
        raise ValueError("boom")

    health.check("a", lambda: answers.get("a"))
    health.check("b", broken)
    health.start()
    found = {item.name: item.level for item in health.items()}
    assert found == {"a": Level.OK, "b": Level.FAILED}
    answers["a"] = (Level.DEGRADED, "hm")
    await clock.advance(5)
    assert "Health of a: degraded, hm" in caplog.text
    del answers["a"]
    assert [item.name for item in health.items()] == ["b"]
    health.stop()


def test_only_a_critical_item_makes_the_whole_failed() -> None:
    health = Health(FakeClock())
    health.set("a", Level.OK)
    assert health.worst(health.items()) is Level.OK
    health.set("b", Level.FAILED)
    assert health.worst(health.items()) is Level.DEGRADED
    health.set("c", Level.FAILED, critical=True)
    assert health.worst(health.items()) is Level.FAILED


def test_a_part_reports_what_is_wrong_and_that_it_is_well_again() -> None:
    health = Health(FakeClock())
    tell = health.report("audit")
    tell("no disk")
    assert health.items()[0].level is Level.DEGRADED
    tell(None)
    assert health.items()[0].as_dict()["level"] == "ok"
