"""Frames of Modbus/TCP as a server meets them: a header with transaction id and length."""

import struct
from typing import Final

_HEADER: Final = struct.Struct(">HHHB")
_LONGEST: Final = 254
"""What the header's length may say: unit and PDU."""


class LostFraming(Exception):  # noqa: N818 - named for what happened
    """What came is no header: where the next one begins can not be known."""


class Mbap:
    """One direction of a connection."""

    def __init__(self) -> None:
        self._buffer = b""

    def wrap(self, tag: int, unit: int, pdu: bytes) -> bytes:
        """Return the frame of a PDU."""
        return _HEADER.pack(tag, 0, len(pdu) + 1, unit) + pdu

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._buffer = self._buffer + data if self._buffer else data

    def next(self) -> tuple[int, int, bytes] | None:
        """Return tag, unit and PDU of the next frame; LostFraming when there is no header."""
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
