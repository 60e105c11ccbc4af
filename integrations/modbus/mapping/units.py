"""Degrees Fahrenheit of registers as the Celsius of the hub; all other units stay as they are."""

import math
from collections.abc import Callable
from typing import Final

from integrations.modbus.mapping import ranges
from integrations.modbus.mapping.models import Register, Type, Write

CELSIUS: Final = "°C"
FAHRENHEIT: Final = "°F"
_FINEST: Final = 10
"""Decimals from which on a difference is the noise of binary fractions."""


def unit(register: Register) -> str | None:
    """Return the unit in which the hub shows a register."""
    return CELSIUS if register.unit == FAHRENHEIT else register.unit


def shown(register: Register, value: float) -> float:
    """Return a register's number in the hub's unit."""
    if register.unit != FAHRENHEIT:
        return value
    return round((value - 32) / 1.8, max(1, register.precision or 0))


def wanted(register: Register, value: float) -> float:
    """Return a number of the hub in the register's unit, as one that the register can hold."""
    if register.unit != FAHRENHEIT:
        return value
    write, step = register.write, ranges.step(register)
    base = register.offset if write is None or write.step is None else write.low or 0.0
    return round(round((value * 1.8 + 32 - base) / step) * step + base, _FINEST)


def lowest(register: Register, value: float) -> float:
    """Return the lower end of a register's range in the hub's unit, not below it."""
    return _tenth(value, math.ceil) if register.unit == FAHRENHEIT else value


def highest(register: Register, value: float) -> float:
    """Return the upper end of a register's range in the hub's unit, not above it."""
    return _tenth(value, math.floor) if register.unit == FAHRENHEIT else value


def distance(register: Register, step: float) -> float:
    """Return a step of a register in the hub's unit, to the tenth of a degree."""
    return step if register.unit != FAHRENHEIT else max(0.1, round(step / 1.8, 1))


def as_celsius(register: Register) -> Register:
    """Return a register as one whose limits are in the hub's unit; it is not there to be read."""
    if register.unit != FAHRENHEIT:
        return register
    write = register.write
    return Register(
        key=register.key,
        table=register.table,
        address=register.address,
        type=Type.FLOAT32,
        unit=CELSIUS,
        precision=1,
        low=None if register.low is None else lowest(register, register.low),
        high=None if register.high is None else highest(register, register.high),
        access=register.access,
        write=write
        and Write(
            low=None if write.low is None else lowest(register, write.low),
            high=None if write.high is None else highest(register, write.high),
        ),
    )


def _tenth(degrees: float, towards: Callable[[float], int]) -> float:
    """Return degrees Fahrenheit as the next tenth of a degree Celsius in one direction."""
    return towards(round((degrees - 32) / 0.18, _FINEST)) / 10
