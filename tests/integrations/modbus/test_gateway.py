"""Other programs behind the hub: mbpoll, pymodbus and bytes of our own, over real lines."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hub.util.clock import FakeClock
from integrations.modbus.gateway.client import WAITING
from integrations.modbus.gateway.options import GatewayOptions
from integrations.modbus.gateway.server import Gateway
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Serial, Tcp
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table
from tests.peers.modbus import Mbpoll, MbpollError
from tests.peers.ports import free_port_number, wait_until
from tests.peers.steady import SteadyClock

READ = bytes.fromhex("03 0000 0002")


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def device(unit: int, action: Any = None) -> SimDevice:
    """A device with holding registers 0..19 that hold their own address, and eight coils."""
    return SimDevice(
        unit,
        simdata=(
            [SimData(0, values=[True, False] * 4, datatype=DataType.BITS)],
            [SimData(0, values=[False] * 8, datatype=DataType.BITS)],
            [SimData(0, values=list(range(20)), datatype=DataType.REGISTERS)],
            [SimData(0, values=[7] * 4, datatype=DataType.REGISTERS)],
        ),
        action=action,
    )


Start = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Open a gateway on a line; without a transport on one that goes nowhere."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            transport: Any = None, *, clock: Any = None, line: Line | None = None, **spec: Any
        ) -> Gateway:
            clock = clock or SteadyClock()
            if line is None:
                nowhere = Tcp("127.0.0.1", free_port_number())
                line = Line(LinkOptions(transport or nowhere, timeout=30, retries=0), clock)
                if transport is not None:
                    await line.start()
                    stack.push_async_callback(line.stop)
            spec = {"host": "127.0.0.1", "port": 0, **spec}
            gateway = Gateway(line, GatewayOptions.from_spec(spec), clock)
            await gateway.start()
            stack.push_async_callback(gateway.stop)
            return gateway

        yield make


@pytest.fixture
async def server() -> AsyncIterator[ModbusTcpServer]:
    """A Modbus TCP device, unit 1."""
    found = ModbusTcpServer(device(1), address=("127.0.0.1", free_port_number()))
    await found.serve_forever(background=True)
    yield found
    await found.shutdown()


def tcp(server: ModbusTcpServer) -> Tcp:
    return Tcp("127.0.0.1", server.comm_params.source_address[1])


@contextlib.asynccontextmanager
async def pymodbus_client(gateway: Gateway) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=gateway.port, timeout=30, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


async def asked(gateway: Gateway, *pdus: str, unit: int = 1) -> list[str]:
    """Send all requests in one piece and return the answers, as hex."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    for number, pdu in enumerate(pdus):
        writer.write(frame(number, unit, bytes.fromhex(pdu)))
    answers = [await answer(reader) for _ in pdus]
    writer.close()
    assert [number for number, _, _ in answers] == list(range(len(pdus)))
    return [pdu.hex() for _, _, pdu in answers]


async def answer(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    transaction, protocol, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
    assert protocol == 0
    return transaction, unit, await reader.readexactly(length - 1)


# --- real lines


async def test_two_programs_share_a_serial_line(
    start: Start, mbpoll: Mbpoll, pty_pair: tuple[str, str]
) -> None:
    bus = ModbusSerialServer([device(1), device(2)], port=pty_pair[1], baudrate=9600)
    await bus.serve_forever(background=True)
    gateway = await start(
        Serial(pty_pair[0]), write=[{"unit": 2, "table": "holding", "first": 0, "last": 9}]
    )

    async def polls(unit: int) -> list[list[int]]:
        async with pymodbus_client(gateway) as client:
            return [
                (await client.read_holding_registers(turn, count=3, device_id=unit)).registers
                for turn in range(8)
            ]

    one, two, seen, _ = await asyncio.gather(
        polls(1),
        polls(1),
        asyncio.to_thread(mbpoll.read, 4, 3, port=gateway.port, unit=1),
        asyncio.to_thread(mbpoll.write, 1, 77, 78, port=gateway.port, unit=2),
    )
    assert one == two == [[turn, turn + 1, turn + 2] for turn in range(8)]
    assert seen == [4, 5, 6]
    assert await asyncio.to_thread(mbpoll.read, 0, 4, port=gateway.port, unit=2) == [0, 77, 78, 3]
    assert gateway.counters.connections == 5
    await wait_until(lambda: gateway.clients == 0)
    await bus.shutdown()


async def test_programs_and_the_hub_itself_take_turns(
    start: Start, server: ModbusTcpServer
) -> None:
    gateway = await start(tcp(server))
    line = gateway._line

    async def hub_polls() -> list[Any]:
        return [await line.read(1, Table.HOLDING, turn, 2, Priority.POLL) for turn in range(10)]

    answers, polled = await asyncio.gather(
        asked(gateway, *["03 0001 0002"] * 10, "83", "2b 0e 01 00"), hub_polls()
    )
    assert answers[:10] == ["030400010002"] * 10
    assert answers[10] == "8301"
    assert answers[11].startswith("2b0e01")
    assert polled == [[turn, turn + 1] for turn in range(10)]


async def test_mbpoll_reads_and_is_refused_what_no_rule_allows(
    start: Start, server: ModbusTcpServer, mbpoll: Mbpoll
) -> None:
    gateway = await start(tcp(server), write=[{"unit": 1, "table": "coil", "first": 2, "last": 3}])
    port = gateway.port
    assert await asyncio.to_thread(mbpoll.read, 0, 4, port=port, unit=1, table="0") == [1, 0, 1, 0]
    await asyncio.to_thread(mbpoll.write, 2, 0, 1, port=port, unit=1, table="0")
    assert await asyncio.to_thread(mbpoll.read, 0, 4, port=port, unit=1, table="0") == [1, 0, 0, 1]
    with pytest.raises(MbpollError, match="Illegal data address"):
        await asyncio.to_thread(mbpoll.write, 3, 0, 1, port=port, unit=1, table="0")
    with pytest.raises(MbpollError, match="Illegal function"):
        await asyncio.to_thread(mbpoll.write, 0, 1, port=port, unit=1)
    assert gateway.counters.denied == 2
    assert gateway.counters.writes == 1


async def test_every_way_to_write_is_checked_and_passed_on(
    start: Start, server: ModbusTcpServer
) -> None:
    gateway = await start(
        tcp(server), write=[{"unit": 1, "table": "holding", "first": 0, "last": 1}]
    )
    async with pymodbus_client(gateway) as client:
        await client.write_register(0, 5, device_id=1)
        await client.mask_write_register(address=1, and_mask=0, or_mask=6, device_id=1)
        both = await client.readwrite_registers(
            read_address=0, read_count=3, write_address=0, values=[9], device_id=1
        )
        assert both.registers == [9, 6, 2]
        for refused in (
            await client.write_register(2, 5, device_id=1),
            await client.write_registers(1, [5, 5], device_id=1),
            await client.mask_write_register(address=2, and_mask=0, or_mask=6, device_id=1),
            await client.readwrite_registers(
                read_address=0, read_count=1, write_address=2, values=[9], device_id=1
            ),
        ):
            assert refused.exception_code == ExcCodes.ILLEGAL_ADDRESS
        assert (await client.write_coil(0, True, device_id=1)).exception_code == 1


# --- what is answered when there is no answer


async def test_no_line_no_answer_and_no_broadcast(start: Start) -> None:
    assert await asked(await start(), READ.hex()) == ["830a"]

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as deaf:
        options = LinkOptions(
            Tcp("127.0.0.1", deaf.sockets[0].getsockname()[1]), timeout=0.05, retries=0
        )
        line = Line(options, SteadyClock())
        await line.start()
        gateway = await start(line=line)
        assert await asked(gateway, READ.hex()) == ["830b"]
        assert await asked(gateway, READ.hex(), "06 0000 0001", unit=0) == ["830a", "860a"]
        assert gateway.counters.failed == 1
        await line.stop()


async def test_who_asks_too_much_at_once_is_told_so(start: Start, server: ModbusTcpServer) -> None:
    gateway = await start(tcp(server))
    line = gateway._line
    async with line.hold(Priority.WRITE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        for number in range(WAITING + 3):
            writer.write(frame(number, 1, READ))
        await wait_until(lambda: next(iter(gateway._clients)).requests == WAITING + 3)
    answers = [await answer(reader) for _ in range(WAITING + 3)]
    writer.close()
    assert [number for number, _, _ in answers] == list(range(WAITING + 3))
    assert [pdu.hex() for _, _, pdu in answers] == ["030400000001"] * WAITING + ["8306"] * 3
    assert gateway.counters.busy == 3


# --- answers from memory


async def test_a_young_answer_is_given_from_memory(start: Start, server: ModbusTcpServer) -> None:
    clock = FakeClock()
    gateway = await start(
        tcp(server),
        clock=clock,
        max_age=10,
        write=[{"unit": 1, "table": "holding", "first": 0, "last": 9}],
    )
    line = gateway._line
    asked_before = line.counters.requests
    assert await asked(gateway, "03 0000 0004", "03 0001 0002") == [
        "0308" + "0000000100020003",
        "030400010002",
    ]
    assert line.counters.requests == asked_before + 1
    assert await asked(gateway, "06 0001 0063", "03 0000 0004") == [
        "0600010063",
        "0308" + "0000006300020003",
    ]
    await line.read(1, Table.COIL, 0, 8, Priority.POLL)
    before = line.counters.requests
    assert await asked(gateway, "01 0000 0003") == ["010105"]
    assert line.counters.requests == before
    await line.write(1, Table.COIL, 0, [False], Function.AUTO, Priority.WRITE)
    assert await asked(gateway, "01 0000 0003") == ["010104"]
    clock._monotonic += 11
    before = line.counters.requests
    assert await asked(gateway, "01 0000 0003") == ["010104"]
    assert line.counters.requests == before + 1
    await gateway.stop()
    assert line.memory is None


# --- who is let in


async def test_networks_and_numbers_of_clients_are_limited(start: Start) -> None:
    closed = await start(clients=["192.0.2.0/24"])
    reader, writer = await asyncio.open_connection("127.0.0.1", closed.port)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    assert (closed.counters.refused, closed.clients) == (1, 0)

    gateway = await start(clients=["127.0.0.0/8"], max_clients=2)
    kept = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(2)]
    await wait_until(lambda: gateway.clients == 2)
    reader, third = await asyncio.open_connection("127.0.0.1", gateway.port)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    third.close()
    kept[0][1].close()
    await wait_until(lambda: gateway.clients == 1)
    assert await asked(gateway, READ.hex()) == ["830a"]
    kept[1][1].close()


async def test_silent_clients_are_cut(start: Start) -> None:
    clock = FakeClock()
    gateway = await start(clock=clock, idle=60)
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    await wait_until(lambda: gateway.clients == 1)
    await clock.advance(40)
    writer.write(frame(1, 1, READ))
    await answer(reader)
    await clock.advance(40)
    assert gateway.clients == 1
    await clock.advance(25)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    await wait_until(lambda: gateway.clients == 0)
    writer.close()


async def test_a_client_that_takes_no_answers_is_cut(start: Start) -> None:
    clock = FakeClock()
    gateway = await start(clock=clock, idle=60)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", gateway.port))
    _, writer = await asyncio.open_connection(sock=sock)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await wait_until(lambda: gateway.clients == 1)
    client = next(iter(gateway._clients))
    client._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    writer.write(frame(1, 1, READ) * 20_000)
    seen = -1
    while seen != client.requests:
        seen = client.requests
        await asyncio.sleep(0.1)
    await clock.advance(130)
    await wait_until(lambda: gateway.clients == 0)
    writer.transport.abort()


async def test_a_busy_port_is_a_state_and_taken_when_it_is_free(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    clock, changes, port = FakeClock(), [], free_port_number()
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", port))
        owner.listen()
        gateway = await start(clock=clock, port=port)
        assert gateway.error is not None
        assert f"port {port} is in use" in gateway.error
        assert not gateway.listening
        gateway.on_change = lambda: changes.append(gateway.error)
        await clock.advance(30)
        assert not gateway.listening
    await clock.advance(60)
    await wait_until(lambda: gateway.listening)
    assert gateway.error is None
    assert changes[-1] is None
    assert len([item for item in caplog.records if "is in use" in item.getMessage()]) == 1
    assert await asked(gateway, READ.hex()) == ["830a"]
    assert gateway.as_dict()["counters"]["requests"] == 1


async def test_stop_leaves_nothing(start: Start, server: ModbusTcpServer) -> None:
    gateway = await start(tcp(server))
    async with gateway._line.hold(Priority.WRITE):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(frame(1, 1, READ))
        await wait_until(lambda: gateway.counters.requests == 1)
        await gateway.stop()
    assert gateway.clients == 0
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection("127.0.0.1", gateway.port)
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in names if "gateway" in name]
    assert await gateway._line.read(1, Table.HOLDING, 3, 1, Priority.POLL) == [3]
    writer.close()


# --- framing

PDUS = st.sampled_from(["03 0000 0001", "03 0000 0000", "06 0000 0001", "2b 0e 01 00", "63", "11"])
FRAMES = st.lists(
    st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), PDUS), min_size=1, max_size=12
)
DAMAGE = st.sampled_from(["", "0001 0001 0006 01", "0001 0000 0001 01", "0001 0000 00ff 01", "00"])


@settings(max_examples=40)
@given(FRAMES, DAMAGE, st.lists(st.integers(1, 30), max_size=20))
def test_any_split_of_a_stream_gives_the_same_answers(
    frames: list[tuple[int, int, str]], damage: str, sizes: list[int]
) -> None:
    stream = b"".join(frame(number, unit, bytes.fromhex(pdu)) for number, unit, pdu in frames)
    stream += bytes.fromhex(damage)

    async def talk(gateway: Gateway, pieces: list[int]) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        rest = stream
        for size in pieces:
            writer.write(rest[:size])
            rest = rest[size:]
            await asyncio.sleep(0)
        writer.write(rest)
        with contextlib.suppress(OSError):
            writer.write_eof()
        answers = await reader.read()
        writer.close()
        return answers

    async def both() -> tuple[bytes, bytes, bytes]:
        line = Line(LinkOptions(Tcp("127.0.0.1", 9)), SteadyClock())
        options = GatewayOptions.from_spec({"port": 0})
        gateway = Gateway(line, options, SteadyClock())
        await gateway.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        try:
            whole, split = await talk(gateway, []), await talk(gateway, sizes)
            writer.write(frame(7, 1, READ))
            return whole, split, await reader.readexactly(9)
        finally:
            writer.close()
            await gateway.stop()

    whole, split, other = asyncio.run(both())
    assert whole == split
    assert other == frame(7, 1, bytes.fromhex("830a"))
    expected = [(number, unit, int(pdu[:2], 16) | 0x80) for number, unit, pdu in frames]
    found = [struct.unpack_from(">HxxxxBB", whole, start) for start in range(0, len(whole), 9)]
    assert found == expected
