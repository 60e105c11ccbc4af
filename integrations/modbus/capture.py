"""Recording of a link: every frame that its line sends and receives, in a bounded file."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from hub.sdk import Capture, Clock, Direction
from integrations.modbus.line.client import Line

FORMAT: Final = "modbus-capture"
MBAP: Final = "mbap"
RTU: Final = "rtu"
PEER: Final = "device"
"""What all chunks are said to be from: a recording that is passed on names no address."""
_FLUSH_SECONDS: Final = 1.0


class LinkCapture:
    """Writes the traffic of one line to a file while it runs."""

    def __init__(self, line: Line, path: Path, clock: Clock, limit: int = 16_000_000) -> None:
        """Prepare; nothing is recorded before `start`."""
        framing = RTU if line.options.is_bus else MBAP
        self._capture = Capture(path, FORMAT, framing, limit)
        self._line, self._clock = line, clock
        self._writing: asyncio.Task[None] | None = None

    @property
    def path(self) -> Path:
        """Return the file that is written."""
        return self._capture.path

    @property
    def dropped(self) -> int:
        """Return how many frames the disk did not take."""
        return self._capture.dropped

    def start(self) -> None:
        """Record from now on."""
        self._line.on_frame = self._record
        self._writing = asyncio.create_task(self._write(), name="modbus capture")

    async def stop(self) -> None:
        """Record no more; what was recorded is on the disk when this returns."""
        self._line.on_frame = None
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
            self._writing = None
        await self._capture.flush()

    def _record(self, sending: bool, data: bytes) -> None:
        direction = Direction.SENT if sending else Direction.RECEIVED
        self._capture.record(self._clock.monotonic(), PEER, direction, data)

    async def _write(self) -> None:
        while True:
            await self._clock.sleep(_FLUSH_SECONDS)
            await self._capture.flush()
