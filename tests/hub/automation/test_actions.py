"""What each kind of action does, and what its trace says."""

from typing import Any

import pytest

from hub.errors import HubError, InvalidFormat
from tests.hub.automation.stage import Stage


def call(name: str = "test.call", **data: Any) -> dict[str, Any]:
    return {"action": name, "data": data}


async def test_a_call_with_rendered_parts(stage: Stage) -> None:
    stage.world.states.set("sensor.a", "7")
    trace = await stage.run(
        {
            "action": "{{ 'light.turn_on' }}",
            "data": {"brightness": "{{ states('sensor.a') | int + 1 }}", "list": ["{{ 1 }}"]},
            "target": {"entity_id": "light.{{ trigger.event.data.get('room', 'hall') }}"},
        }
    )
    assert stage.calls == [
        ("light.turn_on", {"brightness": 8, "list": [1], "entity_id": ["light.hall"]})
    ]
    assert trace.execution == "finished"
    assert trace.as_dict()["trace"]["action/0"][0]["result"]["params"]["domain"] == "light"


async def test_a_response_becomes_a_variable(stage: Stage) -> None:
    stage.answer("test.ask", [{"response": {"value": 3}}])
    await stage.run(
        {"action": "test.ask", "response_variable": "got"},
        call(value="{{ got.value }}"),
    )
    assert stage.calls[-1] == ("test.call", {"value": 3})


async def test_a_failing_call_ends_the_run(stage: Stage) -> None:
    stage.answer("test.fail", [{"error": "no"}])
    trace = await stage.run(call("test.fail"), call())
    assert stage.called == ["test.fail"]
    assert (trace.execution, trace.error) == ("error", "no")
    assert trace.as_dict()["trace"]["action/0"][0]["error"] == "no"


async def test_a_failure_may_be_passed_over(stage: Stage) -> None:
    stage.answer("test.fail", [{"error": "no"}])
    trace = await stage.run({**call("test.fail"), "continue_on_error": True}, call())
    assert stage.called == ["test.fail", "test.call"]
    assert trace.execution == "finished"


async def test_a_missing_service_is_an_error_of_the_run(stage: Stage) -> None:
    trace = await stage.run({"action": "{{ 'nothing' }}"})
    assert trace.execution == "error"
    assert "expected a name such as light.turn_on" in (trace.error or "")


async def test_disabled_steps_are_left_out(stage: Stage) -> None:
    trace = await stage.run(
        {**call("test.a"), "enabled": False},
        {**call("test.b"), "enabled": "{{ 1 == 2 }}"},
        {**call("test.c"), "enabled": "{{ true }}"},
    )
    assert stage.called == ["test.c"]
    assert trace.as_dict()["trace"]["action/0"][0]["result"] == {"enabled": False}


async def test_delay(stage: Stage) -> None:
    trace = await stage.run({"delay": {"seconds": "{{ 10 * 3 }}"}}, call())
    assert stage.calls == []
    assert trace.short()["state"] == "running"
    await stage.clock.advance(29)
    assert stage.calls == []
    await stage.clock.advance(1)
    assert stage.called == ["test.call"]
    assert trace.execution == "finished"
    assert trace.as_dict()["trace"]["action/0"][0]["result"] == {"delay": 30.0, "done": True}


async def test_wait_template_that_comes_true(stage: Stage) -> None:
    stage.world.states.set("light.a", "off")
    await stage.run(
        {"wait_template": "{{ is_state('light.a', 'on') }}", "timeout": 60},
        call(done="{{ wait.completed }}", left="{{ wait.remaining }}"),
    )
    await stage.clock.advance(20)
    assert stage.calls == []
    stage.world.states.set("light.a", "on")
    await stage.clock.advance(0)
    assert stage.calls == [("test.call", {"done": True, "left": 40.0})]


async def test_wait_template_that_is_true(stage: Stage) -> None:
    await stage.run({"wait_template": "{{ true }}"}, call(done="{{ wait.completed }}"))
    assert stage.calls == [("test.call", {"done": True})]


@pytest.mark.parametrize("goes_on", [True, False])
async def test_wait_that_is_late(stage: Stage, goes_on: bool) -> None:
    trace = await stage.run(
        {"wait_template": "{{ false }}", "timeout": 5, "continue_on_timeout": goes_on},
        call(done="{{ wait.completed }}"),
    )
    await stage.clock.advance(6)
    assert stage.calls == ([("test.call", {"done": False})] if goes_on else [])
    assert trace.execution == ("finished" if goes_on else "aborted")


async def test_wait_for_trigger(stage: Stage) -> None:
    await stage.run(
        {
            "wait_for_trigger": [
                {"trigger": "event", "event_type": "one"},
                {"trigger": "event", "event_type": "two", "id": "second"},
            ]
        },
        call(id="{{ wait.trigger.id }}"),
    )
    stage.world.bus.fire("two")
    await stage.clock.advance(0)
    assert stage.calls == [("test.call", {"id": "second"})]
    assert stage.world.bus.counts().get("one") is None, "the other one still listens"


async def test_events_are_fired_with_the_context_of_the_run(stage: Stage) -> None:
    trace = await stage.run({"event": "told", "event_data": {"n": "{{ 1 + 1 }}"}})
    (event,) = stage.fired("told")
    assert event.data == {"n": 2}
    assert event.context is trace.context


async def test_choose(stage: Stage) -> None:
    def option(when: bool, name: str) -> dict[str, Any]:
        return {"conditions": "{{ true }}" if when else "{{ false }}", "sequence": [call(name)]}

    trace = await stage.run(
        {"choose": [option(False, "test.a"), option(True, "test.b"), option(True, "test.c")]},
        {"choose": option(False, "test.d"), "default": call("test.e")},
        {"choose": [option(False, "test.f")]},
    )
    assert stage.called == ["test.b", "test.e"]
    assert "action/0/choose/1/sequence/0" in trace.paths
    assert "action/1/default/0" in trace.paths
    steps = trace.as_dict()["trace"]
    assert steps["action/0"][0]["result"] == {"choice": 1}
    assert steps["action/0/choose/0"][0]["result"] == {"result": False}


async def test_if(stage: Stage) -> None:
    trace = await stage.run(
        {"if": "{{ true }}", "then": call("test.a"), "else": call("test.b")},
        {"if": [{"or": ["{{ false }}"]}], "then": call("test.c"), "else": [call("test.d")]},
    )
    assert stage.called == ["test.a", "test.d"]
    assert "action/1/else/0" in trace.paths


async def test_repeat_count(stage: Stage) -> None:
    await stage.run(
        {
            "repeat": {
                "count": "{{ 3 }}",
                "sequence": call(
                    n="{{ repeat.index }}", first="{{ repeat.first }}", last="{{ repeat.last }}"
                ),
            }
        }
    )
    assert [data for _name, data in stage.calls] == [
        {"n": 1, "first": True, "last": False},
        {"n": 2, "first": False, "last": False},
        {"n": 3, "first": False, "last": True},
    ]


async def test_repeat_for_each(stage: Stage) -> None:
    await stage.run(
        {"repeat": {"for_each": ["a", {"b": 1}], "sequence": call(item="{{ repeat.item }}")}}
    )
    assert [data for _name, data in stage.calls] == [{"item": "a"}, {"item": {"b": 1}}]


async def test_repeat_while_and_until(stage: Stage) -> None:
    again = {"variables": {"n": "{{ n + 1 }}"}}
    await stage.run(
        {"variables": {"n": 0}},
        {"repeat": {"while": "{{ n < 3 }}", "sequence": [again]}},
        call(n="{{ n }}"),
        {"repeat": {"until": "{{ n >= 5 }}", "sequence": [again]}},
        call(n="{{ n }}"),
    )
    assert [data for _name, data in stage.calls] == [{"n": 3}, {"n": 5}]


async def test_a_loop_without_end_ends(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.automation.actions.flow.MAX_ROUNDS", 500)
    trace = await stage.run({"repeat": {"while": "{{ true }}", "sequence": []}})
    await stage.clock.advance(1)
    assert trace.execution == "error"
    assert "would never end" in (trace.error or "")


async def test_parallel_branches_wait_side_by_side(stage: Stage) -> None:
    await stage.run(
        {"parallel": [{"sequence": [{"delay": 5}, call("test.a")]}, call("test.b")]},
        call("test.c"),
    )
    assert stage.called == ["test.b"]
    await stage.clock.advance(5)
    assert stage.called == ["test.b", "test.a", "test.c"]


async def test_a_failing_branch_lets_the_others_end(stage: Stage) -> None:
    stage.answer("test.fail", [{"error": "no"}])
    trace = await stage.run(
        {"parallel": [call("test.fail"), {"sequence": [{"delay": 5}, call("test.b")]}]},
        call("test.c"),
    )
    await stage.clock.advance(5)
    assert stage.called == ["test.fail", "test.b"]
    assert trace.error == "no"


async def test_variables_of_a_branch_end_with_it(stage: Stage) -> None:
    await stage.run(
        {"variables": {"outer": 1}},
        {"sequence": [{"variables": {"outer": 2, "inner": 3}}]},
        call(outer="{{ outer }}", inner="{{ inner is defined }}"),
    )
    assert stage.calls == [("test.call", {"outer": 2, "inner": False})]


async def test_a_condition_ends_the_run(stage: Stage) -> None:
    trace = await stage.run({"condition": "template", "value_template": "{{ false }}"}, call())
    assert stage.calls == []
    assert trace.execution == "aborted"


async def test_a_template_is_a_condition(stage: Stage) -> None:
    await stage.run("{{ true }}", call("test.a"), "{{ false }}", call("test.b"))
    assert stage.called == ["test.a"]


async def test_stop(stage: Stage) -> None:
    trace = await stage.run({"stop": "enough"}, call())
    assert (stage.calls, trace.execution) == ([], "finished")
    trace = await stage.run({"stop": "bad", "error": True}, call())
    assert (trace.execution, trace.error) == ("error", "bad")


async def test_stop_inside_a_loop_ends_the_whole_run(stage: Stage) -> None:
    trace = await stage.run(
        {"repeat": {"count": 5, "sequence": [call("test.a"), {"stop": ""}]}}, call("test.b")
    )
    await stage.clock.advance(0)
    assert stage.called == ["test.a"]
    assert trace.execution == "finished"


async def test_scene(stage: Stage) -> None:
    await stage.run({"scene": "scene.evening"})
    assert stage.calls == [("scene.turn_on", {"entity_id": ["scene.evening"]})]


async def test_a_dry_run_notes_and_does_not_do(stage: Stage) -> None:
    trace = await stage.run(
        call(x="{{ 1 }}"),
        {"event": "told"},
        {"action": "test.ask", "response_variable": "got"},
        {"variables": {"after": "{{ got }}"}},
        dry_run=True,
    )
    assert (stage.calls, stage.fired("told")) == ([], [])
    steps = trace.as_dict()["trace"]
    assert steps["action/0"][0]["result"]["dry_run"] is True
    assert steps["action/0"][0]["result"]["params"]["service_data"] == {"x": 1}
    assert steps["action/1"][0]["result"]["dry_run"] is True
    assert trace.execution == "finished"


async def test_scripts_answer(stage: Stage) -> None:
    script = await stage.script(
        fields={"name": {"required": True}},
        sequence=[
            {"variables": {"found": {"hello": "{{ name }}"}}},
            {"stop": "", "response_variable": "found"},
        ],
    )
    from hub.events import Context

    with pytest.raises(InvalidFormat, match="name"):
        script.call(Context(), {})
    assert await script.call(Context(), {"name": "Anna"}).ended() == {"hello": "Anna"}
    answer = await stage.world.services.call("script", "test", {"name": "Bo"}, return_response=True)
    assert answer == {"hello": "Bo"}


async def test_a_failing_script_fails_its_call(stage: Stage) -> None:
    await stage.script(sequence=[{"delay": 1}, {"stop": "no way", "error": True}])
    import asyncio

    task = asyncio.ensure_future(stage.world.services.call("script", "test"))
    await stage.clock.advance(2)
    with pytest.raises(HubError, match="no way"):
        await task


async def test_sequences_that_belong_to_nobody(stage: Stage) -> None:
    answer = await stage.automations.execute(
        [{"variables": {"x": "{{ given + 1 }}"}}, {"stop": "", "response_variable": "x"}],
        {"given": 2},
    )
    assert answer == 3
    with pytest.raises(InvalidFormat, match="nope"):
        await stage.automations.execute([{"nope": 1}])
