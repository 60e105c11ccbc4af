"""A heating base station that is not there: a raw Modbus master that dials the hub.

It broadcasts measurements, polls the command registers of both unit ids, answers "no data" with
its own values, and confirms or refuses commands as the real one does. Usable as a library
(`BaseStation.cycle`) and as a program (`python config/demo/base_station.py --help`).
"""

import argparse
import asyncio
import contextlib
import logging
import random
import signal
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from base_station_house import STANDBY, House, Room
from base_station_wire import Wire, to_celsius, to_word

_LOGGER = logging.getLogger("base_station")

NOT_APPLICABLE: Final = 0x8116
FOREIGN_UNIT: Final = 16
GLUED: Final = 12
_FIRST_RETRY: Final = 0.2
_LAST_RETRY: Final = 5.0
DEMO_ROOMS: Final = "1/1,1/2,1/3,1/5,3/1,3/2,3/12-"


@dataclass(slots=True)
class Options:
    """How the station reaches the hub and how it behaves; `interval` is in real seconds."""

    host: str = "127.0.0.1"
    port: int = 1502
    listen: bool = False
    device: str | None = None
    framing: str = "mbap"
    units: tuple[int, ...] = (240, 241)
    interval: float = 1.0
    time_scale: float = 60.0
    foreign: bool = True
    noise: bool = True
    seed: int = 1


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    cycles: int = 0
    broadcasts: int = 0
    polls: int = 0
    timeouts: int = 0
    accepted: int = 0
    refused: int = 0
    written: int = 0


@dataclass(slots=True)
class BaseStation:
    """The master of the line, for all its bases."""

    house: House
    options: Options = field(default_factory=Options)
    tally: Tally = field(default_factory=Tally)
    _changed: set[int] = field(default_factory=set, init=False)
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Throw the same dice for the same seed."""
        self._dice = random.Random(self.options.seed)  # noqa: S311 - noise, not secrets

    # the life of the station

    async def run(self) -> None:
        """Connect, work, and connect again, until cancelled."""
        if self.options.listen:
            async with await asyncio.start_server(
                self._adapter, self.options.host, self.options.port
            ) as server:
                await server.serve_forever()
        delay = _FIRST_RETRY
        while True:
            try:
                wire = await self.connect()
            except OSError as error:
                _LOGGER.info("No hub yet (%s), next try in %.1f s", error, delay)
                await asyncio.sleep(delay)
                delay = min(2 * delay, _LAST_RETRY)
                continue
            delay = _FIRST_RETRY
            _LOGGER.info("Connected")
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._work(wire)
            _LOGGER.info("The connection is gone")

    async def connect(self) -> Wire:
        """Open the line once; raises OSError."""
        options = self.options
        if options.device is not None:
            import serial_asyncio_fast  # only needed with a device

            reader, writer = await serial_asyncio_fast.open_serial_connection(
                url=options.device, baudrate=38400
            )
            return Wire(reader, writer, "rtu")
        reader, writer = await asyncio.open_connection(options.host, options.port)
        return Wire(reader, writer, options.framing)

    async def cycle(self, wire: Wire, seconds: float = 60.0) -> None:
        """Let `seconds` pass in the house, tell the hub, and fetch its commands."""
        self.house.step(seconds)
        self.tally.cycles += 1
        await self.broadcast(wire)
        if self.options.foreign:
            await self._others(wire)
        for address in sorted(self._changed):
            for unit in self.options.units:
                await self._write(wire, unit, address)
        self._changed.clear()
        for unit in self.options.units:
            await self.poll(wire, unit)

    # telling

    async def broadcast(self, wire: Wire) -> None:
        """Write every measurement to unit 0, twelve glued together, one of them cut in two."""
        values = self.measurements()
        frames = [
            wire.frame(0, struct.pack(">BHH", 6, address, value)) for address, value in values
        ]
        self.tally.broadcasts += len(frames)
        for start in range(0, len(frames), GLUED):
            glued = b"".join(frames[start : start + GLUED])
            if start == 0 and self.options.noise:
                cut = len(glued) - 5
                await wire.send(glued[:cut])
                await asyncio.sleep(0.002)
                await wire.send(glued[cut:])
            else:
                await wire.send(glued)

    def measurements(self) -> list[tuple[int, int]]:
        """Return address and word of everything the station measures."""
        house = self.house
        running = any(house.demand(room) for room in house.rooms)
        found = [
            (3, 0), (5, 0), (6, 0), (7, to_word(house.outside)), (8, to_word(house.filtered)),
            (10, 60 if running else 0), (11, int(running)), (12, to_word(house.flow)),
            (13, to_word(house.flow - 5)), (22, 0), (31, int(running)),
        ]  # fmt: skip
        for room in house.rooms:
            found.append((room.address + 2, to_word(room.temperature)))
            if room.has_humidity:
                found.append((room.address + 10, round(room.humidity)))
        return found

    # listening

    async def poll(self, wire: Wire, unit: int) -> None:
        """Read all command registers of one unit id and react to each."""
        for address in (1, *(room.address for room in self.house.rooms)):
            answer = await wire.ask(unit, struct.pack(">BHH", 3, address, 2))
            self.tally.polls += 1
            if answer is None or len(answer) != 6 or answer[0] != 3:
                self.tally.timeouts += 1
                continue
            for offset, word in enumerate(struct.unpack(">HH", answer[2:])):
                await self._react(wire, unit, address + offset, word)

    def own(self, address: int) -> int:
        """Return the station's own value of a command register."""
        if address in (1, 2):
            return self.house.mode if address == 1 else self.house.state
        room = self._room(address)
        if address % 100 == 0:
            return room.state
        return NOT_APPLICABLE if room.state == STANDBY else to_word(room.setpoint)

    def turn(self, base: int, channel: int, setpoint: float) -> None:
        """Turn a thermostat on the wall; the hub is told in the next cycle."""
        room = self._room((base - 1) * 1200 + channel * 100)
        room.setpoint = setpoint
        self._changed.add(room.address + 1)

    # private

    async def _work(self, wire: Wire) -> None:
        try:
            while True:
                await self.cycle(wire, self.options.interval * self.options.time_scale)
                await asyncio.sleep(self.options.interval)
        finally:
            await wire.close()

    async def _adapter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._work(Wire(reader, writer, "rtu"))

    async def _react(self, wire: Wire, unit: int, address: int, word: int) -> None:
        if word == self.own(address):
            return
        if word:
            self._accept(address, word)
        await self._write(wire, unit, address)
        if address >= 100 and address % 100 == 0:
            await self._write(wire, unit, address + 1)

    def _accept(self, address: int, word: int) -> None:
        if self._take(address, word):
            self.tally.accepted += 1
        else:
            self.tally.refused += 1

    def _take(self, address: int, word: int) -> bool:
        house = self.house
        if address == 1 and 1 <= word <= 5:
            house.mode = word
        elif address == 2 and 1 <= word <= 6:
            house.state = word
        elif address >= 100 and address % 100 == 0 and 1 <= word <= 6:
            self._room(address).state = word
        elif address >= 100 and address % 100 == 1 and 5 <= to_celsius(word) <= 40:
            room = self._room(address)
            if room.state == STANDBY:
                return False
            room.setpoint = to_celsius(word)
        else:
            return False
        return True

    async def _write(self, wire: Wire, unit: int, address: int) -> None:
        self.tally.written += 1
        answer = await wire.ask(unit, struct.pack(">BHH", 6, address, self.own(address)))
        if answer is None:
            self.tally.timeouts += 1

    async def _others(self, wire: Wire) -> None:
        """Let another slave be asked and answer, and on a real line let it crackle."""
        await wire.send(wire.frame(FOREIGN_UNIT, bytes.fromhex("03 0000 0001")))
        if wire.framing == "rtu":
            noise = self._dice.randbytes(self._dice.randint(1, 3)) if self.options.noise else b""
            answer = wire.frame(FOREIGN_UNIT, bytes.fromhex("03 02 0102"))
            await wire.send(answer + noise)

    def _room(self, address: int) -> Room:
        number = address // 100 * 100
        return next(room for room in self.house.rooms if room.address == number)


def rooms(text: str) -> list[Room]:
    """Return the rooms of `base/channel,...`; a minus behind one: it has no humidity sensor."""
    found = []
    for part in text.split(","):
        base, _, channel = part.strip().rstrip("-").partition("/")
        found.append(Room(int(base), int(channel), has_humidity=not part.strip().endswith("-")))
    return found


def parse(arguments: Sequence[str] | None = None) -> BaseStation:
    """Return the station a command line asks for."""
    parser = argparse.ArgumentParser(description="A simulated heating base station")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1502)
    parser.add_argument("--listen", action="store_true", help="wait for a hub that dials (RTU)")
    parser.add_argument("--device", help="serial device instead of TCP")
    parser.add_argument("--framing", choices=["mbap", "rtu"], default="mbap")
    parser.add_argument("--rooms", type=rooms, default=DEMO_ROOMS, help=DEMO_ROOMS)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two cycles")
    parser.add_argument("--time-scale", type=float, default=60.0, help="house time per real time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quiet-line", action="store_true", help="no foreign traffic, no noise")
    given = parser.parse_args(arguments)
    options = Options(
        host=given.host, port=given.port, listen=given.listen, device=given.device,
        framing=given.framing, interval=given.interval, time_scale=given.time_scale,
        foreign=not given.quiet_line, noise=not given.quiet_line, seed=given.seed,
    )  # fmt: skip
    return BaseStation(House(given.rooms, given.seed), options)


async def main(station: BaseStation) -> None:
    """Run a station until SIGTERM or SIGINT."""
    work = asyncio.ensure_future(station.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
    _LOGGER.info("Ended: %s", station.tally)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(main(parse()))
