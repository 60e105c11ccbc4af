"""One command on an SSH connection: collects its output and its end. Imports asyncssh."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import asyncssh

from hub.runner.command import Kind

if TYPE_CHECKING:
    from hub.util.clock import Cancel, Clock

FLOOD: Final = 8
"""How many times the wanted output may come before the command is cut off."""


class Session(asyncssh.SSHClientSession[bytes]):
    """Bytes in, bytes out, bounded; nothing that a host sends ends the connection."""

    def __init__(self, clock: "Clock", max_output: int, linger: float) -> None:
        """Keep at most `max_output` bytes of each stream."""
        self.opened = False
        self.status: int | None = None
        self.signal: str | None = None
        self.truncated = False
        self.flooded = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._clock = clock
        self._max = max_output
        self._linger = linger
        self._out: list[bytes] = []
        self._err: list[bytes] = []
        self._room = [max_output, max_output]
        self._dropped = 0
        self._moved = False
        self._timer: Cancel | None = None

    @property
    def stdout(self) -> bytes:
        """Return what came on standard output."""
        return b"".join(self._out)

    @property
    def stderr(self) -> bytes:
        """Return what came on standard error."""
        return b"".join(self._err)

    @property
    def kind(self) -> Kind:
        """Tell how the command ended, once the channel is closed."""
        if self.flooded:
            return Kind.UNKNOWN
        if self.signal is not None:
            return Kind.SIGNAL
        if self.status is None:
            return Kind.UNKNOWN
        return Kind.OK if self.status == 0 else Kind.EXIT

    def connection_made(self, chan: "asyncssh.SSHClientChannel[bytes]") -> None:
        """Note that the session is open: from here on the command may be running."""
        self.opened = True
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Keep output up to the limit; the rest is counted."""
        self._moved = True
        stream = 0 if datatype is None else 1
        room = self._room[stream]
        if len(data) > room:
            self.truncated = True
            self._dropped += len(data) - room
            data = data[:room]
            if self._dropped > FLOOD * max(self._max, 65536) and not self.flooded:
                self.flooded = True
                self.end()
        if data:
            self._room[stream] -= len(data)
            (self._err if stream else self._out).append(data)

    def exit_status_received(self, status: int) -> None:
        """Keep the exit status; output may still follow."""
        self.status = status
        self._wait_for_rest()

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """Keep the signal that ended the command."""
        del core_dumped, msg, lang
        self.signal = signal[:20]
        self._wait_for_rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end: of the channel, or of the whole connection."""
        del exc
        if self._timer is not None:
            self._timer()
        if not self.closed.done():
            self.closed.set_result(None)

    def end(self) -> None:
        """Close the channel without waiting for the host; a command that still runs is ended."""
        if self.channel is not None:
            if self.status is None and self.signal is None:
                with contextlib.suppress(OSError, asyncssh.Error):
                    self.channel.send_signal("TERM")
            self.channel.abort()
        if not self.closed.done():
            self.closed.set_result(None)

    def _wait_for_rest(self) -> None:
        """Close when nothing comes any more: a daemon may hold the output open for ever."""
        if self._timer is not None:
            self._timer()
        self._moved = False
        self._timer = self._clock.call_later(self._linger, self._rested)

    def _rested(self) -> None:
        if self._moved:
            self._wait_for_rest()
        else:
            self.end()


Factory = Callable[[], Session]
