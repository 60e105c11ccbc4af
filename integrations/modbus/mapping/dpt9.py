"""KNX DPT 9.001, a floating point number in two bytes (KNX 03.07.02, section 3.10)."""

from typing import Final

INVALID: Final = 0x7FFF
LOWEST: Final = -671088.64
HIGHEST: Final = 670433.28


def decode(raw: int) -> float:
    """Return the number that a word stands for; `INVALID` is the caller's business."""
    mantissa = raw & 0x07FF
    if raw & 0x8000:
        mantissa -= 0x0800
    return mantissa * (1 << (raw >> 11 & 0x0F)) / 100


def encode(value: float) -> int:
    """Return the word nearest to a number between `LOWEST` and `HIGHEST`."""
    exponent = 0
    mantissa = round(value * 100)
    while not -2048 <= mantissa <= 2047:
        exponent += 1
        mantissa = round(value * 100 / (1 << exponent))
    return (0x8000 if mantissa < 0 else 0) | exponent << 11 | mantissa & 0x07FF
