"""Devices: found again by identifier, wired to areas, parents and entities."""

from typing import Any

import pytest

from hub.errors import InvalidInfo, NotFound
from hub.util.json import loads


async def test_a_device_has_every_key_of_the_wire(house: Any) -> None:
    house.labels.create("Warm")
    base = house.devices.get_or_create(identifiers={("demo", "base")}, name="Base")
    device = house.devices.get_or_create(
        identifiers={("demo", "1")},
        connections={("mac", "aa:bb")},
        name="Thing",
        manufacturer="Maker",
        model="M",
        model_id="m1",
        sw_version="1.0",
        hw_version="2",
        serial_number="S",
        suggested_area="Kitchen",
        via_device=("demo", "base"),
        configuration_url="http://thing/",
        entry_type="service",
        platform="demo",
    )
    now = house.clock.time()
    assert device.as_dict() == {
        "area_id": "kitchen",
        "configuration_url": "http://thing/",
        "config_entries": [],
        "config_entries_subentries": {},
        "config_entry_id": None,
        "config_subentry_id": None,
        "connections": [["mac", "aa:bb"]],
        "created_at": now,
        "disabled_by": None,
        "entry_type": "service",
        "hw_version": "2",
        "id": device.id,
        "identifiers": [["demo", "1"]],
        "labels": [],
        "manufacturer": "Maker",
        "model": "M",
        "model_id": "m1",
        "modified_at": now,
        "name": "Thing",
        "name_by_user": None,
        "next_name_part": None,
        "parent_device_id": None,
        "primary_config_entry": None,
        "serial_number": "S",
        "sw_version": "1.0",
        "via_device_id": base.id,
    }
    assert len(device.id) == 32
    assert loads(device.json) == device.as_dict()
    assert house.areas.get("kitchen").name == "Kitchen"
    again = await house.again()
    assert again.devices.all() == house.devices.all()
    assert again.devices.by_identifier(("demo", "1")) == device


async def test_the_same_identifier_is_the_same_device(house: Any) -> None:
    first = house.devices.get_or_create(identifiers={("demo", "1")}, name="A", sw_version="1")
    house.devices.update(first.id, area_id=house.areas.create("Den").area_id, name_by_user="Mine")
    house.told()
    same = house.devices.get_or_create(
        identifiers={("demo", "1")}, name="A", sw_version="1", suggested_area="Elsewhere"
    )
    assert house.told() == []
    newer = house.devices.get_or_create(
        identifiers={("demo", "1"), ("demo", "one")}, name=None, sw_version="2"
    )
    assert (same.id, newer.id) == (first.id, first.id)
    assert (newer.name, newer.name_by_user, newer.area_id) == ("A", "Mine", "den")
    assert newer.identifiers == (("demo", "1"), ("demo", "one"))
    ((kind, data),) = house.told()
    assert (kind, data["changes"]) == (
        "device",
        {"identifiers": (("demo", "1"),), "sw_version": "1"},
    )
    assert house.devices.by_area("den") == [newer]
    assert house.areas.by_name("Elsewhere") is None


async def test_wrong_values_are_refused(house: Any) -> None:
    device = house.devices.get_or_create(identifiers={("demo", "1")})
    with pytest.raises(ValueError, match="at least one identifier"):
        house.devices.get_or_create(identifiers=set(), name="A")
    with pytest.raises(NotFound, match="Device not found"):
        house.devices.update("none", name_by_user="x")
    with pytest.raises(InvalidInfo, match="The area none does not exist"):
        house.devices.update(device.id, area_id="none")
    with pytest.raises(InvalidInfo, match="can not be disabled by me"):
        house.devices.update(device.id, disabled_by="me")
    with pytest.raises(TypeError, match="no changeable model"):
        house.devices.update(device.id, model="x")


async def test_removing_a_device_takes_its_own_entities(house: Any, entity: Any) -> None:
    base = house.devices.get_or_create(identifiers={("demo", "base")})
    child = house.devices.get_or_create(identifiers={("demo", "1")}, via_device=("demo", "base"))
    own = entity(device_id=base.id)
    foreign = house.entities.get_or_create(
        "sensor", "other", "1", suggested_object_id="other", device_id=base.id
    )
    house.told()
    house.devices.remove(base.id)
    assert house.entities.get(own.entity_id) is None
    assert house.entities.get(foreign.entity_id).device_id is None
    assert house.devices.get(child.id).via_device_id is None
    kind, data = house.told()[0]
    assert (kind, data["action"], data["device"]["id"]) == ("device", "remove", base.id)
    again = await house.again()
    assert len(again.devices) == 1
    assert again.devices.by_identifier(("demo", "base")) is None


async def test_entities_sleep_with_their_device(house: Any, entity: Any) -> None:
    device = house.devices.get_or_create(identifiers={("demo", "1")})
    plain = entity("1", device_id=device.id)
    chosen = entity("2", device_id=device.id)
    house.entities.update(chosen.entity_id, disabled_by="user")
    house.devices.update(device.id, disabled_by="user")
    assert [entry.disabled_by for entry in house.entities.all()] == ["device", "user"]
    house.devices.update(device.id, disabled_by=None)
    assert [entry.disabled_by for entry in house.entities.all()] == [None, "user"]
    assert house.entities.get(plain.entity_id).disabled_by is None
