"""A gateway and clients that mean no good: garbage, floods, half frames, visits while it closes."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hub.util.clock import FakeClock
from integrations.modbus.gateway.options import GatewayOptions
from integrations.modbus.gateway.server import Gateway
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Tcp
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import wait_until
from tests.peers.steady import SteadyClock

READ = bytes.fromhex("0001 0000 0006 01 03 000a 0001")


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].holding[10] = 205
        yield device


Make = Callable[..., Gateway]


@pytest.fixture
async def make(fake: FakeDevice) -> AsyncIterator[Make]:
    line = Line(LinkOptions(Tcp("127.0.0.1", fake.port), timeout=30.0), SteadyClock())
    await line.start()
    made: list[Gateway] = []

    def one(clock: Any = None, **options: Any) -> Gateway:
        made.append(Gateway(line, GatewayOptions(port=0, **options), clock or SteadyClock()))
        return made[-1]

    yield one
    for gateway in made:
        await gateway.stop()
    await line.stop()


async def asks(gateway: Gateway, request: bytes = READ) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(300), 30)
    writer.close()
    return answer


async def test_who_was_accepted_while_it_closed_is_not_let_in(make: Make, fake: FakeDevice) -> None:
    gateway = make()
    await gateway.start()
    await gateway.stop()
    late = await asyncio.start_server(gateway._visit, "127.0.0.1", 0)  # what was on its way
    gateway.port = late.sockets[0].getsockname()[1]
    with contextlib.suppress(ConnectionResetError):
        assert await asks(gateway) == b""
    late.close()
    assert (gateway.clients, fake.log) == (0, [])


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example"])
async def test_a_host_that_no_name_can_be_is_a_state(make: Make, host: str) -> None:
    gateway = make(host=host)
    await gateway.start()
    assert not gateway.listening
    assert host in str(gateway.error)


async def test_garbage_costs_only_who_sends_it(make: Make, fake: FakeDevice) -> None:
    gateway, draw = make(), random.Random(7)  # noqa: S311 - the same each time
    await gateway.start()
    for size in range(1, 40):
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(b"\xff\xff\xff\xff" + draw.randbytes(17 * size))
        writer.close()
        # before it was let in there was no client either
        await wait_until(lambda: gateway.counters.damaged == size)  # noqa: B023 - used at once
        await wait_until(lambda: gateway.clients == 0)
    assert await asks(gateway) == bytes.fromhex("0001 0000 0005 01 03 02 00cd")
    assert len(fake.log) == 1


async def test_half_frames_hold_no_place_for_ever(make: Make) -> None:
    gateway = make(max_clients=2, idle=0.3)
    await gateway.start()
    held = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(2)]
    for _, writer in held:
        writer.write(READ[:7])
    await wait_until(lambda: gateway.clients == 2)
    await wait_until(lambda: gateway.clients == 0)
    assert (await asks(gateway))[-2:] == b"\x00\xcd"
    for _, writer in held:
        writer.close()


async def test_a_client_is_not_silent_while_its_answer_is_awaited(
    make: Make, fake: FakeDevice
) -> None:
    clock = FakeClock()
    gateway = make(clock, idle=60)
    await gateway.start()
    fake.gate.clear()
    asking = asyncio.create_task(asks(gateway))
    await wait_until(lambda: bool(fake.log))
    await clock.advance(130)
    fake.gate.set()
    assert await asking == bytes.fromhex("0001 0000 0005 01 03 02 00cd")


async def test_what_a_client_that_left_wanted_is_not_asked(make: Make, fake: FakeDevice) -> None:
    gateway = make()
    await gateway.start()
    fake.gate.clear()
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(READ * 5)
    await wait_until(lambda: bool(fake.log) and next(iter(gateway._clients)).requests == 5)
    client = next(iter(gateway._clients))
    linger = struct.pack("ii", 1, 0)  # leave with a reset
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
    await wait_until(client._writer.is_closing)
    fake.gate.set()
    await wait_until(lambda: gateway.clients == 0)
    assert len(fake.log) == 1


async def test_a_flood_keeps_nobody_else_from_the_line(make: Make) -> None:
    gateway = make()
    await gateway.start()
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(READ * 20_000)
    await wait_until(lambda: gateway.counters.requests > 20)
    assert (await asks(gateway))[-2:] == b"\x00\xcd"
    assert gateway.clients >= 1
    writer.close()


async def test_no_request_of_any_function_changes_what_no_rule_names(
    make: Make, fake: FakeDevice
) -> None:
    gateway, draw = make(), random.Random(11)  # noqa: S311 - the same each time
    await gateway.start()
    fake[1].functions = frozenset()
    for function in range(256):
        for size in (0, 1, 2, 4, 5, 7, 12):
            pdu = bytes((function,)) + draw.randbytes(size)
            assert len(await gateway.answer(1, pdu)) >= 2
    wrote = struct.pack(">BHH", 6, 10, 7)
    assert await gateway.answer(1, wrote) == b"\x86\x01"
    assert fake.writes == []
    assert {item.function for item in fake.log} <= {1, 2, 3, 4, 7, 8, 11, 12, 17, 20, 24, 43}
