"""From a value to the words that are written; what does not fit is refused in words."""

import math
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from integrations.modbus.mapping import dpt9
from integrations.modbus.mapping.decoding import FLOATS, HIGHEST_POWER, number
from integrations.modbus.mapping.models import Order, Register, Type, Value
from integrations.modbus.mapping.ranges import between, said, shift, span, width, writable

_CLOSE: Final = Decimal("1e-6")


def encode(
    register: Register,
    value: Value,
    current: Sequence[int] | None = None,
    exponent: int | None = None,
) -> tuple[int, ...]:
    """Return the words (or the bit) that say `value`.

    `current` holds the present words of a register that is only some of their bits, `exponent` the
    power of ten of one that has it. Raises `ValueError` for a value that can not be written.
    """
    pattern = _pattern(register, value, exponent)
    if register.table.is_bits:
        return (pattern,)
    if register.mask is not None:
        if current is None or len(current) != register.words:
            raise ValueError("only some bits of a word are written: its present words are needed")
        mask, present = register.mask, from_words(register, current)
        pattern = present & ~mask | pattern << shift(register) & mask
    if pattern in register.sentinels:
        raise ValueError("these words mean that there is no value")
    return to_words(register, pattern)


def masks(register: Register, value: Value) -> tuple[int, int]:
    """Return the and-mask and the or-mask that write some bits of one word (function 22)."""
    kept = to_words(register, (register.mask or 0xFFFF) ^ 0xFFFF)[0]
    return kept, encode(register, value, current=(0,))[0]


def to_words(register: Register, pattern: int) -> tuple[int, ...]:
    """Return the words of a pattern in the order of the register."""
    size = 2 * register.words
    return struct.unpack(
        f">{register.words}H", arranged(register, (pattern & (1 << 8 * size) - 1).to_bytes(size))
    )


def from_words(register: Register, words: Sequence[int]) -> int:
    """Return the pattern of words that came in the order of the register."""
    return int.from_bytes(arranged(register, struct.pack(f">{len(words)}H", *words)))


def arranged(register: Register, data: bytes) -> bytes:
    """Return bytes with the highest first, or back in the order of the register."""
    if register.byte_order is Order.LITTLE:
        data = b"".join(data[at : at + 2][::-1] for at in range(0, len(data), 2))
    if register.word_order is Order.LITTLE:
        data = b"".join(data[at : at + 2] for at in range(len(data) - 2, -1, -2))
    return data


def _pattern(register: Register, value: Value, exponent: int | None) -> int:
    """Return the unsigned number that stands in the register's bits."""
    if register.labels is not None:
        found = _label(register.labels, value)
    elif register.flags is not None:
        found = _flags(register.flags, value)
    elif register.type is Type.BOOL:
        found = _switch(value)
    elif register.type is Type.STRING:
        found = _text(register, value)
    else:
        found = _number(register, value, exponent)
    return found


def _label(labels: Mapping[int, str], value: Value) -> int:
    for code, label in labels.items():
        if label == value:
            return code
    raise ValueError(f"expected one of {', '.join(labels.values())}")


def _flags(flags: Mapping[int, str], value: Value) -> int:
    names = value if isinstance(value, tuple | list) else (value,)
    unknown = [name for name in names if name not in flags.values()]
    if unknown:
        raise ValueError(f"expected flags of {', '.join(flags.values())}")
    return sum(1 << bit for bit, name in flags.items() if name in names)


def _switch(value: Value) -> int:
    if isinstance(value, bool | int | float) and value in (0, 1):
        return int(value)
    raise ValueError("expected true or false")


def _text(register: Register, value: Value) -> int:
    size = 2 * register.words
    if not isinstance(value, str) or not value.isprintable() or value.endswith(" "):
        raise ValueError("expected a printable text that does not end with a blank")
    data = value.encode()
    if len(data) > size:
        raise ValueError(f"expected at most {size} bytes of text, got {len(data)}")
    return int.from_bytes(data.ljust(size, b"\0"))


def _number(register: Register, value: Value, exponent: int | None) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("expected a finite number")
    low, high = said(register)
    if not low <= value <= high:
        raise ValueError(f"expected {between(low, high)}, got {value:.15g}")
    _on_step(register, value)
    raw = (_decimal(value) - _decimal(register.offset)) / _factor(register, exponent)
    if register.type in FLOATS:
        return _floating(register, value, float(raw))
    if register.type is Type.DPT9:
        return _dpt9(register, value, float(raw))
    return _whole(register, value, raw, exponent)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _is_close(exact: Decimal, whole: int) -> bool:
    """Tell whether a number is whole but for what binary fractions leave."""
    return abs(exact - whole) <= _CLOSE


def _factor(register: Register, exponent: int | None) -> Decimal:
    scale = _decimal(register.scale)
    if register.exponent is None:
        return scale
    if exponent is None or not -HIGHEST_POWER <= exponent <= HIGHEST_POWER:
        raise ValueError(f"the power of ten in {register.exponent} is not known")
    return scale.scaleb(exponent)


def _on_step(register: Register, value: float) -> None:
    """Refuse what lies between the steps, counted from the lowest value that may be written."""
    write = register.write
    if write is None or write.step is None:
        return
    base = write.low or 0.0
    steps = (_decimal(value) - _decimal(base)) / _decimal(write.step)
    if not _is_close(steps, round(steps)):
        raise ValueError(f"expected steps of {write.step:.15g} from {base:.15g}, got {value:.15g}")


def _whole(register: Register, value: float, raw: Decimal, exponent: int | None) -> int:
    """Return the nearest whole number that is read as the same value, refuse it without one."""
    low, high = span(register)
    shown = number(register)
    for near in (round(raw), math.floor(raw), math.ceil(raw)):
        found = min(max(near, low), high)
        if _is_close(raw, found) or shown(found, exponent) == value:
            return found & (1 << width(register)) - 1
    if not low <= raw <= high:
        raise ValueError(_outside(register, value))
    finest = abs(_factor(register, exponent)).normalize()
    raise ValueError(f"expected steps of {finest:f}, got {value:.15g}")


def _outside(register: Register, value: float) -> str:
    if register.exponent is not None:
        return f"{value:.15g} does not fit {register.type} at this power of ten"
    return f"expected {between(*writable(register))}, got {value:.15g}"


def _floating(register: Register, value: float, raw: float) -> int:
    _precise(register, value)
    try:
        return int.from_bytes(struct.pack(FLOATS[register.type], raw))
    except OverflowError:
        raise ValueError(f"{value:.15g} does not fit {register.type}") from None


def _dpt9(register: Register, value: float, raw: float) -> int:
    _precise(register, value)
    if not dpt9.LOWEST <= raw <= dpt9.HIGHEST:
        raise ValueError(f"{value:.15g} does not fit {register.type}")
    return dpt9.encode(raw)


def _precise(register: Register, value: float) -> None:
    places = register.precision
    if places is not None and abs(round(value, places) - value) > 1e-9 * max(1.0, abs(value)):
        raise ValueError(f"expected at most {places} decimals, got {value:.15g}")
