"""Time-sorted 26-character ids (https://github.com/ulid/spec), made in under a microsecond."""

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_COUNTER_BITS = 20
_COUNTER_LIMIT = 1 << _COUNTER_BITS


def _encode(value: int, length: int) -> str:
    """Write a number in Crockford's base 32, most significant digit first."""
    digits = [_ALPHABET[(value >> shift) & 31] for shift in range(5 * (length - 1), -1, -5)]
    return "".join(digits)


class _Generator:
    """Random once per millisecond, counting inside it: unique, sorted and cheap."""

    __slots__ = ("_counter", "_head", "_ms")

    def __init__(self) -> None:
        """Start without a millisecond, so that the first id draws its own randomness."""
        self._ms = -1
        self._head = ""
        self._counter = 0

    def __call__(self) -> str:
        """Return the next id; ids made by one process never repeat and only grow."""
        ms = time.time_ns() // 1_000_000
        counter = self._counter + 1
        if ms > self._ms or counter >= _COUNTER_LIMIT:
            self._ms = max(ms, self._ms + 1)
            random = int.from_bytes(os.urandom(9), "big")
            # 48 bits of time and 60 random bits; the last 20 bits count within the millisecond
            self._head = _encode(self._ms, 10) + _encode(random & ((1 << 60) - 1), 12)
            counter = random >> 60 & 0xFFF
        self._counter = counter
        return f"{self._head}{_PAIRS[counter >> 10]}{_PAIRS[counter & 1023]}"


ulid = _Generator()
"""Return a new ULID as text."""
