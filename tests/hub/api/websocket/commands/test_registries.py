"""Areas, floors, labels, devices and entities over the websocket, with their events."""

from typing import Any

import pytest

from tests.peers.house import Client, House

AREA = {
    "aliases", "area_id", "created_at", "floor_id", "humidity_entity_id", "icon", "labels",
    "modified_at", "name", "picture", "temperature_entity_id",
}  # fmt: skip
FLOOR = {"aliases", "created_at", "floor_id", "icon", "level", "modified_at", "name"}
LABEL = {"color", "created_at", "description", "icon", "label_id", "modified_at", "name"}
DEVICE = {
    "area_id", "configuration_url", "config_entries", "config_entries_subentries",
    "config_entry_id", "config_subentry_id", "connections", "created_at", "disabled_by",
    "entry_type", "hw_version", "id", "identifiers", "labels", "manufacturer", "model", "model_id",
    "modified_at", "name", "name_by_user", "next_name_part", "parent_device_id",
    "primary_config_entry", "serial_number", "sw_version", "via_device_id",
}  # fmt: skip
ENTITY = {
    "area_id", "categories", "config_entry_id", "config_subentry_id", "created_at", "device_id",
    "disabled_by", "entity_category", "entity_id", "has_entity_name", "hidden_by", "icon", "id",
    "labels", "modified_at", "name", "next_name_part", "options", "original_name", "platform",
    "translation_key", "unique_id",
}  # fmt: skip
EXTENDED = ENTITY | {
    "aliases",
    "capabilities",
    "device_class",
    "original_device_class",
    "original_icon",
}


async def good(client: Client, kind: str, **fields: Any) -> Any:
    answer = await client.call(type=kind, **fields)
    assert answer["success"], answer
    return answer["result"]


async def bad(client: Client, kind: str, **fields: Any) -> str:
    answer = await client.call(type=kind, **fields)
    assert not answer["success"], answer
    return str(answer["error"]["code"])


@pytest.mark.parametrize(
    ("noun", "keys", "fields", "deleted"),
    [
        ("area", AREA, {"aliases": [" a ", ""], "icon": "mdi:sofa"}, "success"),
        ("floor", FLOOR, {"level": -1, "aliases": ["cellar"]}, None),
        ("label", LABEL, {"color": "#ff0000", "description": "d"}, None),
    ],
)
async def test_the_plain_registries(
    house: House, noun: str, keys: set[str], fields: dict[str, Any], deleted: str | None
) -> None:
    client = await house.connect()
    prefix, key = f"config/{noun}_registry", f"{noun}_id"
    events: list[dict[str, Any]] = []
    house.hub.bus.listen(f"{noun}_registry_updated", lambda event: events.append(event.data))
    before = len(await good(client, f"{prefix}/list"))
    made = await good(client, f"{prefix}/create", name="Room 1", **fields)
    assert set(made) == keys
    assert made[key] == "room_1"
    assert isinstance(made["created_at"], float)
    assert len(await good(client, f"{prefix}/list")) == before + 1
    assert await bad(client, f"{prefix}/create", name="room1") == "invalid_info"
    assert await bad(client, f"{prefix}/create") == "invalid_format"
    assert await bad(client, f"{prefix}/create", name=5) == "invalid_format"
    assert await bad(client, f"{prefix}/create", name="x", nope=1) == "invalid_format"
    renamed = await good(client, f"{prefix}/update", **{key: "room_1"}, name="Hall", icon=None)
    assert (renamed[key], renamed["name"], renamed["icon"]) == ("room_1", "Hall", None)
    assert await bad(client, f"{prefix}/update", **{key: "nope"}, name="y") == "not_found"
    assert await bad(client, f"{prefix}/delete", **{key: "nope"}) == "not_found"
    assert await good(client, f"{prefix}/delete", **{key: "room_1"}) == deleted
    assert [(event["action"], event[key]) for event in events] == [
        ("create", "room_1"),
        ("update", "room_1"),
        ("remove", "room_1"),
    ]


async def test_devices(house: House) -> None:
    client = await house.connect()
    devices = await good(client, "config/device_registry/list")
    assert devices
    assert all(set(device) == DEVICE for device in devices)
    device = devices[0]
    area = await good(client, "config/area_registry/create", name="Attic")
    changed = await good(
        client,
        "config/device_registry/update",
        device_id=device["id"],
        area_id=area["area_id"],
        name_by_user="Mine",
    )
    assert (changed["area_id"], changed["name_by_user"]) == ("attic", "Mine")
    update = "config/device_registry/update"
    assert await bad(client, update, device_id="nope") == "not_found"
    assert await bad(client, update, device_id=device["id"], area_id="nope") == "invalid_info"
    assert await bad(client, update, device_id=device["id"], disabled_by="x") == "invalid_format"
    remove = "config/device_registry/remove"
    assert await bad(client, remove, device_id="nope") == "home_assistant_error"
    assert await bad(client, remove, device_id=device["id"]) == "home_assistant_error"
    lonely = house.hub.devices.get_or_create(identifiers={("demo", "gone")}, name="Gone")
    assert await good(client, remove, device_id=lonely.id) is None
    await good(client, "config/area_registry/delete", area_id="attic")
    now = await good(client, "config/device_registry/list")
    assert next(item for item in now if item["id"] == device["id"])["area_id"] is None


async def test_entities(house: House) -> None:
    client = await house.connect()
    entities = await good(client, "config/entity_registry/list")
    assert entities
    assert all(set(entity) == ENTITY for entity in entities)
    switch = next(item for item in entities if item["entity_id"].startswith("switch."))
    wanted = switch["entity_id"]
    one = await good(client, "config/entity_registry/get", entity_id=wanted)
    assert set(one) == EXTENDED
    assert {key: one[key] for key in ENTITY} == switch
    both = await good(
        client, "config/entity_registry/get_entries", entity_ids=[wanted, "switch.no"]
    )
    assert both == {wanted: one, "switch.no": None}
    assert await bad(client, "config/entity_registry/get", entity_id="switch.no") == "not_found"
    shown = await good(client, "config/entity_registry/list_for_display")
    assert shown["entity_categories"] == {"0": "config", "1": "diagnostic"}
    assert {item["ei"] for item in shown["entities"]} == {
        item["entity_id"] for item in entities if item["disabled_by"] is None
    }
    assert all({"ei", "pl", "lb"} <= set(item) for item in shown["entities"])
    sources = await good(client, "entity/source")
    assert sources[wanted] == {"domain": "demo"}


async def test_updating_an_entity(house: House) -> None:
    client = await house.connect()
    update = "config/entity_registry/update"
    events: list[dict[str, Any]] = []
    house.hub.bus.listen("entity_registry_updated", lambda event: events.append(event.data))
    wanted = house.hub.states.entity_ids("switch")[0]
    label = await good(client, "config/label_registry/create", name="Night")
    answer = await good(
        client,
        update,
        entity_id=wanted,
        name="Lamp",
        labels=[label["label_id"], "nope"],
        aliases=["light", None],
        categories={"helpers": "c1"},
        options_domain="conversation",
        options={"should_expose": False},
        hidden_by="user",
    )
    entry = answer["entity_entry"]
    assert set(entry) == EXTENDED
    assert (entry["name"], entry["labels"], entry["aliases"]) == ("Lamp", ["night"], ["light"])
    assert entry["categories"] == {"helpers": "c1"}
    assert entry["options"] == {"conversation": {"should_expose": False}}
    assert events[-1]["changes"]["name"] is None
    state = house.hub.states.get(wanted)
    assert state is not None
    assert "Lamp" in state.attributes["friendly_name"]
    answer = await good(client, update, entity_id=wanted, categories={"helpers": None})
    assert answer["entity_entry"]["categories"] == {}
    renamed = await good(client, update, entity_id=wanted, new_entity_id="switch.lamp_two")
    assert renamed["entity_entry"]["entity_id"] == "switch.lamp_two"
    assert events[-1]["old_entity_id"] == wanted
    assert house.hub.states.get(wanted) is None
    assert house.hub.states.get("switch.lamp_two") is not None
    other = house.hub.states.entity_ids("sensor")[0]
    for new_id in (other, "light.lamp", "nodot", "switch.__", "switch.Ä"):
        code = await bad(client, update, entity_id="switch.lamp_two", new_entity_id=new_id)
        assert code == "invalid_info", new_id
    assert await bad(client, update, entity_id="switch.no", name="x") == "not_found"
    assert await bad(client, update, entity_id="switch.lamp_two", options={}) == "invalid_format"
    assert await bad(client, update, entity_id="switch.lamp_two", area_id="no") == "invalid_info"
    await good(client, update, entity_id="switch.lamp_two", disabled_by="user")
    shown = await good(client, "config/entity_registry/list_for_display")
    assert "switch.lamp_two" not in {item["ei"] for item in shown["entities"]}
    assert await good(client, "config/entity_registry/remove", entity_id="switch.lamp_two") is None
    assert events[-1]["action"] == "remove"


async def test_writing_needs_an_administrator_and_reading_does_not(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Viewer")
    client = await house.connect(await auth.tokens.create_long_lived(user, "viewer", 1))
    for noun in ("area", "floor", "label", "device", "entity"):
        assert isinstance(await good(client, f"config/{noun}_registry/list"), list)
    for noun in ("area", "floor", "label"):
        assert await bad(client, f"config/{noun}_registry/create", name="x") == "unauthorized"
    for kind in (
        "config/device_registry/update",
        "config/entity_registry/update",
        "config/entity_registry/remove",
    ):
        assert await bad(client, kind) == "unauthorized"
