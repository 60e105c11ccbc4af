"""Every kind through its services, on the demo's entities in a running hub."""

from typing import Any

import pytest

from hub.errors import InvalidFormat, NotAllowed, ServiceValidationError, Unavailable
from hub.sdk import (
    BinarySensorEntity,
    ClimateEntity,
    ClimateFeature,
    HVACMode,
    NumberEntity,
    SensorEntity,
)
from tests.peers.house import House


async def call(house: House, name: str, entity_id: str, **data: Any) -> Any:
    domain, _, service = name.partition(".")
    await house.hub.services.call(domain, service, data, {"entity_id": entity_id})
    return house.hub.states.get(entity_id)


async def test_switch(house: House) -> None:
    lamp = "switch.demo_lamp"
    assert (await call(house, "switch.turn_on", lamp)).state == "on"
    assert (await call(house, "switch.toggle", lamp)).state == "off"
    assert (await call(house, "homeassistant.turn_on", lamp)).state == "on"
    assert (await call(house, "homeassistant.toggle", lamp)).state == "off"


async def test_select(house: House) -> None:
    scene = "select.demo_scene"
    assert house.hub.states.get(scene).attributes["options"] == ["work", "rest", "party"]
    assert (await call(house, "select.select_option", scene, option="rest")).state == "rest"
    assert (await call(house, "select.select_next", scene)).state == "party"
    assert (await call(house, "select.select_next", scene, cycle=False)).state == "party"
    assert (await call(house, "select.select_next", scene)).state == "work"
    assert (await call(house, "select.select_previous", scene)).state == "party"
    assert (await call(house, "select.select_first", scene)).state == "work"
    assert (await call(house, "select.select_last", scene)).state == "party"
    with pytest.raises(ServiceValidationError, match="choices: work, rest, party"):
        await call(house, "select.select_option", scene, option="nope")


async def test_number(house: House) -> None:
    level = "number.demo_level"
    assert (await call(house, "number.set_value", level, value="7.5")).state == "7.5"
    with pytest.raises(ServiceValidationError, match=r"value .*-1.*range 0 - 100000"):
        await call(house, "number.set_value", level, value=-1)
    for wrong in (True, "x", None, float("nan")):
        with pytest.raises(InvalidFormat, match="value"):
            await call(house, "number.set_value", level, value=wrong)
    assert house.hub.states.get(level).state == "7.5"


async def test_climate(house: House) -> None:
    zone = "climate.demo_zone"
    state = await call(house, "climate.set_temperature", zone, temperature=22.5)
    assert state.attributes["temperature"] == 22.5
    assert state.attributes["hvac_action"] == "heating"
    state = await call(house, "climate.set_temperature", zone, temperature=20, hvac_mode="cool")
    assert (state.state, state.attributes["temperature"]) == ("cool", 20)
    assert (await call(house, "climate.set_hvac_mode", zone, hvac_mode="off")).state == "off"
    assert (await call(house, "climate.turn_on", zone)).state == "heat"
    assert (await call(house, "climate.turn_off", zone)).state == "off"
    state = await call(house, "climate.set_preset_mode", zone, preset_mode="party")
    assert state.attributes["preset_mode"] == "party"
    assert state.attributes["fan_modes"] == ["auto", "low", "high"]
    state = await call(house, "climate.set_fan_mode", zone, fan_mode="low")
    assert state.attributes["fan_mode"] == "low"
    with pytest.raises(ServiceValidationError, match=r"fan_mode .*choices: auto, low, high"):
        await call(house, "climate.set_fan_mode", zone, fan_mode="gale")
    assert state.attributes["supported_features"] == 409
    before = house.hub.states.get(zone)
    for data, text in (
        ({"temperature": 4.9}, r"temperature .*range 5 - 40"),
        ({"temperature": 30, "hvac_mode": "dry"}, "choices: off, heat, cool"),
    ):
        with pytest.raises(ServiceValidationError, match=text):
            await call(house, "climate.set_temperature", zone, **data)
    assert house.hub.states.get(zone).attributes == before.attributes


async def test_button_fires_the_event(house: House) -> None:
    assert house.hub.states.get("button.demo_bell").state == "unknown"
    state = await call(house, "button.press", "button.demo_bell")
    assert state.state.endswith("+00:00")
    rang = house.hub.states.get("event.demo_bell_rang")
    assert rang.attributes["event_type"] == "pressed"
    assert rang.attributes["event_types"] == ["pressed"]


async def test_update(house: House) -> None:
    firmware = "update.demo_firmware"
    assert house.hub.states.get(firmware).state == "on"
    state = await call(house, "update.install", firmware)
    assert state.state == "off"
    assert state.attributes["installed_version"] == "1.1"
    with pytest.raises(NotAllowed, match="up to date"):
        await call(house, "update.install", firmware)


async def test_readings(house: House) -> None:
    states = house.hub.states
    assert states.get("sensor.demo_temperature").attributes == {
        "state_class": "measurement",
        "unit_of_measurement": "°C",
        "device_class": "temperature",
        "friendly_name": "Demo Temperature",
    }
    assert states.get("binary_sensor.demo_warm").state == "off"
    assert states.get("sensor.demo_phase").state == "dawn"


async def test_the_wished_precision_reaches_clients(house: House) -> None:
    client = await house.connect()
    answer = await client.call(type="config/entity_registry/list_for_display")
    shown = {item["ei"]: item for item in answer["result"]["entities"]}
    assert shown["sensor.demo_temperature"]["dp"] == 1
    assert "dp" not in shown["sensor.demo_phase"]


class Broken(SensorEntity):
    unique_id = "broken"
    name = "Broken"
    suggested_object_id = "broken"
    available = False
    unavailable_reason = "link_down"
    extra_attributes = {"last_report": 5}  # noqa: RUF012


class Level(NumberEntity):
    unique_id = "away"
    name = "Away"
    suggested_object_id = "away"
    available = False
    unavailable_reason = "stale"


class Letterbox(NumberEntity):
    unique_id = name = "letterbox"
    available = False
    takes_calls = True
    kept: float | None = None

    async def set_value(self, value: float) -> None:
        self.kept = value


async def test_one_that_keeps_commands_takes_them_while_it_is_away(house: House) -> None:
    box = Letterbox()
    await house.hub.entities.add("test", [box])
    assert (await call(house, "number.set_value", "number.letterbox", value=3)).state == (
        "unavailable"
    )
    assert box.kept == 3


class Stubborn(ClimateEntity):
    unique_id = name = "stubborn"
    supported_features = ClimateFeature.TARGET_TEMPERATURE
    hvac_modes = (HVACMode.OFF, HVACMode.HEAT)
    told: float | None = None

    async def set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        raise NotAllowed(f"{hvac_mode} is locked")

    async def set_temperature(self, temperature: float) -> None:
        self.told = temperature


async def test_a_mode_that_is_refused_keeps_the_temperature_from_being_set(house: House) -> None:
    zone = Stubborn()
    await house.hub.entities.add("test", [zone])
    with pytest.raises(NotAllowed, match="heat is locked"):
        await call(
            house, "climate.set_temperature", zone.entity_id, temperature=20, hvac_mode="heat"
        )
    assert zone.told is None


async def test_unavailable_says_why_and_is_never_a_value(house: House) -> None:
    await house.hub.entities.add("tests", [Broken(), Level()])
    state = house.hub.states.get("sensor.broken")
    assert state.state == "unavailable"
    assert state.attributes["reason"] == "link_down"
    assert state.attributes["last_report"] == 5
    with pytest.raises(Unavailable, match=r"number\.away is unavailable: stale"):
        await call(house, "number.set_value", "number.away", value=5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0, "0"),
        (0.0, "0.0"),
        (21.5, "21.5"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (float("nan"), "unknown"),
        (float("inf"), "unknown"),
        ("", ""),
    ],
)
async def test_unknown_is_never_zero(house: House, value: Any, text: str) -> None:
    kind = type("One", (SensorEntity,), {"native_value": value, "unique_id": "value"})
    entity = kind()
    entity.suggested_object_id = "value"
    await house.hub.entities.add("tests", [entity])
    assert house.hub.states.get("sensor.value").state == text


async def test_a_doubled_or_nameless_entity_is_left_out_alone(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    class Nameless(BinarySensorEntity):
        pass

    class Good(BinarySensorEntity):
        unique_id = suggested_object_id = "good"

    await house.hub.entities.add("tests", [Nameless(), Good(), Good()])
    assert house.hub.states.get("binary_sensor.good") is not None
    assert caplog.text.count("was left out") == 2


async def test_registry_changes_are_followed(house: House) -> None:
    hub, lamp = house.hub, "switch.demo_lamp"
    hub.entity_registry.update(lamp, name="Desk")
    assert hub.states.get(lamp).name == "Desk"
    hub.entity_registry.update(lamp, new_entity_id="switch.desk")
    assert hub.states.get(lamp) is None
    assert (await call(house, "switch.turn_on", "switch.desk")).state == "on"
    device = hub.devices.all()[0]
    hub.devices.update(device.id, name_by_user="Casa")
    assert hub.states.get("sensor.demo_temperature").name == "Casa Temperature"


async def test_labels_floors_and_areas_lead_to_entities(house: House) -> None:
    hub = house.hub
    label = hub.labels.create(name="Night")
    floor = hub.floors.create(name="Ground")
    area = hub.areas.by_name("Workshop")
    hub.areas.update(area.area_id, floor_id=floor.floor_id)
    hub.entity_registry.update("switch.demo_lamp", labels={label.label_id})
    for target in (
        {"label_id": label.label_id},
        {"floor_id": floor.floor_id},
        {"area_id": [area.area_id]},
    ):
        before = hub.states.get("switch.demo_lamp").state
        await hub.services.call("switch", "toggle", None, target)
        assert hub.states.get("switch.demo_lamp").state != before


async def test_unload_removes_the_states_and_keeps_the_registry(house: House) -> None:
    hub = house.hub
    await hub.entities.remove_platform("demo")
    assert hub.states.get("switch.demo_lamp") is None
    assert hub.entity_registry.get("switch.demo_lamp") is not None
