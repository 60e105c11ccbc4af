"""Helpers over the websocket: the shapes that clients know, resources underneath."""

from typing import Any

from hub.auth import Role
from tests.peers.house import Client, MakeHouse

CONFIG = "mqtt: {enabled: false}\ninput_boolean:\n  from_file:\n    name: From a file\n"

CREATED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("input_boolean", {"name": "Nb"}, {"id": "nb", "name": "Nb"}),
    (
        "input_number",
        {"name": "Nn", "min": 0, "max": 10},
        {"id": "nn", "name": "Nn", "min": 0.0, "max": 10.0, "step": 1.0, "mode": "slider"},
    ),
    ("timer", {"name": "T"}, {"id": "t", "name": "T", "duration": "0:00:00", "restore": False}),
    (
        "input_select",
        {"name": "S", "options": ["a", "b"]},
        {"id": "s", "name": "S", "options": ["a", "b"]},
    ),
    (
        "input_text",
        {"name": "Tx"},
        {"id": "tx", "name": "Tx", "min": 0, "max": 100, "mode": "text"},
    ),
    (
        "input_datetime",
        {"name": "D", "has_date": True},
        {"id": "d", "name": "D", "has_date": True, "has_time": False},
    ),
    ("input_button", {"name": "B"}, {"id": "b", "name": "B"}),
    (
        "counter",
        {"name": "C"},
        {
            "id": "c",
            "name": "C",
            "initial": 0,
            "minimum": None,
            "maximum": None,
            "restore": True,
            "step": 1,
        },
    ),
    (
        "schedule",
        {"name": "W", "monday": [{"from": "06:00", "to": "24:00:00"}]},
        {
            "id": "w",
            "name": "W",
            "monday": [{"from": "06:00:00", "to": "24:00:00"}],
            **{
                day: []
                for day in ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
            },
        },
    ),
]


async def ok(client: Client, **message: Any) -> Any:
    answer = await client.call(**message)
    assert answer["success"], answer
    return answer["result"]


async def refused(client: Client, **message: Any) -> tuple[str, str]:
    answer = await client.call(**message)
    assert not answer["success"], answer
    return answer["error"]["code"], answer["error"]["message"]


async def test_every_kind_is_created_listed_and_deleted(make_house: MakeHouse) -> None:
    house = await make_house("mqtt: {enabled: false}\n")
    client = await house.connect()
    for prefix, fields, item in CREATED:
        assert await ok(client, type=f"{prefix}/create", **fields) == item
        assert house.hub.states.get(f"{prefix}.{item['id']}") is not None
        assert await ok(client, type=f"{prefix}/list") == [item]
        key = {f"{prefix}_id": item["id"]}
        assert await ok(client, type=f"{prefix}/delete", **key) is None
        assert house.hub.states.get(f"{prefix}.{item['id']}") is None
        assert await refused(client, type=f"{prefix}/delete", **key) == (
            "not_found",
            f"Unable to find {prefix}_id {item['id']}",
        )


async def test_updates_and_events(make_house: MakeHouse) -> None:
    house = await make_house("mqtt: {enabled: false}\n")
    client = await house.connect()
    first = await ok(client, type="counter/create", name="Öfen")
    second = await ok(client, type="counter/create", name="Ofen")
    assert [first["id"], second["id"]] == ["ofen", "ofen_2"]
    follower = await house.connect()
    await follower.send(type="counter/subscribe")
    assert (await follower.receive())["result"] is None
    assert (await follower.receive())["event"] == [
        {"change_type": "added", "counter_id": item["id"], "item": item} for item in (first, second)
    ]
    changed = await ok(client, type="counter/update", counter_id="ofen_2", name="Stove", step=5)
    assert changed == {**second, "name": "Stove", "step": 5}
    assert (await follower.receive())["event"] == [
        {"change_type": "updated", "counter_id": "ofen_2", "item": changed}
    ]
    await ok(client, type="counter/delete", counter_id="ofen_2")
    assert (await follower.receive())["event"] == [
        {"change_type": "removed", "counter_id": "ofen_2", "item": changed}
    ]
    fresh = await house.connect()
    await fresh.send(type="timer/subscribe")
    await fresh.receive()
    assert (await fresh.receive())["event"] == []


async def test_mistakes(make_house: MakeHouse) -> None:
    client = await (await make_house("mqtt: {enabled: false}\n")).connect()
    for message, why in (
        ({"type": "input_number/create", "name": "N"}, "min"),
        ({"type": "input_number/create", "name": "N", "min": 5, "max": 1}, "max"),
        ({"type": "input_boolean/create"}, "name"),
        ({"type": "input_boolean/create", "name": ""}, "name"),
        ({"type": "input_boolean/create", "name": "N", "colour": 1}, "colour"),
        ({"type": "input_boolean/update", "name": "N"}, "input_boolean_id"),
        ({"type": "timer/create", "name": "N", "duration": "later"}, "duration"),
    ):
        code, text = await refused(client, **message)
        assert code == "invalid_format"
        assert why in text
    assert await ok(client, type="input_number/list") == []


async def test_what_a_file_owns_is_changed_there(make_house: MakeHouse) -> None:
    client = await (await make_house(CONFIG)).connect()
    assert await ok(client, type="input_boolean/list") == [
        {"id": "from_file", "name": "From a file"}
    ]
    for message in (
        {"type": "input_boolean/update", "name": "Other"},
        {"type": "input_boolean/delete"},
    ):
        code, text = await refused(client, input_boolean_id="from_file", **message)
        assert code == "file_owned"
        assert "hub.yaml:3" in text


async def test_rights(make_house: MakeHouse) -> None:
    """A viewer sees; who is denied reading a resource never hears of it."""
    house = await make_house(CONFIG)
    auth = house.hub.auth
    viewer = await auth.users.create("Viewer", role=Role.VIEWER)
    client = await house.connect(await auth.tokens.create_long_lived(viewer, "tests", 1))
    assert len(await ok(client, type="input_boolean/list")) == 1
    for message in (
        {"type": "input_boolean/create", "name": "X"},
        {"type": "input_boolean/delete", "input_boolean_id": "from_file"},
    ):
        assert (await refused(client, **message))[0] == "unauthorized"
    rule = {"effect": "deny", "verbs": ["read"], "resource_type": ["hub.input_boolean"]}
    await auth.policies.put("hidden", [rule])
    blind = await auth.users.create("Blind", role=Role.ADMIN, policies=["hidden"])
    client = await house.connect(await auth.tokens.create_long_lived(blind, "tests", 1))
    assert await ok(client, type="input_boolean/list") == []
    assert (await refused(client, type="input_boolean/delete", input_boolean_id="from_file"))[
        0
    ] == "not_found"
    assert (await refused(client, type="input_boolean/create", name="X"))[0] == "unauthorized"
    await client.send(type="input_boolean/subscribe")
    assert (await client.receive())["result"] is None
    assert (await client.receive())["event"] == []
