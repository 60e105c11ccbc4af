"""What happened in words, what caused it, and who may know."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.auth import Role
from hub.events import Context
from hub.hub import Hub
from tests.peers.house import Client, House, MakeHouse

AUTOMATED = """
mqtt:
  enabled: false
demo:
automation:
  - id: hall
    alias: Light the hall
    triggers:
      - trigger: state
        entity_id: binary_sensor.door
        to: "on"
    actions:
      - action: switch.toggle
        target: {entity_id: switch.demo_lamp}
"""


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def lamp(hub: Hub, state: str, context: Context | None = None, **attributes: Any) -> None:
    hub.states.set("light.lamp", state, {"friendly_name": "Lamp", **attributes}, context)


async def events(client: Client, start: float, **more: Any) -> Any:
    answer = await client.call(type="logbook/get_events", start_time=iso(start), **more)
    return answer["result"] if answer["success"] else answer["error"]["code"]


async def told(client: Client, start: float, entity_id: str, **more: Any) -> list[dict[str, Any]]:
    rows = await events(client, start, **more)
    return [row for row in rows if row.get("entity_id") == entity_id]


@pytest.fixture
def start(house: House) -> float:
    return house.hub.clock.time()


async def test_changes_of_state(house: House, start: float) -> None:
    hub = house.hub
    lamp(hub, "off")
    lamp(hub, "on", icon="mdi:lamp")
    lamp(hub, "on", brightness=5)
    hub.states.set("sensor.power", "5", {"unit_of_measurement": "W"})
    hub.states.set("sensor.power", "6", {"unit_of_measurement": "W"})
    hub.states.set("sensor.words", "a")
    hub.states.set("sensor.words", "b")
    hub.states.set("counter.a", "1")
    hub.states.set("counter.a", "2")
    hub.states.remove("light.lamp")
    lamp(hub, "on")
    client = await house.connect()
    rows = await events(client, start)
    shown = [(row.get("entity_id"), row.get("state")) for row in rows if "state" in row]
    assert shown == [("light.lamp", "on"), ("sensor.words", "b")], "measurements are left out"
    (row,) = await told(client, start, "light.lamp")
    assert set(row) == {"when", "state", "entity_id", "icon"}
    assert start <= row["when"] <= hub.clock.time()
    assert await told(client, start, "sensor.power", entity_ids=["sensor.power"]) == []


async def test_a_user_calls_a_service(house: House, start: float) -> None:
    hub = house.hub
    client = await house.connect()
    owner = hub.auth.users.by_username("owner")
    assert owner is not None
    target = {"entity_id": "switch.demo_lamp"}
    await client.call(type="call_service", domain="switch", service="toggle", target=target)
    (row,) = await told(client, start, "switch.demo_lamp")
    assert row == {
        "when": row["when"],
        "state": hub.states.get("switch.demo_lamp").state,
        "entity_id": "switch.demo_lamp",
        "context_user_id": owner.id,
        "context_event_type": "call_service",
        "context_domain": "switch",
        "context_service": "toggle",
    }
    calls = await client.call(type="logbook/get_action_calls", start_time=iso(start))
    (call,) = calls["result"]
    assert (call["domain"], call["service"]) == ("switch", "toggle")
    assert (call["service_data"]["entity_id"], call["context_user_id"]) == (
        ["switch.demo_lamp"],
        owner.id,
    )
    asked = {"context_id": call["context_id"]}
    assert [row["entity_id"] for row in await events(client, start, **asked)] == [row["entity_id"]]
    assert await events(client, start, context_id="0" * 26) == []


async def test_an_automation_is_told_and_is_the_cause(house: House, start: float) -> None:
    hub = house.hub
    lamp(hub, "off")
    door = Context()
    hub.states.set("binary_sensor.door", "off")
    hub.states.set("binary_sensor.door", "on", context=door)
    run = Context(parent_id=door.id)
    data = {"name": "Hall", "entity_id": "automation.hall", "source": "state of binary_sensor.door"}
    hub.bus.fire("automation_triggered", data, run)
    hub.bus.fire("call_service", {"domain": "light", "service": "turn_on"}, run)
    lamp(hub, "on", run)
    client = await house.connect()
    (row,) = await told(client, start, "automation.hall")
    assert row["message"] == "triggered by state of binary_sensor.door"
    assert (row["name"], row["domain"], row["context_id"]) == ("Hall", "automation", run.id)
    (row,) = await told(client, start, "light.lamp")
    assert row["context_event_type"] == "automation_triggered"
    assert row["context_name"] == "Hall"
    assert row["context_message"] == "triggered by state of binary_sensor.door"
    assert row["context_source"] == "state of binary_sensor.door"
    assert row["context_entity_id"] == "automation.hall"
    answer = await house.request("GET", f"/api/logbook/{iso(start).replace('+', '%2B')}")
    found = {row["entity_id"]: row for row in await answer.json() if "entity_id" in row}
    assert found["light.lamp"]["name"] == "Lamp"
    assert datetime.fromisoformat(found["light.lamp"]["when"]).timestamp() >= start


async def test_other_events(house: House, start: float) -> None:
    hub = house.hub
    user = Context("u" * 32)
    hub.bus.fire("script_started", {"name": "Good night", "entity_id": "script.night"})
    hub.bus.fire("logbook_entry", {"name": "Boiler", "message": "was bled", "domain": "climate"})
    hub.bus.fire("call_service", {"domain": "hub", "service": "restart"}, user)
    hub.bus.fire("call_service", {"domain": "notify", "service": "all"})
    hub.bus.fire("homeassistant_stop", {})
    hub.bus.fire("my_own", {"entity_id": "light.lamp"})
    client = await house.connect()
    rows = [
        (row["name"], row["message"], row["domain"])
        for row in await events(client, start)
        if "message" in row
    ]
    assert rows == [
        ("Good night", "started", "script"),
        ("Boiler", "was bled", "climate"),
        ("hub.restart", "called", "hub"),
        ("Hub", "stopped", "homeassistant"),
    ]
    assert await events(client, start, entity_ids=["script.night"]) == [
        row for row in await events(client, start) if row.get("name") == "Good night"
    ]


async def test_who_may_not_read_is_not_told(house: House, start: float) -> None:
    hub = house.hub
    rules = [{"effect": "deny", "verbs": ["read"], "entity": ["automation.*", "binary_sensor.*"]}]
    await hub.auth.policies.put("guest", rules)
    await hub.auth.policies.put(
        "doors", [{"effect": "deny", "verbs": ["read"], "entity": "binary_sensor.*"}]
    )
    clients = []
    for name, policy in (("Guest", "guest"), ("Friend", "doors")):
        user = await hub.auth.users.create(name, role=Role.OPERATOR, policies=[policy])
        token = await hub.auth.tokens.create_long_lived(user, "tests", 1)
        clients.append(await house.connect(token))
    guest, friend = clients
    streams = [
        await client.send(type="logbook/event_stream", start_time=iso(start)) for client in clients
    ]
    for client in clients:
        for _ in range(3):
            await client.receive()
    lamp(hub, "off")
    door = Context()
    hub.states.set("binary_sensor.door", "off")
    hub.states.set("binary_sensor.door", "on", context=door)
    run = Context(parent_id=door.id)
    data = {"name": "Hall", "entity_id": "automation.hall", "source": "state of binary_sensor.door"}
    hub.bus.fire("automation_triggered", data, run)
    lamp(hub, "on", run)
    hub.bus.fire("homeassistant_stop", {})
    live = [(await client.receive())["event"]["events"] for client in clients]
    for client, rows in zip(clients, live, strict=True):
        assert rows == [
            {**row, "when": pytest.approx(row["when"])} for row in await events(client, start)
        ], "live rows are those that are read later"
    assert streams == [1, 1]
    assert [row.get("entity_id") for row in live[0]] == ["light.lamp"]
    assert not any(key.startswith("context") for key in live[0][0]), live[0]
    assert [row.get("entity_id") for row in live[1]] == ["automation.hall", "light.lamp"]
    assert live[1][0]["message"] == "triggered"
    assert "door" not in str(live[1])
    assert (live[1][1]["context_name"], live[1][1]["context_message"]) == ("Hall", "triggered")
    assert await events(guest, start, entity_ids=["binary_sensor.door"]) == []
    refused = await friend.call(type="logbook/get_action_calls", start_time=iso(start))
    assert refused["error"]["code"] == "unauthorized"


async def test_a_stream_goes_on(house: House, start: float) -> None:
    hub = house.hub
    lamp(hub, "off")
    lamp(hub, "on")
    client = await house.connect()
    sent = await client.send(
        type="logbook/event_stream", start_time=iso(start), entity_ids=["light.lamp"]
    )
    assert (await client.receive())["result"] is None
    first, second = (await client.receive())["event"], (await client.receive())["event"]
    assert [row["state"] for row in first["events"]] == ["on"]
    assert (first["partial"], first["start_time"]) == (True, pytest.approx(start))
    assert set(second) == {"events", "start_time", "end_time"}
    lamp(hub, "off")
    lamp(hub, "on", brightness=1)
    hub.states.set("light.other", "on")
    event = (await client.receive())["event"]
    assert [row["state"] for row in event["events"]] == ["off", "on"]
    await client.call(type="unsubscribe_events", subscription=sent)
    lamp(hub, "off")
    assert (await client.call(type="ping"))["type"] == "pong"


async def test_what_is_asked_wrongly(house: House, start: float) -> None:
    client = await house.connect()
    for kind in ("logbook/get_events", "logbook/event_stream"):
        for fields, code in (
            ({"start_time": "x"}, "invalid_start_time"),
            ({"start_time": iso(start), "end_time": "x"}, "invalid_end_time"),
            ({"start_time": iso(start), "end_time": iso(start - 5)}, "invalid_end_time"),
            ({"start_time": iso(start), "entity_ids": ["x"]}, "invalid_entity_ids"),
        ):
            assert (await client.call(type=kind, **fields))["error"]["code"] == code
    both = {"entity_ids": ["light.a"], "context_id": "x"}
    assert await events(client, start, **both) == "invalid_format"
    later = house.hub.clock.time() + 60
    assert await events(client, later) == []
    stream = await client.call(type="logbook/event_stream", start_time=iso(later))
    assert stream["error"]["code"] == "invalid_start_time"
    for query, message in (
        ("/soon", "Invalid datetime"),
        ("?end_time=soon", "Invalid end_time"),
        ("?entity=light.a&context_id=x", "Can't combine entity with context_id"),
        ("?entity=lamp", "Invalid entity"),
        ("?period=0", None),
    ):
        answer = await house.request("GET", f"/api/logbook{query}")
        assert answer.status == 400, query
        assert message in (None, (await answer.json())["message"])


async def test_with_a_real_automation(make_house: MakeHouse) -> None:
    house = await make_house(AUTOMATED)
    hub = house.hub
    start = hub.clock.time()
    before = hub.states.get("switch.demo_lamp").state
    hub.states.set("binary_sensor.door", "off")
    hub.states.set("binary_sensor.door", "on")
    async with asyncio.timeout(30):
        while hub.states.get("switch.demo_lamp").state == before:
            await asyncio.sleep(0.01)
    client = await house.connect()
    (run,) = await told(client, start, "automation.light_the_hall")
    assert run["message"].startswith("triggered by state of binary_sensor.door")
    assert run["domain"] == "automation"
    (row,) = await told(client, start, "switch.demo_lamp")
    assert row["context_event_type"] == "automation_triggered"
    assert row["context_name"] == "Light the hall"
    assert row["context_entity_id"] == "automation.light_the_hall"
