"""Replay a capture against a listening hub: python -m integrations.neasmart.replay FILE HOST:PORT.

Every recorded peer becomes one connection; answers are read and thrown away.
"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from integrations.neasmart.capture import RECEIVED, read


async def replay(path: Path, host: str, port: int, speed: float = 0.0) -> int:
    """Send what was received, `speed` times as fast (0: at once); return the bytes sent.

    Raises ValueError for a damaged file and OSError when the hub cannot be reached.
    """
    writers: dict[str, asyncio.StreamWriter] = {}
    drains: list[asyncio.Task[None]] = []
    sent, previous = 0, None
    try:
        for chunk in read(path):
            if chunk.direction != RECEIVED:
                continue
            if speed and previous is not None:
                await asyncio.sleep(max(0.0, chunk.at - previous) / speed)
            previous = chunk.at
            if chunk.peer not in writers:
                reader, writers[chunk.peer] = await asyncio.open_connection(host, port)
                drains.append(asyncio.create_task(_discard(reader)))
            writers[chunk.peer].write(chunk.data)
            await writers[chunk.peer].drain()
            sent += len(chunk.data)
    finally:
        for writer in writers.values():
            with contextlib.suppress(OSError):
                writer.write_eof()
        await asyncio.gather(*drains)
        for writer in writers.values():
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    return sent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 for a failure or 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m integrations.neasmart.replay")
    parser.add_argument("file", type=Path)
    parser.add_argument("target", help="host:port of a Modbus listener of the hub")
    parser.add_argument("--speed", type=float, default=0.0, help="1 = as recorded, 0 = at once")
    options = parser.parse_args(arguments)
    host, _, port = options.target.rpartition(":")
    if not host or not port.isdigit():
        parser.error("target must be host:port")
    try:
        sent = asyncio.run(replay(options.file, host.strip("[]"), int(port), options.speed))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{sent} bytes sent\n")
    return 0


async def _discard(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass


if __name__ == "__main__":
    raise SystemExit(main())
