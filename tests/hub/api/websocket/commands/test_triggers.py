"""Triggers, conditions and scripts tried out, in Home Assistant's shapes."""

import asyncio
from typing import Any

import pytest

from hub.auth import Role
from tests.peers.house import Client, House, MakeHouse
from tests.peers.mosquitto import Mosquitto
from tests.peers.ports import wait_until


@pytest.fixture
async def client(house: House) -> Client:
    return await house.connect()


async def test_a_state_trigger_in_home_assistants_shape(house: House, client: Client) -> None:
    house.hub.states.set("sensor.a", "1", {"unit": "x"})
    answer = await client.call(
        type="subscribe_trigger",
        trigger=[{"platform": "state", "entity_id": "sensor.a", "to": "2"}],
        variables={"mine": 1},
    )
    assert (answer["success"], answer["result"]) == (True, None)
    house.hub.states.set("sensor.a", "2", {"unit": "x"})
    message = await client.receive()
    assert (message["type"], message["id"]) == ("event", client.last_id)
    event = message["event"]
    assert event["context"] == house.hub.states.get("sensor.a").context.as_dict()  # type: ignore[union-attr]
    assert event["variables"]["mine"] == 1
    trigger = event["variables"]["trigger"]
    assert trigger["from_state"]["state"] == "1"
    assert trigger["to_state"] == house.hub.states.get("sensor.a").as_dict()  # type: ignore[union-attr]
    del trigger["from_state"], trigger["to_state"]
    assert trigger == {
        "id": "0",
        "idx": "0",
        "alias": None,
        "platform": "state",
        "entity_id": "sensor.a",
        "for": None,
        "attribute": None,
        "description": "state of sensor.a",
    }


async def test_times_and_spans_are_told_as_home_assistant_does(
    house: House, client: Client
) -> None:
    triggers = [
        {"trigger": "state", "entity_id": "sensor.a", "for": 0},
        {"trigger": "event", "event_type": "go"},
    ]
    await client.call(type="subscribe_trigger", trigger=triggers)
    house.hub.states.set("sensor.a", "2")
    span = (await client.receive())["event"]["variables"]["trigger"]["for"]
    assert span == {"__type": "<class 'datetime.timedelta'>", "total_seconds": 0.0}
    house.hub.bus.fire("go", {"a": {1: {2}}})
    event = (await client.receive())["event"]["variables"]["trigger"]["event"]
    assert event["time_fired"].endswith("+00:00")
    assert event["data"] == {"a": {"1": [2]}}


async def test_it_ends_with_the_subscription(house: House, client: Client) -> None:
    trigger = {"trigger": "state", "entity_id": "sensor.a"}
    await client.call(type="subscribe_trigger", trigger=trigger)
    listeners = house.hub.states._by_entity
    assert len(listeners["sensor.a"]) == 1
    answer = await client.call(type="unsubscribe_events", subscription=client.last_id)
    assert answer["success"]
    assert not listeners.get("sensor.a")
    await client.call(type="subscribe_trigger", trigger=trigger)
    await client.ws.close()
    house.clients.remove(client)
    other = await house.connect()
    while listeners.get("sensor.a"):
        await other.call(type="ping")


NO_LISTENERS: list[tuple[Any, str, str]] = [
    ({"trigger": "nope"}, "invalid_format", "nope"),
    ({"trigger": "state"}, "invalid_format", "entity_id"),
    ([], "invalid_format", "at least one"),
    ({"trigger": "mqtt", "topic": "a"}, "home_assistant_error", "MQTT is off"),
    (
        [{"trigger": "event", "event_type": "x"}, {"trigger": "mqtt", "topic": "a"}],
        "home_assistant_error",
        "MQTT is off",
    ),
    ([{"trigger": "event", "event_type": "x"}] * 101, "invalid_format", "100"),
]


async def test_triggers_that_can_not_listen(house: House, client: Client) -> None:
    for trigger, code, words in NO_LISTENERS:
        answer = await client.call(type="subscribe_trigger", trigger=trigger)
        assert answer["error"]["code"] == code
        assert words in answer["error"]["message"]
        assert not house.hub.bus.counts().get("x")


async def test_conditions(house: House, client: Client) -> None:
    house.hub.states.set("sensor.a", "1")

    async def ask(condition: Any, **more: Any) -> Any:
        return await client.call(type="test_condition", condition=condition, **more)

    state = {"condition": "state", "entity_id": "sensor.a", "state": "1"}
    assert (await ask(state))["result"] == {"result": True}
    assert (await ask({"not": [state]}))["result"] == {"result": False}
    assert (await ask([state, "{{ mine == 2 }}"], variables={"mine": 2}))["result"]["result"]
    error = (await ask({**state, "entity_id": "nope.x"}))["error"]
    assert error["code"] == "home_assistant_error"
    assert error["message"] == "In 'state' condition: unknown entity nope.x"
    assert (await ask({"condition": "nope"}))["error"]["code"] == "invalid_format"
    assert (await ask("{{ 1 / 0 }}"))["error"]["code"] == "home_assistant_error"


async def test_validation(client: Client) -> None:
    answer = await client.call(
        type="validate_config",
        triggers={"trigger": "state", "entity_id": "sensor.a"},
        conditions=[{"condition": "state", "entity_id": "sensor.a"}],
        actions=[{"action": "light.turn_on"}],
    )
    found = answer["result"]
    assert found["triggers"] == {"valid": True, "error": None}
    assert found["actions"] == {"valid": True, "error": None}
    assert found["conditions"]["valid"] is False
    assert "state is missing" in found["conditions"]["error"]
    assert (await client.call(type="validate_config"))["result"] == {}


async def test_scripts(house: House, client: Client) -> None:
    fired: list[Any] = []
    house.hub.bus.listen("done", fired.append)
    answer = await client.call(
        type="execute_script",
        sequence=[
            {"event": "done", "event_data": {"a": "{{ mine }}"}},
            {"variables": {"found": {"b": 1}}},
            {"stop": "enough", "response_variable": "found"},
        ],
        variables={"mine": 7},
    )
    result = answer["result"]
    assert result["response"] == {"b": 1}
    assert fired[0].data == {"a": 7}
    assert result["context"]["user_id"] is not None
    answer = await client.call(type="execute_script", sequence=[{"nope": 1}])
    assert answer["error"]["code"] == "invalid_format"


async def test_only_administrators_may(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Olga", role=Role.OPERATOR)
    client = await house.connect(await auth.tokens.create_long_lived(user, "t", 1))
    fields: dict[str, Any] = {
        "subscribe_trigger": {"trigger": {"trigger": "event", "event_type": "x"}},
        "test_condition": {"condition": "{{ true }}"},
        "execute_script": {"sequence": []},
    }
    for kind, more in fields.items():
        answer = await client.call(type=kind, **more)
        assert answer["error"]["code"] == "unauthorized"


async def test_a_rename_sets_nothing_off(house: House, client: Client) -> None:
    """Home Assistant fires here; the hub tells a rename from a change."""
    old = next(it for it in house.hub.states.entity_ids("switch"))
    value = house.hub.states.get(old).state  # type: ignore[union-attr]
    triggers = [
        {"trigger": "state", "entity_id": old},
        {"trigger": "state", "entity_id": "switch.new_name"},
        {"trigger": "state", "entity_id": "switch.new_name", "to": value},
        {"trigger": "event", "event_type": "end"},
    ]
    await client.call(type="subscribe_trigger", trigger=triggers)
    answer = await (await house.connect()).call(
        type="config/entity_registry/update", entity_id=old, new_entity_id="switch.new_name"
    )
    assert answer["success"]
    assert house.hub.states.get("switch.new_name") is not None
    house.hub.bus.fire("end")
    event = (await client.receive())["event"]
    assert event["variables"]["trigger"]["idx"] == "3"


async def test_messages_of_a_real_broker(make_house: MakeHouse, mosquitto: Mosquitto) -> None:
    """The whole way from mosquitto_pub to a trigger's variables, and back with mqtt.publish."""
    broker = f"broker:\n    host: 127.0.0.1\n    port: {mosquitto.port}"
    house = await make_house(f"hub:\n  name: H\nmqtt:\n  {broker}\n")
    client = await house.connect()
    trigger = {"trigger": "mqtt", "topic": "zigbee/+", "qos": 1}
    assert (await client.call(type="subscribe_trigger", trigger=trigger))["success"]
    await wait_until(lambda: house.running.mqtt.messages.agreed)
    await asyncio.to_thread(mosquitto.publish, "zigbee/lamp", '{"on": true}')
    found = (await client.receive())["event"]["variables"]["trigger"]
    assert (found["topic"], found["payload_json"], found["qos"]) == ("zigbee/lamp", {"on": True}, 1)
    await wait_until(lambda: house.running.mqtt.connected)
    await client.send(
        type="call_service",
        domain="mqtt",
        service="publish",
        service_data={"topic": "zigbee/other", "payload": "x", "qos": 1},
    )
    messages = [await client.receive(), await client.receive()]
    (event,) = [it["event"] for it in messages if it["type"] == "event"]
    assert event["variables"]["trigger"]["payload"] == "x"
    (result,) = [it for it in messages if it["type"] == "result"]
    assert result["success"]
