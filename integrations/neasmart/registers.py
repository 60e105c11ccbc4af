"""The register map of the bus: addresses, what a word means there, and its sentinels."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from integrations.neasmart import dpt9

BASES: Final = 5
CHANNELS: Final = 12
GLOBAL: Final = 0
GROUPS: Final = BASES * CHANNELS + 1
NOT_APPLICABLE: Final = 0x8116
COLDEST: Final = -50.0
HOTTEST: Final = 120.0
SETPOINT_MIN: Final = 5.0
SETPOINT_MAX: Final = 40.0

MODE: Final = 1
STATE: Final = 2
ERROR: Final = 3
WARNING: Final = 5
HINT: Final = 6
OUTSIDE: Final = 7
OUTSIDE_FILTERED: Final = 8

ZONE_STATE: Final = 0
ZONE_SETPOINT: Final = 1
ZONE_TEMPERATURE: Final = 2
ZONE_HUMIDITY: Final = 10


class Kind(StrEnum):
    """How the word of a register is encoded."""

    MODE = "mode"
    STATE = "state"
    FLAG = "flag"
    PERCENT = "percent"
    TEMPERATURE = "temperature"
    SETPOINT = "setpoint"


class Mode(IntEnum):
    """Global operating mode, register 1."""

    AUTO = 1
    HEATING = 2
    COOLING = 3
    MANUAL_HEATING = 4
    MANUAL_COOLING = 5


class State(IntEnum):
    """Operating state, of the whole installation (register 2) or of one zone."""

    NORMAL = 1
    REDUCED = 2
    STANDBY = 3
    TIME_PROGRAM = 4
    PARTY = 5
    ABSENCE = 6


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value, or none with the reason why there is none."""

    value: float | None
    reason: str | None = None


def zone(base: int, channel: int) -> int:
    """Return the first address of a zone; ValueError when there is no such zone."""
    if not (1 <= base <= BASES and 1 <= channel <= CHANNELS):
        raise ValueError(f"no zone {base}/{channel}: base is 1..{BASES}, channel 1..{CHANNELS}")
    return ((base - 1) * CHANNELS + channel) * 100


def locate(address: int) -> tuple[int, int, int]:
    """Return (base, channel, offset) of an address in 100..6099; ValueError elsewhere."""
    number, offset = divmod(address, 100)
    if not 1 <= number < GROUPS:
        raise ValueError(f"register {address} belongs to no zone")
    base, channel = divmod(number - 1, CHANNELS)
    return base + 1, channel + 1, offset


def mixed_group(number: int) -> tuple[int, int, int, int]:
    """Return the addresses (valve, pump, flow, return) of mixed group 1..3."""
    return 6 + 4 * number, 7 + 4 * number, 8 + 4 * number, 9 + 4 * number


def dehumidifier(number: int) -> int:
    """Return the address of dehumidifier 1..9."""
    return 21 + number


def pump(number: int) -> int:
    """Return the address of extra pump 1..5."""
    return 30 + number


def decode(kind: Kind, raw: int, *, fahrenheit: bool = False) -> Decoded:
    """Return the value of a word the base wrote: degrees Celsius, percent, number or 0/1."""
    match kind:
        case Kind.FLAG:
            return Decoded(raw & 1)
        case Kind.PERCENT:
            percent = raw & 0xFF
            return Decoded(percent) if percent <= 100 else Decoded(None, "implausible")
        case Kind.MODE | Kind.STATE:
            number = raw & 0xFF
            return Decoded(number) if number else Decoded(None, "no_data")
        case Kind.TEMPERATURE | Kind.SETPOINT:
            return _temperature(raw, setpoint=kind is Kind.SETPOINT, fahrenheit=fahrenheit)


def label(kind: Kind, value: float | None) -> str | None:
    """Return the word for a mode or state number; None when there is none."""
    names: type[Mode | State] = Mode if kind is Kind.MODE else State
    try:
        return None if value is None else names(int(value)).name.lower()
    except ValueError:
        return None


def same(kind: Kind, first: int, second: int) -> bool:
    """Tell whether two words of a command register are one command."""
    if kind is Kind.SETPOINT:
        if NOT_APPLICABLE in (first, second):
            return first == second
        return dpt9.same(first, second)
    return (first ^ second) & 0xFF == 0


def encode_setpoint(celsius: float, *, fahrenheit: bool = False) -> int:
    """Return the word for a set point in Celsius; ValueError outside 5..40 or when no number."""
    raw = dpt9.encode(celsius)
    if not SETPOINT_MIN <= celsius <= SETPOINT_MAX:
        raise ValueError(f"set point outside {SETPOINT_MIN}..{SETPOINT_MAX} C: {celsius}")
    return dpt9.encode(celsius * 1.8 + 32) if fahrenheit else raw


def _temperature(raw: int, *, setpoint: bool, fahrenheit: bool) -> Decoded:
    if raw == dpt9.INVALID:
        return Decoded(None, "sentinel")
    if setpoint and raw == NOT_APPLICABLE:
        return Decoded(None, "not_applicable")
    if setpoint and raw == 0:
        return Decoded(None, "no_data")
    value = dpt9.decode(raw)
    if fahrenheit:
        value = round((value - 32) / 1.8, 2)
    if not COLDEST <= value <= HOTTEST:
        return Decoded(None, "implausible")
    return Decoded(value)


def _kinds() -> dict[int, Kind]:
    kinds = {MODE: Kind.MODE, STATE: Kind.STATE}
    kinds |= dict.fromkeys((ERROR, WARNING, HINT), Kind.FLAG)
    kinds |= dict.fromkeys((OUTSIDE, OUTSIDE_FILTERED), Kind.TEMPERATURE)
    for number in (1, 2, 3):
        valve, motor, flow, back = mixed_group(number)
        kinds |= {valve: Kind.PERCENT, motor: Kind.FLAG}
        kinds |= dict.fromkeys((flow, back), Kind.TEMPERATURE)
    kinds |= dict.fromkeys(range(22, 36), Kind.FLAG)
    for first in range(100, 100 * GROUPS, 100):
        kinds[first + ZONE_STATE] = Kind.STATE
        kinds[first + ZONE_SETPOINT] = Kind.SETPOINT
        kinds[first + ZONE_TEMPERATURE] = Kind.TEMPERATURE
        kinds[first + ZONE_HUMIDITY] = Kind.PERCENT
    return kinds


KINDS: Final = _kinds()
COMMANDS: Final = frozenset(
    address
    for address in KINDS
    if address in (MODE, STATE) or (address >= 100 and address % 100 < 2)
)
