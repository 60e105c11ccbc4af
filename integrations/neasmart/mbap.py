"""The framing of Modbus over TCP: every frame of every chunk, replies joined in order."""

import struct
from typing import Final

from integrations.neasmart.counters import Counters
from integrations.neasmart.pdu import FUNCTIONS, Slave

_HEAD = struct.Struct(">HHHBBHH")
_REPLY = struct.Struct(">HHHBBB")
_FORGET_PARTIAL_AFTER: Final = 10.0


class Mbap:
    """Cuts a TCP stream into frames, hands them to the slave and joins the answers."""

    def __init__(self, slave: Slave, counters: Counters) -> None:
        self._slave = slave
        self._counters = counters
        self._rest = b""
        self._fed_at = 0.0
        self._lost = False

    def feed(self, data: bytes, now: float) -> bytes:
        """Process a chunk of any size and return the bytes to send back."""
        if self._rest:
            data = self._join(data, now)
        self._fed_at = now
        slave, image = self._slave, self._slave.image
        answered, served, queued = slave.answered, image.served, image.queued
        unpack, pack = _HEAD.unpack_from, _REPLY.pack
        replies: list[bytes | bytearray] = []
        reads = position = 0
        end = len(data)
        # The poll of the base, a plain FC03, is answered here; all else takes the slower way.
        while end - position >= 12:
            transaction, protocol, length, unit, function, address, count = unpack(data, position)
            if (
                function == 3
                and length == 6
                and protocol == 0
                and unit in answered
                and 0 < count <= 125
                and address + count <= 65536
            ):
                if queued:
                    image.delivered(address, count, now)
                size = 2 * count
                place = 2 * address
                replies.append(pack(transaction, 0, 3 + size, unit, 3, size))
                replies.append(served[place : place + size])
                position += 12
                reads += 1
                self._lost = False
                continue
            following = self._other(data, position, end, now, replies)
            if following == position:
                break
            position = following
        else:
            position = self._tail(data, position, end, now, replies)
        self._rest = data[position:]
        self._counters.reads += reads
        self._counters.replies += reads
        return b"".join(replies)

    def _join(self, data: bytes, now: float) -> bytes:
        if now - self._fed_at > _FORGET_PARTIAL_AFTER:
            self._counters.noise_bytes += len(self._rest)
            return data
        return self._rest + data

    def _tail(
        self, data: bytes, position: int, end: int, now: float, replies: list[bytes | bytearray]
    ) -> int:
        """Process what is shorter than a read request: short frames, or the start of one."""
        while end - position >= 8:
            following = self._other(data, position, end, now, replies)
            if following == position:
                break
            position = following
        return position

    def _other(
        self, data: bytes, position: int, end: int, now: float, replies: list[bytes | bytearray]
    ) -> int:
        """Process one frame that is no plain read; return the next position, or the same one."""
        stop = position + 6 + (data[position + 4] << 8 | data[position + 5])
        if not self._plausible(data, position, end, stop):
            self._counters.noise_bytes += 1
            if not self._lost:
                self._counters.crc_errors += 1
                self._lost = True
            return position + 1
        if stop > end:
            return position
        self._lost = False
        unit = data[position + 6]
        response = self._slave.handle(unit, data[position + 7 : stop], now, self._counters)
        if response is not None:
            head = data[position : position + 2] + b"\x00\x00"
            replies.append(head + (len(response) + 1).to_bytes(2, "big") + bytes((unit,)))
            replies.append(response)
        return stop

    def _plausible(self, data: bytes, position: int, end: int, stop: int) -> bool:
        length = stop - position - 6
        if data[position + 2] or data[position + 3] or not 2 <= length <= 254:
            return False
        if not self._lost:
            return True
        # After noise a header must fit its function too, lest noise swallow good frames.
        function = data[position + 7]
        if function not in FUNCTIONS:
            return False
        if function in (15, 16):
            return end - position < 13 or length == 7 + data[position + 12]
        if function == 23:
            return end - position < 17 or length == 11 + data[position + 16]
        return length == (8 if function == 22 else 6)
