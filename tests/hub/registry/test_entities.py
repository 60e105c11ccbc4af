"""Entities: ids, renames, what users change, what integrations say anew."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import InvalidInfo, NotFound
from hub.registry.entities import _ENTITY_ID, EntityRegistry
from hub.states.machine import valid_entity_id
from hub.util.json import loads


async def test_an_entity_has_every_key_of_the_wire(house: Any) -> None:
    house.labels.create("Warm")
    house.areas.create("Room")
    entry = house.entities.get_or_create(
        "sensor",
        "demo",
        "1",
        suggested_object_id="Kitchen Heat",
        original_name="Heat",
        original_icon="mdi:fire",
        original_device_class="temperature",
        unit_of_measurement="°C",
        entity_category="diagnostic",
        translation_key="heat",
        capabilities={"state_class": "measurement"},
    )
    house.entities.update(
        entry.entity_id,
        name="Warmth",
        area_id="room",
        labels=["warm", "none"],
        aliases=[" a ", None, "", "b"],
        categories={"automation": "c1"},
        hidden_by="user",
        device_class="heat",
        options_domain="sensor",
        options={"display_precision": 2},
    )
    entry = house.entities.get("sensor.kitchen_heat")
    now = house.clock.time()
    listed = {
        "area_id": "room",
        "categories": {"automation": "c1"},
        "config_entry_id": None,
        "config_subentry_id": None,
        "created_at": now,
        "device_id": None,
        "disabled_by": None,
        "entity_category": "diagnostic",
        "entity_id": "sensor.kitchen_heat",
        "has_entity_name": True,
        "hidden_by": "user",
        "icon": None,
        "id": entry.id,
        "labels": ["warm"],
        "modified_at": now,
        "name": "Warmth",
        "next_name_part": None,
        "options": {"sensor": {"display_precision": 2}},
        "original_name": "Heat",
        "platform": "demo",
        "translation_key": "heat",
        "unique_id": "1",
    }
    assert entry.as_dict() == listed
    assert entry.as_extended_dict() == listed | {
        "aliases": ["a", "b"],
        "capabilities": {"state_class": "measurement"},
        "device_class": "heat",
        "original_device_class": "temperature",
        "original_icon": "mdi:fire",
    }
    assert loads(entry.json) == listed
    assert loads(house.entities.display_json()) == {
        "entity_categories": {"0": "config", "1": "diagnostic"},
        "entities": [
            {
                "ei": "sensor.kitchen_heat",
                "pl": "demo",
                "lb": ["warm"],
                "ai": "room",
                "tk": "heat",
                "ec": 1,
                "hb": True,
                "hn": True,
                "en": "Warmth",
                "dp": 2,
            }
        ],
    }
    again = await house.again()
    assert again.entities.all() == [entry]
    assert again.entities.by_unique_id("sensor", "demo", "1") == entry


async def test_ids_come_from_the_name_and_are_numbered(house: Any, entity: Any) -> None:
    house.taken.add("sensor.kitchen_heat_3")
    ids = [entity(str(number)).entity_id for number in range(3)]
    assert ids == ["sensor.kitchen_heat", "sensor.kitchen_heat_2", "sensor.kitchen_heat_4"]
    assert entity("x", suggested_object_id=None).entity_id == "sensor.demo_x"
    long = [entity(f"l{number}", suggested_object_id="a" * 300).entity_id for number in range(2)]
    assert [len(entity_id) for entity_id in long] == [255, 255]
    assert long[1].endswith("a_2")


async def test_an_integration_finds_its_entity_again(house: Any, entity: Any) -> None:
    first = entity(original_name="Heat", disabled_by="integration")
    house.entities.update(first.entity_id, name="Mine", disabled_by=None)
    house.told()
    same = entity(original_name="Heat", disabled_by="integration", suggested_object_id="Other")
    assert house.told() == []
    assert (same.entity_id, same.name, same.disabled_by) == (first.entity_id, "Mine", None)
    newer = entity(original_name="Warmth", capabilities={"options": ["a"]})
    assert newer.name == "Mine"
    ((_, data),) = house.told()
    assert data["changes"] == {"original_name": "Heat", "capabilities": {}}
    with pytest.raises(ValueError, match="unknown entity category x"):
        entity("2", entity_category="x")
    with pytest.raises(TypeError, match="no original colour"):
        entity("2", colour="red")
    # Another kind or platform may use the same unique id.
    assert house.entities.get_or_create("switch", "demo", "1").id != first.id
    assert house.entities.get_or_create("sensor", "other", "1").id != first.id


async def test_a_rename_keeps_the_entry(house: Any, entity: Any) -> None:
    first, second = entity("1"), entity("2")
    house.told()
    renamed = house.entities.update(first.entity_id, new_entity_id="sensor.warm")
    assert house.told() == [
        (
            "entity",
            {
                "action": "update",
                "entity_id": "sensor.warm",
                "old_entity_id": first.entity_id,
                "changes": {"entity_id": first.entity_id},
            },
        )
    ]
    assert renamed.id == first.id
    assert house.entities.get(first.entity_id) is None
    # Two ids may be exchanged within one batch of rows.
    house.entities.update("sensor.warm", new_entity_id="sensor.tmp")
    house.entities.update(second.entity_id, new_entity_id="sensor.warm")
    house.entities.update("sensor.tmp", new_entity_id=second.entity_id)
    again = await house.again()
    assert again.entities.get("sensor.warm").unique_id == "2"
    assert again.entities.get(second.entity_id).unique_id == "1"


async def test_wrong_new_ids_are_refused(house: Any, entity: Any) -> None:
    first, second = entity("1"), entity("2")
    house.taken.add("sensor.stateful")
    for new_id, message in (
        ("switch.a", "New entity ID should be same domain"),
        ("sensor.A b", "Invalid entity ID"),
        ("sensor.", "Invalid entity ID"),
        ("sensor." + "a" * 300, "Invalid entity ID"),
        (second.entity_id, "Entity with this ID is already registered"),
        ("sensor.stateful", "Entity with this ID is already registered"),
    ):
        with pytest.raises(InvalidInfo) as caught:
            house.entities.update(first.entity_id, new_entity_id=new_id)
        assert caught.value.message == message
    assert house.entities.update(first.entity_id, new_entity_id=first.entity_id) is first
    with pytest.raises(NotFound, match="Entity not found"):
        house.entities.update("sensor.none", name="x")
    with pytest.raises(InvalidInfo, match="The area none does not exist"):
        house.entities.update(first.entity_id, area_id="none")
    with pytest.raises(InvalidInfo, match="me is no known value of hidden_by"):
        house.entities.update(first.entity_id, hidden_by="me")
    with pytest.raises(TypeError, match="no changeable platform"):
        house.entities.update(first.entity_id, platform="x")


async def test_what_can_not_be_stored_is_not_kept_in_memory_either(house: Any, entity: Any) -> None:
    entry = entity()
    house.told()
    with pytest.raises(TypeError):
        house.entities.update(entry.entity_id, name="\ud800")
    with pytest.raises(TypeError):
        entity("2", original_name="\ud800")
    assert house.entities.all() == [entry]
    assert house.told() == []


async def test_categories_merge_and_options_are_per_domain(house: Any, entity: Any) -> None:
    entity_id = entity().entity_id
    update = house.entities.update
    update(entity_id, categories={"automation": "a", "scene": "b"})
    assert update(entity_id, categories={"automation": None}).categories == {"scene": "b"}
    update(entity_id, options_domain="sensor", options={"display_precision": 1})
    update(entity_id, options_domain="conversation", options={"should_expose": False})
    cleared = update(entity_id, options_domain="sensor", options=None)
    assert cleared.options == {"conversation": {"should_expose": False}}


async def test_indexes_follow_every_change(house: Any, entity: Any) -> None:
    house.areas.create("A")
    house.labels.create("L")
    device = house.devices.get_or_create(identifiers={("demo", "1")})
    entry = entity(device_id=device.id)
    entities: EntityRegistry = house.entities
    entry = entities.update(entry.entity_id, area_id="a", labels=["l"])
    entry = entities.update(entry.entity_id, new_entity_id="sensor.x")
    assert entities.by_device(device.id) == [entry]
    assert entities.by_area("a") == entities.by_label("l") == [entry]
    assert entities.by_key(entry.id) is entry
    entry = entity(device_id=None)
    assert entities.by_device(device.id) == []
    entities.remove("sensor.x")
    assert entities.by_area("a") == entities.by_label("l") == entities.all() == []
    assert entities.by_unique_id("sensor", "demo", "1") is None
    with pytest.raises(NotFound):
        entities.remove("sensor.x")
    assert house.told()[-1] == ("entity", {"action": "remove", "entity_id": "sensor.x"})


async def test_disabled_entities_are_not_displayed(house: Any, entity: Any) -> None:
    entity("1")
    house.entities.update(entity("2").entity_id, disabled_by="user")
    shown = loads(house.entities.display_json())["entities"]
    assert [item["ei"] for item in shown] == ["sensor.kitchen_heat"]


@given(st.text(max_size=60))
def test_registry_and_state_machine_agree_on_ids(text: str) -> None:
    for entity_id in (f"sensor.{text}", text):
        assert (_ENTITY_ID.fullmatch(entity_id) is not None) == valid_entity_id(entity_id)
