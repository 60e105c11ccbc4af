"""The simulator's own words on the wire: checksum, temperatures, frames, and asking.

Written a second time on purpose: it is the witness against the hub's own code.
"""

import asyncio
import contextlib
import struct
from typing import Final

ANSWER_SECONDS: Final = 1.0


def checksum(data: bytes) -> bytes:
    """Return the two bytes that end an RTU frame."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            low = value & 1
            value >>= 1
            if low:
                value ^= 0xA001
    return struct.pack("<H", value)


def to_word(celsius: float) -> int:
    """Return the two-byte floating point word of a temperature."""
    hundredths, exponent = celsius * 100, 0
    while not -2048 <= round(hundredths / (1 << exponent)) <= 2047:
        exponent += 1
    return (exponent << 11) | (round(hundredths / (1 << exponent)) & 0x87FF)


def to_celsius(word: int) -> float:
    """Return the temperature of a two-byte floating point word."""
    mantissa = word & 0x7FF
    if word >> 15:
        mantissa -= 2048
    return float(0.01 * mantissa * (1 << (word >> 11 & 15)))


class Wire:
    """Frames one conversation with the hub, `mbap` or `rtu`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: str
    ) -> None:
        """Talk over an open stream."""
        self.framing = framing
        self.writer = writer
        self._reader = reader
        self._transaction = 0

    def frame(self, unit: int, pdu: bytes) -> bytes:
        """Return the bytes of one request."""
        body = bytes((unit,)) + pdu
        if self.framing == "rtu":
            return body + checksum(body)
        self._transaction = self._transaction % 0xFFFF + 1
        return struct.pack(">HHH", self._transaction, 0, len(body)) + body

    async def send(self, *chunks: bytes) -> None:
        """Send chunks one by one; nobody answers."""
        for chunk in chunks:
            self.writer.write(chunk)
            await self.writer.drain()

    async def ask(self, unit: int, pdu: bytes) -> bytes | None:
        """Send a request and return the answer's PDU, or None after a second of silence."""
        await self.send(self.frame(unit, pdu))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await (self._rtu(unit) if self.framing == "rtu" else self._mbap(unit))
        except TimeoutError:
            return None

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def _mbap(self, unit: int) -> bytes:
        while True:
            transaction, _, length = struct.unpack(">HHH", await self._reader.readexactly(6))
            body = await self._reader.readexactly(length)
            if transaction == self._transaction and body[0] == unit:
                return body[1:]

    async def _rtu(self, unit: int) -> bytes | None:
        head = await self._reader.readexactly(3)
        rest = 5 if head[1] in (5, 6, 15, 16) else 2 + head[2]
        if head[1] >= 0x80:
            rest = 2
        frame = head + await self._reader.readexactly(rest)
        if frame[0] != unit or checksum(frame[:-2]) != frame[-2:]:
            return None
        return frame[1:-2]
