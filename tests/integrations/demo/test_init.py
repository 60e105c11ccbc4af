"""The demo in a real hub: one entity of each kind, and each does what it is told."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.peers.house import House, MakeHouse

CONFIG = "mqtt:\n  enabled: false\ndemo:\n  area: Workshop\n  interval: 3600\n"
"""A day in which nothing moves by itself, however long the house takes to start."""

FIRST = {
    "climate.demo_zone": "heat",
    "sensor.demo_temperature": "19.0",
    "sensor.demo_phase": "dawn",
    "binary_sensor.demo_warm": "off",
    "switch.demo_lamp": "off",
    "select.demo_scene": "work",
    "number.demo_level": "50.0",
    "button.demo_bell": "unknown",
    "event.demo_bell_rang": "unknown",
    "update.demo_firmware": "on",
}


@pytest.fixture
async def house(make_house: "MakeHouse") -> "House":
    return await make_house(CONFIG)


def test_one_entity_of_each_kind(house: "House") -> None:
    states = {state.entity_id: state.state for state in house.hub.states.all()}
    assert {name: states.get(name) for name in FIRST} == FIRST


@pytest.mark.parametrize(
    ("service", "entity", "data", "after"),
    [
        ("switch.turn_on", "switch.demo_lamp", {}, "on"),
        ("select.select_option", "select.demo_scene", {"option": "party"}, "party"),
        ("number.set_value", "number.demo_level", {"value": 75}, "75.0"),
        ("climate.set_hvac_mode", "climate.demo_zone", {"hvac_mode": "cool"}, "cool"),
        ("update.install", "update.demo_firmware", {}, "off"),
    ],
)
async def test_entities_keep_what_they_are_told(
    house: "House", service: str, entity: str, data: dict[str, object], after: str
) -> None:
    domain, _, name = service.partition(".")
    await house.hub.services.call(domain, name, data, {"entity_id": entity})
    state = house.hub.states.get(entity)
    assert state is not None
    assert state.state == after


async def test_the_set_point_is_an_attribute(house: "House") -> None:
    target = {"entity_id": "climate.demo_zone"}
    await house.hub.services.call("climate", "set_temperature", {"temperature": 23.5}, target)
    state = house.hub.states.get("climate.demo_zone")
    assert state is not None
    assert state.attributes["temperature"] == 23.5
    assert state.attributes["hvac_action"] == "heating"


async def test_the_bell_rings(house: "House") -> None:
    await house.hub.services.call("button", "press", None, {"entity_id": "button.demo_bell"})
    rang = house.hub.states.get("event.demo_bell_rang")
    assert rang is not None
    assert rang.attributes["event_type"] == "pressed"


def test_the_device_is_in_its_area(house: "House") -> None:
    [area] = house.hub.areas.all()
    assert area.name == "Workshop"
