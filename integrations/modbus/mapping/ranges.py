"""What a register can show: numbers and their range, labels, flags, text, on or off."""

import math
from collections.abc import Mapping
from typing import Final

from integrations.modbus.mapping.models import Register, Type, Value

SIGNED: Final = frozenset({Type.INT16, Type.INT32, Type.INT64})
INTEGERS: Final = SIGNED | {Type.UINT16, Type.UINT32, Type.UINT64}
_BOOLEANS: Final = {"1": True, "on": True, "true": True, "0": False, "off": False, "false": False}


def is_number(register: Register) -> bool:
    """Tell whether a register shows a number, not a text, label, flag or switch."""
    plain = register.labels is None and register.flags is None
    return plain and register.type not in {Type.BOOL, Type.STRING}


def shows(register: Register) -> str:
    """Return in words what a register shows."""
    if register.labels is not None:
        return "labels"
    if register.flags is not None:
        return "flags"
    words = {Type.STRING: "text", Type.BOOL: "on or off"}
    return words.get(register.type, "numbers")


def shift(register: Register) -> int:
    """Return how far right the bits of a register's mask stand; flags keep their places."""
    if register.mask is None or register.flags is not None:
        return 0
    return (register.mask & -register.mask).bit_length() - 1


def width(register: Register) -> int:
    """Return the bits of the number that a register holds, after its mask."""
    if register.mask is None or register.flags is not None:
        return 16 * register.words
    return (register.mask >> shift(register)).bit_length()


def span(register: Register) -> tuple[int, int]:
    """Return the smallest and largest number that the words of a register hold."""
    if register.type is Type.BOOL:
        return 0, 1
    bits = width(register)
    if register.type in SIGNED and register.flags is None:
        return -(1 << bits - 1), (1 << bits - 1) - 1
    return 0, (1 << bits) - 1


def reach(register: Register) -> tuple[float, float]:
    """Return the lowest and highest value that a number's register can show; may be infinite."""
    return _inside(_holds(register), (register.low, register.high))


def said(register: Register) -> tuple[float, float]:
    """Return the lowest and highest value that its definition lets be written."""
    write = register.write
    asked = (None, None) if write is None else (write.low, write.high)
    return _inside(_inside((-math.inf, math.inf), (register.low, register.high)), asked)


def writable(register: Register) -> tuple[float, float]:
    """Return the lowest and highest value that can be written; may be infinite."""
    return _inside(_holds(register), said(register))


def _holds(register: Register) -> tuple[float, float]:
    if register.exponent is not None or register.type not in INTEGERS:
        return -math.inf, math.inf
    ends = [raw * register.scale + register.offset for raw in span(register)]
    return min(ends), max(ends)


def _inside(
    outer: tuple[float, float], limits: tuple[float | None, float | None]
) -> tuple[float, float]:
    low, high = limits
    return (
        outer[0] if low is None else max(outer[0], low),
        outer[1] if high is None else min(outer[1], high),
    )


def between(low: float, high: float) -> str:
    """Return a range in words."""
    if math.isinf(low) and math.isinf(high):
        return "a number"
    if math.isinf(high):
        return f"at least {low:.15g}"
    return f"at most {high:.15g}" if math.isinf(low) else f"{low:.15g} to {high:.15g}"


def step(register: Register) -> float:
    """Return the distance of values that may be written."""
    if register.write is not None and register.write.step is not None:
        return register.write.step
    if register.type in INTEGERS and register.exponent is None:
        return abs(register.scale)
    return 0.1 if register.precision is None else 10.0**-register.precision


def as_shown(register: Register, value: object) -> Value:
    """Return a value of a definition as the register shows it; `ValueError` says what it shows."""
    if register.labels is not None:
        return _label(register.labels, value)
    if register.flags is not None:
        names = list(register.flags.values())
        if value not in names:
            raise ValueError(f"expected a flag: {', '.join(names)}")
        return str(value)
    if register.type is Type.BOOL:
        found = _BOOLEANS.get(str(value).lower())
        if found is None:
            raise ValueError("expected true or false")
        return found
    if register.type is Type.STRING:
        if not isinstance(value, str):
            raise ValueError("expected a text")
        return value
    return _number(register, value)


def _label(labels: Mapping[int, str], value: object) -> str:
    found = ("on" if value else "off") if isinstance(value, bool) else str(value)
    if found in labels.values():
        return found
    code = int(found) if found.removeprefix("-").isdecimal() else None
    if code is not None and code in labels:
        return labels[code]
    raise ValueError(f"expected a label: {', '.join(labels.values())}")


def _number(register: Register, value: object) -> float:
    try:
        found = float(str(int(value) if isinstance(value, bool) else value))
    except ValueError:
        raise ValueError("expected a number") from None
    low, high = reach(register)
    if not low <= found <= high or not math.isfinite(found):
        raise ValueError(f"expected {between(low, high)}")
    return int(found) if found.is_integer() else found
