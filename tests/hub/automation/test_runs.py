"""Modes, conditions, owners, traces, and chains without end."""

import asyncio
import logging

import pytest

from hub.automation.guard import BURST
from hub.events import Context
from tests.hub.automation.stage import Stage

SLOW = [{"action": "test.begin"}, {"delay": 10}, {"action": "test.end"}]


async def test_a_trigger_reaches_the_service_without_a_turn_of_the_loop(stage: Stage) -> None:
    await stage.automation(actions=[{"action": "test.call"}])
    stage.world.bus.fire("go")
    assert stage.called == ["test.call"]


async def test_single_refuses_a_second_run(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    automation = await stage.automation(actions=SLOW)
    await stage.go()
    await stage.go()
    await stage.clock.advance(10)
    assert stage.called == ["test.begin", "test.end"]
    assert [trace.execution for trace in automation.traces] == ["finished", "failed_single"]
    assert "already running" in caplog.text


async def test_max_exceeded_may_be_silent(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.automation(actions=SLOW, max_exceeded="silent")
    await stage.go()
    await stage.go()
    assert not [item for item in caplog.records if item.levelno >= logging.WARNING]


async def test_restart_ends_what_runs(stage: Stage) -> None:
    automation = await stage.automation(actions=SLOW, mode="restart")
    await stage.go()
    await stage.clock.advance(5)
    await stage.go()
    await stage.clock.advance(10)
    assert stage.called == ["test.begin", "test.begin", "test.end"]
    assert [trace.execution for trace in automation.traces] == ["cancelled", "finished"]


async def test_queued_runs_one_after_the_other(stage: Stage) -> None:
    automation = await stage.automation(actions=SLOW, mode="queued", max=2)
    for _ in range(3):
        await stage.go()
    await stage.clock.advance(30)
    assert stage.called == ["test.begin", "test.end"] * 2
    assert [trace.execution for trace in automation.traces] == [
        "finished",
        "finished",
        "failed_max_runs",
    ]


async def test_parallel_runs_at_once(stage: Stage) -> None:
    automation = await stage.automation(actions=SLOW, mode="parallel", max=2)
    for _ in range(3):
        await stage.go()
    assert stage.world.states.get("automation.test").attributes["current"] == 2
    await stage.clock.advance(10)
    assert stage.called == ["test.begin", "test.begin", "test.end", "test.end"]
    assert automation.traces[-1].execution == "failed_max_runs"


async def test_conditions_stop_a_run_before_it_begins(stage: Stage) -> None:
    automation = await stage.automation(
        conditions=["{{ true }}", "{{ trigger.event.data.get('ok', false) }}"],
        actions=[{"action": "test.call"}],
    )
    await stage.go()
    assert (stage.calls, stage.fired("automation_triggered")) == ([], [])
    assert automation.traces[-1].execution == "failed_conditions"
    await stage.go(ok=True)
    assert stage.called == ["test.call"]
    (event,) = stage.fired("automation_triggered")
    assert event.data["name"] == "Test"
    assert event.data["entity_id"] == "automation.test"
    assert "go" in event.data["source"]


async def test_a_condition_that_fails_counts_as_not_held(stage: Stage) -> None:
    automation = await stage.automation(
        conditions=["{{ states('sensor.none') | int }}"], actions=[{"action": "test.call"}]
    )
    await stage.go()
    assert stage.calls == []
    assert automation.traces[-1].execution == "failed_conditions"
    assert "int" in str(automation.traces[-1].as_dict()["trace"]["condition/0"])


async def test_running_by_hand_skips_conditions(stage: Stage) -> None:
    await stage.automation(conditions=["{{ false }}"], actions=[{"action": "test.call"}])
    assert stage.automations.trigger("automation.test", skip_condition=False) is None
    assert stage.automations.trigger("automation.test") is not None
    assert stage.called == ["test.call"]


async def test_an_automation_that_is_off_does_nothing(stage: Stage) -> None:
    automation = await stage.automation(initial_state=False, actions=[{"action": "test.call"}])
    await stage.go()
    assert stage.calls == []
    assert stage.world.states.get("automation.test").state == "off"
    automation.enable()
    await stage.go()
    assert stage.called == ["test.call"]
    automation.disable()
    await stage.go()
    assert stage.called == ["test.call"]


async def test_contexts_lead_back_to_the_cause(stage: Stage) -> None:
    automation = await stage.automation(actions=[{"action": "test.call"}])
    automation.owner = "a" * 32
    cause = Context(user_id="somebody")
    stage.world.bus.fire("go", {}, cause)
    (call,) = stage.world.calls.made
    assert call.context.parent_id == cause.id
    assert call.context.user_id == "a" * 32


async def test_only_so_many_traces_are_kept(stage: Stage) -> None:
    automation = await stage.automation(
        trace={"stored_traces": 2}, actions=[{"action": "test.call"}]
    )
    for _ in range(5):
        await stage.go()
    assert len(automation.traces) == 2
    none = await stage.automation(trace={"stored_traces": 0}, actions=[{"action": "test.call"}])
    await stage.go()
    assert len(none.traces) == 0


async def test_a_trace_tells_variables_and_json(stage: Stage) -> None:
    from hub.util.json import dumps

    automation = await stage.automation(
        variables={"a": 1, "b": "{{ a + 1 }}"},
        triggers=[{"trigger": "state", "entity_id": "light.x", "id": "lit"}],
        actions=[{"variables": {"c": "{{ b + 1 }}"}}, {"action": "test.call"}],
    )
    stage.world.states.set("light.x", "off")
    stage.world.states.set("light.x", "on")
    await stage.clock.advance(0)
    trace = automation.traces[-1].as_dict()
    dumps(trace)
    assert trace["trigger"] == "state of light.x"
    (first,) = trace["trace"]["trigger/0"]
    assert first["changed_variables"]["trigger"]["id"] == "lit"
    assert first["changed_variables"]["trigger"]["to_state"]["state"] == "on"
    assert trace["trace"]["action/1"][0]["changed_variables"] == {"c": 3}
    assert trace["last_step"] == "action/1"
    assert set(trace["timestamp"]) == {"start", "finish"}


async def test_a_changed_text_takes_the_old_ones_place(stage: Stage) -> None:
    await stage.automation(actions=SLOW)
    await stage.go()
    await stage.automation(actions=[{"action": "test.new"}])
    await stage.clock.advance(20)
    await stage.go()
    assert stage.called == ["test.begin", "test.new"]


async def test_a_text_that_can_not_be_loaded_takes_nothing_with_it(stage: Stage) -> None:
    await stage.automations.load(
        {
            "hub.automation/bad": {"triggers": [{"trigger": "nope"}], "actions": []},
            "hub.automation/good": {
                "triggers": [{"trigger": "event", "event_type": "go"}],
                "actions": [{"action": "test.call"}],
            },
        }
    )
    assert "unknown trigger" in stage.automations.problems["hub.automation/bad"]
    await stage.go()
    assert stage.called == ["test.call"]


async def test_an_automation_that_sets_itself_off_is_stopped(stage: Stage) -> None:
    automation = await stage.automation(actions=[{"event": "go"}], mode="parallel")
    await stage.go()
    runs = len(stage.fired("automation_triggered"))
    assert BURST <= runs <= BURST + 2
    assert "sets itself off" in (automation.problem or "")
    assert automation.traces[-1].execution == "disallowed_recursion_detected"
    assert "sets itself off" in stage.world.states.get("automation.test").attributes["problem"]


async def test_it_runs_again_when_it_is_set_off_from_outside(stage: Stage) -> None:
    automation = await stage.automation(
        actions=[
            {
                "if": "{{ trigger.event.data.get('loop') }}",
                "then": {"event": "go", "event_data": {"loop": True}},
            }
        ],
    )
    await stage.go(loop=True)
    assert automation.problem is not None
    await stage.go()
    assert automation.problem is None
    assert automation.traces[-1].execution == "finished"


async def test_a_slow_loop_may_go_on(stage: Stage) -> None:
    automation = await stage.automation(actions=[{"delay": 1}, {"event": "go"}], mode="parallel")
    await stage.go()
    await stage.clock.advance(BURST * 4)
    assert automation.problem is None
    assert len(stage.fired("automation_triggered")) > BURST * 3


async def test_two_that_set_each_other_off_are_stopped(stage: Stage) -> None:
    def leads(alias: str, heard: str, fires: str) -> dict[str, object]:
        return {
            "alias": alias,
            "triggers": [{"trigger": "event", "event_type": heard}],
            "actions": [{"event": fires}],
        }

    await stage.automations.load(
        {"hub.automation/a": leads("A", "one", "two"), "hub.automation/b": leads("B", "two", "one")}
    )
    stage.world.bus.fire("one")
    await stage.clock.advance(0)
    assert BURST <= len(stage.fired("one")) <= BURST + 3
    assert any(item.problem for item in stage.automations.list())


async def test_a_script_that_calls_itself_is_stopped(stage: Stage) -> None:
    script = await stage.script(sequence=[{"action": "script.test"}], mode="parallel", max=500)
    run = script.call(Context(), {})
    with pytest.raises(Exception, match="again and again"):
        await asyncio.wait_for(run.ended(), 30)
    assert script.running == []


async def test_runs_end_when_the_house_stops(stage: Stage) -> None:
    automation = await stage.automation(actions=SLOW)
    await stage.go()
    await stage.automations.clear()
    await stage.clock.advance(20)
    assert stage.called == ["test.begin"]
    assert automation.traces[-1].execution == "cancelled"
