"""A link over TCP, against a device that misbehaves as told."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial

import pytest

from hub.sdk import Clock
from hub.util.clock import FakeClock
from integrations.modbus.line.client import Line
from integrations.modbus.line.errors import BadAnswer, LinkDown, NoAnswer, Refused
from integrations.modbus.line.options import LinkOptions, Tcp, Udp
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table
from tests.peers.modbus_fake import FakeDevice, Late, Mischief, Refuse
from tests.peers.ports import free_port_number, wait_until
from tests.peers.steady import SteadyClock

POLL = Priority.POLL


@pytest.fixture
async def device() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        for address in range(200):
            device[1].holding[address] = 1000 + address
        yield device


def line_to(device: FakeDevice, clock: Clock | None = None, **fields: float) -> Line:
    options = {"timeout": 0.3, "retries": 0, **fields}
    return Line(
        LinkOptions(Tcp("127.0.0.1", device.port), **options),  # type: ignore[arg-type]
        clock or SteadyClock(),
    )


@pytest.fixture
async def line(device: FakeDevice) -> AsyncIterator[Line]:
    line = line_to(device)
    await line.start()
    yield line
    await line.stop()


def has_heard(device: FakeDevice, count: int) -> bool:
    return len(device.log) >= count


async def holding(line: Line, start: int = 0, count: int = 1, unit: int = 1) -> list[int]:
    return list(await line.read(unit, Table.HOLDING, start, count, POLL))


@pytest.mark.parametrize("count", [1, 2, 125])
async def test_words_of_both_tables_are_read(line: Line, device: FakeDevice, count: int) -> None:
    device[1].input[3] = 7
    assert await holding(line, 0, count) == [1000 + index for index in range(count)]
    assert await line.read(1, Table.INPUT, 3, 1, POLL) == [7]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 2000])
async def test_bits_of_both_tables_are_read(line: Line, device: FakeDevice, count: int) -> None:
    for address in range(0, 2000, 3):
        device[1].coil[address] = device[1].discrete[address + 1] = 1
    coils = await line.read(1, Table.COIL, 0, count, POLL)
    inputs = await line.read(1, Table.DISCRETE, 1, count, POLL)
    assert coils == inputs == [index % 3 == 0 for index in range(count)]


async def test_every_function_writes(line: Line, device: FakeDevice) -> None:
    unit = device[1]
    for table, start, values, function in (
        (Table.HOLDING, 10, [5], Function.AUTO),
        (Table.HOLDING, 11, [6, 7], Function.AUTO),
        (Table.HOLDING, 13, [8], Function.MULTIPLE),
        (Table.HOLDING, 14, [9, 10], Function.SINGLE),
        (Table.HOLDING, 10, [0x00F0, 0x0002], Function.MASK),
        (Table.COIL, 20, [True], Function.AUTO),
        (Table.COIL, 21, [True, False, True], Function.AUTO),
        (Table.COIL, 24, [1], Function.MULTIPLE),
    ):
        await line.write(1, table, start, values, function, Priority.WRITE)
    assert [request.function for request in device.writes] == [6, 16, 16, 6, 6, 22, 5, 15, 15]
    assert [unit.holding[address] for address in range(10, 16)] == [2, 6, 7, 8, 9, 10]
    assert [unit.coil[address] for address in range(20, 25)] == [1, 1, 0, 1, 1]


async def test_a_request_of_another_program_is_passed_on(line: Line, device: FakeDevice) -> None:
    device[1].holes.add(("holding", 99))
    ask = line.forward
    assert await ask(1, bytes.fromhex("03 0005 0002"), Priority.ASKED) == bytes.fromhex(
        "03 04 03ED 03EE"
    )
    assert await ask(1, bytes.fromhex("03 0063 0001"), Priority.ASKED) == b"\x83\x02"
    assert await ask(1, bytes.fromhex("2B 0E 01 00"), Priority.ASKED) == b"\xab\x01"
    assert await ask(1, bytes.fromhex("17 0005 0001 0010 0001 02 1234"), Priority.ASKED) == (
        bytes.fromhex("17 02 03ED")
    )
    assert device[1].holding[16] == 0x1234
    asked = len(device.log)
    for unknown in ("64 01", "2B", "2B 0D 00", "08 0099 0000", "83 02"):
        pdu = bytes.fromhex(unknown)
        assert await ask(1, pdu, Priority.ASKED) == bytes((pdu[0] | 0x80, 1))
    assert len(device.log) == asked, "pymodbus would not find the answer on a bus"


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 0x0A, 0x0B, 99])
async def test_an_exception_is_told_with_its_code(
    line: Line, device: FakeDevice, code: int
) -> None:
    device.next.append(Refuse(code))
    with pytest.raises(Refused, match=str(code)) as told:
        await holding(line)
    assert told.value.code == code
    assert told.value.is_transport is (code in {0x0A, 0x0B})
    assert await holding(line) == [1000]
    assert (line.counters.refused, line.counters.answers, len(device.log)) == (1, 2, 2)


@pytest.mark.parametrize(
    ("mischief", "fault"),
    [
        (Mischief.DROP, NoAnswer),
        (Mischief.MUTE, NoAnswer),
        (Mischief.WRONG_TAG, NoAnswer),
        (Mischief.CLOSE, NoAnswer),
        (Mischief.SHORT, BadAnswer),
        (Mischief.WRONG_UNIT, NoAnswer),
        (Mischief.WRONG_FUNCTION, BadAnswer),
        (Mischief.DAMAGED, NoAnswer),
    ],
)
async def test_mischief_ends_one_request_and_no_other(
    line: Line, device: FakeDevice, mischief: Mischief, fault: type[Exception]
) -> None:
    device.next.append(mischief)
    with pytest.raises(fault):
        await holding(line, 1, 2)
    await wait_until(lambda: line.connected)
    assert await holding(line, 3, 2) == [1003, 1004]
    assert await holding(line, 5, 1) == [1005]


async def test_unit_0_asks_whoever_is_there(line: Line, device: FakeDevice) -> None:
    """Devices with a socket of their own like to be asked so, and answer with what they are."""
    device[0].holding[1] = 7
    device.next.append(Mischief.WRONG_UNIT)
    assert await holding(line, 1, unit=0) == [7]


@pytest.mark.parametrize("mischief", [Mischief.DROP, Mischief.SHORT, Mischief.WRONG_UNIT])
async def test_reads_are_tried_again_and_writes_are_not(
    device: FakeDevice, mischief: Mischief
) -> None:
    line = line_to(device, retries=2)
    await line.start()
    device.next.extend([mischief, mischief])
    assert await holding(line, 7) == [1007]
    assert len(device.log) == 3
    device.next.append(Mischief.DROP)
    with pytest.raises(NoAnswer):
        await line.write(1, Table.HOLDING, 0, [1], Function.AUTO, Priority.WRITE)
    assert len(device.writes) == 1
    await line.stop()


async def test_an_answer_in_pieces_is_one_answer(line: Line, device: FakeDevice) -> None:
    device.next.append(Mischief.SPLIT)
    assert await holding(line, 0, 10) == list(range(1000, 1010))


async def test_a_late_answer_is_nobodys(device: FakeDevice) -> None:
    line = line_to(device)
    await line.start()
    device.next.append(Late(0.4))
    with pytest.raises(NoAnswer, match=r"0\.3 s"):
        await holding(line, 0)
    device.next.append(Late(0.18))
    assert await holding(line, 1) == [1001]
    assert await holding(line, 2) == [1002]
    await line.stop()


async def test_a_cancelled_question_leaves_its_answer_to_nobody(
    line: Line, device: FakeDevice
) -> None:
    for address in range(20):
        device.next.append(Late(0.004 * (address % 5)))
        task = asyncio.create_task(holding(line, address))
        await asyncio.sleep(0.002 * (address % 4))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await holding(line, address + 20) == [1020 + address]
    assert line.counters.timeouts == line.counters.bad_answers == 0


async def test_a_cancellation_that_meets_the_answer_is_one(line: Line, device: FakeDevice) -> None:
    """`asyncio.wait_for` of Python 3.11, which pymodbus waits with, would forget it."""

    def cancel(sending: bool, _data: bytes) -> None:
        if not sending:
            task.cancel()

    line.on_frame = cancel
    task = asyncio.create_task(holding(line, 1))
    await asyncio.wait([task])
    assert task.cancelled()
    line.on_frame = None
    assert await holding(line, 2) == [1002]


async def test_a_cancellation_that_meets_the_loss_is_one(line: Line, device: FakeDevice) -> None:
    device.next.append(Mischief.CLOSE)
    wire = line._connections[0].wire
    assert wire is not None
    wire.lost.add_done_callback(lambda _: task.cancel())
    task = asyncio.create_task(holding(line, 1))
    await asyncio.wait([task])
    assert task.cancelled()


async def test_the_next_question_waits_for_the_answer_of_a_cancelled_one(
    line: Line, device: FakeDevice
) -> None:
    device.gate.clear()
    left = asyncio.create_task(holding(line, 1))
    await wait_until(lambda: len(device.log) == 1)
    left.cancel()
    follower = asyncio.create_task(holding(line, 2))
    await asyncio.sleep(0.01)
    assert len(device.log) == 1, "two questions were out at once"
    device.gate.set()
    assert await follower == [1002]


async def test_a_write_goes_before_the_rest_of_a_poll_cycle(line: Line, device: FakeDevice) -> None:
    """By the order in which the device hears them: at most one more read is before the write."""
    device.delay = 0.0005

    async def cycle() -> None:
        for address in range(200):
            await holding(line, address)

    async def in_parallel() -> None:
        await asyncio.gather(*(holding(line, address) for address in range(200)))

    for poll in (cycle, in_parallel):
        device.log.clear()
        polling = asyncio.create_task(poll())
        before = []
        for number in range(1, 6):
            await wait_until(partial(has_heard, device, 20 * number))
            before.append(len(device.log))
            await line.write(1, Table.HOLDING, 500, [number], Function.AUTO, Priority.WRITE)
        await polling
        heard = [request.number for request in device.writes]
        first = device.log[0].number
        positions = [number - first for number in heard]
        assert len(device.log) == 205
        assert all(
            position <= asked + 1 for position, asked in zip(positions, before, strict=True)
        ), (positions, before)


async def test_people_go_before_polls_and_polls_before_scans(
    line: Line, device: FakeDevice
) -> None:
    device.gate.clear()
    first = asyncio.create_task(holding(line, 0))
    await wait_until(lambda: len(device.log) == 1)
    tasks = [
        asyncio.create_task(line.read(1, Table.HOLDING, 10 + priority, 1, priority))
        for priority in reversed(Priority)
    ]
    await asyncio.sleep(0)
    device.gate.set()
    await asyncio.gather(first, *tasks)
    assert [request.start for request in device.log] == [0, 10, 11, 12, 13]


async def test_a_held_turn_is_not_interrupted(line: Line, device: FakeDevice) -> None:
    async def change() -> None:
        async with line.hold(Priority.WRITE):
            (value,) = await line.read(1, Table.HOLDING, 50, 1, Priority.WRITE)
            await asyncio.sleep(0.01)
            async with line.hold(Priority.WRITE):
                await line.write(1, Table.HOLDING, 50, [value + 1], Function.AUTO, Priority.WRITE)

    await asyncio.gather(*(change() for _ in range(5)), *(holding(line, 9) for _ in range(5)))
    assert device[1].holding[50] == 1055
    heard = [request.function for request in device.log if request.start == 50]
    assert heard == [3, 6] * 5
    positions = [index for index, request in enumerate(device.log) if request.start == 50]
    pairs = zip(positions[::2], positions[1::2], strict=True)
    assert all(write == read + 1 for read, write in pairs)


async def test_a_held_turn_survives_what_is_cancelled_inside(
    line: Line, device: FakeDevice
) -> None:
    async with line.hold(Priority.ASKED):
        device.next.append(Late(0.05))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await holding(line, 1)
        assert await holding(line, 2) == [1002]
    assert await holding(line, 3) == [1003]


async def test_between_two_requests_is_the_pause(device: FakeDevice) -> None:
    device.needs_pause = 0.01
    line = line_to(device, pause=0.02)
    await line.start()
    await asyncio.gather(*(holding(line, address) for address in range(5)))
    async with line.hold(POLL):
        await holding(line, 1)
        await holding(line, 2)
    assert device.too_soon == 0
    await line.stop()


async def test_a_write_that_comes_during_the_pause_goes_first(device: FakeDevice) -> None:
    line = line_to(device, pause=0.05)
    await line.start()
    polls = [asyncio.create_task(holding(line, address)) for address in range(3)]
    await polls[0]
    await line.write(1, Table.HOLDING, 99, [1], Function.AUTO, Priority.WRITE)
    await asyncio.gather(*polls)
    assert [request.start for request in device.log] == [0, 99, 1, 2]
    await line.stop()


async def test_some_devices_want_a_rest_after_connecting(device: FakeDevice) -> None:
    line = line_to(device, connect_pause=0.03)
    starting = asyncio.create_task(line.start())
    await wait_until(lambda: device.open_now == 1)
    before = line.connected
    await starting
    assert (before, line.connected) == (False, True)
    await line.stop()


async def test_several_connections_ask_at_once(device: FakeDevice) -> None:
    line = line_to(device, requests=4)
    await line.start()
    device.gate.clear()
    tasks = [asyncio.create_task(holding(line, address)) for address in range(10)]
    await wait_until(lambda: len(device.log) == 4)
    await asyncio.sleep(0.01)
    assert sorted(request.connection for request in device.log) == [1, 2, 3, 4]
    device.gate.set()
    assert await asyncio.gather(*tasks) == [[1000 + address] for address in range(10)]
    await line.stop()
    await wait_until(lambda: device.open_now == 0)


async def test_a_device_that_takes_fewer_connections_is_asked_on_those(
    device: FakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    device.most_clients = 1
    line = line_to(device, FakeClock(), requests=3)  # the others are not tried again
    await line.start()
    await wait_until(lambda: sum(item.is_there for item in line._connections) == 1)
    found = await asyncio.gather(*(holding(line, address) for address in range(10)))
    assert found == [[1000 + address] for address in range(10)]
    assert {request.connection for request in device.log} == {1}
    assert line.connected
    assert not caplog.records
    await line.stop()


async def test_what_can_not_be_asked_is_a_mistake(line: Line, device: FakeDevice) -> None:
    for table, start, count in (
        (Table.HOLDING, 0, 0),
        (Table.HOLDING, 0, 126),
        (Table.COIL, 0, 2001),
        (Table.HOLDING, 65_535, 2),
        (Table.HOLDING, -1, 1),
    ):
        with pytest.raises(ValueError, match="can not be read"):
            await line.read(1, table, start, count, POLL)
    with pytest.raises(ValueError, match="can not be written"):
        await line.write(1, Table.HOLDING, 0, [0] * 124, Function.AUTO, Priority.WRITE)
    with pytest.raises(ValueError, match="nothing can be written"):
        await line.write(1, Table.INPUT, 0, [0], Function.AUTO, Priority.WRITE)
    assert not device.log


async def test_traffic_can_be_followed(line: Line) -> None:
    seen: list[tuple[bool, bytes]] = []
    line.on_frame = lambda sending, data: seen.append((sending, data))
    await holding(line, 2)
    assert [sending for sending, _ in seen] == [True, False]
    assert seen[0][1][7:] == bytes.fromhex("03 0002 0001")
    assert seen[1][1][7:] == bytes.fromhex("03 02 03EA")
    line.on_frame = None
    await holding(line, 2)
    assert len(seen) == 2
    counters = line.counters
    assert (counters.requests, counters.bytes_out, counters.bytes_in) == (2, 24, 22)
    assert counters.latency is not None
    assert counters.last_latency is not None


async def test_nothing_is_asked_without_a_connection(caplog: pytest.LogCaptureFixture) -> None:
    options = LinkOptions(Tcp("127.0.0.1", free_port_number()))
    line = Line(options, SteadyClock())
    with pytest.raises(LinkDown, match="no connection"):
        await holding(line)
    await line.start()
    assert not line.connected
    assert line.error is not None
    with pytest.raises(LinkDown, match="connection refused"):
        await holding(line)
    assert len(caplog.records) == 1
    await line.stop()


async def test_over_udp() -> None:
    async with FakeDevice().on_udp() as device:
        device[1].holding[5] = 55
        line = Line(
            LinkOptions(Udp("127.0.0.1", device.port), timeout=0.3, retries=1), SteadyClock()
        )
        await line.start()
        assert await holding(line, 5) == [55]
        device.next.extend([Mischief.DROP, Mischief.NONE, Late(0.4)])
        assert await holding(line, 5) == [55]
        device.next.extend([Mischief.DAMAGED, Mischief.DAMAGED])
        with pytest.raises(NoAnswer):
            await holding(line, 5)
        await wait_until(lambda: line.connected)
        await line.stop()


async def test_over_udp_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    line = Line(
        LinkOptions(Udp("127.0.0.1", free_port_number()), timeout=5, retries=0), SteadyClock()
    )
    await line.start()
    with pytest.raises(NoAnswer, match="nobody listens"):
        await holding(line)
    await line.stop()
