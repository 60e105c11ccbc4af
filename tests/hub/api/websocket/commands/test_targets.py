"""What a target leads to."""

from tests.peers.house import House


async def test_an_area_leads_to_its_devices_and_entities(house: House) -> None:
    client = await house.connect()
    device = house.hub.devices.all()[0]
    assert device.area_id is not None
    answer = await client.call(
        type="extract_from_target",
        target={
            "area_id": [device.area_id, "nowhere"],
            "device_id": "gone",
            "floor_id": "gone",
            "label_id": ["gone"],
            "entity_id": ["switch.none"],
        },
    )
    found = answer["result"]
    switch = house.hub.states.entity_ids("switch")[0]
    assert {switch, "switch.none"} <= set(found["referenced_entities"])
    assert found["referenced_devices"] == [device.id]
    assert found["referenced_areas"] == [device.area_id]
    assert found["missing_areas"] == ["nowhere"]
    assert [found[f"missing_{noun}"] for noun in ("devices", "floors", "labels")] == [["gone"]] * 3


async def test_a_target_of_another_form_is_refused(house: House) -> None:
    client = await house.connect()
    for target in ({"x": 1}, {"entity_id": "nodot"}, {"area_id": 5}, [], None):
        answer = await client.call(type="extract_from_target", target=target)
        assert answer["error"]["code"] == "invalid_format"
