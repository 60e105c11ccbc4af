"""Masters that the project did not write: mbpoll, modbus_tk and pymodbus."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from integrations.neasmart.image import Image
from integrations.neasmart.options import Options
from integrations.neasmart.pdu import Slave
from integrations.neasmart.server import Server
from tests.peers.modbus import Mbpoll, MbpollError
from tests.peers.ports import wait_until

Start = Callable[[Options], Awaitable[Server]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    servers: list[Server] = []

    async def make(options: Options) -> Server:
        server = Server(Slave(Image()), options)
        servers.append(server)
        await server.start()
        return server

    yield make
    for server in servers:
        await server.stop()


async def test_mbpoll_over_tcp(start: Start, mbpoll: Mbpoll) -> None:
    server = await start(Options(host="127.0.0.1", port=0))
    server.image.command(101, 0x0C33)
    port = server.port
    assert await asyncio.to_thread(mbpoll.read, 100, 2, port=port) == [0, 0x0C33]
    await asyncio.to_thread(mbpoll.write, 100, 3, port=port, unit=241)
    await asyncio.to_thread(mbpoll.write, 102, 0x0C1A, 7, port=port)
    assert await asyncio.to_thread(mbpoll.read, 100, 4, port=port) == [3, 0x0C33, 0x0C1A, 7]
    assert await asyncio.to_thread(mbpoll.read, 102, 1, port=port, table="3") == [0x0C1A]
    assert server.image.reading(102).value == 21.0


async def test_mbpoll_gets_silence_for_foreign_and_broadcast(start: Start, mbpoll: Mbpoll) -> None:
    server = await start(Options(host="127.0.0.1", port=0))
    mbpoll = replace(mbpoll, seconds=1.0)
    with pytest.raises(MbpollError):
        await asyncio.to_thread(mbpoll.read, 100, 1, port=server.port, unit=16)
    with pytest.raises(MbpollError):
        await asyncio.to_thread(mbpoll.write, 102, 0x0C33, port=server.port, unit=0)
    assert server.image.reading(102).value == 21.5
    assert server.counters().replies == 0


async def test_mbpoll_over_a_serial_pair(
    start: Start, mbpoll: Mbpoll, pty_pair: tuple[str, str]
) -> None:
    server = await start(Options("serial", device=pty_pair[0]))
    await wait_until(lambda: server.connected)
    server.image.command(6001, 0x0C33)
    await asyncio.to_thread(mbpoll.write, 6000, 2, device=pty_pair[1])
    await asyncio.to_thread(mbpoll.write, 6002, 0x0C1A, 7, device=pty_pair[1], unit=241)
    read = await asyncio.to_thread(mbpoll.read, 6000, 3, device=pty_pair[1])
    assert read == [2, 0x0C33, 0x0C1A]


async def test_modbus_tk_over_a_serial_pair(start: Start, pty_pair: tuple[str, str]) -> None:
    server = await start(Options("serial", device=pty_pair[0]))
    await wait_until(lambda: server.connected)

    def talk() -> tuple[list[int], list[int]]:
        import serial
        from modbus_tk import defines, modbus_rtu
        from modbus_tk.exceptions import ModbusInvalidResponseError

        port = serial.Serial(pty_pair[1], 38400)
        master = modbus_rtu.RtuMaster(port)
        master.set_timeout(1)
        try:
            with pytest.raises(ModbusInvalidResponseError):
                master.execute(0, defines.WRITE_SINGLE_REGISTER, 102, output_value=0x0C33)
            master.set_timeout(30)
            master.execute(240, defines.WRITE_MULTIPLE_REGISTERS, 100, output_value=[1, 0x0C1A])
            return (
                list(master.execute(240, defines.READ_HOLDING_REGISTERS, 100, 3)),
                list(master.execute(241, defines.READ_HOLDING_REGISTERS, 102, 1)),
            )
        finally:
            master.close()

    assert await asyncio.to_thread(talk) == ([1, 0x0C1A, 0x0C33], [0x0C33])


async def test_pymodbus_client(start: Start) -> None:
    from pymodbus import FramerType
    from pymodbus.client import AsyncModbusTcpClient

    for transport, framer in (("tcp", FramerType.SOCKET), ("rtu-over-tcp", FramerType.RTU)):
        server = await start(Options(transport, "127.0.0.1", 0))
        client = AsyncModbusTcpClient("127.0.0.1", port=server.port, framer=framer)
        await client.connect()
        written = await client.write_register(102, 0x0C33, device_id=240)
        assert not written.isError()
        await client.write_registers(100, [1, 0x0C1A], device_id=241)
        read = await client.read_holding_registers(100, count=3, device_id=241)
        assert read.registers == [1, 0x0C1A, 0x0C33]
        both = await client.readwrite_registers(
            read_address=100, read_count=1, write_address=100, values=[4], device_id=240
        )
        assert both.registers == [4]
        await client.mask_write_register(address=110, and_mask=0, or_mask=45, device_id=240)
        assert server.image.reading(110).value == 45
        await client.write_coil(3, True, device_id=240)
        coils = await client.read_coils(3, count=1, device_id=240)
        assert coils.bits[0]
        refused = await client.read_holding_registers(65535, count=2, device_id=240)
        assert refused.exception_code == 2
        client.close()
