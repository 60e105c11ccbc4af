"""Frames of a bus, found by pymodbus's framer wherever noise and older answers let them begin."""

from collections.abc import Collection
from typing import Final

from pymodbus.framer import FramerRTU

from integrations.modbus.line.questions import UNREADABLE, Decoder

_LONGEST: Final = 256
_AROUND: Final = 3
"""Bytes around a PDU: unit and check sum."""


class Frames:
    """What came on a bus.

    pymodbus's framer looks at all that came as if it were one frame: after a byte of noise, or
    behind an answer that came late, it would drop the answer. So it is shown one at a time.
    """

    def __init__(self) -> None:
        self._framer = FramerRTU(Decoder())
        self._buffer = b""

    def clear(self) -> None:
        """Forget what came so far."""
        self._buffer = b""

    def feed(self, data: bytes) -> None:
        """Take what came; the oldest is let go when it is more than two frames."""
        self._buffer = (self._buffer + data)[-2 * _LONGEST :]

    def next(self, unit: int, functions: Collection[int]) -> bytes | None:
        """Return the next frame of a unit that answers one of the functions."""
        buffer = self._buffer
        for start in range(len(buffer) - _AROUND):
            if buffer[start] != unit or buffer[start + 1] & 0x7F not in functions:
                continue
            pdu = self._decode(buffer[start:])
            end = start + len(pdu) + _AROUND
            if pdu and buffer[start + 1 : end - 2] == pdu:
                self._buffer = buffer[end:]
                return buffer[start:end]
        return None

    def _decode(self, data: bytes) -> bytes:
        try:
            _, _, _, pdu = self._framer.decode(data)
        except UNREADABLE:
            return b""
        return pdu
