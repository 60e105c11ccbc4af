"""One process on this machine: bounded output, an end for its whole group, a clean environment."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from typing import Final, cast

from hub.runner.command import KILL_AFTER, Kind, Outcome

_LINGER: Final = 1.0
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEPT: Final = ("HOME", "USER", "LOGNAME", "TZ", "XDG_RUNTIME_DIR")


async def execute(
    argv: Sequence[str],
    command: Sequence[str],
    stdin: bytes | None,
    seconds: float,
    max_output: int,
    where: str,
) -> Outcome:
    """Run `command` (what `argv` became) for at most `seconds`; a missing program is status 127."""
    started = time.perf_counter()
    try:
        transport, process = await _start(command, max_output, piped=stdin is not None)
    except FileNotFoundError:
        return Outcome(
            Kind.EXIT, tuple(argv), where, 127, stderr=f"{command[0]}: not found".encode()
        )
    except OSError as error:
        said = f"{command[0]}: {error.strerror}".encode()
        return Outcome(Kind.EXIT, tuple(argv), where, 126, stderr=said)
    late = False
    try:
        _feed(transport, stdin)
        await asyncio.wait({process.exited}, timeout=seconds)
        if not process.exited.done():
            late = True
            await _end(transport, process)
        # what was left behind in the background may hold the output open for ever
        await asyncio.wait({process.silent}, timeout=_LINGER)
    finally:
        await _let_go(transport, process)
    status = transport.get_returncode() or 0
    name = signal.Signals(-status).name.removeprefix("SIG") if status < 0 else None
    if late:
        kind = Kind.TIMEOUT
    elif name is not None:
        kind = Kind.SIGNAL
    else:
        kind = Kind.OK if status == 0 else Kind.EXIT
    return Outcome(
        kind,
        tuple(argv),
        where,
        None if name else status,
        name,
        bytes(process.output[1]),
        bytes(process.output[2]),
        time.perf_counter() - started,
        process.truncated,
    )


def environment() -> dict[str, str]:
    """Return what a program needs and nothing of the hub's: secrets are in the environment too."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PATH": _PATH, "LC_ALL": "C.UTF-8"}


class _Process(asyncio.SubprocessProtocol):
    """Collects output up to a limit, and tells the end of the process apart from its pipes'."""

    def __init__(self, limit: int) -> None:
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.silent: asyncio.Future[None] = loop.create_future()
        self.output = {1: bytearray(), 2: bytearray()}
        self.truncated = False
        self._limit = limit
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        """Keep what there is room for; the rest is dropped."""
        kept = self.output[fd]
        room = self._limit - len(kept)
        self.truncated = self.truncated or len(data) > room
        if isinstance(data, bytes) and room > 0:
            kept += data[:room]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Note the end of an output."""
        del exc
        self._open.discard(fd)
        if not self._open and not self.silent.done():
            self.silent.set_result(None)

    def process_exited(self) -> None:
        """Note the end of the process."""
        if not self.exited.done():
            self.exited.set_result(None)


_Started = tuple[asyncio.SubprocessTransport, _Process]


async def _start(command: Sequence[str], max_output: int, *, piped: bool) -> _Started:
    """Start the process; when cancelled, end what was started by then."""
    loop = asyncio.get_running_loop()
    starting = asyncio.ensure_future(
        loop.subprocess_exec(
            lambda: _Process(max_output),
            *command,
            stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env=environment(),
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            await _let_go(*await starting)
        raise


async def _let_go(transport: asyncio.SubprocessTransport, process: _Process) -> None:
    """Close the pipes, and end the process if it still runs."""
    if not process.exited.done():
        _kill(transport, signal.SIGKILL)
        await asyncio.wait({process.exited}, timeout=KILL_AFTER)
    transport.close()


def _feed(transport: asyncio.SubprocessTransport, data: bytes | None) -> None:
    """Write the input and end it; a program may end before it has read everything."""
    # uvloop's transports are none of asyncio's classes
    pipe = cast("asyncio.WriteTransport | None", transport.get_pipe_transport(0))
    if pipe is None:
        return
    # of a program that has ended already: OSError, or RuntimeError of uvloop's
    with contextlib.suppress(OSError, RuntimeError):
        if data:
            pipe.write(data)
        pipe.write_eof()


async def _end(transport: asyncio.SubprocessTransport, process: _Process) -> None:
    """End the whole group, politely and then not."""
    _kill(transport, signal.SIGTERM)
    try:
        await asyncio.wait({process.exited}, timeout=KILL_AFTER)
    finally:
        # also the children of one that ended politely
        _kill(transport, signal.SIGKILL)
    await asyncio.wait({process.exited}, timeout=KILL_AFTER)


def _kill(transport: asyncio.SubprocessTransport, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), number)
