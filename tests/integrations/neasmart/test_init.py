"""The integration inside a hub of real objects."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hub.errors import NotAllowed, ServiceValidationError, Unavailable
from integrations.neasmart.dpt9 import encode
from tests.peers.ports import wait_until

Start = Callable[..., Awaitable[Any]]
LIVING = "climate.living_room"


async def test_every_configured_thing_becomes_an_entity(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    own = [entry for entry in house.hub.entity_registry.all() if entry.platform == "neasmart"]
    assert {entry.entity_id for entry in own} <= set(house.hub.states.entity_ids())
    assert sorted(entry.entity_id for entry in own) == [
        "binary_sensor.base_station_1_reporting",
        "binary_sensor.base_station_5_reporting",
        "binary_sensor.heating_dehumidifier_9",
        "binary_sensor.heating_error",
        "binary_sensor.heating_hint",
        "binary_sensor.heating_link",
        "binary_sensor.heating_mixed_group_1_pump",
        "binary_sensor.heating_pump_5",
        "binary_sensor.heating_warning",
        "climate.attic",
        "climate.kitchen",
        "climate.living_room",
        "select.heating_operating_mode",
        "select.heating_operating_state",
        "sensor.attic_humidity",
        "sensor.attic_temperature",
        "sensor.heating_command_confirmation_latency",
        "sensor.heating_command_read_latency",
        "sensor.heating_connected_adapters",
        "sensor.heating_filtered_outside_temperature",
        "sensor.heating_frames",
        "sensor.heating_mixed_group_1_flow_temperature",
        "sensor.heating_mixed_group_1_return_temperature",
        "sensor.heating_mixed_group_1_valve",
        "sensor.heating_noise",
        "sensor.heating_outside_temperature",
        "sensor.heating_pending_commands",
        "sensor.kitchen_temperature",
        "sensor.living_room_humidity",
        "sensor.living_room_temperature",
        "switch.heating_suppress_noise_in_the_log",
    ]


async def test_devices_hang_together_and_sit_in_their_areas(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    entry = house.hub.entity_registry.get(LIVING)
    zone = house.hub.devices.get(entry.device_id)
    base = house.hub.devices.get(zone.via_device_id)
    line = house.hub.devices.get(base.via_device_id)
    assert [device.name for device in (zone, base, line)] == [
        "Living room",
        "Base station 1",
        "Heating",
    ]
    area = house.hub.areas.get(zone.area_id)
    assert area.name == "Ground floor"
    assert entry.unique_id == "home-1-1-climate"


async def test_a_zone_shows_what_the_base_reports(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    assert house.state(LIVING).state == "unavailable"
    assert house.state(LIVING).attributes["reason"] == "link_down"
    house.bus(1, 2)
    house.bus(100, 1, encode(21.5), encode(20.3))
    house.bus(110, 45)
    state = house.state(LIVING)
    assert state.state == "heat"
    assert state.attributes["hvac_modes"] == ["off", "heat"]
    assert state.attributes["temperature"] == 21.5
    assert state.attributes["current_temperature"] == 20.3
    assert state.attributes["current_humidity"] == 45
    assert state.attributes["preset_mode"] == "normal"
    assert state.attributes["preset_modes"] == [
        "normal", "reduced", "standby", "time_program", "party", "absence",
    ]  # fmt: skip
    assert (state.attributes["min_temp"], state.attributes["max_temp"]) == (5, 40)
    assert state.attributes["target_temp_step"] == 0.5
    assert state.attributes["quality"] == "good"
    assert house.state("sensor.living_room_temperature").state == "20.3"
    assert house.state("sensor.living_room_humidity").state == "45"
    assert house.state("climate.kitchen").state == "unavailable"


@pytest.mark.parametrize(
    ("mode", "expected"), [(0, "auto"), (1, "auto"), (2, "heat"), (3, "cool"), (4, "heat"),
                           (5, "cool"), (9, "auto")]
)  # fmt: skip
async def test_the_mode_follows_the_season(
    start: Start, section: dict[str, Any], mode: int, expected: str
) -> None:
    house = await start(section)
    house.bus(1, mode)
    house.bus(100, 2, encode(21), encode(20))
    assert house.state(LIVING).state == expected
    house.bus(100, 3)
    assert house.state(LIVING).state == "off"


async def test_a_zone_without_set_point_or_humidity_updates_all_else(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    house.bus(100, 3, 0x8116, encode(19))
    house.bus(200, 77, 0, encode(18))
    attributes = house.state(LIVING).attributes
    assert (attributes["temperature"], attributes["current_temperature"]) == (None, 19)
    assert "current_humidity" not in attributes
    kitchen = house.state("climate.kitchen").attributes
    assert (kitchen["temperature"], kitchen["current_temperature"]) == (None, 18)
    assert (kitchen["preset_mode"], kitchen["unknown_state_number"]) == (None, 77)
    house.bus(102, encode(19.5))
    assert house.state(LIVING).attributes["current_temperature"] == 19.5


async def test_unknown_is_not_zero_and_zero_is_not_unknown(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    house.bus(7, 0)
    assert house.state("sensor.heating_outside_temperature").state == "0.0"
    house.bus(7, 0x7FFF)
    state = house.state("sensor.heating_outside_temperature")
    assert (state.state, state.attributes["reason"]) == ("unknown", "sentinel")
    assert house.state("sensor.heating_filtered_outside_temperature").state == "unknown"
    house.bus(7, 0x8116)
    assert house.state("sensor.heating_outside_temperature").state == "-17.7"


async def test_flags_and_mixed_groups(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    house.bus(3, 1)
    house.bus(5, 2)
    house.bus(10, 60, 1, encode(35), encode(30))
    house.bus(30, 1)
    house.bus(35, 0)
    assert house.state("binary_sensor.heating_error").state == "on"
    assert house.state("binary_sensor.heating_warning").state == "off"
    assert house.state("sensor.heating_mixed_group_1_valve").state == "60"
    assert house.state("binary_sensor.heating_mixed_group_1_pump").state == "on"
    assert house.state("sensor.heating_mixed_group_1_flow_temperature").state == "35.0"
    assert house.state("sensor.heating_mixed_group_1_return_temperature").state == "30.0"
    assert house.state("binary_sensor.heating_dehumidifier_9").state == "on"
    assert house.state("binary_sensor.heating_pump_5").state == "off"


async def test_a_set_point_goes_its_way(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    house.bus(100, 1, encode(20), encode(19))
    await house.call("climate.set_temperature", LIVING, temperature=22.5)
    attributes = house.state(LIVING).attributes
    assert (attributes["temperature"], attributes["command_state"]) == (22.5, "queued")
    house.bus(101, encode(20))
    assert house.state(LIVING).attributes["temperature"] == 22.5
    await house.clock.advance(2)
    assert house.read(100, 2) == [1, encode(22.5)]
    assert house.state(LIVING).attributes["command_state"] == "delivered"
    assert house.state("sensor.heating_pending_commands").state == "1"
    house.bus(101, encode(22.5))
    attributes = house.state(LIVING).attributes
    assert (attributes["temperature"], attributes["command_state"]) == (22.5, "confirmed")
    assert "requested_temperature" not in attributes
    assert house.state("sensor.heating_pending_commands").state == "0"
    assert house.state("sensor.heating_command_read_latency").state == "2.0"


async def test_a_refused_set_point_reverts_and_the_wish_stays_visible(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    house.bus(100, 3, 0x8116, encode(19))
    await house.call("climate.set_temperature", LIVING, temperature=22.5)
    house.read(100, 2)
    house.bus(101, 0x8116)
    attributes = house.state(LIVING).attributes
    assert attributes["temperature"] is None
    assert attributes["command_state"] == "rejected"
    assert attributes["reason"] == "zone_in_standby"
    assert attributes["requested_temperature"] == 22.5


async def test_an_unread_set_point_expires(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    house.bus(100, 1, encode(20), encode(19))
    await house.call("climate.set_temperature", LIVING, temperature=30)
    await house.clock.advance(31)
    attributes = house.state(LIVING).attributes
    assert (attributes["temperature"], attributes["command_state"]) == (20, "expired")
    assert attributes["reason"] == "not_read_in_time"
    assert house.read(101) == [encode(20)]


async def test_presets_and_modes(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    house.bus(1, 3)
    house.bus(100, 1, encode(20), encode(19))
    await house.call("climate.set_preset_mode", LIVING, preset_mode="party")
    assert house.read(100) == [5]
    await house.call("climate.set_hvac_mode", LIVING, hvac_mode="cool")
    assert house.read(100) == [5]
    await house.call("climate.set_hvac_mode", LIVING, hvac_mode="off")
    assert house.read(100) == [3]
    assert house.state(LIVING).state == "off"
    await house.call("climate.turn_on", LIVING)
    assert house.read(100) == [1]
    assert house.state(LIVING).state == "cool"
    await house.call("climate.turn_off", LIVING)
    assert house.read(100) == [3]


@pytest.mark.parametrize("temperature", [4.5, 40.5, 21.3, -1, 1000])
async def test_set_points_that_are_none_change_nothing(
    start: Start, section: dict[str, Any], temperature: float
) -> None:
    house = await start(section)
    house.bus(100, 3, encode(20), encode(19))
    with pytest.raises(ServiceValidationError, match="temperature"):
        await house.call(
            "climate.set_temperature", LIVING, temperature=temperature, hvac_mode="auto"
        )
    assert house.read(100, 2) == [3, encode(20)]


async def test_a_silent_zone_is_unavailable_with_the_reason(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    house.bus(100, 1, encode(20), encode(19))
    house.bus(6002, encode(19))
    assert house.state("climate.attic").state == "auto"
    await house.clock.advance(100)
    house.bus(6002, encode(19))
    await house.clock.advance(100)
    state = house.state(LIVING)
    assert state.state == "unavailable"
    assert state.attributes["last_temperature"] == 19
    assert house.state("sensor.living_room_temperature").attributes["last_value"] == 19
    assert house.state("climate.attic").state == "auto"
    assert house.state("binary_sensor.base_station_1_reporting").state == "off"
    assert house.state("binary_sensor.base_station_5_reporting").state == "on"
    with pytest.raises(Unavailable):
        await house.call("climate.set_temperature", LIVING, temperature=20)


async def test_global_selects(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    house.bus(1, 2, 1)
    assert house.state("select.heating_operating_mode").state == "heating"
    assert house.state("select.heating_operating_state").state == "normal"
    await house.call(
        "select.select_option", "select.heating_operating_state", option="time_program"
    )
    assert house.read(2) == [4]
    state = house.state("select.heating_operating_state")
    assert (state.state, state.attributes["command_state"]) == ("time_program", "delivered")
    assert state.attributes["options"] == [
        "normal", "reduced", "standby", "time_program", "party", "absence",
    ]  # fmt: skip
    with pytest.raises(ServiceValidationError):
        await house.call("select.select_option", "select.heating_operating_mode", option="off")


async def test_twelve_glued_broadcasts_write_each_entity_once(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    house.bus(100, 1, encode(20), encode(19))
    house.installation.flush()
    changes: list[str] = []
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    await wait_until(lambda: house.installation.server.peers)
    await asyncio.sleep(0)
    house.hub.bus.listen("state_changed", lambda event: changes.append(event.data["entity_id"]))
    writer.write(
        b"".join(
            struct.pack(">HHHBBHH", n, 0, 6, 0, 6, 102, encode(20 + n / 10)) for n in range(12)
        )
    )
    await wait_until(lambda: changes)
    await asyncio.sleep(0)
    assert sorted(changes) == [LIVING, "sensor.living_room_temperature"]
    assert house.state(LIVING).attributes["current_temperature"] == 21.1
    writer.close()


async def test_start_up_commands_are_served_and_pending(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section | {"startup_mode": 2, "startup_state": "1"})
    await house.clock.advance(3600)
    assert len(house.installation.image.open) == 2
    assert house.read(1, 2) == [2, 1]


async def test_measurements_survive_a_restart_and_commands_do_not(
    start: Start, section: dict[str, Any], shut: Callable[[Any], Awaitable[None]]
) -> None:
    house = await start(section)
    house.bus(100, 1, encode(20), encode(19))
    house.bus(1, 2, 1)
    await house.call("climate.set_temperature", LIVING, temperature=30)
    reported = house.state("sensor.living_room_temperature").attributes["last_report"]
    await shut(house)
    again = await start(section)
    state = again.state("sensor.living_room_temperature")
    assert state.state == "unavailable"
    assert state.attributes["last_value"] == 19
    assert state.attributes["last_report"] == reported
    assert state.attributes["quality"] == "stale"
    assert again.read(100, 2) == [0, 0]
    assert again.read(1, 2) == [0, 0]
    stored = await again.hub.documents.load("neasmart", "home")
    assert set(stored) == {"102"}


async def test_the_store_writes_once_per_interval_and_outlives_a_broken_database(
    start: Start, section: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await start(section)
    documents = house.hub.documents
    saves: list[dict[str, Any]] = []
    broken = False

    async def save(_namespace: str, _key: str, document: dict[str, Any]) -> None:
        if broken:
            raise OSError("disk gone")
        saves.append(document)

    monkeypatch.setattr(type(documents), "save", lambda _, *a: save(*a))
    for second in range(30):
        for zone in (100, 200, 6000):
            house.bus(zone + 2, encode(15 + second / 10))
        await house.clock.advance(1)
    assert 5 <= len(saves) <= 11
    broken = True
    house.bus(102, encode(25))
    await house.clock.advance(20)
    assert house.read(102) == [encode(25)]
    assert house.installation.store.failures >= 2
    broken = False
    saves.clear()
    await house.clock.advance(100)
    assert saves[0]["102"][0] == encode(25)
    assert len(saves) == 1


async def test_a_blocked_database_delays_no_answer(
    start: Start, section: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await start(section)
    release = asyncio.Event()

    async def save(*_: object) -> None:
        await release.wait()

    monkeypatch.setattr(type(house.hub.documents), "save", save)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    for second in range(20):
        writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 0, 6, 102, encode(10 + second)))
        writer.write(struct.pack(">HHHBBHH", 2, 0, 6, 240, 3, 102, 1))
        answer = await reader.readexactly(11)
        assert answer[-2:] == encode(10 + second).to_bytes(2, "big")
        await house.clock.advance(1)
    release.set()
    writer.close()


async def test_a_busy_port_is_a_visible_reason_and_heals(
    start: Start, section: dict[str, Any]
) -> None:
    port = section["transport"]["port"]
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", port))
        owner.listen()
        house = await start(section)
        state = house.state("binary_sensor.heating_link")
        assert state.state == "off"
        assert f"port {port} is in use" in state.attributes["reason"]
    await house.clock.advance(10)
    assert house.installation.server.listening
    assert house.state("binary_sensor.heating_link").attributes["reason"] == "no_adapter_connected"
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await wait_until(lambda: house.hub.states.get("binary_sensor.heating_link").state == "on")
    writer.close()
    await wait_until(lambda: house.hub.states.get("binary_sensor.heating_link").state == "off")


async def test_sniffing_sends_no_commands(start: Start, section: dict[str, Any]) -> None:
    house = await start(section | {"sniff_only": True, "startup_mode": 2})
    house.bus(100, 1, encode(20), encode(19))
    assert house.read(1) == [0]
    with pytest.raises(NotAllowed, match="only listens"):
        await house.call("climate.set_temperature", LIVING, temperature=20)


async def test_noise_is_told_only_when_asked(
    start: Start, section: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "integrations.neasmart")
    house = await start(section)
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)

    async def noise() -> None:
        before = house.installation.server.counters().foreign
        writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 16, 3, 0, 1) * 5)
        await wait_until(lambda: house.installation.server.counters().foreign == before + 5)
        await house.clock.advance(61)

    await noise()
    assert "foreign" not in caplog.text
    assert house.state("sensor.heating_noise").state == "5"
    switch = "switch.heating_suppress_noise_in_the_log"
    await house.call("switch.turn_off", switch)
    assert house.state(switch).state == "off"
    await noise()
    assert "5 foreign and 0 damaged frames" in caplog.text
    await house.call("switch.turn_on", switch)
    caplog.clear()
    await noise()
    assert "foreign" not in caplog.text
    writer.close()


async def test_fahrenheit_is_converted(start: Start, section: dict[str, Any]) -> None:
    house = await start(section | {"unit": "F"})
    house.bus(100, 1, encode(68), encode(69.8))
    assert house.state(LIVING).attributes["current_temperature"] == 21.0
    assert house.state(LIVING).attributes["temperature"] == 20.0
    await house.call("climate.set_temperature", LIVING, temperature=22.5)
    assert house.read(101) == [encode(72.5)]


async def test_all_sixty_zones(start: Start, section: dict[str, Any]) -> None:
    bases = [
        {
            "number": base,
            "zones": [{"channel": c, "name": f"Room {base} {c}"} for c in range(1, 13)],
        }
        for base in range(1, 6)
    ]
    house = await start(section | {"bases": bases})
    for zone in range(100, 6001, 100):
        house.bus(zone, 1, encode(20), encode(19))
    climates = house.hub.states.entity_ids("climate")
    assert len(climates) == 60
    assert {house.state(item).state for item in climates} == {"auto"}


async def test_a_stop_leaves_nothing(
    start: Start, section: dict[str, Any], shut: Callable[[Any], Awaitable[None]]
) -> None:
    before = asyncio.all_tasks()
    house = await start(section)
    await shut(house)
    assert not house.hub.entities.components() & {"climate.neasmart", "sensor.neasmart"}
    assert house.hub.states.get(LIVING) is None
    assert house.hub.entity_registry.get(LIVING) is not None
    await wait_until(lambda: asyncio.all_tasks() <= before | {asyncio.current_task()})
    with socket.socket() as again:
        again.bind(("127.0.0.1", section["transport"]["port"]))


async def test_the_capture_is_written(
    start: Start, section: dict[str, Any], tmp_path: Path
) -> None:
    house = await start(section | {"capture": {"file": "bus.jsonl"}})
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 0, 6, 102, encode(20)))
    await wait_until(lambda: house.installation.server.counters().broadcasts)
    await house.clock.advance(2)
    await wait_until((tmp_path / "bus.jsonl").exists)
    writer.close()


async def test_diagnostics_tell_the_newest_traffic(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 240, 3, 100, 2))
    await reader.readexactly(13)
    house.bus(9, 77)
    found = await house.hub.services.call("neasmart", "diagnostics", return_response=True)
    home = found["home"]
    assert [entry["direction"] for entry in home["trace"]] == ["rx", "tx"]
    assert home["trace"][0]["data"] == "000100000006f00300640002"
    assert home["counters"]["reads"] == 1
    assert home["undocumented"] == {"9": 77}
    assert len(home["peers"]) == 1
    writer.close()
    await house.controller.stop()
    assert not house.hub.services.has("neasmart", "diagnostics")
