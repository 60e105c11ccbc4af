"""KNX DPT 9.001, the two-byte floating point number the bus uses for temperatures."""

import math

INVALID = 0x7FFF
LOWEST = -671088.64
HIGHEST = 670433.28


def decode(raw: int) -> float:
    """Return the number a 16-bit word stands for; sentinels are the caller's business."""
    mantissa = raw & 0x07FF
    if raw & 0x8000:
        mantissa -= 0x0800
    return mantissa * (1 << ((raw >> 11) & 0x0F)) / 100


def encode(value: float) -> int:
    """Return the nearest 16-bit word; ValueError for NaN, infinity, no number or out of range."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"not a finite number: {value!r}")
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(f"outside {LOWEST}..{HIGHEST}: {value!r}")
    exponent = 0
    mantissa = round(value * 100)
    while not -2048 <= mantissa <= 2047:
        exponent += 1
        mantissa = round(value * 100 / (1 << exponent))
    return (0x8000 if mantissa < 0 else 0) | exponent << 11 | mantissa & 0x07FF


def step(raw: int) -> float:
    """Return the distance to the neighbouring number at this word's exponent."""
    return 0.01 * (1 << ((raw >> 11) & 0x0F))


def same(first: int, second: int) -> bool:
    """Tell whether two words are one number within one step of the coarser of them."""
    return abs(decode(first) - decode(second)) <= max(step(first), step(second)) * 1.000001
