"""Recording of bus traffic to a bounded file of JSON lines, written off the loop."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.sdk import Capture as Recording
from hub.sdk import Chunk, Direction, capture_framing, read_capture

FORMAT: Final = "neasmart-capture"
RECEIVED: Final = Direction.RECEIVED
SENT: Final = Direction.SENT


class Capture(Recording):
    """Collects the chunks of a line in memory and appends them to its file."""

    def __init__(self, path: Path, framing: str, limit: int = 16_000_000) -> None:
        super().__init__(path, FORMAT, framing, limit)


def framing_of(path: Path) -> str:
    """Return the framing ("mbap" or "rtu") of a capture; ValueError when it is none."""
    return capture_framing(path, FORMAT)


def read(path: Path) -> Iterator[Chunk]:
    """Yield the chunks of a capture; ValueError names a line that is damaged."""
    return read_capture(path, FORMAT)


__all__ = ["FORMAT", "RECEIVED", "SENT", "Capture", "Chunk", "framing_of", "read"]
