"""From the raw item of a register to its value: one function for each register, made once.

A raw item is as it came and hashable: a whole number for integers, bytes for floating point
numbers and texts, so that equal items are equal values, whatever NaN says.
"""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Protocol

from integrations.modbus.mapping import dpt9
from integrations.modbus.mapping.models import Reason, Register, Type, Value
from integrations.modbus.mapping.ranges import SIGNED, shift, span, width

Raw = int | bytes

HIGHEST_POWER: Final = 30
"""Powers of ten beyond it, either way, are taken for nonsense."""
FLOATS: Final = {Type.FLOAT16: ">e", Type.FLOAT32: ">f", Type.FLOAT64: ">d"}
_LOWEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1
"""The whole numbers that JSON is written with."""
_FINEST: Final = 10
"""Decimals of a scale that are worth keeping."""
_FORMATS: Final = {
    Type.INT16: "h",
    Type.UINT16: "H",
    Type.INT32: "i",
    Type.UINT32: "I",
    Type.INT64: "q",
    Type.UINT64: "Q",
    Type.BOOL: "H",
    Type.DPT9: "H",
}


class Convert(Protocol):
    """Turns a raw item into a value, or says why it is none."""

    def __call__(self, raw: Any, exponent: int | None = None, /) -> Value | Reason:
        """Take the power of ten for registers that have one; None = it is not known."""


def format_of(register: Register) -> str:
    """Return how struct reads the raw item of a register that is made of words."""
    found = _FORMATS.get(register.type, f"{2 * register.words}s")
    return found if register.mask is None else found.upper()


def converter(register: Register) -> Convert:
    """Return the function that turns a register's raw items into values."""
    convert = _whole(register) if register.mask is None else _masked(register)
    sentinels = _sentinels(register)
    if not sentinels:
        return convert

    def checked(raw: Raw, exponent: int | None = None, /) -> Value | Reason:
        return Reason.SENTINEL if raw in sentinels else convert(raw, exponent)

    return checked


def _sentinels(register: Register) -> frozenset[Raw]:
    """Return the patterns that mean no value as raw items."""
    form, size = f">{format_of(register)}", 2 * register.words
    patterns = register.sentinels | ({dpt9.INVALID} if register.type is Type.DPT9 else set())
    return frozenset(struct.unpack(form, one.to_bytes(size, "big"))[0] for one in patterns)


def _masked(register: Register) -> Convert:
    """Cut out the bits of the register; flags keep their places."""
    mask, places, convert = register.mask or 0, shift(register), _whole(register)
    sign = 1 << width(register) - 1 if register.type in SIGNED and not register.flags else 0

    def masked(raw: int, exponent: int | None = None, /) -> Value | Reason:
        field = (raw & mask) >> places
        return convert(field - 2 * sign if field & sign else field, exponent)

    return masked


def _whole(register: Register) -> Convert:
    """Return what turns the number, bytes or bit of a register into its value."""
    if register.labels is not None:
        return _labels(register)
    if register.flags is not None:
        return _flags(register)
    if register.type is Type.BOOL:
        return _switch
    if register.type is Type.STRING:
        return _text
    if register.type in FLOATS:
        return _floating(register)
    convert = number(register)
    if register.type is Type.DPT9:
        return lambda raw, exponent=None, /: convert(dpt9.decode(raw), exponent)
    return convert


def _switch(raw: int, _exponent: int | None = None, /) -> Value | Reason:
    return raw != 0


def _labels(register: Register) -> Convert:
    labels = dict(register.labels or {})
    return lambda raw, _exponent=None, /: labels.get(raw, Reason.NO_LABEL)


def _flags(register: Register) -> Convert:
    flags = tuple((1 << bit, name) for bit, name in sorted((register.flags or {}).items()))
    return lambda raw, _exponent=None, /: tuple(name for bit, name in flags if raw & bit)


def _text(raw: bytes, _exponent: int | None = None, /) -> Value | Reason:
    """Read up to the first NUL; what fills the rest with blanks means the same."""
    try:
        found = raw.partition(b"\0")[0].decode().rstrip(" ")
    except UnicodeDecodeError:
        return Reason.NOT_TEXT
    return found if found.isprintable() else Reason.NOT_TEXT


def _floating(register: Register) -> Convert:
    unpack, convert = struct.Struct(FLOATS[register.type]).unpack, number(register)

    def floating(raw: bytes, exponent: int | None = None, /) -> Value | Reason:
        found: float = unpack(raw)[0]
        if found - found != 0:  # NaN and infinity
            return Reason.NOT_A_NUMBER
        return convert(found, exponent)

    return floating


# --- numbers


def number(register: Register) -> Convert:
    """Return what scales the number of a register, and refuses what it can not be."""
    scale = _scaled(register)
    if register.low is None and register.high is None:
        return scale
    low = float("-inf") if register.low is None else register.low
    high = float("inf") if register.high is None else register.high

    def limited(raw: float, exponent: int | None = None, /) -> Value | Reason:
        value: Any = scale(raw, exponent)
        if value.__class__ is Reason or low <= value <= high:
            return value  # type: ignore[no-any-return]  # a number or a reason
        return Reason.OUT_OF_RANGE

    return limited


def decimals(register: Register) -> int | None:
    """Return the decimals that are kept: as said, else those that whole numbers can have."""
    if register.precision is not None or register.type in {*FLOATS, Type.DPT9}:
        return register.precision
    finest = max(_decimals(register.scale), _decimals(register.offset))
    return None if finest > _FINEST else finest


def _decimals(factor: float) -> int:
    exponent = Decimal(repr(factor)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _scaled(register: Register) -> Convert:
    scale, offset, places = float(register.scale), float(register.offset), decimals(register)
    exact = register.type not in {*FLOATS, Type.DPT9}
    if register.exponent is not None:
        return _powered(register)
    if exact and scale.is_integer() and offset.is_integer():
        return _as_whole(register, int(scale), int(offset))
    if exact and offset == 0 and places == _decimals(scale):
        divisor = round(1 / scale)
        if divisor and 1 / divisor == scale:  # a division is exact where 3 * 0.1 is not 0.3
            return lambda raw, _exponent=None, /: raw / divisor
    tidy = _tidy(places)

    def scaled(raw: float, _exponent: int | None = None, /) -> Value | Reason:
        value = raw * scale + offset
        return tidy(value) if value - value == 0 else Reason.NOT_A_NUMBER

    return scaled


def _as_whole(register: Register, scale: int, offset: int) -> Convert:
    if scale == 1 and offset == 0:
        return lambda raw, _exponent=None, /: raw
    if all(_LOWEST <= raw * scale + offset <= _LARGEST for raw in span(register)):
        return lambda raw, _exponent=None, /: raw * scale + offset
    return lambda raw, _exponent=None, /: _writable(raw * scale + offset)


def _writable(value: int) -> float:
    """Return a whole number as JSON can say it: what has more than 64 bits is rounded."""
    return value if _LOWEST <= value <= _LARGEST else float(value)


def _powered(register: Register) -> Convert:
    """Scale by a power of ten that another register holds."""
    scale, offset, places = register.scale, register.offset, decimals(register)

    def powered(raw: float, exponent: int | None = None, /) -> Value | Reason:
        if exponent is None or not -HIGHEST_POWER <= exponent <= HIGHEST_POWER:
            return Reason.NO_EXPONENT
        power: float = 10 ** abs(exponent)
        value = raw * scale * power if exponent > 0 else raw * scale / power
        value += offset
        if value - value != 0:
            return Reason.NOT_A_NUMBER
        kept = places
        if register.precision is None and places is not None:
            kept = max(1, places - exponent)
        return _tidy(kept)(value)

    return powered


def _tidy(places: int | None) -> Callable[[float], float]:
    """Return what rounds; adding 0 turns -0.0 into 0.0."""
    if places is None:
        return lambda value: value + 0.0
    if places == 0:
        return lambda value: _writable(round(value))
    return lambda value: round(value, places) + 0.0
