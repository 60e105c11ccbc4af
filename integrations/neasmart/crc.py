"""The checksum of Modbus RTU: CRC-16, polynomial 0xA001 reflected, start 0xFFFF."""

from typing import Final


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


TABLE: Final = tuple(_entry(value) for value in range(256))


def crc16(data: bytes) -> int:
    """Return the checksum; it is sent low byte first, so a sound frame's own checksum is 0."""
    table, crc = TABLE, 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def seal(frame: bytes) -> bytes:
    """Return the frame with its checksum appended."""
    return frame + crc16(frame).to_bytes(2, "little")
