"""Frames of both kinds: with a header (TCP, UDP, TLS) and with a check sum (buses)."""

import struct
from typing import Final

from integrations.modbus.line.errors import BadAnswer

_HEADER: Final = struct.Struct(">HHHB")
_LONGEST: Final = 254
"""What the header's length may say: unit and PDU."""
_OVERHEAD: Final = 3
"""Bytes around the PDU of a bus frame: unit and check sum."""
_FIXED: Final = {5: 5, 6: 5, 7: 2, 8: 5, 11: 5, 15: 5, 16: 5, 22: 7}
"""Bytes of answers that always have the same length, by function (V1.1b3, section 6)."""
_COUNTED: Final = frozenset({1, 2, 3, 4, 12, 17, 20, 21, 23})
"""Functions whose answers say in their second byte how many follow."""


class LostFraming(BadAnswer):
    """What came is no header: where the next one begins can not be known."""


class Mbap:
    """Modbus/TCP: a header with transaction id and length before each PDU."""

    def __init__(self) -> None:
        self._buffer = b""

    def wrap(self, tag: int, unit: int, pdu: bytes) -> bytes:
        """Return the frame of a question."""
        return _HEADER.pack(tag, 0, len(pdu) + 1, unit) + pdu

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._buffer = self._buffer + data if self._buffer else data

    def next(self, unit: int, function: int) -> tuple[int | None, int, bytes] | None:
        """Return tag, unit and PDU of the next answer; LostFraming when there is no header."""
        del unit, function
        buffer = self._buffer
        if len(buffer) < _HEADER.size + 1:
            return None
        tag, protocol, length, unit = _HEADER.unpack_from(buffer)
        if protocol or not 2 <= length <= _LONGEST:
            raise LostFraming(f"{buffer[:8].hex(' ')} is no Modbus/TCP header")
        end = 6 + length
        if len(buffer) < end:
            return None
        self._buffer = buffer[end:]
        return tag, unit, buffer[7:end]

    def clear(self) -> None:
        """Forget nothing: a rest without its header could not be told from an answer."""


class Rtu:
    """A bus: unit, PDU and check sum; where a frame ends follows from its function."""

    def __init__(self) -> None:
        self._buffer = b""

    def wrap(self, tag: int, unit: int, pdu: bytes) -> bytes:
        """Return the frame of a question."""
        del tag
        frame = bytes((unit,)) + pdu
        return frame + crc16(frame).to_bytes(2, "little")

    def feed(self, data: bytes) -> None:
        """Take what came; the oldest is let go when it is more than two frames."""
        self._buffer = (self._buffer + data)[-512:]

    def next(self, unit: int, function: int) -> tuple[int | None, int, bytes] | None:
        """Return the unit's answer to the function, wherever noise lets it begin."""
        buffer = self._buffer
        for start in range(len(buffer) - 4):
            if buffer[start] != unit or buffer[start + 1] & 0x7F != function:
                continue
            end = _end(buffer, start)
            if end <= len(buffer) and crc16(buffer[start:end]) == 0:
                self._buffer = buffer[end:]
                return None, unit, buffer[start + 1 : end - 2]
        return None

    def clear(self) -> None:
        """Forget what came so far."""
        self._buffer = b""

    @property
    def rest(self) -> bytes:
        """Return what came and is no answer yet."""
        return self._buffer


def _end(buffer: bytes, start: int) -> int:
    """Return where the frame at `start` ends; of unknown functions all that came is one."""
    function = buffer[start + 1]
    if function & 0x80:
        return start + 2 + _OVERHEAD
    if function in _COUNTED:
        return start + 2 + buffer[start + 2] + _OVERHEAD
    if function in _FIXED:
        return start + _FIXED[function] + _OVERHEAD
    return len(buffer)


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1  # noqa: PLW2901
        table.append(value)
    return tuple(table)


_TABLE: Final = _table()


def crc16(data: bytes) -> int:
    """Return the check sum of a bus frame (V1.02, 6.2.2); 0 over a frame that includes its own."""
    crc = 0xFFFF
    table = _TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc
