"""The demo's Modbus devices: their model, what a foreign master sees, and the hub beside them."""

import asyncio
import json
import math
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from tests.peers.hub import HubProcess
from tests.peers.modbus import Mbpoll, MbpollError
from tests.peers.ports import free_port_number, wait_for, wait_for_port

DEMO = Path(__file__).parents[3] / "config" / "demo"
sys.path.insert(0, str(DEMO))

from modbus_devices import METER, THERMOSTAT, Devices, Options, Thermostat  # noqa: E402
from modbus_devices_room import COOLING, ECONOMY, PROTECTION, Flat, Room  # noqa: E402

HOUR = 3600.0


# the model


def test_the_flat_is_the_same_for_a_seed_and_another_for_another() -> None:
    flats = [Flat(seed=seed) for seed in (1, 1, 2)]
    for flat in flats:
        flat.step(5 * HOUR)
    assert flats[0] == flats[1]
    assert flats[0].phases != flats[2].phases


def test_the_room_warms_to_its_set_point_and_cools_without() -> None:
    flat = Flat(Room(temperature=18))
    flat.step(4 * HOUR)
    assert flat.room.temperature == pytest.approx(21, abs=0.4)
    flat.room.mode = ECONOMY
    flat.step(36 * HOUR)
    assert flat.room.temperature == pytest.approx(15, abs=0.6)
    flat.room.mode = PROTECTION
    flat.step(48 * HOUR)
    assert flat.room.temperature == pytest.approx(8, abs=0.6)


def test_the_room_is_cooled_when_it_is_too_warm() -> None:
    flat = Flat(Room(temperature=26, changeover=COOLING))
    assert (flat.room.output, flat.room.fan_stage) == (100, 100)
    flat.step(4 * HOUR)
    assert flat.room.temperature < 21.3


def test_an_open_window_stops_the_heating() -> None:
    room = Room(temperature=18, window=True)
    assert (room.output, room.fan_stage) == (0, 0)


def test_the_meter_follows_the_heater_and_the_day() -> None:
    flat = Flat(Room(temperature=18))
    flat.step(60)
    heating = flat.phases[0].watts
    flat.room.mode = PROTECTION
    flat.step(60)
    assert heating - flat.phases[0].watts > 1500
    kitchen = []
    for _ in range(24):
        flat.step(HOUR)
        kitchen.append(flat.phases[2].watts)
    assert min(kitchen) < 0, "the sun feeds in"
    assert max(kitchen) > 800, "somebody cooks"


def test_energy_counts_up_in_both_directions() -> None:
    flat = Flat()
    before = [(phase.drawn, phase.fed_in) for phase in flat.phases]
    flat.step(24 * HOUR)
    for (drawn, fed_in), phase in zip(before, flat.phases, strict=True):
        assert phase.drawn > drawn
        assert phase.fed_in >= fed_in
    assert flat.phases[2].fed_in > 3


# as a foreign master sees them


@pytest.fixture
async def devices() -> AsyncIterator[Devices]:
    """The devices on a free port; their time stands still."""
    devices = Devices(Options(port=free_port_number()))
    await devices.start()
    yield devices
    await devices.stop()


async def test_mbpoll_reads_and_sets_the_thermostat(devices: Devices, mbpoll: Mbpoll) -> None:
    port = devices.options.port

    async def read(address: int, count: int = 1, table: str = "4") -> list[int]:
        return await asyncio.to_thread(
            mbpoll.read, address, count, unit=THERMOSTAT, table=table, port=port
        )

    async def write(address: int, *values: int) -> None:
        await asyncio.to_thread(mbpoll.write, address, *values, unit=THERMOSTAT, port=port)

    devices.room.temperature = 20.5
    words = await read(1000, 12, "3")
    assert words[:5] == [1, 66, 1025, 1050, 50]
    assert words[7:9] == [0xFFFF, 0xFFFF]
    await write(102, 1125)
    assert (devices.room.setpoint, await read(102)) == (22.5, [1125])
    for address, value in ((102, 2001), (100, 2), (101, 50), (104, 7)):
        with pytest.raises(MbpollError, match="Illegal data value"):
            await write(address, value)
    with pytest.raises(MbpollError, match="Illegal data address"):
        await read(990, 12, "3")
    with pytest.raises(MbpollError, match="Illegal function"):
        await write(100, 1, 33)
    assert devices.room.setpoint == 22.5


async def test_pymodbus_reads_the_meter(devices: Devices) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=devices.options.port, retries=0, timeout=30)
    assert await client.connect()
    try:
        answer = await client.read_input_registers(0, count=80, device_id=METER)
        numbers = client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
        assert isinstance(numbers, list)
        phases = devices.flat.phases
        assert numbers[0:3] == pytest.approx([phase.volts for phase in phases], rel=1e-6)
        assert numbers[6:9] == pytest.approx([phase.watts for phase in phases], rel=1e-6)
        assert numbers[26] == pytest.approx(devices.flat.watts, rel=1e-6)
        assert numbers[36] == pytest.approx(sum(phase.drawn for phase in phases), rel=1e-6)
        too_long = await client.read_input_registers(0, count=82, device_id=METER)
        beyond = await client.read_input_registers(0x017F, count=2, device_id=METER)
        refused = await client.write_register(0, 1, device_id=METER)
        assert [each.exception_code for each in (too_long, beyond, refused)] == [3, 2, 1]
    finally:
        client.close()


async def test_other_units_stay_silent(devices: Devices) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=devices.options.port, retries=0, timeout=1)
    assert await client.connect()
    with pytest.raises(ModbusIOException):
        await client.read_input_registers(1002, device_id=7)
    assert not (await client.read_input_registers(1002, device_id=THERMOSTAT)).isError()
    client.close()


def test_what_can_be_set_comes_back_as_it_was_set() -> None:
    thermostat = Thermostat(Flat())
    wanted = {100: 4, 101: 33, 102: 1000, 103: 250, 104: 1, 105: 1, 106: 0, 107: 4}
    for address, word in wanted.items():
        assert thermostat.write(6, address, [word]) is None
    assert thermostat.holdings() == {**wanted, 108: 1}


# as a program


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A function that starts the program; its log is `devices.log`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(DEMO / "modbus_devices.py"), *arguments]
        with (tmp_path / "devices.log").open("ab") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=30)


def test_the_program_ends_cleanly(start: Start, mbpoll: Mbpoll, tmp_path: Path) -> None:
    port = free_port_number()
    process = start("--port", str(port), "--interval", "0.02", "--time-scale", "30000")
    wait_for_port(port, alive=lambda: process.poll() is None)
    assert mbpoll.read(1002, unit=THERMOSTAT, table="3", port=port)[0] > 900
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    log = (tmp_path / "devices.log").read_text()
    assert "Ended: 1 requests" in log
    assert "Traceback" not in log


# beside a hub


def ask(hub: HubProcess, path: str, body: Any = None) -> Any:
    """Ask a hub's API; None when there is no such thing."""
    connection = HTTPConnection("127.0.0.1", hub.port, timeout=30)
    headers = {**hub.headers, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, data, headers)
    answer = connection.getresponse()
    found = json.load(answer)
    connection.close()
    assert answer.status in {200, 404}, found
    return found if answer.status == 200 else None


def state(hub: HubProcess, entity_id: str) -> str | None:
    """Return an entity's state; None when there is no such entity."""
    found = ask(hub, f"/api/states/{entity_id}")
    return None if found is None else str(found["state"])


def number(hub: HubProcess, entity_id: str) -> float:
    """Return an entity's state as a number; NaN, which no comparison holds for, when it is none."""
    try:
        return float(state(hub, entity_id) or "")
    except ValueError:
        return math.nan


def test_the_hub_finds_devices_that_start_after_it(
    start: Start, start_hub: Callable[..., HubProcess], mbpoll: Mbpoll
) -> None:
    port = free_port_number()
    resources = (DEMO / "resources" / "modbus.yaml").read_text()
    hub = start_hub(resources=resources, HUB_DEMO_MODBUS=str(port))

    # each device, and each of its entities, comes at its own time
    both = ("climate.guest_room", "sensor.energy_meter_power")
    wait_for(lambda: all(state(hub, each) == "unavailable" for each in both), "both devices")

    start("--port", str(port), "--interval", "0.1")
    wait_for(lambda: state(hub, "climate.guest_room") == "auto", "the thermostat")
    wait_for(lambda: number(hub, "sensor.energy_meter_power") > 1500, "the heater on the meter")
    wait_for(lambda: number(hub, "sensor.energy_meter_energy_drawn") > 2656, "the meter to count")

    wanted = {"entity_id": "climate.guest_room", "temperature": 16.5}
    ask(hub, "/api/services/climate/set_temperature", wanted)
    assert mbpoll.read(102, unit=THERMOSTAT, port=port) == [825]

    def shown() -> tuple[float | None, str | None]:
        attributes = ask(hub, "/api/states/climate.guest_room")["attributes"]
        return attributes.get("temperature"), attributes.get("preset_mode")

    wait_for(lambda: shown() == (16.5, "comfort"), "what was set to be shown")
    wait_for(lambda: number(hub, "sensor.energy_meter_power_l1") < 200, "the heater to rest")
