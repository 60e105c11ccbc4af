"""The websocket's edge behaviour, frame by frame, against a running hub."""

import asyncio
from typing import Any

import pytest
from aiohttp import WSMsgType

from hub.auth import Role
from tests.peers.house import House

BAD_FORMAT = "Message incorrectly formatted."


async def first(house: House) -> Any:
    ws = await house.session.ws_connect(f"{house.url}/api/websocket")
    required = await ws.receive_json(timeout=30)
    assert required == {"type": "auth_required", "ha_version": required["ha_version"]}
    return ws


async def test_auth_and_a_first_command_may_come_in_one_breath(house: House) -> None:
    ws = await house.session.ws_connect(f"{house.url}/api/websocket")
    await ws.send_json({"type": "auth", "access_token": house.token})
    await ws.send_json({"id": 1, "type": "ping"})
    assert (await ws.receive_json(timeout=30))["type"] == "auth_required"
    assert (await ws.receive_json(timeout=30))["type"] == "auth_ok"
    assert await ws.receive_json(timeout=30) == {"id": 1, "type": "pong"}


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "auth", "access_token": "wrong"},
        {"type": "auth"},
        {"type": "auth", "api_password": "x"},
    ],
)
async def test_a_wrong_token_gets_one_answer_and_the_end(
    house: House, frame: dict[str, Any]
) -> None:
    ws = await first(house)
    await ws.send_json(frame)
    await ws.send_json({"id": 1, "type": "ping"})
    assert await ws.receive_json(timeout=30) == {
        "type": "auth_invalid",
        "message": "Invalid access token or password",
    }
    closed = await ws.receive(timeout=30)
    assert closed.type is WSMsgType.CLOSE
    assert closed.data == 1000


@pytest.mark.parametrize(
    "frame",
    [
        {"id": 1, "type": "ping"},
        {"id": 1, "type": "auth", "access_token": "s3cret"},
        [{"type": "auth", "access_token": "s3cret"}],
        5,
    ],
)
async def test_a_first_frame_of_another_form_is_refused_without_echo(
    house: House, frame: Any
) -> None:
    ws = await first(house)
    await ws.send_json(frame)
    answer = await ws.receive_json(timeout=30)
    assert answer["type"] == "auth_invalid"
    assert answer["message"].startswith("Auth message incorrectly formatted: ")
    assert "s3cret" not in answer["message"]
    assert (await ws.receive(timeout=30)).data == 1000


@pytest.mark.parametrize("frame", [b"\x01", "no json", "x" * 70_000])
async def test_a_first_frame_that_is_no_message_ends_silently(
    house: House, frame: bytes | str
) -> None:
    ws = await first(house)
    await (ws.send_bytes(frame) if isinstance(frame, bytes) else ws.send_str(frame))
    closed = await ws.receive(timeout=30)
    assert closed.type is WSMsgType.CLOSE
    assert closed.data == 1000


@pytest.mark.parametrize(
    ("frame", "message_id", "code"),
    [
        ({"type": "ping"}, None, "invalid_format"),
        ({"id": "1", "type": "ping"}, "1", "invalid_format"),
        ({"id": 1.5, "type": "ping"}, 1.5, "invalid_format"),
        ({"id": True, "type": "ping"}, True, "invalid_format"),
        ({"id": None, "type": "ping"}, None, "invalid_format"),
        ({"id": 0, "type": "ping"}, 0, "invalid_format"),
        ({"id": -3, "type": "ping"}, -3, "invalid_format"),
        ({"id": 7}, 7, "invalid_format"),
        ({"id": 7, "type": ""}, 7, "invalid_format"),
        ({"id": 7, "type": 5}, 7, "invalid_format"),
        (5, 0, "invalid_format"),
        (None, 0, "invalid_format"),
        ("x", 0, "invalid_format"),
        ({"id": 7, "type": "nope/nope"}, 7, "unknown_command"),
        ({"id": 7, "type": "auth"}, 7, "unknown_command"),
        ({"id": 7, "type": "get_states", "extra": 1}, 7, "invalid_format"),
        ({"id": 7, "type": "supported_features"}, 7, "invalid_format"),
        ({"id": 7, "type": "subscribe_events", "event_type": None}, 7, "invalid_format"),
        ({"id": 7, "type": "subscribe_events", "event_type": 5}, 7, "invalid_format"),
        ({"id": 7, "type": "subscribe_entities", "entity_ids": ["nodot"]}, 7, "invalid_format"),
        ({"id": 7, "type": "unsubscribe_events", "subscription": 99}, 7, "not_found"),
        ({"id": 7, "type": "call_service", "domain": "a", "service": "b"}, 7, "not_found"),
        ({"id": 7, "type": "call_service", "domain": "a"}, 7, "invalid_format"),
        (
            {"id": 7, "type": "call_service", "domain": "a", "service": "b", "service_data": None},
            7,
            "invalid_format",
        ),
        ({"id": 7, "type": "subscribe_events", "event_type": "state_reported"}, 7,
         "home_assistant_error"),
    ],
)  # fmt: skip
async def test_a_bad_command_is_answered_and_the_connection_stays(
    house: House, frame: Any, message_id: Any, code: str
) -> None:
    client = await house.connect()
    await client.ws.send_json(frame)
    answer = await client.receive()
    assert answer["id"] == message_id
    assert answer["success"] is False
    assert answer["error"]["code"] == code
    client.last_id = 100
    assert (await client.call(type="ping"))["type"] == "pong"


async def test_ids_have_to_increase_and_unknown_commands_consume_none(house: House) -> None:
    client = await house.connect()
    client.last_id = 9
    assert (await client.call(type="nope"))["error"]["code"] == "unknown_command"
    client.last_id = 9
    assert (await client.call(type="ping"))["type"] == "pong"
    client.last_id = 9
    answer = await client.call(type="ping")
    assert answer["error"] == {
        "code": "id_reuse",
        "message": "Identifier values have to increase.",
    }
    client.last_id = 10
    assert (await client.call(type="get_states", x=1))["error"]["code"] == "invalid_format"
    client.last_id = 10
    assert (await client.call(type="get_states"))["error"]["code"] == "id_reuse"
    client.last_id = 2**53 - 1
    assert (await client.call(type="ping"))["type"] == "pong"


async def test_arrays_are_answered_and_coalesced_only_when_declared(house: House) -> None:
    client = await house.connect()
    await client.ws.send_json([{"id": 1, "type": "ping"}, {"id": 2, "type": "ping"}, 5])
    assert [(await client.receive())["id"] for _ in range(3)] == [1, 2, 0]
    await client.ws.send_json([])
    await client.ws.send_json(
        [
            {"id": 3, "type": "supported_features", "features": {"coalesce_messages": 1}},
            {"id": 4, "type": "ping"},
            {"id": 5, "type": "ping"},
        ]
    )
    answers = await client.receive()
    assert [answer["id"] for answer in answers] == [3, 4, 5]
    client.last_id = 5
    await client.send(type="supported_features", features={})
    assert (await client.receive())["success"] is True
    await client.ws.send_json([{"id": 7, "type": "ping"}, {"id": 8, "type": "ping"}])
    assert [(await client.receive())["id"] for _ in range(2)] == [7, 8]


async def test_frames_that_are_no_json_or_empty_end_it(house: House) -> None:
    for frame in ("{", b""):
        client = await house.connect()
        if isinstance(frame, bytes):
            await client.ws.send_bytes(b"\x07ignored")
            assert (await client.call(type="ping"))["type"] == "pong"
            await client.ws.send_bytes(frame)
        else:
            await client.ws.send_str(frame)
        closed = await client.ws.receive(timeout=30)
        assert closed.type is WSMsgType.CLOSE
        assert closed.data == 1000


async def test_a_thousand_commands_in_one_write(house: House) -> None:
    client = await house.connect()
    await client.ws.send_json([{"id": n, "type": "ping"} for n in range(1, 1001)])
    for number in range(1001, 2001):
        await client.ws.send_json({"id": number, "type": "ping"})
    assert [(await client.receive())["id"] for _ in range(2000)] == list(range(1, 2001))


async def test_a_control_ping_is_answered(house: House) -> None:
    ws = await house.session.ws_connect(f"{house.url}/api/websocket", autoping=False)
    await ws.receive(timeout=30)
    for text in (b"before", b"after"):
        await ws.ping(text)
        pong = await ws.receive(timeout=30)
        assert (pong.type, bytes(pong.data)) == (WSMsgType.PONG, text)
        if text == b"before":
            await ws.send_json({"type": "auth", "access_token": house.token})
            assert (await ws.receive_json(timeout=30))["type"] == "auth_ok"


async def test_a_silent_client_is_ended_by_the_second_beat(house: House) -> None:
    ws = await house.session.ws_connect(f"{house.url}/api/websocket", autoping=False)
    await ws.receive(timeout=30)
    await ws.send_json({"type": "auth", "access_token": house.token})
    await ws.receive(timeout=30)
    endpoint = house.running.api._websocket
    endpoint._beat()
    assert (await ws.receive(timeout=30)).type is WSMsgType.PING
    await ws.pong()
    await ws.send_json({"id": 1, "type": "ping"})
    assert (await ws.receive_json(timeout=30))["type"] == "pong"
    endpoint._beat()
    assert (await ws.receive(timeout=30)).type is WSMsgType.PING
    endpoint._beat()
    assert (await ws.receive(timeout=30)).type in (WSMsgType.CLOSED, WSMsgType.CLOSING)


async def test_services_are_called_with_context_and_target(house: House) -> None:
    client = await house.connect()
    changed: asyncio.Queue[Any] = asyncio.Queue()
    house.hub.states.listen(lambda old, new: changed.put_nowait(new), ["switch.demo_lamp"])
    answer = await client.call(
        type="call_service",
        domain="SWITCH",
        service="Turn_On",
        target={"entity_id": "switch.demo_lamp"},
    )
    state = await changed.get()
    assert state.state == "on"
    assert answer["result"] == {"context": state.context.as_dict()}
    assert state.context.user_id is not None
    for target in ({"area_id": "workshop"}, {"device_id": house.hub.devices.all()[0].id}):
        await client.call(type="call_service", domain="switch", service="toggle", target=target)
        assert (await changed.get()).state in ("off", "on")


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        ({"domain": "climate", "service": "set_temperature",
          "service_data": {"entity_id": "climate.demo_zone", "temperature": 99}},
         "service_validation_error", "Validation error: Invalid temperature for climate.demo_zone"),
        ({"domain": "climate", "service": "set_temperature",
          "service_data": {"entity_id": "climate.demo_zone", "temperature": "warm"}},
         "invalid_format", "temperature"),
        ({"domain": "climate", "service": "set_temperature",
          "service_data": {"temperature": 20}}, "invalid_format", "at least one of"),
        ({"domain": "switch", "service": "turn_on", "target": {"entity": "x"}},
         "invalid_format", "extra keys"),
        ({"domain": "switch", "service": "turn_on", "target": {"entity_id": "switch.demo_lamp"},
          "return_response": True}, "service_validation_error", "return_response"),
        ({"domain": "select", "service": "select_option",
          "target": {"entity_id": "select.demo_scene"}, "service_data": {"option": "x"}},
         "service_validation_error", "choices: work, rest, party"),
    ],
)  # fmt: skip
async def test_a_bad_call_names_the_field(
    house: House, call: dict[str, Any], code: str, text: str
) -> None:
    client = await house.connect()
    before = [state.json for state in house.hub.states.all()]
    answer = await client.call(type="call_service", **call)
    assert answer["error"]["code"] == code
    assert text in answer["error"]["message"]
    assert before == [state.json for state in house.hub.states.all()]


async def test_an_unknown_entity_is_no_error(house: House) -> None:
    client = await house.connect()
    answer = await client.call(
        type="call_service",
        domain="switch",
        service="turn_on",
        target={"entity_id": "switch.not_there", "area_id": "nowhere"},
    )
    assert answer["success"] is True


async def test_a_user_whose_rights_change_is_sent_away_to_come_back(house: House) -> None:
    users = house.hub.auth.users
    other = await users.create("Other", role=Role.ADMIN)
    token = await house.hub.auth.tokens.create_long_lived(other, "other", 1)
    client, owner = await house.connect(token), await house.connect()
    await client.call(type="subscribe_events")
    await users.update(other.id, role=Role.OPERATOR)
    while (message := await client.ws.receive(timeout=30)).type is WSMsgType.TEXT:
        pass  # what had happened before
    assert message.type is WSMsgType.CLOSE
    again = await house.connect(token)
    answer = await again.call(type="subscribe_events")
    assert answer["error"]["code"] == "unauthorized"
    assert (await owner.call(type="ping"))["type"] == "pong"


async def test_revoking_the_token_ends_the_connection(house: House) -> None:
    user = house.hub.auth.tokens.validate(house.token).user
    token = await house.hub.auth.tokens.create_long_lived(user, "second", 1)
    client = await house.connect(token)
    session = house.hub.auth.tokens.validate(token)
    await house.hub.auth.tokens.revoke(session.refresh_token_id)
    closed = await client.ws.receive(timeout=30)
    assert closed.type is WSMsgType.CLOSE
    assert closed.data == 1000
    assert house.hub.auth.tokens.validate(token) is None
