"""Recordings of what passes over a line: a bounded file of JSON lines, written off the loop."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

_LOGGER = logging.getLogger(__name__)

_WAITING_LIMIT: Final = 10_000
_VERSION: Final = 1


class Direction(StrEnum):
    """Which way bytes went, seen from the hub."""

    RECEIVED = "rx"
    SENT = "tx"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they came or went: seconds (monotonic), peer, direction."""

    at: float
    peer: str
    direction: str
    data: bytes


class Capture:
    """Collects chunks in memory and appends them to a file; a full file becomes `<file>.1`."""

    def __init__(self, path: Path, format: str, framing: str, limit: int = 16_000_000) -> None:
        """Write to `path`, at most about `limit` bytes; the head names `format` and `framing`."""
        self.path = path
        self.dropped = 0
        self._head = {"format": format, "version": _VERSION, "framing": framing}
        self._limit = limit
        self._waiting: list[Chunk] = []
        self._lock = asyncio.Lock()
        self._failed = False

    def record(self, at: float, peer: str, direction: str, data: bytes) -> None:
        """Remember a chunk for the next flush; drops it when the disk cannot follow."""
        if len(self._waiting) >= _WAITING_LIMIT:
            self.dropped += 1
        else:
            self._waiting.append(Chunk(at, peer, direction, data))

    async def flush(self) -> None:
        """Append what was recorded; a failing disk costs the recording only."""
        async with self._lock:
            chunks, self._waiting = self._waiting, []
            if not chunks:
                return
            try:
                await asyncio.to_thread(self._append, chunks)
            except OSError as error:
                self.dropped += len(chunks)
                if not self._failed:
                    _LOGGER.warning("Cannot write capture %s: %s", self.path, error)
                self._failed = True
            else:
                self._failed = False

    def _append(self, chunks: list[Chunk]) -> None:
        lines = "".join(
            json.dumps([round(c.at, 6), c.peer, c.direction, c.data.hex()]) + "\n" for c in chunks
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        size = self.path.stat().st_size if self.path.exists() else 0
        if size and size + len(lines) > self._limit:
            self.path.replace(self.path.with_name(self.path.name + ".1"))
            size = 0
        with self.path.open("a", encoding="ascii") as file:
            file.write(lines if size else json.dumps(self._head) + "\n" + lines)


def capture_framing(path: Path, format: str) -> str:
    """Return the framing that a capture's head names; ValueError when it is none of `format`."""
    with path.open(encoding="ascii", errors="replace") as file:
        try:
            head = json.loads(file.readline())
        except ValueError:
            head = None
    if (
        not isinstance(head, dict)
        or head.get("format") != format
        or head.get("version") != _VERSION
        or "framing" not in head
    ):
        raise ValueError(f"{path} is not a capture of this program")
    return str(head["framing"])


def read_capture(path: Path, format: str) -> Iterator[Chunk]:
    """Yield the chunks of a capture; ValueError names a line that is damaged."""
    capture_framing(path, format)
    with path.open(encoding="ascii", errors="replace") as file:
        file.readline()
        for number, line in enumerate(file, 2):
            try:
                at, peer, direction, text = json.loads(line)
                chunk = Chunk(float(at), str(peer), str(direction), bytes.fromhex(text))
            except (ValueError, TypeError) as error:
                raise ValueError(f"{path}:{number}: {error}") from error
            yield chunk
