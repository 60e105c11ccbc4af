"""Two Modbus devices that are not there: a thermostat and an energy meter on one TCP server.

Unit 1 speaks as a Siemens RDF302, unit 2 as an Eastron SDM630; other units stay silent. Like the
real ones they refuse registers they do not have, values they do not know, and reads that are too
long. Usable as a library (`Devices`) and as a program (`python config/demo/modbus_devices.py
--help`).
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import struct
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from modbus_devices_room import (
    COMFORT,
    COOLING,
    ECONOMY,
    FAN_AUTO,
    FAN_HIGH,
    FAN_LOW,
    FAN_MEDIUM,
    HEATING,
    PROTECTION,
    Flat,
    Phase,
    Room,
)
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

_LOGGER = logging.getLogger("modbus_devices")

THERMOSTAT: Final = 1
METER: Final = 2
_INPUT, _HOLDING, _WRITE_ONE = 4, 3, 6
_NO_SENSOR: Final = 0xFFFF
_METER_WORDS: Final = 80
_METER_END: Final = 0x0180
_COSINE: Final = 0.98
_TANGENT: Final = 0.203
_ALLOWED: Final[Mapping[int, Container[int]]] = {
    100: (COMFORT, ECONOMY, PROTECTION),
    101: (FAN_AUTO, FAN_LOW, FAN_MEDIUM, FAN_HIGH),
    102: range(5 * 50, 40 * 50 + 1),
    103: range(49 * 50 + 1),
    104: (0, 1),
    105: (0, 1),
    106: (COOLING, HEATING),
    107: range(5),
}
"""What the thermostat takes, by its holding registers."""

Words = list[int]


@dataclass(slots=True)
class Thermostat:
    """The registers of an RDF302; addresses as on the wire."""

    flat: Flat
    lock: int = 0
    electric_heater: int = 0
    told_outside: int = 0
    """What the bus says about the weather, in fiftieths."""

    @property
    def room(self) -> Room:
        """Return the room it hangs in."""
        return self.flat.room

    def read(self, table: int, address: int, count: int) -> Words | ExcCodes:
        """Return words of a table."""
        known = self.inputs() if table == _INPUT else self.holdings() if table == _HOLDING else {}
        return _some(known, address, count)

    def write(self, function: int, address: int, words: Words) -> ExcCodes | None:
        """Take one word; this thermostat knows no writes of several."""
        if function != _WRITE_ONE:
            return ExcCodes.ILLEGAL_FUNCTION
        if address not in _ALLOWED:
            return ExcCodes.ILLEGAL_ADDRESS
        if words[0] not in _ALLOWED[address]:
            return ExcCodes.ILLEGAL_VALUE
        self._take(address, words[0])
        return None

    def inputs(self) -> dict[int, int]:
        """Return what it measures and does."""
        room = self.room
        heats = room.changeover == HEATING
        states = [
            room.mode, room.fan_stage, round(room.temperature * 50), self._effective(),
            room.output if heats else 0, 0 if heats else room.output, 0, _NO_SENSOR, _NO_SENSOR,
            int(room.fan != FAN_AUTO), 0, 0,
        ]  # fmt: skip
        return dict(enumerate(states, 1000)) | dict.fromkeys(range(1099, 1109), 0)

    def holdings(self) -> dict[int, int]:
        """Return what it can be told."""
        room = self.room
        settings = [
            room.mode, room.fan, round(room.setpoint * 50), self.told_outside, int(room.window),
            self.electric_heater, room.changeover, self.lock, 1,
        ]  # fmt: skip
        return dict(enumerate(settings, 100))

    def _effective(self) -> int:
        """Return the set point in fiftieths of a degree; 4 degrees say that it is off."""
        return 200 if self.room.target is None else round(self.room.target * 50)

    def _take(self, address: int, word: int) -> None:
        room = self.room
        match address:
            case 100:
                room.mode = word
            case 101:
                room.fan = word
            case 102:
                room.setpoint = word / 50
            case 103:
                self.told_outside = word
            case 104:
                room.window = bool(word)
            case 105:
                self.electric_heater = word
            case 106:
                room.changeover = word
            case _:
                self.lock = word


@dataclass(slots=True)
class Meter:
    """The registers of an SDM630: floats in input registers, two words each."""

    flat: Flat

    def read(self, table: int, address: int, count: int) -> Words | ExcCodes:
        """Return words of a table; what it does not measure is zero."""
        if table != _INPUT:
            return ExcCodes.ILLEGAL_FUNCTION
        if count > _METER_WORDS:
            return ExcCodes.ILLEGAL_VALUE
        words = dict.fromkeys(range(_METER_END), 0)
        for first, value in self.values().items():
            words[first], words[first + 1] = struct.unpack(">HH", struct.pack(">f", value))
        return _some(words, address, count)

    def write(self, _function: int, _address: int, _words: Words) -> ExcCodes | None:
        """Refuse: nothing can be set in this one."""
        return ExcCodes.ILLEGAL_FUNCTION

    def values(self) -> dict[int, float]:
        """Return what it measures by the first of its two addresses."""
        phases = self.flat.phases
        total = self.flat.watts
        drawn = sum(phase.drawn for phase in phases)
        fed_in = sum(phase.fed_in for phase in phases)
        found = {
            0x34: total, 0x38: abs(total) / _COSINE, 0x3C: abs(total) * _TANGENT, 0x3E: _COSINE,
            0x46: self.flat.frequency, 0x48: drawn, 0x4A: fed_in, 0x156: drawn + fed_in,
        }  # fmt: skip
        per_phase: tuple[tuple[int, Callable[[Phase], float]], ...] = (
            (0x00, lambda phase: phase.volts),
            (0x06, lambda phase: abs(phase.watts) / _COSINE / phase.volts),
            (0x0C, lambda phase: phase.watts),
            (0x15A, lambda phase: phase.drawn),
            (0x160, lambda phase: phase.fed_in),
        )
        found |= dict.fromkeys((0x1E, 0x20, 0x22), _COSINE)
        for first, measure in per_phase:
            found |= {first + 2 * index: measure(phase) for index, phase in enumerate(phases)}
        return found


class Bus:
    """The store that the server asks: which unit has which words."""

    def __init__(self, units: Mapping[int, Thermostat | Meter]) -> None:
        """Keep the devices by unit."""
        self.units = dict(units)
        self.requests = 0
        self.writes = 0

    def device_ids(self) -> list[int]:
        """Return the units; the server asks for a broadcast."""
        return list(self.units)

    async def async_getValues(  # noqa: N802 - the library's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> Any:
        """Return words of a unit, or why not."""
        self.requests += 1
        table = _HOLDING if func_code in (6, 16, 22, 23) else func_code
        return self._unit(device_id).read(table, address, count)

    async def async_setValues(  # noqa: N802 - the library's name
        self, device_id: int, func_code: int, address: int, values: Words
    ) -> Any:
        """Hand words to a unit; says why not."""
        self.writes += 1
        return self._unit(device_id).write(func_code, address, values)

    def _unit(self, number: int) -> Thermostat | Meter:
        unit = self.units.get(number)
        if unit is None:
            raise NoSuchIdException
        return unit


@dataclass(slots=True)
class Options:
    """Where the devices listen and how their time runs; `interval` is in real seconds."""

    host: str = "127.0.0.1"
    port: int = 1503
    interval: float = 1.0
    time_scale: float = 60.0
    seed: int = 1


@dataclass(slots=True)
class Devices:
    """Both devices at work."""

    options: Options = field(default_factory=Options)
    flat: Flat = field(init=False)
    bus: Bus = field(init=False)
    _server: ModbusTcpServer | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        """Furnish the flat."""
        self.flat = Flat(seed=self.options.seed)
        self.bus = Bus({THERMOSTAT: Thermostat(self.flat), METER: Meter(self.flat)})

    @property
    def room(self) -> Room:
        """Return the room of the thermostat."""
        return self.flat.room

    async def start(self) -> None:
        """Listen; raises RuntimeError when the port is taken."""
        unused = SimDevice(1, simdata=[SimData(0, datatype=DataType.REGISTERS)])
        server = ModbusTcpServer(
            unused,
            address=(self.options.host, self.options.port),
            ignore_missing_devices=True,
        )
        # The library's own store answers for units that are not there.
        server.context = self.bus  # type: ignore[assignment]
        await server.serve_forever(background=True)
        self._server = server

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None

    async def run(self) -> None:
        """Listen and let time pass until cancelled."""
        await self.start()
        _LOGGER.info("Listening on %s:%s", self.options.host, self.options.port)
        try:
            while True:
                await asyncio.sleep(self.options.interval)
                self.flat.step(self.options.interval * self.options.time_scale)
        finally:
            await self.stop()


def _some(words: Mapping[int, int], address: int, count: int) -> Words | ExcCodes:
    """Return words in a row; one that is not there spoils all."""
    try:
        return [words[address + offset] for offset in range(count)]
    except KeyError:
        return ExcCodes.ILLEGAL_ADDRESS


def parse(arguments: Sequence[str] | None = None) -> Devices:
    """Return the devices a command line asks for."""
    parser = argparse.ArgumentParser(description="A simulated thermostat and energy meter")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1503)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two steps")
    parser.add_argument("--time-scale", type=float, default=60.0, help="house time per real time")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    return Devices(Options(given.host, given.port, given.interval, given.time_scale, given.seed))


async def main(devices: Devices) -> None:
    """Run the devices until SIGTERM or SIGINT."""
    work = asyncio.ensure_future(devices.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
    _LOGGER.info("Ended: %d requests, %d writes", devices.bus.requests, devices.bus.writes)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(main(parse()))
