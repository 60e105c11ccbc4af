"""The room as a whole, seen by mosquitto_sub."""

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.config.settings import BrokerSettings, Discovery, MqttSettings, Protocol
from hub.const import EVENT_STOP
from hub.mqtt.abbreviations import expand
from hub.mqtt.birth import EARLIEST, JITTER
from hub.mqtt.validator import component_problems, device_problems
from hub.util.clock import FakeClock
from tests.hub.mqtt.conftest import Build, Witness, retained, settle
from tests.hub.mqtt.house import ZONE, House, Sensor
from tests.peers.mosquitto import Mosquitto
from tests.peers.ports import wait_until


async def publish(mosquitto: Mosquitto, topic: str, payload: str | None, **more: Any) -> None:
    await asyncio.to_thread(lambda: mosquitto.publish(topic, payload, **more))


async def agreed(house: House, mosquitto: Mosquitto) -> dict[str, str]:
    """Return what is retained after checking that it is the ledger exactly."""
    await house.settled()
    found = await retained(mosquitto)
    assert sorted(found) == sorted(house.mqtt.ledger.topics())
    return found


async def test_a_late_subscriber_finds_everything(house: House, mosquitto: Mosquitto) -> None:
    found = await agreed(house, mosquitto)
    assert found["hub/h1/status"] == "online"
    assert json.loads(found["hub/h1/hub/info"])["hub_id"] == "h1"
    assert found["hub/h1/test_z1/availability"] == "online"
    assert found["hub/h1/climate/living/mode"] == "heat"
    assert found["hub/h1/climate/living/temperature"] == "21"
    assert found["hub/h1/climate/living/current_temperature"] == "20.5"
    assert found["hub/h1/climate/living/preset"] == "eco"
    assert found["hub/h1/sensor/living_temperature/state"] == "1"
    assert found["hub/h1/switch/box_pump/state"] == "OFF"
    assert found["hub/h1/binary_sensor/box_fault/state"] == "None"
    assert found["hub/h1/select/box_season/state"] == "winter"
    assert found["hub/h1/number/box_limit/state"] == "5.0"
    assert json.loads(found["hub/h1/update/box_firmware/update"])["latest_version"] == "2.0"
    for state in house.hub.states.all():
        base = f"hub/h1/{state.entity_id.replace('.', '/')}"
        assert found[f"{base}/availability"] == "online"
        assert json.loads(found[f"{base}/attributes"]) == json.loads(state.attributes_json)
    assert all(found.values())


async def test_discovery_names_topics_that_exist(house: House, mosquitto: Mosquitto) -> None:
    found = await agreed(house, mosquitto)
    topics = [topic for topic in found if topic.startswith("homeassistant/")]
    assert sorted(topics) == [
        "homeassistant/device/h1/hub/config",
        "homeassistant/device/h1/test_box/config",
        "homeassistant/device/h1/test_z1/config",
    ]
    count = 0
    for topic in topics:
        body = expand(json.loads(found[topic]))
        assert device_problems(body) == []
        for component in body["components"].values():
            count += 1
            assert component_problems(component) == []
            for key, value in component.items():
                if key.endswith("_topic") and not key.endswith("command_topic"):
                    assert value in found or value.endswith("/event")
            for place in component["availability"]:
                assert found[place["topic"]] == "online"
    assert count == len(house.hub.states.all())


async def test_unchanged_values_are_not_published_again(
    house: House, mosquitto: Mosquitto, witness: Witness
) -> None:
    before = len(witness.lines)
    for _ in range(5):
        house.sensor.write()
    house.sensor.show(7)
    for _ in range(5):
        house.sensor.write()
    await wait_until(lambda: witness.of("hub/h1/sensor/living_temperature/state")[1:] == ["7"])
    live = [x for x in witness.lines[before:] if x[0].startswith("hub/") and not x[2]]
    assert [line[0] for line in live] == ["hub/h1/sensor/living_temperature/state"]


async def test_unknown_unavailable_and_value(
    house: House, mosquitto: Mosquitto, witness: Witness
) -> None:
    base = "hub/h1/sensor/living_temperature"
    house.sensor.show(None)
    await settle(mosquitto, lambda x: x[f"{base}/state"] == "None")
    house.sensor.here = False
    house.sensor.show(5)
    found = await settle(mosquitto, lambda x: x[f"{base}/availability"] == "offline")
    assert found[f"{base}/state"] == "None"
    assert found["hub/h1/test_z1/availability"] == "online"
    house.zone.here = False
    house.zone.write()
    found = await settle(mosquitto, lambda x: x["hub/h1/test_z1/availability"] == "offline")
    assert found["hub/h1/climate/living/temperature"] == "None"
    house.sensor.here = house.zone.here = True
    house.zone.write()
    house.sensor.show(22)
    found = await settle(mosquitto, lambda x: x[f"{base}/availability"] == "online")
    assert found[f"{base}/state"] == "22"
    assert found["hub/h1/climate/living/temperature"] == "21"
    await settle(mosquitto, lambda x: x["hub/h1/test_z1/availability"] == "online")
    await witness.caught_up()
    seen = [x for x in witness.lines if x[0].startswith(base) and x[0] != f"{base}/attributes"]
    value, online = (f"{base}/state", "22", False), (f"{base}/availability", "online", False)
    assert seen.index(value) < len(seen) - 1 - seen[::-1].index(online)
    assert not [x for x in witness.lines if x[1] in ("unknown", "unavailable", "")]


async def test_commands(house: House, mosquitto: Mosquitto, witness: Witness) -> None:
    commands = [
        ("climate/living/temperature/set", "23.5"),
        ("climate/living/mode/set", "off"),
        ("climate/living/preset/set", "party"),
        ("switch/box_pump/set", "ON"),
        ("number/box_limit/set", "50.5"),
        ("select/box_season/set", "summer"),
        ("button/box_identify/set", "PRESS"),
        ("update/box_firmware/set", "install"),
    ]
    for topic, payload in commands:
        await publish(mosquitto, f"hub/h1/{topic}", payload)
    await wait_until(lambda: house.mqtt.status()["commands"] == len(commands))
    found = await agreed(house, mosquitto)
    assert found["hub/h1/climate/living/temperature"] == "23.5"
    assert found["hub/h1/climate/living/mode"] == "off"
    assert found["hub/h1/climate/living/preset"] == "party"
    assert found["hub/h1/switch/box_pump/state"] == "ON"
    assert found["hub/h1/number/box_limit/state"] == "50.5"
    assert found["hub/h1/select/box_season/state"] == "summer"
    assert json.loads(found["hub/h1/update/box_firmware/update"])["installed_version"] == "2.0"

    await publish(mosquitto, "hub/h1/climate/living/temperature/set", "99")
    await wait_until(lambda: witness.of("hub/h1/climate/living/error"))
    error = json.loads(witness.of("hub/h1/climate/living/error")[0])
    assert error["code"] == "service_validation_error"
    assert error["payload"] == "99"
    assert (await retained(mosquitto))["hub/h1/climate/living/temperature"] == "23.5"


@pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])
async def test_retained_commands_are_never_run(
    build: Build,
    mqtt_settings: MqttSettings,
    mosquitto: Mosquitto,
    protocol: Protocol,
) -> None:
    await publish(mosquitto, "hub/h1/switch/box_pump/set", "ON", retain=True)
    house = await build(replace(mqtt_settings, protocol=protocol))
    await house.furnish()
    await house.start()
    await publish(mosquitto, "hub/h1/number/box_limit/set", "7")
    await wait_until(lambda: house.mqtt.status()["commands"] == 1)
    assert house.switch.on is False
    found = await retained(mosquitto)
    assert found["hub/h1/switch/box_pump/set"] == "ON"  # not ours to clear


async def test_an_event_is_not_retained(
    house: House, mosquitto: Mosquitto, witness: Witness
) -> None:
    bell: Any = house.hub.entities.get("event.box_bell")
    bell.trigger("ring", {"times": 2})
    await wait_until(lambda: witness.of("hub/h1/event/box_bell/event"))
    assert json.loads(witness.of("hub/h1/event/box_bell/event")[0]) == {
        "event_type": "ring",
        "times": 2,
    }
    assert "hub/h1/event/box_bell/event" not in await agreed(house, mosquitto)


async def test_removal_of_an_entity(house: House, mosquitto: Mosquitto, witness: Witness) -> None:
    house.hub.entity_registry.remove("sensor.living_temperature")
    await house.settled()
    found = await agreed(house, mosquitto)
    assert not [x for x in found if "living_temperature" in x]
    body = json.loads(found["homeassistant/device/h1/test_z1/config"])
    assert list(body["cmps"]) == ["climate_test_z1"]
    await witness.caught_up()
    # Announced before, the stub, and without it: the last one may have come once more.
    configs = witness.of("homeassistant/device/h1/test_z1/config")
    assert json.loads(configs[1])["cmps"]["sensor_test_temperature"] == {"p": "sensor"}
    assert {*configs[2:]} == {found["homeassistant/device/h1/test_z1/config"]}


async def test_removal_of_a_device(house: House, mosquitto: Mosquitto) -> None:
    for entry in [x for x in house.hub.entity_registry.all() if x.platform == "test"]:
        if entry.entity_id.startswith(("climate.", "sensor.living")):
            house.hub.entity_registry.remove(entry.entity_id)
    found = await agreed(house, mosquitto)
    assert not [x for x in found if "living" in x or "test_z1" in x]


async def test_rename_moves_topics_and_keeps_identity(house: House, mosquitto: Mosquitto) -> None:
    before = json.loads((await retained(mosquitto))["homeassistant/device/h1/test_z1/config"])
    house.hub.entity_registry.update("climate.living", new_entity_id="climate.lounge")
    found = await agreed(house, mosquitto)
    assert not [x for x in found if "climate/living/" in x]
    assert found["hub/h1/climate/lounge/temperature"] == "21"
    after = json.loads(found["homeassistant/device/h1/test_z1/config"])
    assert list(after["cmps"]) == list(before["cmps"])
    assert (
        after["cmps"]["climate_test_z1"]["uniq_id"] == before["cmps"]["climate_test_z1"]["uniq_id"]
    )
    await publish(mosquitto, "hub/h1/climate/lounge/temperature/set", "19")
    await wait_until(lambda: house.zone.target == 19)


async def test_disabled_and_enabled_again(house: House, mosquitto: Mosquitto) -> None:
    full = set(await agreed(house, mosquitto))
    house.hub.entity_registry.update("switch.box_pump", disabled_by="user")
    found = await agreed(house, mosquitto)
    assert not [x for x in found if "box_pump" in x]
    house.hub.entity_registry.update("switch.box_pump", disabled_by=None)
    await wait_until(lambda: house.hub.states.get("switch.box_pump"))
    assert set(await agreed(house, mosquitto)) == full


async def test_a_platform_that_is_unloaded_stays_announced(
    house: House, mosquitto: Mosquitto
) -> None:
    before = set(await agreed(house, mosquitto))
    await house.hub.entities.remove_platform("test")
    found = await agreed(house, mosquitto)
    assert set(found) == before
    assert found["hub/h1/test_box/availability"] == "offline"
    assert found["hub/h1/switch/box_pump/availability"] == "offline"
    assert found["hub/h1/switch/box_pump/state"] == "None"


async def test_a_state_without_entity_comes_and_goes(house: House, mosquitto: Mosquitto) -> None:
    house.hub.states.set("sensor.posted", "1", {"a": 1})
    found = await agreed(house, mosquitto)
    assert found["hub/h1/sensor/posted/state"] == "1"
    house.hub.states.remove("sensor.posted")
    found = await agreed(house, mosquitto)
    assert not [x for x in found if "posted" in x]


async def test_modes_migrate_both_ways(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto, witness: Witness
) -> None:
    for mode in (Discovery.DEVICE, Discovery.ENTITY, Discovery.DEVICE, Discovery.OFF):
        before = {x for x in await retained(mosquitto) if x.startswith("homeassistant/")}
        house = await build(replace(mqtt_settings, discovery=mode))
        await house.furnish()
        await house.start()
        found = await agreed(house, mosquitto)
        now = {x for x in found if x.startswith("homeassistant/")}
        assert bool(now) is (mode is not Discovery.OFF)
        await witness.caught_up()
        if mode is not Discovery.OFF:
            assert all(("/device/" in x) is (mode is Discovery.DEVICE) for x in now)
            for topic in before:
                last = witness.of(topic)[-2:]
                assert last == ['{"migrate_discovery":true}', ""], topic
        await house.close()


@pytest.mark.parametrize(
    "change", [{"base": "house"}, {"hub_id": "h2"}, {"prefix": "ha"}], ids=["base", "id", "prefix"]
)
async def test_change_of_base_clears_the_old_topics(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto, change: dict[str, str]
) -> None:
    first = await build(mqtt_settings)
    await first.furnish()
    await first.start()
    before = await agreed(first, mosquitto)
    await first.close()
    second = await build(replace(mqtt_settings, **change))  # type: ignore[arg-type]
    await second.furnish()
    await second.start()
    after = await agreed(second, mosquitto)
    assert len(after) == len(before)
    assert set(after) != set(before)


async def test_restart_publishes_only_what_changed(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto, witness: Witness
) -> None:
    first = await build(mqtt_settings)
    await first.furnish()
    await first.start()
    before = await agreed(first, mosquitto)
    await first.close()
    assert (await retained(mosquitto))["hub/h1/status"] == "offline"
    await witness.caught_up()
    seen = len(witness.lines)
    second = await build(mqtt_settings)
    await second.furnish()
    second.sensor.show(9)
    await second.start()
    after = await agreed(second, mosquitto)
    assert set(after) == set(before)
    await witness.caught_up()
    configs = [x for x in witness.lines[seen:] if x[0].startswith("homeassistant/")]
    assert configs == []


async def test_what_went_while_the_hub_was_away_is_cleared(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto
) -> None:
    first = await build(mqtt_settings)
    await first.furnish()
    await first.start()
    await agreed(first, mosquitto)
    await first.close()
    second = await build(mqtt_settings)
    second.hub.entity_registry.remove("switch.box_pump")
    second.hub.entity_registry.remove("sensor.living_temperature")
    await second.start()
    found = await agreed(second, mosquitto)
    assert not [x for x in found if "box_pump" in x or "living_temperature" in x]
    assert found["hub/h1/test_box/availability"] == "offline"
    assert "climate/living" in str(found["homeassistant/device/h1/test_z1/config"])


async def test_orphans_and_foreign_topics(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto
) -> None:
    ours = json.dumps({"dev": {"ids": ["h1_x"]}, "o": {"name": "hub"}, "cmps": {}})
    theirs = json.dumps({"dev": {"ids": ["z"]}, "o": {"name": "zigbee2mqtt"}, "cmps": {}})
    foreign = {
        "zigbee2mqtt/lamp": "on",
        "hub/h2/status": "online",
        "hub/h10/sensor/x/state": "1",
        "homeassistant/sensor/x/config": theirs,
        "homeassistant/device/h1/other/config": theirs,
        "homeassistant/status": "online",
        "hub/h1/switch/x/set": "ON",
    }
    orphans = {"hub/h1/sensor/ghost/state": "1", "homeassistant/device/h1/ghost/config": ours}
    for topic, payload in {**foreign, **orphans}.items():
        await publish(mosquitto, topic, payload, retain=True)
    house = await build(mqtt_settings)
    await house.furnish()
    await house.start()
    await house.settled()
    found = await retained(mosquitto)
    assert {x: found.get(x) for x in foreign} == foreign
    assert not set(orphans) & set(found)
    assert set(found) - set(foreign) == set(house.mqtt.ledger.topics())
    await publish(mosquitto, "hub/h1/sensor/ghost/state", "1", retain=True)
    assert await house.mqtt.orphans() == ["hub/h1/sensor/ghost/state"]
    await house.mqtt.orphans(clean=True)
    assert await house.mqtt.orphans() == []


async def test_two_hubs_on_one_broker(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto
) -> None:
    houses = []
    for name in ("h1", "h2"):
        house = await build(replace(mqtt_settings, hub_id=name), name)
        await house.furnish()
        await house.start()
        await house.settled()
        houses.append(house)
    one, two = houses
    found = await retained(mosquitto)
    assert set(found) == {*one.mqtt.ledger.topics(), *two.mqtt.ledger.topics()}
    kept = {x: y for x, y in found.items() if "h2" in x}
    assert await one.mqtt.forget() > 20
    assert await retained(mosquitto) == kept


async def test_two_hubs_with_one_id_are_told(
    build: Build, mqtt_settings: MqttSettings, caplog: pytest.LogCaptureFixture
) -> None:
    one = await build(mqtt_settings, "a")
    await one.start()
    two = await build(mqtt_settings, "b")
    await two.start()
    await wait_until(lambda: one.mqtt.status()["conflict"])
    assert "same id took over" in caplog.text
    await wait_until(lambda: two.mqtt.connected)
    assert not one.mqtt.connected


@pytest.mark.parametrize("persistent", [True, False], ids=["kept", "lost"])
async def test_broker_is_killed_and_comes_back(
    house: House, mosquitto: Mosquitto, persistent: bool
) -> None:
    before = await agreed(house, mosquitto)
    if persistent:
        mosquitto.stop()
    else:
        mosquitto.stop(signal.SIGKILL)
        (mosquitto.folder / "mosquitto.db").unlink(missing_ok=True)
    await wait_until(lambda: not house.mqtt.connected)
    assert house.hub.states.get("binary_sensor.mqtt_connected").state == "off"  # type: ignore[union-attr]
    house.sensor.show(33)
    house.hub.entity_registry.remove("switch.box_pump")
    mosquitto.start()
    await house.mqtt.compared()
    after = await agreed(house, mosquitto)
    gone = {x for x in before if "box_pump" in x}
    assert set(after) == set(before) - gone
    assert after["hub/h1/sensor/living_temperature/state"] == "33"
    assert after["hub/h1/binary_sensor/mqtt_connected/state"] == "ON"


async def test_hub_starts_without_its_broker(
    build: Build, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    settings = MqttSettings(broker=BrokerSettings("127.0.0.1", free_port, password="s3cret"))
    house = await build(settings)
    await house.furnish()
    await house.mqtt.start()
    await wait_until(lambda: house.mqtt.status()["problem"])
    assert house.mqtt.status()["problem"] == "connection refused"
    for number in range(1000):
        house.sensor.show(number)
        await asyncio.sleep(0)
    assert house.mqtt.status()["queued"] < 60
    assert len([x for x in caplog.messages if "No connection to the MQTT broker" in x]) == 1
    assert "s3cret" not in caplog.text + repr(settings)


async def test_stop_says_offline_before_it_leaves(
    house: House, mosquitto: Mosquitto, witness: Witness
) -> None:
    house.hub.bus.fire(EVENT_STOP)
    await house.hub.entities.remove_platform("test")
    await house.close()
    await wait_until(lambda: witness.of("hub/h1/status")[-1:] == ["offline"])
    found = await retained(mosquitto)
    assert found["hub/h1/status"] == "offline"
    assert found["hub/h1/sensor/living_temperature/state"] == "1"


async def test_birth_three_times_leads_to_one_republish(
    house: House, mosquitto: Mosquitto, witness: Witness
) -> None:
    topic = "hub/h1/select/box_season/state"
    count = len(witness.of(topic))
    clock = house.hub.clock = FakeClock()
    for payload in ("online", "offline", "online", "online"):
        await publish(mosquitto, "homeassistant/status", payload)
    # What came before this command has been heard.
    await publish(mosquitto, "hub/h1/button/box_identify/set", "PRESS")
    await wait_until(lambda: house.mqtt.status()["commands"] == 1)
    birth = house.mqtt._birth
    assert birth.republished == 0
    async with asyncio.timeout(30):
        while birth.republished == 0:
            await clock.advance(EARLIEST + JITTER)
            await asyncio.sleep(0.01)
    assert birth.republished == 1
    await house.settled()
    await witness.caught_up()
    assert len(witness.of(topic)) == count + 1
    assert birth._cancel is None
    configs = [x for x in witness.lines if x[0].startswith("homeassistant/device") and not x[2]]
    assert configs == []


async def test_a_retained_birth_is_old_news(
    build: Build, mqtt_settings: MqttSettings, mosquitto: Mosquitto
) -> None:
    await publish(mosquitto, "homeassistant/status", "online", retain=True)
    house = await build(mqtt_settings)
    await house.start()
    assert house.mqtt._birth._cancel is None


async def test_a_new_capability_is_announced(house: House, mosquitto: Mosquitto) -> None:
    house.zone.max_temp = 25
    house.zone.write()
    await agreed(house, mosquitto)
    body = json.loads((await retained(mosquitto))["homeassistant/device/h1/test_z1/config"])
    assert body["cmps"]["climate_test_z1"]["max_temp"] == 25


async def test_a_bad_entity_leaves_its_device_alone(house: House, mosquitto: Mosquitto) -> None:
    await house.add(Sensor("flux", ZONE, device_class="flux"))
    found = await agreed(house, mosquitto)
    body = json.loads(found["homeassistant/device/h1/test_z1/config"])
    assert sorted(body["cmps"]) == ["climate_test_z1", "sensor_test_temperature"]
    assert found["hub/h1/sensor/living_flux/state"] == "1"


async def test_settings_off(build: Build, mqtt_settings: MqttSettings) -> None:
    house = await build(replace(mqtt_settings, enabled=False))
    await house.mqtt.start()
    assert not house.mqtt.running
    assert house.mqtt.status()["broker"] is not None


async def test_no_broker_at_all_is_one_clear_line(
    build: Build, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hub.mqtt.service.find_binary", lambda: None)
    house = await build(MqttSettings())
    await house.mqtt.start()
    assert not house.mqtt.running
    lines = [x for x in caplog.messages if "MQTT" in x]
    assert len(lines) == 1
    assert "apt install mosquitto" in lines[0]
    assert "mqtt: broker" in lines[0]


async def test_a_broker_of_its_own(build: Build, free_ports: Callable[[], int]) -> None:
    house = await build(MqttSettings(managed_port=free_ports(), hub_id="h1"))
    await house.furnish()
    await house.start()
    await house.settled()
    broker = house.mqtt.broker
    assert broker is not None
    assert broker.pid is not None
    assert await house.mqtt.orphans() == []
    compared = house.mqtt._compared
    import os  # only here

    os.kill(broker.pid, signal.SIGKILL)
    await wait_until(lambda: not compared.is_set())
    await house.mqtt.compared()
    await house.settled()
    assert house.mqtt.status()["broker_restarts"] == 1
    assert await house.mqtt.orphans() == []
