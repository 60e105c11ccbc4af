"""Changes of the resource while the base is connected: what stays, what comes, what goes."""

import asyncio
import copy
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from base_station import BaseStation, Options, rooms
from base_station_house import House as Sky
from base_station_wire import Wire

from hub.errors import NotAllowed
from hub.jobs import JobState
from hub.resources import Phase
from integrations.neasmart.dpt9 import encode
from integrations.neasmart.resources import TYPE
from tests.peers.ports import free_port_number, wait_until

Start = Callable[..., Awaitable[Any]]
LIVING, KITCHEN = "climate.living_room", "climate.kitchen"
TEMPERATURE = "sensor.living_room_temperature"


@asynccontextmanager
async def base(port: int, channels: str = "1/1,1/2-,5/12") -> AsyncIterator[tuple[Any, Wire]]:
    """The simulated base station, connected, after one cycle."""
    station = BaseStation(Sky(rooms(channels)), Options(port=port))
    wire = await station.connect()
    await station.cycle(wire)
    yield station, wire
    await wire.close()


def changed(section: dict[str, Any], **more: Any) -> dict[str, Any]:
    return copy.deepcopy(section) | more


def is_closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def job_of(house: Any, key: str = "home") -> tuple[Any, list[str]]:
    job = house.hub.jobs.get(house.hub.resources.status(TYPE, key).job_id)
    return job, [item.line for item in await house.hub.jobs.log(job.id)]


async def test_a_zone_is_renamed_while_the_base_stays_connected(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    async with base(house.port) as (station, wire):
        await house.call("climate.set_temperature", LIVING, temperature=23.5)
        before = house.state(LIVING)
        entry, server = house.hub.entity_registry.get(LIVING), house.installation.server
        peers = set(server.peers)
        spec = changed(section)
        spec["bases"][0]["zones"][0]["name"] = "Salon"
        await house.put(spec)
        state = house.state(LIVING)
        assert state.attributes["friendly_name"] == "Salon"
        assert house.state(TEMPERATURE).attributes["friendly_name"] == "Salon Temperature"
        assert state.attributes["current_temperature"] == before.attributes["current_temperature"]
        assert state.attributes["temperature"] == 23.5
        assert house.hub.entity_registry.get(LIVING).id == entry.id
        assert house.hub.devices.get(entry.device_id).name == "Salon"
        assert house.installation.server is server
        assert (server.peers, server.connections) == (peers, 1)
        await station.cycle(wire)
        await station.cycle(wire)
        assert station.tally.timeouts == 0
        assert station.house.rooms[0].setpoint == 23.5
        assert house.state(LIVING).attributes["command_state"] == "confirmed"
        job, lines = await job_of(house)
        assert (job.state, lines) == (JobState.DONE, ["rename zone 1-1 Living room -> Salon"])


async def test_bases_and_the_installation_are_renamed(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    spec = changed(section, name="Heizung")
    spec["bases"][0]["name"] = "Cellar"
    await house.put(spec)
    reporting = house.state("binary_sensor.base_station_1_reporting")
    assert reporting.attributes["friendly_name"] == "Cellar Reporting"
    link = house.state("binary_sensor.heating_link")
    assert link.attributes["friendly_name"] == "Heizung Link"
    await house.put(section)
    assert house.state(link.entity_id).attributes["friendly_name"] == "Heating Link"


async def test_a_name_that_a_person_gave_wins(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    entry = house.hub.entity_registry.get(LIVING)
    house.hub.entity_registry.update(LIVING, name="My place")
    spec = changed(section)
    spec["bases"][0]["zones"][0]["name"] = "Salon"
    await house.put(spec)
    assert house.state(LIVING).attributes["friendly_name"] == "My place"
    assert house.hub.devices.get(entry.device_id).name == "Salon"


async def test_a_zone_comes_and_goes_and_the_others_do_not_notice(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    server = house.installation.server
    async with base(house.port, "1/1,1/2-,1/7,5/12"):
        spec = changed(section)
        spec["bases"][0]["zones"].append({"channel": 7, "name": "Bath"})
        gone: list[str] = []
        house.hub.bus.listen(
            "state_changed",
            lambda event: (
                gone.append(event.data["entity_id"]) if event.data["new_state"] is None else None
            ),
        )
        await house.put(spec)
        assert gone == []
        # What the base wrote before anybody knew the zone is shown at once.
        assert house.state("climate.bath").state == "heat"
        assert house.state("sensor.bath_humidity").state not in ("unknown", "unavailable")
        device = house.hub.devices.get(house.hub.entity_registry.get("climate.bath").device_id)
        assert house.hub.devices.get(device.via_device_id).name == "Base station 1"

        await house.put(section)
        assert sorted(gone) == ["climate.bath", "sensor.bath_humidity", "sensor.bath_temperature"]
        assert house.hub.states.get("climate.bath") is None
        assert house.hub.entity_registry.get("climate.bath") is None
        assert house.hub.devices.get(device.id) is None
        assert house.installation.server is server
        assert server.connections == 1
        assert house.state(LIVING).state == "heat"


async def test_a_base_reports_when_any_of_its_present_zones_does(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    reporting = "binary_sensor.base_station_1_reporting"
    spec = changed(section)
    spec["bases"][0]["zones"].append({"channel": 7, "name": "Bath"})
    await house.put(spec)
    house.bus(702, encode(20))
    assert house.state(reporting).state == "on"
    await house.put(section)
    assert house.state(reporting).state == "off"


async def test_bases_groups_and_pumps_come_and_go(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    spec = changed(section, mixed_groups=[2], pumps=[], dehumidifiers=[9, 1])
    spec["bases"][1] = {"number": 3, "name": "Roof", "zones": [{"channel": 1, "name": "Loft"}]}
    await house.put(spec)
    own = {item.entity_id for item in house.hub.entity_registry.all()}
    assert {"climate.loft", "binary_sensor.roof_reporting"} <= own
    assert {"sensor.heating_mixed_group_2_valve", "binary_sensor.heating_dehumidifier_1"} <= own
    assert own.isdisjoint(
        {
            "climate.attic",
            "binary_sensor.base_station_5_reporting",
            "sensor.heating_mixed_group_1_valve",
            "binary_sensor.heating_mixed_group_1_pump",
            "binary_sensor.heating_pump_5",
        }
    )
    assert {device.name for device in house.hub.devices.all()} >= {"Roof", "Loft", "Heating"}
    assert "Attic" not in {device.name for device in house.hub.devices.all()}
    house.bus(31, 1)
    house.bus(14, 60)
    assert house.state("sensor.heating_mixed_group_2_valve").state == "60"


async def test_humidity_comes_and_goes_and_the_thermostat_stays(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    house.bus(100, 1, encode(20), encode(19))
    house.bus(110, 45)
    climate = house.hub.entities.get(LIVING)
    spec = changed(section)
    spec["bases"][0]["zones"][0]["humidity"] = False
    await house.put(spec)
    assert "current_humidity" not in house.state(LIVING).attributes
    assert house.hub.entity_registry.get("sensor.living_room_humidity") is None
    await house.put(section)
    assert house.state(LIVING).attributes["current_humidity"] == 45
    assert house.state("sensor.living_room_humidity").state == "45"
    house.bus(110, 46)
    assert house.state(LIVING).attributes["current_humidity"] == 46
    assert house.hub.entities.get(LIVING) is climate


async def test_an_area_follows_the_file_until_a_person_moves_the_zone(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    devices, areas = house.hub.devices, house.hub.areas
    device = house.hub.entity_registry.get(LIVING).device_id

    async def move(area: str) -> str:
        spec = changed(section)
        spec["bases"][0]["zones"][0]["area"] = area
        await house.put(spec)
        return str(areas.get(devices.get(device).area_id).name)

    assert await move("Cellar") == "Cellar"
    devices.update(device, area_id=areas.create("Mine").area_id)
    assert await move("Roof") == "Mine"


async def test_settings_count_from_now_on(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    house.bus(100, 1, encode(68), encode(69.8))
    house.bus(7, encode(0))
    await house.put(section | {"unit": "F", "stale_after": 10, "command_timeout": 5})
    assert house.state(LIVING).attributes["current_temperature"] == 21.0
    await house.call("climate.set_temperature", LIVING, temperature=22.5)
    await house.clock.advance(6)
    assert house.state(LIVING).attributes["command_state"] == "expired"
    await house.clock.advance(5)
    assert house.state(LIVING).state == "unavailable"
    await house.put(section | {"unit": "F", "sniff_only": True, "unit_ids": [7]})
    writer.write(bytes.fromhex("00 01 00 00 00 06 07 06 00 66 0C 33"))
    await wait_until(lambda: house.installation.server.counters().writes == 1)
    with pytest.raises(NotAllowed):
        house.installation.command(1, 1)
    assert house.installation.server.counters().replies == 0
    await house.put(section)
    writer.write(bytes.fromhex("00 01 00 00 00 06 F0 03 00 66 00 01"))
    assert (await reader.readexactly(11))[-2:] == bytes.fromhex("0C33")
    writer.close()


async def test_a_switch_that_a_person_turned_is_not_turned_back(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    switch = "switch.heating_suppress_noise_in_the_log"
    await house.call("switch.turn_off", switch)
    await house.put(section | {"stale_after": 100})
    assert await house.hub.resources.apply(TYPE, "home") is None
    assert house.state(switch).state == "off"
    await house.put(section | {"suppress_noise": False})
    await house.put(section | {"suppress_noise": True})
    assert house.state(switch).state == "on"


async def test_the_capture_is_switched_while_it_runs(
    start: Start, section: dict[str, Any], tmp_path: Any
) -> None:
    house = await start(section)
    async with base(house.port) as (station, wire):
        await house.put(section | {"capture": {"file": "bus.jsonl"}})
        await station.cycle(wire)
        await house.put(section)
        await wait_until((tmp_path / "bus.jsonl").exists)
        assert house.installation.server.capture is None


async def test_another_port_moves_the_listener_and_keeps_the_values(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    old, new = house.port, free_port_number()
    async with base(old):
        await house.call("climate.set_temperature", LIVING, temperature=23.5)
        before = house.state(LIVING)
        await house.put(
            section | {"transport": {"type": "rtu-over-tcp", "host": "127.0.0.1", "port": new}}
        )
        assert is_closed(old)
        assert house.port == new
        await wait_until(lambda: house.hub.resources.status(TYPE, "home").facts["port"] == new)
        _, lines = await job_of(house)
        assert lines[-1] == f"127.0.0.1:{new} answers"
        state = house.state(LIVING)
        assert state.attributes["temperature"] == 23.5
        assert state.attributes["current_temperature"] == before.attributes["current_temperature"]
        station = BaseStation(Sky(rooms("1/1")), Options(port=new, framing="rtu"))
        wire = await station.connect()
        await station.cycle(wire)
        assert station.house.rooms[0].setpoint == 23.5
        await wire.close()


async def test_a_busy_new_port_leaves_the_old_line_open_until_it_is_free(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    port = free_port_number()
    async with base(house.port) as (station, wire):
        with socket.socket() as owner:
            owner.bind(("127.0.0.1", port))
            owner.listen()
            spec = changed(section, name="Heizung")
            spec["transport"]["port"] = port
            await house.hub.resources.put(TYPE, "home", spec)
            status = await house.settled(phases={Phase.FAILED})
            assert f"port {port} is in use" in status.message
            assert (status.outcome, status.observed_revision) == ("rolled_back", 1)
            await station.cycle(wire)
            assert station.tally.timeouts == 0
            assert house.state("binary_sensor.heating_link").attributes["friendly_name"] == (
                "Heating Link"
            )
        await house.clock.advance(20)
        await house.settled(revision=2, phases={Phase.IN_SYNC})
        assert house.port == port
    assert house.state("binary_sensor.heating_link").attributes["friendly_name"] == "Heizung Link"


async def test_other_limits_on_the_same_port_cut_the_line_only_for_a_moment(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    port = house.port
    async with base(port) as (_, wire):
        spec = changed(section)
        spec["transport"]["allow"] = ["127.0.0.0/8"]
        await house.put(spec)
        assert house.port == port
        assert house.installation.server.options.allow == ("127.0.0.0/8",)
        assert await wire._reader.read() == b""
    async with base(port) as (station, _):
        assert station.tally.timeouts == 0


async def test_the_same_port_on_more_addresses_that_is_not_to_be_had(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    port = house.port
    with socket.socket() as owner:
        owner.bind(("127.0.0.2", port))
        owner.listen()
        await house.hub.resources.put(TYPE, "home", section | {"transport": {"port": port}})
        status = await house.settled(phases={Phase.FAILED})
        assert f"port {port} is in use" in status.message
        async with base(port) as (station, _):
            assert station.tally.timeouts == 0
        assert house.installation.server.options.host == "127.0.0.1"


async def test_a_busy_port_at_the_start_is_told_and_heals_by_itself(
    start: Start, section: dict[str, Any]
) -> None:
    port = section["transport"]["port"]
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", port))
        owner.listen()
        house = await start(section)
        status = await house.settled(phases={Phase.UNKNOWN})
        assert f"port {port} is in use" in status.message
        assert status.retry_at is not None
        assert house.conditions()["listening"] == (False, "not_open")
        job, lines = await job_of(house)
        assert job.state is JobState.FAILED
        assert "It stays and goes on trying; its entities say why" in lines
        assert house.state(LIVING).state == "unavailable"
        phase = house.hub.states.get("sensor.neasmart_installation_home_phase")
        assert phase.state == "unknown"
        jobs = len(house.hub.jobs.list())
        await house.clock.advance(100)
        assert len(house.hub.jobs.list()) == jobs, "a line that is tried again needs no jobs"
    await house.clock.advance(80)
    status = await house.settled(phases={Phase.IN_SYNC})
    assert (status.message, status.attempts) == ("", 0)
    assert house.installation.server.listening


async def test_the_mend_of_a_busy_port_is_another_port(
    start: Start, section: dict[str, Any]
) -> None:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", section["transport"]["port"]))
        owner.listen()
        house = await start(section)
        await house.settled(phases={Phase.UNKNOWN})
        spec = changed(section)
        spec["transport"]["port"] = free_port_number()
        await house.put(spec)
        await house.settled(revision=2, phases={Phase.IN_SYNC})
        assert house.port == spec["transport"]["port"]


async def test_a_line_that_is_dialled_is_in_sync_when_the_adapter_answers(
    start: Start, section: dict[str, Any]
) -> None:
    port = free_port_number()
    dial = {"type": "rtu-over-tcp-dial", "host": "127.0.0.1", "port": port}
    house = await start(section | {"transport": dial})
    status = await house.settled(phases={Phase.UNKNOWN})
    assert "cannot reach the adapter" in status.message
    station = BaseStation(Sky(rooms("1/1")), Options(port=port, listen=True, interval=0.01))
    work = asyncio.create_task(station.run())
    await wait_until(lambda: not is_closed(port))
    await house.clock.advance(80)
    await house.settled(phases={Phase.IN_SYNC})
    await wait_until(lambda: house.state(LIVING).state == "heat")
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_serial_lines_open_and_close(
    start: Start, section: dict[str, Any], pty_pair: tuple[str, str]
) -> None:
    serial = {"type": "serial", "device": pty_pair[0]}
    house = await start(section | {"transport": serial})
    await wait_until(lambda: house.conditions()["listening"] == (True, ""))
    await house.put(section | {"transport": serial | {"baudrate": 9600}})
    await house.settled(revision=2, phases={Phase.IN_SYNC})
    assert house.installation.server.connected


async def test_conditions_tell_which_base_was_heard(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)

    await wait_until(house.conditions)
    assert house.conditions() == {
        "listening": (True, ""),
        "base_1_seen": (None, "never_heard"),
        "base_5_seen": (None, "never_heard"),
    }
    house.bus(6002, encode(20))
    await wait_until(lambda: house.conditions()["base_5_seen"] == (True, ""))
    assert house.conditions()["base_1_seen"] == (None, "never_heard")
    await house.clock.advance(200)
    await wait_until(lambda: house.conditions()["base_5_seen"] == (False, "silent"))
    facts = house.hub.resources.status(TYPE, "home").facts
    assert (facts["port"], facts["adapters"], facts["version"]) == (house.port, 0, "0.1.0")


async def test_the_proof_is_no_adapter(start: Start, section: dict[str, Any]) -> None:
    spec = changed(section)
    spec["transport"] |= {"allow": ["192.0.2.0/24"], "max_connections": 1}
    house = await start(spec)
    server = house.installation.server
    assert (server.connections, server.refused, len(server.trace)) == (0, 0, 0)
    _, lines = await job_of(house)
    assert lines[-1] == f"127.0.0.1:{house.port} answers"


async def test_a_deleted_installation_leaves_nothing(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    house.bus(102, encode(20))
    await house.clock.advance(5)
    await wait_until(lambda: not house.installation.store.dirty)
    port = house.port
    async with base(port):
        await house.hub.resources.delete(TYPE, "home")
        await wait_until(lambda: not house.hub.resources.list())
        assert is_closed(port)
    await wait_until(lambda: not house.hub.devices.all())
    assert house.hub.entity_registry.all() == []
    await wait_until(lambda: not house.hub.states.all())
    while await house.hub.documents.load("neasmart", "home") is not None:
        await asyncio.sleep(0.01)
    assert house.controller.running == {}


async def test_forced_deletion_stops_it_too_and_frees_the_line(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    port = house.port
    await house.hub.resources.put(TYPE, "annex", {"transport": {"port": port}})
    await house.settled("annex", phases={Phase.FAILED})
    await house.hub.resources.delete(TYPE, "home", force=True)
    await house.settled("annex", phases={Phase.IN_SYNC})
    assert set(house.controller.running) == {"annex"}
    assert house.hub.states.entity_ids("climate") == []


async def test_what_was_deleted_comes_back_with_a_rollback(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    await house.hub.resources.delete(TYPE, "home")
    await wait_until(lambda: not house.hub.resources.list())
    await house.hub.resources.rollback(TYPE, "home", 1)
    await house.settled(phases={Phase.IN_SYNC})
    assert house.state(LIVING).state == "unavailable"


async def test_zones_removed_while_the_hub_was_off_are_gone_after_its_start(
    start: Start, section: dict[str, Any], shut: Callable[[Any], Awaitable[None]]
) -> None:
    house = await start(section)
    await shut(house)
    spec = changed(section)
    del spec["bases"][1]
    again = await start(spec)
    assert again.hub.entity_registry.get("climate.attic") is None
    assert "Attic" not in {device.name for device in again.hub.devices.all()}
    assert again.hub.entity_registry.get(LIVING) is not None


async def test_a_second_installation_and_rivals_for_one_port(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    annex = {"transport": {"host": "0.0.0.0", "port": house.port}}  # noqa: S104 - collides
    with pytest.raises(NotAllowed, match=f"{house.port} belongs to neasmart.installation/home"):
        await house.hub.resources.plan(TYPE, "annex", annex)
    await house.hub.resources.put(TYPE, "annex", annex)
    status = await house.settled("annex", phases={Phase.FAILED})
    assert f"0.0.0.0:{house.port} belongs to neasmart.installation/home" in status.message
    assert set(house.controller.running) == {"home"}
    await house.hub.resources.delete(TYPE, "home")
    await house.settled("annex", phases={Phase.IN_SYNC})
    assert set(house.controller.running) == {"annex"}


async def test_a_line_that_moves_away_makes_room(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    port = house.port
    await house.put({"transport": {"port": free_port_number()}}, "annex")
    await house.hub.resources.put(TYPE, "annex", {"transport": {"port": port}})
    await house.settled("annex", phases={Phase.FAILED})
    spec = changed(section)
    spec["transport"]["port"] = free_port_number()
    await house.put(spec)
    await house.settled("annex", revision=2, phases={Phase.IN_SYNC})
    assert house.controller.running["annex"].installation.server.port == port


async def test_keys_with_dashes_do_not_meet_the_devices_of_others(
    start: Start, section: dict[str, Any]
) -> None:
    house = await start(section)
    annex = {"name": "Annex", "transport": {"host": "127.0.0.1", "port": free_port_number()}}
    await house.put(annex, "home-1")
    names = {device.name for device in house.hub.devices.all()}
    assert {"Annex", "Base station 1", "Heating"} <= names
    await house.hub.resources.delete(TYPE, "home-1")
    await wait_until(lambda: len(house.hub.resources.list()) == 1)
    assert "Base station 1" in {device.name for device in house.hub.devices.all()}
    assert house.state(LIVING).state == "unavailable"


async def test_every_step_can_be_taken_back(start: Start, section: dict[str, Any]) -> None:
    house = await start(section)
    house.bus(100, 1, encode(20), encode(19))
    resources, controller = house.hub.resources, house.controller
    before = dict(controller.running["home"].parts)
    ids = {entry.unique_id for entry in house.hub.entity_registry.all()}
    spec = changed(section, name="Heizung", stale_after=60, pumps=[1], mixed_groups=[])
    spec["transport"]["port"] = free_port_number()
    spec["bases"][0]["name"] = "Cellar"
    spec["bases"][0]["zones"] = [
        {"channel": 1, "name": "Salon", "area": "Roof", "humidity": False},
        {"channel": 3, "name": "Bath"},
    ]
    del spec["bases"][1]
    plan = await resources.plan(TYPE, "home", spec)
    assert len(plan.steps) == 14
    desired = resources.specs.desired(resources.get(TYPE, "home"))
    await resources.engine.stop()
    notes = Notes()
    for step in plan.steps:
        await controller.apply(desired, step, notes)
        await controller.apply(desired, step, notes)
    assert house.port == spec["transport"]["port"]
    for step in reversed(plan.steps):
        await controller.undo(desired, step, notes)
        await controller.undo(desired, step, notes)
    assert controller.running["home"].parts == before
    assert {entry.unique_id for entry in house.hub.entity_registry.all()} == ids
    assert house.port == section["transport"]["port"]
    assert house.state(LIVING).attributes["friendly_name"] == "Living room"
    assert house.state(LIVING).state == "auto"


class Notes:
    """Takes what a step tells."""

    def progress(self, fraction: float, message: str | None = None) -> None:
        """Take progress."""

    def log(self, line: str) -> None:
        """Take a line."""

    async def checkpoint(self) -> None:
        """Go on."""

    async def note(self, key: str, value: Any) -> None:
        """Take a note."""

    def noted(self, key: str) -> Any:
        """Know nothing."""
