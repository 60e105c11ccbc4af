"""One process on this machine: bounded output, an end for its whole group, a clean environment."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from typing import Final

from hub.runner.command import KILL_AFTER, Kind, Outcome

_LINGER: Final = 1.0
_CHUNK: Final = 1 << 16
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
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env=environment(),
        )
    except FileNotFoundError:
        return Outcome(
            Kind.EXIT, tuple(argv), where, 127, stderr=f"{command[0]}: not found".encode()
        )
    except OSError as error:
        said = f"{command[0]}: {error.strerror}".encode()
        return Outcome(Kind.EXIT, tuple(argv), where, 126, stderr=said)
    out, err = _Output(max_output), _Output(max_output)
    late = False
    async with asyncio.TaskGroup() as group:
        pumps = [
            group.create_task(out.pump(process.stdout)),
            group.create_task(err.pump(process.stderr)),
        ]
        feeding = group.create_task(_feed(process, stdin))
        try:
            try:
                async with asyncio.timeout(seconds):
                    await process.wait()
            except TimeoutError:
                late = True
                await _end(process)
            # what was left behind in the background may hold the output open for ever
            await asyncio.wait(pumps, timeout=_LINGER)
        finally:
            if process.returncode is None:
                _kill(process, signal.SIGKILL)
            for task in (*pumps, feeding):
                task.cancel()
            _close(process)
    status = await process.wait()
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
        bytes(out.data),
        bytes(err.data),
        time.perf_counter() - started,
        out.truncated or err.truncated,
    )


def environment() -> dict[str, str]:
    """Return what a program needs and nothing of the hub's: secrets are in the environment too."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PATH": _PATH, "LC_ALL": "C.UTF-8"}


class _Output:
    """What one pipe carried, up to a limit; the rest is read and dropped."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self.truncated = False
        self._limit = limit

    async def pump(self, pipe: asyncio.StreamReader | None) -> None:
        """Read to the end."""
        if pipe is None:
            return
        while chunk := await pipe.read(_CHUNK):
            room = self._limit - len(self.data)
            self.data += chunk[:room]
            self.truncated = self.truncated or len(chunk) > room


async def _feed(process: asyncio.subprocess.Process, data: bytes | None) -> None:
    """Write the input and end it; a program may end before it has read everything."""
    if process.stdin is None or data is None:
        return
    with contextlib.suppress(OSError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the whole group, politely and then not."""
    _kill(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(KILL_AFTER):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        # also the children of one that ended politely
        _kill(process, signal.SIGKILL)
    await process.wait()


def _kill(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _close(process: asyncio.subprocess.Process) -> None:
    """Close the pipes, whoever still holds their other ends."""
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()
