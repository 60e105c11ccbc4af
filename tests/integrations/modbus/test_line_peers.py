"""A link to servers that others wrote: pymodbus, libmodbus, modbus_tk; over every transport."""

import asyncio
import ssl
import struct
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from integrations.modbus.line.client import Line
from integrations.modbus.line.errors import LinkDown, Refused
from integrations.modbus.line.options import (
    LinkOptions,
    RtuOverTcp,
    Serial,
    Tcp,
    Tls,
    Transport,
    Udp,
)
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table
from tests.peers.modbus import Mbpoll, PymodbusServer
from tests.peers.pebble import Authority
from tests.peers.ports import free_port_number, wait_for_port
from tests.peers.steady import SteadyClock

UNIT = PymodbusServer.UNIT
Start = Callable[..., PymodbusServer]


@asynccontextmanager
async def opened(transport: Transport) -> AsyncIterator[Line]:
    line = Line(LinkOptions(transport, timeout=30.0, connect_timeout=30.0), SteadyClock())
    await line.start()
    try:
        yield line
    finally:
        await line.stop()


async def use_everything(line: Line) -> None:
    """Read and write all that a link offers; the tables hold their addresses."""
    assert line.connected, line.error
    for table in (Table.HOLDING, Table.INPUT):
        assert await line.read(UNIT, table, 5, 3, Priority.POLL) == [5, 6, 7]
        assert await line.read(UNIT, table, 100, 125, Priority.POLL) == list(range(100, 225))
    for table in (Table.COIL, Table.DISCRETE):
        found = await line.read(UNIT, table, 1, 999, Priority.POLL)
        assert found == [address % 2 == 1 for address in range(1, 1000)]
    write = line.write
    await write(UNIT, Table.HOLDING, 10, [1], Function.AUTO, Priority.WRITE)
    await write(UNIT, Table.HOLDING, 11, list(range(123)), Function.AUTO, Priority.WRITE)
    await write(UNIT, Table.HOLDING, 200, [0xFF00, 0x0034], Function.MASK, Priority.WRITE)
    await write(UNIT, Table.COIL, 20, [True], Function.AUTO, Priority.WRITE)
    await write(UNIT, Table.COIL, 21, [False, True, True], Function.AUTO, Priority.WRITE)
    assert await line.read(UNIT, Table.HOLDING, 10, 124, Priority.ASKED) == [1, *range(123)]
    assert await line.read(UNIT, Table.HOLDING, 200, 1, Priority.ASKED) == [0x0034]
    assert await line.read(UNIT, Table.COIL, 20, 4, Priority.ASKED) == [True, False, True, True]
    with pytest.raises(Refused) as told:
        await line.read(UNIT, Table.HOLDING, 990, 20, Priority.POLL)
    assert told.value.code == 2
    pdu = bytes.fromhex("17 0005 0002 0064 0001 02 BEEF")
    assert await line.forward(UNIT, pdu, Priority.ASKED) == bytes.fromhex("17 04 0005 0006")
    assert await line.read(UNIT, Table.HOLDING, 100, 1, Priority.ASKED) == [0xBEEF]
    counters = line.counters
    assert counters.timeouts == counters.bad_answers == counters.reconnects == 0


@pytest.mark.parametrize(
    ("kind", "made"), [("tcp", Tcp), ("udp", Udp), ("rtu_over_tcp", RtuOverTcp)]
)
async def test_pymodbus_over_the_network(
    pymodbus_server: Start, kind: str, made: type[Tcp]
) -> None:
    port = free_port_number()
    server = pymodbus_server(kind, port)
    async with opened(made("127.0.0.1", port)) as line:
        await use_everything(line)
    assert server.words(3, 200) == [0x0034]


@pytest.mark.parametrize("baudrate", [9600, 115_200])
async def test_pymodbus_on_a_serial_device(
    pymodbus_server: Start, pty_pair: tuple[str, str], baudrate: int
) -> None:
    pymodbus_server("rtu", pty_pair[0])
    async with opened(Serial(pty_pair[1], baudrate=baudrate)) as line:
        await use_everything(line)


@pytest.mark.parametrize("clients", [False, True], ids=["server-only", "client-certificate"])
async def test_pymodbus_over_tls(
    pymodbus_server: Start, tmp_path: Path, clients: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    authority = Authority(tmp_path)
    port = free_port_number()
    pymodbus_server("tls", port, _server_side(authority, tmp_path, clients=clients))
    pair = [text.decode() for text in authority.pair(["hub"])] if clients else ["", ""]
    ca = authority.certificate.read_text()
    async with opened(Tls("127.0.0.1", port, "meter.test", ca, *pair)) as line:
        await use_everything(line)
    assert list((tmp_path / "temporary").iterdir()) == []


async def test_tls_refuses_who_is_not_named_or_not_signed(
    pymodbus_server: Start, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    port = free_port_number()
    pymodbus_server("tls", port, _server_side(authority, tmp_path, clients=False))
    ca = authority.certificate.read_text()
    for transport, reason in (
        (Tls("127.0.0.1", port, "", ca), "IP address mismatch"),
        (Tls("127.0.0.1", port, "other.test", ca), "Hostname mismatch"),
        (Tls("127.0.0.1", port, "meter.test"), "unable to get local issuer"),
        (Tls("127.0.0.1", port, "meter.test", "no certificate"), "no start line|NO_START_LINE"),
        (Tls("127.0.0.1", port, "meter.test", ca, ca, "no key"), "PEM|pem"),
    ):
        async with opened(transport) as line:
            assert not line.connected
            with pytest.raises(LinkDown, match=reason):
                await line.read(UNIT, Table.HOLDING, 0, 1, Priority.POLL)


async def test_tls_without_the_certificate_that_the_device_wants(
    pymodbus_server: Start, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    port = free_port_number()
    pymodbus_server("tls", port, _server_side(authority, tmp_path, clients=True))
    ca = authority.certificate.read_text()
    async with opened(Tls("127.0.0.1", port, "meter.test", ca)) as line:
        with pytest.raises(Exception, match=r"(?i)certificate.required|closed|connection"):
            await line.read(UNIT, Table.HOLDING, 0, 1, Priority.POLL)


async def test_libmodbus_over_tcp_with_several_connections(
    libmodbus_server: Callable[[str, str], None],
) -> None:
    port = free_port_number()
    libmodbus_server("tcp", str(port))
    async with opened(Tcp("127.0.0.1", port)) as line:
        await use_everything(line)
    line = Line(LinkOptions(Tcp("127.0.0.1", port), timeout=30.0, requests=3), SteadyClock())
    await line.start()
    reads = (line.read(UNIT, Table.INPUT, item, 1, Priority.POLL) for item in range(50))
    assert await asyncio.gather(*reads) == [[item] for item in range(50)]
    await line.stop()


async def test_libmodbus_on_a_serial_device(
    libmodbus_server: Callable[[str, str], None], pty_pair: tuple[str, str]
) -> None:
    libmodbus_server("rtu", pty_pair[0])
    async with opened(Serial(pty_pair[1])) as line:
        await use_everything(line)


async def test_modbus_tk_over_tcp() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from modbus_tk import modbus_tcp  # type: ignore[import-untyped]

        port = free_port_number()
        server = modbus_tcp.TcpServer(address="127.0.0.1", port=port)
        slave = server.add_slave(UNIT)
        for number, kind in enumerate(["coil", "discrete", "holding", "input"], start=1):
            slave.add_block(kind, number, 0, 1000)
            slave.set_values(kind, 0, [item if number > 2 else item % 2 for item in range(1000)])
        server.start()
        await asyncio.to_thread(wait_for_port, port)
        try:
            async with opened(Tcp("127.0.0.1", port)) as line:
                assert await line.read(UNIT, Table.INPUT, 5, 3, Priority.POLL) == [5, 6, 7]
                found = await line.read(UNIT, Table.COIL, 1, 99, Priority.POLL)
                assert found == [item % 2 == 1 for item in range(1, 100)]
                for function in (Function.SINGLE, Function.MULTIPLE):
                    values = [int(function is Function.SINGLE), 3]
                    await line.write(UNIT, Table.HOLDING, 7, values, function, Priority.WRITE)
                    assert slave.get_values("holding", 7, 2) == tuple(values)
        finally:
            server.stop()


async def test_a_device_is_shared_with_another_master(
    pymodbus_server: Start, mbpoll: Mbpoll
) -> None:
    port = free_port_number()
    pymodbus_server("tcp", port)
    async with opened(Tcp("127.0.0.1", port)) as line:
        await asyncio.to_thread(mbpoll.write, 30, 77, unit=UNIT, port=port)
        assert await line.read(UNIT, Table.HOLDING, 30, 1, Priority.POLL) == [77]
        await line.write(UNIT, Table.HOLDING, 31, [78], Function.AUTO, Priority.WRITE)
        assert await asyncio.to_thread(mbpoll.read, 31, unit=UNIT, port=port) == [78]


async def test_words_are_those_of_struct(pymodbus_server: Start) -> None:
    port = free_port_number()
    pymodbus_server("tcp", port)
    words = struct.unpack(">2H", struct.pack(">f", -12.5))
    async with opened(Tcp("127.0.0.1", port)) as line:
        await line.write(UNIT, Table.HOLDING, 40, words, Function.AUTO, Priority.WRITE)
        assert await line.read(UNIT, Table.HOLDING, 40, 2, Priority.POLL) == list(words)


def _server_side(authority: Authority, folder: Path, *, clients: bool) -> ssl.SSLContext:
    certificate, key = authority.pair(["meter.test"])
    (folder / "server.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    if clients:
        context.load_verify_locations(authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
