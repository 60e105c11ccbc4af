"""Triggers for what happens: events, messages, webhooks, resources, jobs, the hub itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
import voluptuous as vol

from hub.automation import validation
from hub.automation.webhooks import WebhookRequest
from hub.events import Context
from tests.hub.automation.triggers.conftest import START, Bench

# --- event


async def test_an_event_with_its_variables(bench: Bench) -> None:
    bench.attach({"platform": "event", "event_type": "rang"})
    cause = Context("anna")
    bench.world.bus.fire("rang", {"door": "front"}, cause)
    bench.world.bus.fire("other", {"door": "front"})
    (fired,) = bench.take()
    assert fired["event"] == {
        "event_type": "rang",
        "data": {"door": "front"},
        "origin": "LOCAL",
        "time_fired": datetime.fromtimestamp(START, UTC),
        "context": cause.as_dict(),
    }
    assert fired["description"] == "event 'rang'"
    assert bench.causes == [cause]


@pytest.mark.parametrize(
    ("wanted", "data", "fires"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {}, False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
        ({"a": {"b": 1}}, {"a": 1}, False),
        ({"a": [1, 2]}, {"a": [2]}, True),
        ({"a": [1, 2]}, {"a": [3]}, False),
        ({"a": None}, {"a": None}, True),
        ({"a": "{{ who }}"}, {"a": "anna"}, True),
    ],
)
async def test_event_data_is_a_part_of_the_data(
    bench: Bench, wanted: dict[str, Any], data: dict[str, Any], fires: bool
) -> None:
    bench.attach(
        {"trigger": "event", "event_type": ["rang", "x_{{ who }}"], "event_data": wanted},
        variables={"who": "anna"},
    )
    bench.world.bus.fire("rang", data)
    bench.world.bus.fire("x_anna", data)
    assert len(bench.take()) == 2 * fires


async def test_an_event_of_some_users(bench: Bench) -> None:
    bench.attach(
        {"trigger": "event", "event_type": "go", "context": {"user_id": ["anna", "ben"]}},
        {"trigger": "event", "event_type": "go", "context": {"parent_id": "{{ 'p1' }}"}},
    )
    for context in (Context("anna"), Context("eve"), Context(None), Context("ben", "p1")):
        bench.world.bus.fire("go", {}, context)
    assert [it["idx"] for it in bench.take()] == ["0", "0", "1"]


# --- template


async def test_a_template_that_becomes_true(bench: Bench) -> None:
    bench.attach({"trigger": "template", "value_template": "{{ states('sensor.a') | int(0) > 5 }}"})
    await bench.set("sensor.a", "7")
    (fired,) = bench.take()
    assert fired["entity_id"] == "sensor.a"
    assert fired["from_state"] is None
    assert fired["to_state"].state == "7"
    assert fired["for"] is None
    assert fired["description"] == "sensor.a via template"
    await bench.set("sensor.a", "8")
    assert bench.take() == []
    await bench.set("sensor.a", "1")
    await bench.set("sensor.a", "9")
    (fired,) = bench.take()
    assert (fired["from_state"].state, fired["to_state"].state) == ("1", "9")


async def test_the_cause_is_found_among_what_is_read_by_then(bench: Bench) -> None:
    await bench.set("switch.a", "off")
    await bench.set("switch.b", "off")
    text = "{{ is_state('switch.a', 'on') and is_state('switch.b', 'on') }}"
    bench.attach({"trigger": "template", "value_template": text})
    await bench.set("switch.a", "on")
    assert bench.take() == []
    await bench.set("switch.b", "on")
    (fired,) = bench.take()
    assert fired["entity_id"] == "switch.b"
    assert fired["from_state"].state == "off"


async def test_a_template_that_time_makes_true(bench: Bench) -> None:
    await bench.set("switch.a", "on")
    text = "{{ now().minute >= 5 and is_state('switch.a', 'on') }}"
    bench.attach({"trigger": "template", "value_template": text})
    await bench.set("switch.a", "off")
    await bench.set("switch.a", "on")
    await bench.clock.advance(301)
    (fired,) = bench.take()
    assert fired["entity_id"] is None
    assert fired["description"] == "time change or manual update via template"


async def test_a_template_that_was_true_already(bench: Bench) -> None:
    await bench.set("sensor.a", "7")
    bench.attach({"trigger": "template", "value_template": "{{ states('sensor.a') == '7' }}"})
    await bench.set("sensor.a", "7", unit="x")
    assert bench.take() == []
    await bench.set("sensor.a", "8")
    await bench.set("sensor.a", "7")
    assert len(bench.take()) == 1


async def test_a_template_that_must_stay_true(bench: Bench) -> None:
    stop = bench.attach(
        {
            "trigger": "template",
            "value_template": "{{ is_state('switch.a', 'on') }}",
            "for": {"seconds": "{{ trigger.to_state.attributes.wait }}"},
        }
    )
    await bench.set("switch.a", "on", wait=30)
    await bench.clock.advance(29)
    await bench.set("switch.a", "off")
    await bench.clock.advance(60)
    assert bench.take() == []
    await bench.set("switch.a", "on", wait=10)
    await bench.clock.advance(10)
    (fired,) = bench.take()
    assert fired["for"].total_seconds() == 10
    await bench.set("switch.a", "off")
    await bench.set("switch.a", "on", wait=10)
    stop()
    await bench.clock.advance(60)
    assert bench.take() == []


async def test_a_failing_template_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.attach({"trigger": "template", "value_template": "{{ 1 / (states('sensor.a') | int) }}"})
    assert "template trigger" in caplog.text
    await bench.set("sensor.a", "0")
    await bench.set("sensor.a", "2")
    assert bench.take() == [], "0.5 is not false before it"


# --- homeassistant


async def test_start_and_stop_of_the_hub(bench: Bench) -> None:
    bench.attach(
        {"trigger": "homeassistant", "event": "start"},
        {"trigger": "homeassistant", "event": "shutdown"},
    )
    bench.world.bus.fire("homeassistant_start")
    assert bench.take() == []
    bench.world.bus.fire("homeassistant_started")
    (fired,) = bench.take()
    assert (fired["event"], fired["description"]) == ("start", "Home Assistant starting")
    bench.world.bus.fire("homeassistant_stop")
    (fired,) = bench.take()
    assert fired["event"] == "shutdown"


# --- mqtt


def publish(bench: Bench, topic: str, payload: bytes, **more: Any) -> None:
    bench.world.broker.publish(topic, payload, **more)


async def test_a_message_with_its_variables(bench: Bench) -> None:
    bench.attach({"trigger": "mqtt", "topic": "zigbee/+/state", "qos": 1})
    publish(bench, "zigbee/lamp/state", b'{"on": true}', qos=1, retain=True)
    publish(bench, "zigbee/lamp", b"on")
    (fired,) = bench.take()
    assert fired == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "mqtt",
        "topic": "zigbee/lamp/state",
        "payload": '{"on": true}',
        "payload_json": {"on": True},
        "qos": 1,
        "retain": True,
        "description": "mqtt topic zigbee/lamp/state",
    }


async def test_payloads_are_compared(bench: Bench) -> None:
    topic = {"trigger": "mqtt", "topic": "a/{{ who }}"}
    bench.attach(
        {**topic, "payload": "on"},
        {**topic, "payload": "{{ who }}"},
        {**topic, "payload": "5", "value_template": "{{ value_json.level }}"},
        {**topic, "value_template": "{{ value_json.level }}"},
        variables={"who": "anna"},
    )
    publish(bench, "a/anna", b"on")
    assert [it["idx"] for it in bench.take()] == ["0", "3"]
    publish(bench, "a/anna", b"anna")
    assert [it["idx"] for it in bench.take()] == ["1", "3"]
    publish(bench, "a/anna", b'{"level": 5}')
    assert [it["idx"] for it in bench.take()] == ["2", "3"]
    publish(bench, "a/other", b"on")
    assert bench.take() == []


async def test_encodings(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    stop = bench.attach(
        {"trigger": "mqtt", "topic": "a"},
        {"trigger": "mqtt", "topic": "a", "encoding": "latin-1"},
        {"trigger": "mqtt", "topic": "a", "encoding": ""},
    )
    publish(bench, "a", b"\xe4")
    fired = bench.take()
    assert [(it["idx"], it["payload"]) for it in fired] == [("1", "ä"), ("2", b"\xe4")]
    assert "payload_json" not in fired[0]
    assert "is not utf-8" in caplog.text
    stop()
    publish(bench, "a", b"x")
    assert bench.take() == []


async def test_without_mqtt_it_says_so(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.world.messages = None
    bench.attach({"trigger": "mqtt", "topic": "a"})
    assert "MQTT is off" in caplog.text
    bench.attach({"trigger": "mqtt", "topic": "{{ 'a#' }}"})


# --- webhook


def call(bench: Bench, **fields: Any) -> None:
    given = {"method": "POST", "query": {}, "json": None, "data": {}, "remote": "127.0.0.1"}
    request = WebhookRequest("secret", **{**given, **fields})
    for hook in bench.world.webhooks.get("secret"):
        hook.handler(request)


async def test_a_webhook_with_its_variables(bench: Bench) -> None:
    stop = bench.attach({"trigger": "webhook", "webhook_id": "secret"})
    (hook,) = bench.world.webhooks.get("secret")
    assert (hook.methods, hook.local_only) == (frozenset({"POST", "PUT"}), True)
    call(bench, json={"a": 1}, query={"x": "y"})
    call(bench, data={"b": "2"})
    first, second = bench.take()
    assert first == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "webhook",
        "webhook_id": "secret",
        "json": {"a": 1},
        "query": {"x": "y"},
        "method": "POST",
        "description": "webhook",
    }
    assert second["data"] == {"b": "2"}
    assert "json" not in second
    stop()
    assert bench.world.webhooks.get("secret") == []


async def test_one_webhook_has_one_door(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.attach(
        {"trigger": "webhook", "webhook_id": "secret", "allowed_methods": "get"},
        {"trigger": "webhook", "webhook_id": "secret", "allowed_methods": ["GET"]},
        {"trigger": "webhook", "webhook_id": "secret", "allowed_methods": ["GET", "PUT"]},
    )
    call(bench)
    assert [it["idx"] for it in bench.take()] == ["0", "1"]
    assert "other allowed_methods" in caplog.text


# --- resource and job


async def test_phases_of_resources(bench: Bench) -> None:
    give = bench.world.resources.give
    give("proxy.host/old", {"phase": "in_sync"})
    bench.attach(
        {"trigger": "resource"},
        {"trigger": "resource", "type": "proxy.host", "key": ["blog"], "to": ["failed", "drifted"]},
        {"trigger": "resource", "from": "failed", "to": "in_sync"},
        {"trigger": "resource", "type": "vpn.user"},
        {"trigger": "resource", "drift": True},
        {"trigger": "resource", "drift": False},
        {"trigger": "resource", "action": ["added", "removed"]},
    )
    give("proxy.host/blog", {"phase": "pending"})
    assert [it["idx"] for it in bench.take()] == ["0", "6"]
    give("proxy.host/blog", {"phase": "failed"})
    give("proxy.host/blog", {"message": "again"})
    assert [it["idx"] for it in bench.take()] == ["0", "1"]
    give("proxy.host/blog", {"phase": "in_sync"})
    assert [it["idx"] for it in bench.take()] == ["0", "2"]
    give("proxy.host/blog", {"phase": "drifted"})
    assert [it["idx"] for it in bench.take()] == ["0", "1", "4"]
    give("proxy.host/blog", {"phase": "in_sync", "drift": False, "message": "all is well"})
    fired = bench.take()
    assert [it["idx"] for it in fired] == ["0", "5"]
    assert fired[0] == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "resource",
        "resource_type": "proxy.host",
        "key": "blog",
        "action": "status",
        "revision": 1,
        "from_phase": "drifted",
        "to_phase": "in_sync",
        "drift": False,
        "message": "all is well",
        "description": "resource proxy.host/blog",
    }
    give("proxy.host/blog", {"action": "removed"})
    fired = bench.take()
    assert [(it["idx"], it["to_phase"]) for it in fired] == [("0", None), ("6", None)]
    give("proxy.host/old", {"phase": "failed"})
    give("proxy.host/old", {"phase": "in_sync"})
    fired = bench.take()
    assert [(it["idx"], it["from_phase"]) for it in fired] == [
        ("0", "in_sync"), ("0", "failed"), ("2", "failed"),
    ]  # fmt: skip


def job(bench: Bench, state: str, job_id: str = "j1", kind: str = "apply") -> None:
    data = {
        "id": job_id,
        "kind": kind,
        "target": "proxy.host/blog",
        "state": state,
        "result": None,
        "error": {"code": "x", "message": "no"} if state == "failed" else None,
    }
    bench.world.bus.fire("job_updated", {"job": data}, Context("anna"))


async def test_jobs_that_end(bench: Bench) -> None:
    bench.attach(
        {"trigger": "job"},
        {"trigger": "job", "kind": "apply", "target": "proxy.host/*", "state": "failed"},
        {"trigger": "job", "kind": "backup"},
        {"trigger": "job", "state": ["running", "finished"]},
    )
    for state in ("queued", "running", "running", "running", "failed"):
        job(bench, state)
    fired = bench.take()
    assert [it["idx"] for it in fired] == ["3", "0", "1"]
    assert fired[1]["from_state"] == "running"
    assert fired[1]["to_state"] == "failed"
    assert fired[1]["error"] == {"code": "x", "message": "no"}
    assert fired[1]["description"] == "job apply of proxy.host/blog failed"
    assert bench.causes[-1] is not None
    assert bench.causes[-1].user_id == "anna"
    job(bench, "done", "j2")
    assert [it["idx"] for it in bench.take()] == ["0", "3"]


# --- mistakes


@pytest.mark.parametrize(
    ("trigger", "path", "words"),
    [
        ({"trigger": "event"}, ["event_type"], "missing"),
        ({"trigger": "event", "event_type": "x" * 65}, ["event_type", 0], "64"),
        ({"trigger": "event", "event_type": "a", "event_data": 1}, ["event_data"], "mapping"),
        ({"trigger": "event", "event_type": "a", "context": {"who": "x"}}, ["context", "who"], ""),
        ({"trigger": "template"}, ["value_template"], "missing"),
        ({"trigger": "template", "value_template": "{{ 1 + }}"}, ["value_template"], "line 1"),
        ({"trigger": "homeassistant", "event": "stop"}, ["event"], "start or shutdown"),
        ({"trigger": "mqtt", "topic": "a/#/b"}, ["topic"], "at the end"),
        ({"trigger": "mqtt", "topic": "a/b+"}, ["topic"], "whole level"),
        ({"trigger": "mqtt", "topic": ""}, ["topic"], "expected a topic"),
        ({"trigger": "mqtt", "topic": "a", "qos": 3}, ["qos"], "0, 1 or 2"),
        ({"trigger": "mqtt", "topic": "a", "encoding": "klingon"}, ["encoding"], "utf-8"),
        ({"trigger": "webhook", "webhook_id": "a/b"}, ["webhook_id"], "slash"),
        (
            {"trigger": "webhook", "webhook_id": "a", "allowed_methods": ["DELETE"]},
            ["allowed_methods", 0],
            "GET, HEAD, POST, PUT",
        ),
        ({"trigger": "resource", "to": "broken"}, ["to", 0], "in_sync"),
        ({"trigger": "resource", "type": "host"}, ["type"], "proxy.host"),
        ({"trigger": "resource", "to": "failed", "drift": True}, ["drift"], "exclude"),
        ({"trigger": "job", "state": "broken"}, ["state", 0], "failed"),
        ({"trigger": "sun", "event": "noon"}, ["event"], "sunrise or sunset"),
        (
            {"trigger": "zone", "entity_id": "person.a", "zone": "zone.home"},
            ["trigger"],
            "not supp",
        ),
        ({"platform": "calendar", "event": "start"}, ["trigger"], "schedule"),
        ({"trigger": "tag", "tag_id": "x"}, ["trigger"], "tag_scanned"),
        ({"trigger": "conversation", "command": "x"}, ["trigger"], "not supported"),
        ({"trigger": "geo_location", "source": "x"}, ["trigger"], "not supported"),
        ({"trigger": "nope"}, ["trigger"], "unknown trigger"),
    ],
)
def test_mistakes_are_told_with_their_place(
    trigger: dict[str, Any], path: list[Any], words: str
) -> None:
    with pytest.raises(vol.Invalid) as caught:
        validation.triggers([trigger])
    (error,) = getattr(caught.value, "errors", [caught.value])
    assert error.path == [0, *path]
    assert words in error.msg
