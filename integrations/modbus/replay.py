"""A device that answers as it was recorded: python -m integrations.modbus.replay FILE [HOST:PORT].

It speaks Modbus TCP, whatever the recorded link was. The same request gets its recorded answers in
turn, and the last of them from then on; what was not answered then is not answered now.
"""

import argparse
import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.sdk import Direction, capture_framing, read_capture
from integrations.modbus.capture import FORMAT, MBAP, RTU
from integrations.modbus.gateway.mbap import LostFraming, Mbap
from integrations.modbus.line.frames import Frames

ILLEGAL_ADDRESS: Final = 0x02
"""For what was never asked of a unit that was heard: it lives, more is not known."""
NO_ANSWER: Final = 0x0B
"""For a unit that nobody ever heard: what a gateway says of one that is not there."""
_CHUNK: Final = 2048
_OPEN: Final = 64
_SHORTEST: Final = {MBAP: 8, RTU: 4}


@dataclass(slots=True)
class Exchange:
    """A request and what came back: a PDU, or None for silence."""

    unit: int
    request: bytes
    answer: bytes | None = None
    tag: int = 0
    """Its transaction id, where there are such."""


def exchanges(path: Path) -> list[Exchange]:
    """Return what a recording holds, in order of the requests; ValueError for a damaged file."""
    framing = capture_framing(path, FORMAT)
    if framing not in _SHORTEST:
        raise ValueError(f"{path}: {framing[:20]!r} is no framing of this program")
    pairing = _Pairing(is_bus=framing == RTU)
    for chunk in read_capture(path, FORMAT):
        if chunk.direction != Direction.SENT:
            pairing.received(chunk.data)
        elif len(chunk.data) < _SHORTEST[framing]:
            raise ValueError(f"{path}: {chunk.data.hex(' ')} is no request")
        else:
            pairing.sent(chunk.data)
    return pairing.found


class Recorded:
    """The answers of a recording, ready to be asked for again."""

    def __init__(self, found: Iterable[Exchange]) -> None:
        """Take exchanges in the order in which they happened."""
        self.surprises: list[tuple[int, bytes]] = []
        """Requests that were not recorded."""
        self._answers: dict[tuple[int, bytes], deque[bytes | None]] = {}
        self._heard: set[int] = set()
        for item in found:
            self._answers.setdefault((item.unit, item.request), deque()).append(item.answer)
            if item.answer is not None:
                self._heard.add(item.unit)

    def answer(self, unit: int, pdu: bytes) -> bytes | None:
        """Return what is answered next to a request; None = silence."""
        answers = self._answers.get((unit, pdu))
        if answers is None:
            self.surprises.append((unit, pdu))
            del self.surprises[:-_OPEN]
            return bytes((pdu[0] | 0x80, ILLEGAL_ADDRESS if unit in self._heard else NO_ANSWER))
        return answers.popleft() if len(answers) > 1 else answers[0]


class Replay:
    """A Modbus TCP server that answers from a recording."""

    def __init__(self, recorded: Recorded) -> None:
        """Prepare; nothing listens before `start`."""
        self.recorded = recorded
        self.port = 0
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 = any that is free. Raises OSError."""
        self._server = await asyncio.start_server(self._visit, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
            clients = [*self._clients]
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)
            await self._server.wait_closed()

    def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="modbus replay")
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framing = Mbap()
        with contextlib.closing(writer), contextlib.suppress(OSError, LostFraming):
            while data := await reader.read(_CHUNK):
                framing.feed(data)
                while (asked := framing.next()) is not None:
                    tag, unit, pdu = asked
                    answer = self.recorded.answer(unit, pdu)
                    if answer is not None:
                        writer.write(framing.wrap(tag, unit, answer))
                await writer.drain()


class _Pairing:
    """Finds the answer to each request in what passed over a line."""

    def __init__(self, *, is_bus: bool) -> None:
        self.found: list[Exchange] = []
        self._is_bus = is_bus
        self._open: list[Exchange] = []
        self._framing = Mbap()
        self._frames = Frames()

    def sent(self, frame: bytes) -> None:
        """Take a request; on a bus it ends the wait for the one before."""
        if self._is_bus:
            self._open.clear()
            self._frames.clear()
            asked = Exchange(frame[0], frame[1:-2])
        else:
            tag = int.from_bytes(frame[:2], "big")
            asked = Exchange(frame[6], frame[7:], tag=tag)
        self.found.append(asked)
        self._open.append(asked)
        del self._open[:-_OPEN]

    def received(self, data: bytes) -> None:
        """Take what came, in pieces of any size."""
        if self._is_bus:
            self._received_on_bus(data)
            return
        self._framing.feed(data)
        try:
            while (answer := self._framing.next()) is not None:
                self._pair(*answer)
        except LostFraming:
            self._framing = Mbap()

    def _received_on_bus(self, data: bytes) -> None:
        if self._open:
            unit, function = self._open[-1].unit, self._open[-1].request[0]
            self._frames.feed(data)
            if (frame := self._frames.next(unit, {function})) is not None:
                self._pair(0, unit, frame[1:-2])

    def _pair(self, tag: int, unit: int, pdu: bytes) -> None:
        for asked in self._open:
            fits = asked.unit == unit and asked.request[0] == pdu[0] & 0x7F
            if fits and tag == asked.tag:
                asked.answer = pdu
                self._open.remove(asked)
                return


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 1 for a failure or 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m integrations.modbus.replay")
    parser.add_argument("file", type=Path)
    parser.add_argument("place", nargs="?", default="127.0.0.1:5020", help="host:port to listen on")
    options = parser.parse_args(arguments)
    host, _, port = options.place.rpartition(":")
    if not host or not port.isdigit():
        parser.error("place must be host:port")
    try:
        found = exchanges(options.file)
        asyncio.run(_serve(found, host.strip("[]"), int(port)))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


async def _serve(found: Sequence[Exchange], host: str, port: int) -> None:
    replay = Replay(Recorded(found))
    await replay.start(host, port)
    sys.stdout.write(f"{len(found)} exchanges, answering on {host}:{replay.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    raise SystemExit(main())
