"""The protocol, and nothing of the hub but its errors: connect, read one line, close."""

import asyncio
import contextlib
import math
from typing import Final

from hub.sdk import Unavailable
from integrations._template.models import Reading

_LONGEST_LINE: Final = 64


class Thermometer:
    """One device; every question is a connection of its own."""

    def __init__(self, host: str, port: int) -> None:
        """Name the device; nothing is opened yet."""
        self._host, self._port = host, port
        self._place = f"{host}:{port}"

    async def read(self) -> Reading:
        """Return the present reading; raises `Unavailable` when there is no proper answer."""
        try:
            reader, writer = await asyncio.open_connection(
                self._host, self._port, limit=_LONGEST_LINE
            )
        except OSError as error:
            raise Unavailable(f"{self._place} can not be reached: {error.strerror}") from error
        try:
            return _parse(await reader.readuntil(b"\n"))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise Unavailable(f"{self._place} gave no number") from error
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _parse(line: bytes) -> Reading:
    temperature = float(line)
    if not math.isfinite(temperature):
        raise ValueError("not finite")
    return Reading(temperature)
