"""Server-to-client text frames (RFC 6455, section 5.2): unmasked, never fragmented."""

from collections.abc import Sequence
from typing import Final

PING_FRAME: Final = b"\x89\x00"


def text_frame(payload: bytes) -> bytes:
    """Return the frame of one text message."""
    return header(len(payload)) + payload


def header(length: int) -> bytes:
    """Return the header of a text frame with `length` bytes of payload."""
    if length < 126:
        return bytes((0x81, length))
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


def frames(messages: Sequence[bytes], coalesce: bool) -> bytes:
    """Return one array frame for a client that declared it, else one frame for each message."""
    if len(messages) == 1:
        return text_frame(messages[0])
    if coalesce:
        return text_frame(b"[" + b",".join(messages) + b"]")
    return b"".join([part for message in messages for part in (header(len(message)), message)])
