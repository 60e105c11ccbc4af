"""The simulated base station against the real slave, and its thermal model by itself."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from base_station import NOT_APPLICABLE, BaseStation, Options, rooms
from base_station_house import COOLING, HEATING, NORMAL, STANDBY, House, Room
from base_station_wire import Wire, checksum, to_celsius, to_word

from integrations.neasmart import crc, dpt9
from integrations.neasmart.command import Phase
from integrations.neasmart.image import Image
from integrations.neasmart.options import Options as LineOptions
from integrations.neasmart.pdu import Slave
from integrations.neasmart.schema import INSTALLATION
from integrations.neasmart.server import Server
from tests.peers.ports import free_port_number, wait_until

SCRIPT = Path(__file__).parents[3] / "config" / "demo" / "base_station.py"
SIXTY = [Room(base, channel) for base in range(1, 6) for channel in range(1, 13)]
Pair = tuple[BaseStation, Wire, Server]


@pytest.fixture
async def pair() -> AsyncIterator[Callable[..., Awaitable[Pair]]]:
    open_: list[Pair] = []

    async def make(framing: str = "mbap", house: House | None = None) -> Pair:
        transport = "tcp" if framing == "mbap" else "rtu-over-tcp"
        server = Server(Slave(Image()), LineOptions(transport, "127.0.0.1", 0))
        await server.start()
        house = house or House(rooms("1/1,1/2-,5/12"))
        station = BaseStation(house, Options(port=server.port, framing=framing))
        wire = await station.connect()
        open_.append((station, wire, server))
        return open_[-1]

    yield make
    for _, wire, server in open_:
        await wire.close()
        await server.stop()


def test_the_two_codings_agree() -> None:
    for tenths in range(-500, 1201):
        assert to_word(tenths / 10) == dpt9.encode(tenths / 10)
    for word in range(0x10000):
        assert to_celsius(word) == pytest.approx(dpt9.decode(word))
    assert checksum(b"123456789") == crc.crc16(b"123456789").to_bytes(2, "little") == b"\x37\x4b"


def test_the_house_is_the_same_for_a_seed_and_another_for_another() -> None:
    houses = [House(rooms("1/1,1/2"), seed) for seed in (1, 1, 2)]
    for house in houses:
        house.step(7 * 3600)
    assert houses[0].rooms == houses[1].rooms
    assert houses[0].rooms != houses[2].rooms


def test_rooms_reach_their_set_points_and_lose_heat_in_standby() -> None:
    house = House([Room(1, 1, setpoint=23), Room(1, 2, state=STANDBY, setpoint=23)])
    before = house.rooms[1].temperature
    house.step(6 * 3600)
    assert house.rooms[0].temperature == pytest.approx(23, abs=0.3)
    assert house.rooms[1].temperature < before
    house.mode = COOLING
    house.rooms[0].setpoint = 18
    house.step(6 * 3600)
    assert house.rooms[0].temperature < 18.3


def test_the_sky_has_days() -> None:
    house = House([])
    outside = []
    for _ in range(24):
        house.step(3600)
        outside.append(house.outside)
    assert max(outside) - min(outside) > 8


@pytest.mark.parametrize("framing", ["mbap", "rtu"])
async def test_a_first_cycle_tells_everything(
    pair: Callable[..., Awaitable[Pair]], framing: str
) -> None:
    station, wire, server = await pair(framing)
    await station.cycle(wire)
    image = server.image
    for address, word in station.measurements():
        assert image.reported(address) == word
    for room in station.house.rooms:
        assert image.reading(room.address).value == room.state
        assert image.reading(room.address + 1).value == room.setpoint
    assert image.reading(1).value == HEATING
    assert image.reading(1210 + 4800).value is not None
    assert image.reading(210).reason == "never_received"
    assert station.tally.timeouts == 0
    assert server.counters().foreign >= 1


@pytest.mark.parametrize("framing", ["mbap", "rtu"])
async def test_commands_are_fetched_and_confirmed(
    pair: Callable[..., Awaitable[Pair]], framing: str
) -> None:
    station, wire, server = await pair(framing)
    await station.cycle(wire)
    command = server.image.command(101, dpt9.encode(24.5))
    mode = server.image.command(1, COOLING)
    await station.cycle(wire)
    assert (command.phase, mode.phase) == (Phase.CONFIRMED, Phase.CONFIRMED)
    assert station.house.rooms[0].setpoint == 24.5
    assert station.house.mode == COOLING
    assert station.tally.accepted == 2


async def test_a_zone_in_standby_refuses_set_points(
    pair: Callable[..., Awaitable[Pair]],
) -> None:
    station, wire, server = await pair()
    await station.cycle(wire)
    server.image.command(100, STANDBY)
    await station.cycle(wire)
    assert server.image.reported(101) == NOT_APPLICABLE
    command = server.image.command(101, dpt9.encode(24.5))
    await station.cycle(wire)
    assert (command.phase, command.reason) == (Phase.REJECTED, "zone_in_standby")
    server.image.command(100, NORMAL)
    await station.cycle(wire)
    assert server.image.reading(101).value == 21


async def test_a_thermostat_turned_on_the_wall_wins(pair: Callable[..., Awaitable[Pair]]) -> None:
    station, wire, server = await pair()
    await station.cycle(wire)
    station.turn(1, 1, 18.5)
    await station.cycle(wire)
    assert server.image.reading(101).value == 18.5
    assert station.house.rooms[0].setpoint == 18.5


@pytest.mark.parametrize("framing", ["mbap", "rtu"])
async def test_sixty_zones_for_a_while(pair: Callable[..., Awaitable[Pair]], framing: str) -> None:
    station, wire, server = await pair(framing, House([*SIXTY]))
    for _ in range(5):
        await station.cycle(wire)
    assert station.tally.timeouts == 0
    counters = server.counters()
    assert counters.broadcasts == station.tally.broadcasts == 5 * (11 + 120)
    assert counters.reads == 5 * 2 * 61
    for room in station.house.rooms:
        assert server.image.reading(room.address + 2).value is not None


async def test_the_station_finds_a_hub_that_starts_late_and_again_after_a_restart() -> None:
    port = free_port_number()
    station = BaseStation(House(rooms("1/1")), Options(port=port, interval=0.01))
    work = asyncio.create_task(station.run())
    try:
        for _ in range(2):
            server = Server(Slave(Image()), LineOptions(host="127.0.0.1", port=port))
            await server.start()
            await wait_until(lambda: server.image.reported(102))  # noqa: B023 - used at once
            await server.stop()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_hub_that_dials_a_transparent_adapter() -> None:
    port = free_port_number()
    options = Options(port=port, listen=True, interval=0.01)
    station = BaseStation(House(rooms("1/1")), options)
    work = asyncio.create_task(station.run())
    server = Server(Slave(Image()), LineOptions("rtu-over-tcp-dial", "127.0.0.1", port))
    try:
        await server.start()
        await wait_until(lambda: server.image.reported(101))
    finally:
        await server.stop()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_over_a_serial_pair(pty_pair: tuple[str, str]) -> None:
    hub_end, base_end = pty_pair
    server = Server(Slave(Image()), LineOptions("serial", device=hub_end))
    await server.start()
    await wait_until(lambda: server.connected)
    station = BaseStation(House(rooms("1/1,5/12")), Options(device=base_end))
    wire = await station.connect()
    await station.cycle(wire)
    command = server.image.command(6001, dpt9.encode(19))
    await station.cycle(wire)
    assert command.phase is Phase.CONFIRMED
    assert station.tally.timeouts == 0
    await wire.close()
    await server.stop()


async def test_the_program_ends_cleanly_on_sigterm() -> None:
    server = Server(Slave(Image()), LineOptions(host="127.0.0.1", port=0))
    await server.start()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), "--port", str(server.port), "--interval", "0.05",
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    await wait_until(lambda: server.image.reported(100))
    process.send_signal(signal.SIGTERM)
    _, errors = await process.communicate()
    assert process.returncode == 0
    assert b"Ended" in errors
    assert b"Traceback" not in errors
    await server.stop()


def test_the_demo_station_serves_the_rooms_of_the_demo_configuration() -> None:
    from base_station import parse

    from hub.config.documents import read

    (document,), problems = read([SCRIPT.parent / "resources" / "heating.yaml"])
    assert (document.id, problems) == ("neasmart.installation/home", [])
    spec: Any = INSTALLATION(document.spec)
    configured = {
        (base["number"], zone["channel"], zone["humidity"])
        for base in spec["bases"]
        for zone in base["zones"]
    }
    station = parse([])
    assert {(r.base, r.channel, r.has_humidity) for r in station.house.rooms} == configured
    assert station.options.port == spec["transport"]["port"]
