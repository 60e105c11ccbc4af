"""Triggers of the kind `device`, as Home Assistant's page writes them."""

from typing import Any

import pytest
import voluptuous as vol

from hub.automation import validation
from tests.hub.automation.triggers.conftest import Bench


def device(bench: Bench, **classes: str | None) -> str:
    """Make a device with an entity of each kind named, `sensor_battery="battery"` and so on."""
    found = bench.world.devices.get_or_create(platform="test", identifiers={("test", "box")})
    for name, device_class in classes.items():
        domain = "binary_sensor" if name.startswith("binary") else name.partition("_")[0]
        bench.world.entity_registry.get_or_create(
            domain,
            "test",
            name,
            suggested_object_id=name,
            device_id=found.id,
            original_device_class=device_class,
        )
    return str(found.id)


def trigger(device_id: str, domain: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"trigger": "device", "device_id": device_id, "domain": domain, "type": type_, **more}


async def test_switches_turned_on_and_off(bench: Bench) -> None:
    box = device(bench, switch_pump=None, switch_fan=None, light_lamp=None)
    bench.attach(
        trigger(box, "switch", "turned_on", metadata={"secondary": False}),
        trigger(box, "switch", "turned_off", entity_id="switch.switch_fan", **{"for": 60}),
        trigger(box, "light", "changed_states"),
    )
    await bench.set("switch.switch_pump", "on")
    await bench.set("switch.switch_fan", "on")
    await bench.set("light.light_lamp", "on")
    fired = bench.take()
    assert [(it["idx"], it["entity_id"]) for it in fired] == [
        ("0", "switch.switch_pump"), ("0", "switch.switch_fan"), ("2", "light.light_lamp"),
    ]  # fmt: skip
    assert {it["platform"] for it in fired} == {"device"}
    await bench.set("switch.switch_pump", "off")
    await bench.set("switch.switch_fan", "off")
    await bench.clock.advance(60)
    assert [it["entity_id"] for it in bench.take()] == ["switch.switch_fan"]


async def test_sensors_by_device_class_and_by_registry_key(bench: Bench) -> None:
    box = device(bench, sensor_t="temperature", sensor_b="battery", binary_m="motion")
    key = bench.world.entity_registry.get("sensor.sensor_t").id  # type: ignore[union-attr]
    await bench.set("sensor.sensor_t", "10")
    await bench.set("sensor.sensor_b", "90")
    bench.attach(
        trigger(box, "sensor", "battery_level", below=20),
        trigger(box, "sensor", "temperature", above=20),
        trigger(box, "sensor", "value", entity_id=key, above=20),
        trigger(box, "binary_sensor", "no_motion"),
    )
    await bench.set("sensor.sensor_b", "10")
    await bench.set("sensor.sensor_t", "25")
    await bench.set("binary_sensor.binary_m", "off")
    fired = bench.take()
    assert [it["idx"] for it in fired] == ["0", "1", "2", "3"]
    assert fired[0]["entity_id"] == "sensor.sensor_b"


async def test_climate_select_and_button(bench: Bench) -> None:
    box = device(bench, climate_room=None, select_season=None, button_go=None)
    await bench.set("climate.climate_room", "off", current_temperature=18)
    await bench.set("select.select_season", "summer")
    await bench.set("button.button_go", "unknown")
    bench.attach(
        trigger(box, "climate", "hvac_mode_changed", to="heat"),
        trigger(box, "climate", "current_temperature_changed", above=20),
        trigger(box, "select", "current_option_changed", to=["winter"]),
        trigger(box, "button", "pressed"),
    )
    await bench.set("climate.climate_room", "heat", current_temperature=19)
    await bench.set("climate.climate_room", "heat", current_temperature=21)
    await bench.set("select.select_season", "winter")
    await bench.set("button.button_go", "2027-01-15T08:00:00+00:00")
    assert [it["idx"] for it in bench.take()] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("missing", ["nowhere", "box"])
async def test_what_is_not_there_is_named(
    bench: Bench, caplog: pytest.LogCaptureFixture, missing: str
) -> None:
    box = device(bench, switch_pump=None)
    bench.attach(trigger(box if missing == "box" else missing, "light", "turned_on"))
    assert ("has no light" if missing == "box" else "no device nowhere") in caplog.text


@pytest.mark.parametrize(
    ("domain", "type_", "more", "path", "words"),
    [
        ("switch", "flashed", {}, ["type"], "turned_on"),
        ("binary_sensor", "moved", {}, ["type"], "motion"),
        ("sensor", "temperature", {}, [], "above or below"),
        ("zha", "remote_button_short_press", {}, ["type"], "not supported"),
        ("switch", "turned_on", {"entity_id": "hall"}, ["entity_id"], "entity id"),
    ],
)
def test_mistakes_are_told_with_their_place(
    domain: str, type_: str, more: dict[str, Any], path: list[Any], words: str
) -> None:
    with pytest.raises(vol.Invalid) as caught:
        validation.triggers([trigger("x", domain, type_, **more)])
    (error,) = getattr(caught.value, "errors", [caught.value])
    assert error.path == [0, *path]
    assert words in error.msg
