"""A Modbus device that misbehaves as told: over TCP, bare RTU over TCP, UDP, or on a serial device.

It shares no code with the hub: frames, check sums and answers are its own. Set its fields at any
time; `next` holds what is done with the very next requests, one each:

    async with FakeDevice().on_tcp() as device:
        device[1].holding[10] = 215
        device[1].holes.add(("holding", 12))
        device.next += [Mischief.DROP, Late(0.3), Refuse(6)]
"""

import asyncio
import contextlib
import os
import struct
import tty
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input", 5: "coil", 6: "holding"}
TABLES |= {15: "coil", 16: "holding", 22: "holding", 23: "holding"}


class Mischief(Enum):
    """What a device can do to one request."""

    NONE = auto()
    DROP = auto()
    """Not heard: nothing is done, nothing answered."""
    MUTE = auto()
    """Done, but not answered."""
    SHORT = auto()
    """An answer with one register (or eight bits) less, framed well."""
    WRONG_UNIT = auto()
    WRONG_TAG = auto()
    """Another transaction id; on a bus the same as NONE."""
    WRONG_FUNCTION = auto()
    DAMAGED = auto()
    """A wrong check sum; with headers a protocol id that is none."""
    NOISE = auto()
    """Three bytes of noise before the answer (on a bus)."""
    CLOSE = auto()
    """The connection is closed instead of an answer."""
    SPLIT = auto()
    """The answer comes byte by byte."""


@dataclass(frozen=True)
class Late:
    """Answer after so many seconds; what comes meanwhile is answered before, on a bus after it."""

    seconds: float


@dataclass(frozen=True)
class Refuse:
    """Answer with an exception of this code."""

    code: int


@dataclass(frozen=True)
class Request:
    """A request as it was heard."""

    number: int
    """1 for the first of all."""
    connection: int
    """1 for the first connection of all; the serial line is 1."""
    unit: int
    function: int
    pdu: bytes

    @property
    def table(self) -> str:
        """Return coil, discrete, input or holding; empty for other functions."""
        return TABLES.get(self.function, "")

    @property
    def start(self) -> int:
        """Return the first address."""
        return int.from_bytes(self.pdu[1:3], "big")

    @property
    def count(self) -> int:
        """Return how many addresses it is about."""
        if self.function in {5, 6, 22}:
            return 1
        return int.from_bytes(self.pdu[3:5], "big")

    @property
    def is_write(self) -> bool:
        """Tell whether it changes something."""
        return self.function in {5, 6, 15, 16, 22, 23}


@dataclass
class Unit:
    """The memory of one unit id; what was never set is 0."""

    coil: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    discrete: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    input: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    holding: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    holes: set[tuple[str, int]] = field(default_factory=set)
    """(table, address) that answer with exception 2."""
    only: dict[str, set[int]] | None = None
    """Addresses that exist, by table; None = all but the holes."""
    most_words: int = 125
    most_bits: int = 2000
    too_many: int = 3
    """Exception for more than that in one read."""
    read_only: set[tuple[str, int]] = field(default_factory=set)
    """(table, address) whose write is refused with exception 2."""
    functions: frozenset[int] = frozenset(TABLES)
    """Others are refused with exception 1."""
    silent: bool = False
    """It has no power."""
    on_write: Callable[["Unit", str, int, int], int | None] | None = None
    """Called for each address as (unit, table, address, value); returns what is kept, or None."""

    def table(self, name: str) -> defaultdict[int, int]:
        """Return the memory of a table."""
        found: defaultdict[int, int] = getattr(self, name)
        return found

    def has(self, table: str, address: int) -> bool:
        """Tell whether an address exists."""
        if (table, address) in self.holes or not 0 <= address <= 0xFFFF:
            return False
        return self.only is None or address in self.only.get(table, ())


class FakeDevice:
    """A device, or a gateway with several units behind it."""

    def __init__(self) -> None:
        """Make it with unit 1; `device[7]` adds unit 7 when it is first named."""
        self.units: dict[int, Unit] = {}
        self.next: deque[Mischief | Late | Refuse] = deque()
        """What is done with the next requests, one each."""
        self.delay = 0.0
        """Seconds until each answer; one request at a time, as real devices do."""
        self.drop_every = 0
        """Each n-th request is not heard; 0 = none."""
        self.needs_pause = 0.0
        """Requests sooner than this after an answer are not heard."""
        self.most_clients: int | None = None
        """More connections than this are closed at once."""
        self.strangers: int | None = None
        """Exception for units that are not there, as gateways do (0x0B); None = silence."""
        self.echo = False
        """Send back all that is heard, as some serial adapters do."""
        self.gate = asyncio.Event()
        """While it is cleared, requests are heard and logged, and wait."""
        self.gate.set()
        self.log: list[Request] = []
        """All requests in the order in which they came."""
        self.too_soon = 0
        """Requests that came without the pause."""
        self.connections = 0
        """Connections that were taken so far, refused ones too."""
        self.open_now = 0
        self.port = 0
        self.path = ""
        """The serial device."""
        self.units[1] = Unit()
        self._framing = "mbap"
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pty: tuple[int, int] | None = None
        self._link: Path | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered_at = float("-inf")

    def __getitem__(self, unit: int) -> Unit:
        return self.units.setdefault(unit, Unit())

    @property
    def reads(self) -> list[Request]:
        """Return the requests that only read."""
        return [request for request in self.log if not request.is_write]

    @property
    def writes(self) -> list[Request]:
        """Return the requests that change something."""
        return [request for request in self.log if request.is_write]

    # --- where it is reached ----------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def on_tcp(self, *, rtu: bool = False, port: int = 0) -> AsyncIterator["FakeDevice"]:
        """Listen on 127.0.0.1:`port` until the end of the block."""
        self._framing, self.port = ("rtu" if rtu else "mbap"), port
        await self.start()
        try:
            yield self
        finally:
            await self.stop()
            await self._end()

    @contextlib.asynccontextmanager
    async def on_udp(self) -> AsyncIterator["FakeDevice"]:
        """Take datagrams on 127.0.0.1 until the end of the block."""
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=("127.0.0.1", 0)
        )
        self.port = self._datagrams.get_extra_info("sockname")[1]
        try:
            yield self
        finally:
            self._datagrams.close()
            await self._end()

    @contextlib.asynccontextmanager
    async def on_pty(self, link: Path) -> AsyncIterator["FakeDevice"]:
        """Be at the end of the serial device `link` until the end of the block."""
        self._framing, self._link = "rtu", link
        await self.start()
        try:
            yield self
        finally:
            await self.stop()
            await self._end()

    async def start(self) -> None:
        """Come back after `stop`, at the same place."""
        if self._link is not None:
            self._open_pty(self._link)
            return
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Lose power, or be pulled out: the place is gone, connections break."""
        if self._pty is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._pty[0])
            for end in self._pty:
                os.close(end)
            self._pty = None
            if self._link is not None:
                self._link.unlink(missing_ok=True)
        if self._server is not None:
            self._server.close()
            self.drop_clients()
            await self._server.wait_closed()
            self._server = None
        while self.open_now:
            await asyncio.sleep(0.001)

    def drop_clients(self) -> None:
        """Break all connections."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def restart(self) -> None:
        """Stop and start at the same place."""
        await self.stop()
        await self.start()

    async def _end(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _open_pty(self, link: Path) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        self.path, self._pty = str(link), (master, slave)
        self.connections += 1
        buffer = bytearray()
        worker = self._worker(_ptywriter(master))

        def heard() -> None:
            with contextlib.suppress(BlockingIOError):
                data = os.read(master, 4096)
                if self.echo:
                    os.write(master, data)
                buffer.extend(data)
                for frame in _rtu_requests(buffer):
                    worker.put_nowait((1, frame))

        asyncio.get_running_loop().add_reader(master, heard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        if self.most_clients is not None and self.open_now >= self.most_clients:
            writer.transport.abort()
            return
        self.open_now += 1
        self._writers.add(writer)
        worker = self._worker(writer.write, writer.transport.abort)
        buffer = bytearray()
        try:
            while data := await reader.read(4096):
                if self.echo:
                    writer.write(data)
                buffer.extend(data)
                frames = _rtu_requests if self._framing == "rtu" else _mbap_requests
                for frame in frames(buffer):
                    worker.put_nowait((number, frame))
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            self.open_now -= 1
            worker.put_nowait(None)
            writer.close()

    # --- answering --------------------------------------------------------------------------------

    def _worker(
        self, send: Callable[[bytes], None], close: Callable[[], None] | None = None
    ) -> asyncio.Queue[tuple[int, bytes] | None]:
        """Answer the requests of one connection one after the other."""
        queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()

        async def work() -> None:
            while (item := await queue.get()) is not None:
                await self._handle(*item, send, close)

        self._begin(work())
        return queue

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(
        self,
        connection: int,
        frame: bytes,
        send: Callable[[bytes], None],
        close: Callable[[], None] | None,
    ) -> None:
        rtu = self._framing == "rtu"
        tag, unit, pdu = (0, frame[0], frame[1:-2]) if rtu else _unwrapped(frame)
        request = Request(len(self.log) + 1, connection, unit, pdu[0], pdu)
        self.log.append(request)
        await self.gate.wait()
        todo = self.next.popleft() if self.next else Mischief.NONE
        if self._is_not_heard(request, todo):
            return
        if self.delay:
            await asyncio.sleep(self.delay)
        answer = self._answer(request, todo)
        if answer is None or todo is Mischief.MUTE:
            return
        if todo is Mischief.CLOSE:
            if close is not None:
                close()
            return
        bytes_ = _framed(answer, tag, unit, todo, rtu=rtu)
        if isinstance(todo, Late) and rtu:
            await self._later(todo.seconds, bytes_, send)
        elif isinstance(todo, Late):
            self._begin(self._later(todo.seconds, bytes_, send))
        elif todo is Mischief.SPLIT:
            for byte in bytes_:
                send(bytes((byte,)))
                await asyncio.sleep(0.001)
        else:
            send(bytes_)
        self._answered_at = asyncio.get_running_loop().time()

    async def _later(self, seconds: float, frame: bytes, send: Callable[[bytes], None]) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(OSError):
            send(frame)

    def _is_not_heard(self, request: Request, todo: Mischief | Late | Refuse) -> bool:
        if todo is Mischief.DROP or (self.drop_every and request.number % self.drop_every == 0):
            return True
        if asyncio.get_running_loop().time() < self._answered_at + self.needs_pause:
            self.too_soon += 1
            return True
        unit = self.units.get(request.unit)
        return unit.silent if unit is not None else False

    def _answer(self, request: Request, todo: Mischief | Late | Refuse) -> bytes | None:
        """Return the PDU of the answer; None = silence."""
        function = request.function
        if isinstance(todo, Refuse):
            return bytes((function | 0x80, todo.code))
        if request.unit == 0 and self._framing == "rtu":
            for each in self.units.values():
                _act(each, request)
            return None
        unit = self.units.get(request.unit)
        if unit is None:
            return None if self.strangers is None else bytes((function | 0x80, self.strangers))
        code = _wrong(unit, request)
        if code:
            return bytes((function | 0x80, code))
        return _act(unit, request)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, device: FakeDevice) -> None:
        self._device = device

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        def send(answer: bytes) -> None:
            self._transport.sendto(answer, address)

        self._device._begin(self._device._handle(1, data, send, None))


def _ptywriter(master: int) -> Callable[[bytes], None]:
    def send(data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(master, data)

    return send


def _wrong(unit: Unit, request: Request) -> int:
    """Return the exception that a request deserves; 0 = none."""
    if request.function not in unit.functions:
        return 1
    table, start, count = request.table, request.start, request.count
    if not request.is_write or request.function == 23:
        most = unit.most_bits if request.function in {1, 2} else unit.most_words
        if not 1 <= count <= (2000 if request.function in {1, 2} else 125):
            return 3
        if count > most:
            return unit.too_many
    addresses = range(start, start + count)
    if not all(unit.has(table, address) for address in addresses):
        return 2
    if request.is_write and any((table, address) in unit.read_only for address in addresses):
        return 2
    return 0


def _act(unit: Unit, request: Request) -> bytes:
    """Do what is asked, and return the PDU of the answer."""
    function, start, count = request.function, request.start, request.count
    if request.is_write:
        _write(unit, request)
    memory = unit.table(request.table)
    if function in {1, 2}:
        bits = sum(bool(memory[start + index]) << index for index in range(count))
        size = (count + 7) // 8
        return bytes((function, size)) + bits.to_bytes(size, "little")
    if function in {3, 4, 23}:
        values = [memory[start + index] & 0xFFFF for index in range(count)]
        return bytes((function, 2 * count)) + struct.pack(f">{count}H", *values)
    return request.pdu if function == 22 else request.pdu[:5]


def _write(unit: Unit, request: Request) -> None:
    """Keep what a request brings."""
    pdu, function, start, count = request.pdu, request.function, request.start, request.count
    values: tuple[int, ...]
    if function == 22:
        mask_and, mask_or = struct.unpack_from(">HH", pdu, 3)
        values = ((unit.holding[start] & mask_and) | (mask_or & ~mask_and & 0xFFFF),)
    elif function == 23:
        start, number = struct.unpack_from(">HH", pdu, 5)
        values = struct.unpack_from(f">{number}H", pdu, 10)
    elif function == 15:
        bits = int.from_bytes(pdu[6:], "little")
        values = tuple(bits >> index & 1 for index in range(count))
    elif function == 16:
        values = struct.unpack_from(f">{count}H", pdu, 6)
    else:
        values = (int.from_bytes(pdu[3:5], "big"),)
    for index, value in enumerate(values):
        _keep(unit, request.table, start + index, int(value > 0) if function == 5 else value)


def _keep(unit: Unit, table: str, address: int, value: int) -> None:
    kept: int | None = value
    if unit.on_write is not None:
        kept = unit.on_write(unit, table, address, value)
    if kept is not None:
        unit.table(table)[address] = kept


def _framed(
    answer: bytes, tag: int, unit: int, todo: Mischief | Late | Refuse, *, rtu: bool
) -> bytes:
    if todo is Mischief.SHORT and len(answer) > 3:
        cut = 2 if answer[0] in {3, 4} else 1
        answer = bytes((answer[0], answer[1] - cut)) + answer[2:-cut]
    if todo is Mischief.WRONG_FUNCTION:
        answer = bytes((answer[0] % 4 + 1,)) + answer[1:]
    if todo is Mischief.WRONG_UNIT:
        unit = unit % 247 + 1
    if todo is Mischief.WRONG_TAG:
        tag = (tag + 1000) & 0xFFFF
    damage = 1 if todo is Mischief.DAMAGED else 0
    if not rtu:
        return struct.pack(">HHHB", tag, damage, len(answer) + 1, unit) + answer
    frame = bytes((unit,)) + answer
    noise = b"\x00\xff\x55" if todo is Mischief.NOISE else b""
    return noise + frame + (crc(frame) ^ damage).to_bytes(2, "little")


def _unwrapped(frame: bytes) -> tuple[int, int, bytes]:
    tag, _, _, unit = struct.unpack_from(">HHHB", frame)
    return tag, unit, frame[7:]


def _mbap_requests(buffer: bytearray) -> list[bytes]:
    """Cut the complete requests off the front."""
    found = []
    while len(buffer) >= 8:
        end = 6 + int.from_bytes(buffer[4:6], "big")
        if len(buffer) < end:
            break
        found.append(bytes(buffer[:end]))
        del buffer[:end]
    return found


def _rtu_requests(buffer: bytearray) -> list[bytes]:
    """Cut the complete requests off the front; noise before them is thrown away."""
    found = []
    while len(buffer) >= 4:
        function, end = buffer[1], len(buffer)
        if function in {1, 2, 3, 4, 5, 6}:
            end = 8
        elif function in {15, 16}:
            end = 9 + buffer[6] if len(buffer) > 6 else 9
        elif function == 22:
            end = 10
        elif function == 23:
            end = 13 + buffer[10] if len(buffer) > 10 else 13
        if len(buffer) < end:
            break
        if crc(bytes(buffer[:end])) == 0:
            found.append(bytes(buffer[:end]))
            del buffer[:end]
        else:
            del buffer[:1]
    return found


def crc(data: bytes) -> int:
    """Return the check sum of RTU frames, bit by bit; 0 over a frame that ends in its own."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
