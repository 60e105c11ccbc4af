"""Areas, floors and labels: names, ids, references, what is told and what is kept."""

from typing import Any

import pytest

from hub.errors import InvalidInfo, NotFound
from hub.util.json import loads


async def test_an_area_has_every_key_of_the_wire(house: Any) -> None:
    house.labels.create("Warm")
    house.floors.create("Ground floor", level=0)
    area = house.areas.create(
        " Room 1 ",
        aliases=[" Den ", "", "Den"],
        floor_id="ground_floor",
        icon="mdi:sofa",
        labels=["warm", "cold"],
        temperature_entity_id="sensor.t",
    )
    assert area.as_dict() == {
        "aliases": ["Den"],
        "area_id": "room_1",
        "created_at": house.clock.time(),
        "floor_id": "ground_floor",
        "humidity_entity_id": None,
        "icon": "mdi:sofa",
        "labels": ["warm"],
        "modified_at": house.clock.time(),
        "name": "Room 1",
        "picture": None,
        "temperature_entity_id": "sensor.t",
    }
    assert loads(area.json) == area.as_dict()
    assert area.json is area.json
    assert loads(house.areas.list_json()) == [area.as_dict()]
    assert house.told()[-1] == ("area", {"action": "create", "area_id": "room_1"})


async def test_floors_and_labels_have_every_key_of_the_wire(house: Any) -> None:
    floor = house.floors.create("First", level=1, aliases=["Up"])
    label = house.labels.create("Important", color="red", description="Look", icon="mdi:x")
    now = house.clock.time()
    assert floor.as_dict() == {
        "aliases": ["Up"],
        "created_at": now,
        "floor_id": "first",
        "icon": None,
        "level": 1,
        "modified_at": now,
        "name": "First",
    }
    assert label.as_dict() == {
        "color": "red",
        "created_at": now,
        "description": "Look",
        "icon": "mdi:x",
        "label_id": "important",
        "modified_at": now,
        "name": "Important",
    }


@pytest.mark.parametrize("kind", ["areas", "floors", "labels"])
async def test_names_are_taken_whatever_their_case_and_spaces(house: Any, kind: str) -> None:
    registry = getattr(house, kind)
    registry.create("Living Room")
    with pytest.raises(InvalidInfo) as caught:
        registry.create("livingROOM")
    assert caught.value.message == "The name livingROOM (livingroom) is already in use"
    other = registry.create("Other")
    with pytest.raises(InvalidInfo):
        registry.update(other.key, name="LIVING room")
    with pytest.raises(InvalidInfo, match="The name is empty"):
        registry.create("  ")
    assert registry.by_name("LIVINGROOM").name == "Living Room"


@pytest.mark.parametrize("kind", ["areas", "floors", "labels"])
async def test_ids_outlive_a_rename_and_are_numbered(house: Any, kind: str) -> None:
    registry = getattr(house, kind)
    first = registry.create("Küche")
    key = first.key
    house.clock.jump(10)
    renamed = registry.update(key, name="Kitchen")
    assert (renamed.key, renamed.name) == (key, "Kitchen")
    assert renamed.modified_at == first.created_at + 10
    second = registry.create("Küche")
    assert second.key == f"{key}_2"
    assert registry.by_name("kitchen") is renamed
    assert registry.update(key, name="KITCHEN").name == "KITCHEN"
    registry.delete(key)
    assert registry.by_name("kitchen") is None
    with pytest.raises(NotFound):
        registry.delete(key)
    with pytest.raises(NotFound):
        registry.update(key, name="x")


async def test_an_update_that_changes_nothing_is_silent(house: Any) -> None:
    area = house.areas.create("Room")
    house.told()
    assert house.areas.update("room", name="Room", icon=None) is area
    assert house.told() == []


async def test_an_unknown_floor_is_refused(house: Any) -> None:
    with pytest.raises(InvalidInfo, match="The floor none does not exist"):
        house.areas.create("Room", floor_id="none")


async def test_deleting_clears_the_references_and_tells_each(house: Any, entity: Any) -> None:
    house.labels.create("Warm")
    house.floors.create("Ground")
    house.areas.create("Room", floor_id="ground", labels=["warm"])
    device = house.devices.get_or_create(identifiers={("demo", "1")}, name="Thing")
    house.devices.update(device.id, area_id="room", labels=["warm"])
    sensor = entity(device_id=device.id)
    house.entities.update(sensor.entity_id, area_id="room", labels=["warm"])
    house.told()

    house.labels.delete("warm")
    assert house.told() == [
        ("label", {"action": "remove", "label_id": "warm"}),
        ("area", {"action": "update", "area_id": "room"}),
        (
            "device",
            {"action": "update", "device_id": device.id, "changes": {"labels": ("warm",)}},
        ),
        (
            "entity",
            {
                "action": "update",
                "entity_id": sensor.entity_id,
                "changes": {"labels": ("warm",)},
            },
        ),
    ]
    house.floors.delete("ground")
    assert house.told()[1:] == [("area", {"action": "update", "area_id": "room"})]
    house.areas.delete("room")
    assert [(kind, data["changes"]) for kind, data in house.told()[1:]] == [
        ("device", {"area_id": "room"}),
        ("entity", {"area_id": "room"}),
    ]
    again = await house.again()
    assert again.areas.all() == again.labels.all() == again.floors.all() == []
    assert again.devices.get(device.id).area_id is None
    assert again.entities.get(sensor.entity_id).labels == ()


async def test_an_area_follows_its_sensors(house: Any, entity: Any) -> None:
    sensor = entity()
    house.areas.create("Room", temperature_entity_id=sensor.entity_id)
    house.entities.update(sensor.entity_id, new_entity_id="sensor.warm")
    assert house.areas.get("room").temperature_entity_id == "sensor.warm"
    house.entities.remove("sensor.warm")
    assert house.areas.get("room").temperature_entity_id is None


async def test_everything_is_there_after_a_restart(house: Any) -> None:
    house.labels.create("Warm", color="red")
    house.floors.create("Ground", level=0, aliases=["Down"])
    for number in range(5):
        house.clock.jump(1)
        house.areas.create(f"Room {number}", floor_id="ground", labels=["warm"], aliases=["x"])
    again = await house.again()
    for kind in ("labels", "floors", "areas"):
        assert getattr(again, kind).all() == getattr(house, kind).all()
    assert again.areas.by_name("room 3").area_id == "room_3"


async def test_a_row_that_can_not_be_read_is_left_alone(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house.areas.create("Good")
    for key, data in (("a", "no json"), ("b", "[]"), ("c", '{"unknown": 1}')):
        house.database.rows.put("areas", key, {"area_id": key, "data": data})
    again = await house.again()
    assert [area.area_id for area in again.areas.all()] == ["good"]
    assert len(caplog.records) == 3
    async with house.database.read() as connection:
        found = await connection.exec_driver_sql("SELECT count(*) FROM areas")
        assert found.scalar_one() == 4
