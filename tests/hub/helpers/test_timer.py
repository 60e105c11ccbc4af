"""Timers: what every service does, what is fired, what a restart and a set clock leave."""

import pytest

from hub.const import EVENT_STARTED
from hub.errors import InvalidFormat, ServiceValidationError
from hub.events import Context
from hub.hub import Phase
from tests.hub.helpers.conftest import Lab

EGG = "timer.egg"


async def test_a_run_from_start_to_end(lab: Lab) -> None:
    state = await lab.put("timer", "egg", duration="00:05:00")
    assert (state.state, state.attributes["duration"]) == ("idle", "0:05:00")
    assert not {"remaining", "finishes_at", "restore"} & set(state.attributes)
    lab.events.clear()
    state = await lab.call("timer.start", EGG)
    assert state.state == "active"
    assert state.attributes["remaining"] == "0:05:00"
    assert state.attributes["finishes_at"] == "2026-11-30T00:05:00+00:00"
    assert lab.happened("timer.") == [("timer.started", {"entity_id": EGG})]
    await lab.clock.advance(299)
    assert lab.state(EGG).state == "active"
    await lab.clock.advance(1)
    assert lab.state(EGG).state == "idle"
    assert lab.happened("timer.") == [
        ("timer.finished", {"entity_id": EGG, "finished_at": "2026-11-30T00:05:00+00:00"})
    ]


async def test_pause_and_go_on(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=300)
    await lab.call("timer.start", EGG)
    await lab.clock.advance(100)
    state = await lab.call("timer.pause", EGG)
    assert (state.state, state.attributes["remaining"]) == ("paused", "0:03:20")
    assert "finishes_at" not in state.attributes
    await lab.clock.advance(1000)
    lab.events.clear()
    assert (await lab.call("timer.start", EGG)).attributes["remaining"] == "0:03:20"
    assert lab.happened("timer.") == [("timer.restarted", {"entity_id": EGG})]
    await lab.clock.advance(199)
    assert lab.state(EGG).state == "active"
    await lab.clock.advance(1)
    assert lab.state(EGG).state == "idle"


async def test_start_again_begins_anew(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=300)
    await lab.call("timer.start", EGG, duration="00:00:10")
    assert lab.state(EGG).attributes["duration"] == "0:00:10"
    await lab.clock.advance(9)
    await lab.call("timer.start", EGG)
    await lab.clock.advance(9)
    assert lab.state(EGG).state == "active"
    await lab.clock.advance(1)
    assert (lab.state(EGG).state, lab.state(EGG).attributes["duration"]) == ("idle", "0:05:00")


async def test_cancel_and_finish(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=300)
    lab.events.clear()
    for name in ("cancel", "finish", "pause"):
        assert (await lab.call(f"timer.{name}", EGG)).state == "idle"
    assert lab.happened("timer.") == []
    await lab.call("timer.start", EGG)
    assert (await lab.call("timer.cancel", EGG)).state == "idle"
    await lab.call("timer.start", EGG)
    await lab.clock.advance(10)
    assert (await lab.call("timer.finish", EGG)).state == "idle"
    assert [name for name, _ in lab.happened("timer.")] == [
        "timer.started",
        "timer.cancelled",
        "timer.started",
        "timer.finished",
    ]
    await lab.clock.advance(1000)
    assert lab.happened("timer.") == []


async def test_change(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=300)
    with pytest.raises(ServiceValidationError, match="is not running"):
        await lab.call("timer.change", EGG, duration=10)
    await lab.call("timer.start", EGG)
    await lab.clock.advance(100)
    lab.events.clear()
    state = await lab.call("timer.change", EGG, duration="-00:01:00")
    assert state.attributes["remaining"] == "0:02:20"
    assert lab.happened("timer.") == [("timer.changed", {"entity_id": EGG})]
    assert (await lab.call("timer.change", EGG, duration=160)).attributes["remaining"] == "0:05:00"
    for wrong, why in ((1, "beyond"), (-301, "below zero")):
        with pytest.raises(ServiceValidationError, match=why):
            await lab.call("timer.change", EGG, duration=wrong)
    for nonsense in ("soon", None, True):
        with pytest.raises(InvalidFormat, match="duration"):
            await lab.call("timer.change", EGG, duration=nonsense)
    await lab.clock.advance(300)
    assert lab.state(EGG).state == "idle"


async def test_a_set_clock_moves_no_end(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=300)
    await lab.call("timer.start", EGG)
    lab.clock.jump(7200)
    await lab.clock.advance(299)
    assert lab.state(EGG).state == "active"
    await lab.clock.advance(1)
    assert lab.state(EGG).state == "idle"


async def test_an_edit_lets_a_run_go_on(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=300)
    await lab.call("timer.start", EGG)
    state = await lab.put("timer", "egg", duration=10, name="Egg")
    assert (state.state, state.attributes["remaining"]) == ("active", "0:05:00")
    await lab.clock.advance(300)
    assert lab.state(EGG).attributes["duration"] == "0:00:10"


async def test_an_event_carries_the_context_of_its_cause(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=3)
    context = Context(lab.hub.auth.users.all()[0].id)
    await lab.hub.services.call("timer", "start", {}, {"entity_id": EGG}, Context())
    await lab.hub.services.call("timer", "pause", {}, {"entity_id": EGG}, context)
    paused = next(event for event in lab.events if event.type == "timer.paused")
    assert paused.context.id == lab.state(EGG).context.id == context.id
    await lab.call("timer.start", EGG)
    await lab.clock.advance(3)
    finished = next(event for event in lab.events if event.type == "timer.finished")
    assert finished.context.user_id is None


async def test_a_disabled_timer_does_not_come_back_running(lab: Lab) -> None:
    await lab.put("timer", "egg", duration=300)
    await lab.call("timer.start", EGG)
    lab.hub.entity_registry.update(EGG, disabled_by="user")
    await lab.clock.advance(1000)
    assert lab.happened("timer.finished") == []
    lab.hub.entity_registry.update(EGG, disabled_by=None)
    await lab.clock.advance(0)
    assert lab.state(EGG).state == "idle"


async def test_a_run_that_ended_while_the_hub_was_away(lab: Lab) -> None:
    """It finishes when the house has started: before that no automation listens."""
    lab.hub.phase = Phase.STARTING
    kept = {"state": "active", "duration": 300, "left": 300, "ends_at": lab.clock.time() - 10}
    lab.hub.helpers._values["hub.timer/egg"] = kept
    state = await lab.put("timer", "egg", duration=300, restore=True)
    assert state.state == "active"
    assert lab.happened("timer.") == []
    lab.hub.phase = Phase.RUNNING
    lab.hub.bus.fire(EVENT_STARTED)
    assert lab.state(EGG).state == "idle"
    assert lab.happened("timer.") == [
        ("timer.finished", {"entity_id": EGG, "finished_at": "2026-11-29T23:59:50+00:00"})
    ]
