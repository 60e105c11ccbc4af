"""A bus: answers do not say what they answer, and everybody hears everybody."""

import asyncio
import random
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from integrations.modbus.line.client import Line
from integrations.modbus.line.errors import BadAnswer, LinkDown, NoAnswer, Refused
from integrations.modbus.line.late import Debts, fits
from integrations.modbus.line.options import LinkOptions, RtuOverTcp, Serial
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table
from tests.peers.modbus_fake import FakeDevice, Late, Mischief, Refuse
from tests.peers.ports import wait_until
from tests.peers.steady import SteadyClock

POLL = Priority.POLL


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_pty(tmp_path / "tty") as device:
        for address in range(200):
            device[1].holding[address] = 1000 + address
            device[2].holding[address] = 2000 + address
        yield device


@asynccontextmanager
async def opened(device: FakeDevice, *, echo: bool = False, **fields: float) -> AsyncIterator[Line]:
    transport = Serial(device.path, baudrate=115_200, echo=echo)
    options = {"timeout": 0.25, "retries": 0, **fields}
    line = Line(LinkOptions(transport, **options), SteadyClock())  # type: ignore[arg-type]
    await line.start()
    assert line.connected, line.error
    try:
        yield line
    finally:
        await line.stop()


async def holding(line: Line, start: int, count: int = 1, unit: int = 1) -> list[int]:
    return list(await line.read(unit, Table.HOLDING, start, count, POLL))


@pytest.mark.parametrize("mischief", [Mischief.NONE, Mischief.NOISE, Mischief.SPLIT])
async def test_answers_are_found_however_they_come(device: FakeDevice, mischief: Mischief) -> None:
    async with opened(device, timeout=5) as line:
        for count in (1, 60, 125):
            device.next.append(mischief)
            assert await holding(line, 0, count) == list(range(1000, 1000 + count))
        device.next.extend([mischief] * 2)
        await line.write(1, Table.HOLDING, 9, [7, 8], Function.AUTO, Priority.WRITE)
        await line.write(1, Table.HOLDING, 5, [1, 2], Function.MASK, Priority.WRITE)
        assert [device[1].holding[address] for address in (5, 9, 10)] == [3, 7, 8]
        device.next.extend([Refuse(6), mischief])
        with pytest.raises(Refused):
            await holding(line, 0)
        assert await line.forward(1, bytes.fromhex("2B 0E 01 00"), POLL) == b"\xab\x01"


@pytest.mark.parametrize(
    ("mischief", "fault"),
    [
        (Mischief.DROP, NoAnswer),
        (Mischief.DAMAGED, NoAnswer),
        (Mischief.WRONG_UNIT, NoAnswer),
        (Mischief.WRONG_FUNCTION, NoAnswer),
        (Mischief.SHORT, BadAnswer),
    ],
)
async def test_mischief_ends_one_request_and_no_other(
    device: FakeDevice, mischief: Mischief, fault: type[Exception]
) -> None:
    async with opened(device) as line:
        device.next.append(mischief)
        with pytest.raises(fault):
            await holding(line, 1, 2)
        assert await holding(line, 1, 2) == [1001, 1002]
        assert await holding(line, 5, 2) == [1005, 1006]


async def test_a_late_answer_is_not_taken_for_the_next(device: FakeDevice) -> None:
    async with opened(device) as line:
        device.next.append(Late(0.35))
        with pytest.raises(NoAnswer):
            await holding(line, 1)
        assert await holding(line, 2) == [1002]
        assert await holding(line, 3) == [1003]
        assert line.counters.late == 1


async def test_a_late_answer_of_another_length_is_passed_over(device: FakeDevice) -> None:
    async with opened(device, timeout=0.3, retries=1) as line:
        device.next.extend([Mischief.SHORT, Mischief.NONE])
        assert await holding(line, 1, 3) == [1001, 1002, 1003]


async def test_the_same_question_again_may_have_the_late_answer(device: FakeDevice) -> None:
    async with opened(device, retries=1) as line:
        device.next.extend([Late(0.3), Late(0.1)])
        assert await holding(line, 1) == [1001]
        assert await holding(line, 2) == [1002], "the second answer to the first question"
        assert await holding(line, 3) == [1003]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_late_or_lost_no_value_is_anothers(device: FakeDevice, seed: int) -> None:
    """Registers say their unit and address, so a value in the wrong place would show."""
    draw = random.Random(seed)  # noqa: S311 - a test's dice
    fates: list[Mischief | Late] = [Mischief.DROP, Mischief.DAMAGED, Late(0.03), Late(0.06)]
    fates += [Mischief.NONE] * 8
    seen = 0
    async with opened(device, timeout=0.02, retries=1) as line:
        for _ in range(60):
            device.next.append(draw.choice(fates))
            unit, start, count = draw.choice((1, 2)), draw.randrange(20), draw.randrange(1, 4)
            with suppress(NoAnswer, BadAnswer):
                first = 1000 * unit + start
                assert await holding(line, start, count, unit) == [*range(first, first + count)]
                seen += 1
            if draw.random() < 0.2:
                with suppress(TimeoutError, NoAnswer, BadAnswer):
                    async with asyncio.timeout(draw.random() * 0.02):
                        await holding(line, 150, count, unit)
    assert seen >= 5


async def test_a_lost_question_costs_no_more_than_its_time(device: FakeDevice) -> None:
    """Nothing is waited for: another question, that can be told apart, clears the line."""
    async with opened(device) as line:
        device.next.append(Mischief.DROP)
        with pytest.raises(NoAnswer):
            await holding(line, 1, 4)
        assert await holding(line, 20, 4, unit=2) == [2020, 2021, 2022, 2023]
        assert await holding(line, 10, 4) == [1010, 1011, 1012, 1013]
        assert await holding(line, 12, 4) == [1012, 1013, 1014, 1015]
        heard = [(request.unit, request.start, request.count) for request in device.log]
        assert heard == [(1, 1, 4), (2, 20, 4), (1, 10, 3), (1, 10, 4), (1, 12, 4)]


async def test_a_device_that_is_always_late_is_never_believed(device: FakeDevice) -> None:
    """Each answer comes long after its question was given up, in order, as from a slow radio."""
    async with opened(device, timeout=0.02) as line:
        device.next.extend([Late(0.11)] * 30)
        for address in range(12):
            with suppress(NoAnswer):
                assert await holding(line, address) == [1000 + address]
        assert line.counters.late >= 1


async def test_a_bus_is_opened_again_after_two_questions_without_answer(
    device: FakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(device, retries=1) as line:
        device.next.extend([Mischief.DROP] * 2)
        with pytest.raises(NoAnswer):
            await holding(line, 1)
        assert line.connected
        assert await holding(line, 1) == [1001]
        assert line.counters.reconnects == 1
        assert not caplog.records


async def test_a_cancelled_question_is_waited_for(device: FakeDevice) -> None:
    async with opened(device) as line:
        device.gate.clear()
        left = asyncio.create_task(holding(line, 1))
        await wait_until(lambda: len(device.log) == 1)
        left.cancel()
        following = [asyncio.create_task(holding(line, 2, unit=unit)) for unit in (1, 2)]
        await asyncio.sleep(0.02)
        assert len(device.log) == 1, "two talk on the bus at once"
        device.gate.set()
        assert await asyncio.gather(*following) == [[1002], [2002]]


async def test_a_broadcast_is_not_answered(device: FakeDevice) -> None:
    async with opened(device) as line:
        await line.write(0, Table.HOLDING, 50, [5], Function.AUTO, Priority.WRITE)
        assert device[1].holding[50] == device[2].holding[50] == 5
        with pytest.raises(NoAnswer, match="broadcast"):
            await holding(line, 50, unit=0)
        assert await holding(line, 50) == [5]


async def test_an_adapter_that_hears_what_we_send(device: FakeDevice) -> None:
    device.echo = True
    async with opened(device, echo=True) as line:
        await line.write(1, Table.HOLDING, 7, [70], Function.AUTO, Priority.WRITE)
        assert await holding(line, 7, 3) == [70, 1008, 1009]
        device.next.append(Mischief.DROP)
        with pytest.raises(NoAnswer):
            await line.write(1, Table.HOLDING, 7, [71], Function.AUTO, Priority.WRITE)
        assert device[1].holding[7] == 70, "the echo is no answer"


async def test_an_echo_that_was_lost_is_not_waited_for(device: FakeDevice) -> None:
    """An answer to a write looks like its question: another echo must not be taken for it."""
    async with opened(device, echo=True) as line:
        device.next.extend([Mischief.DROP] * 2)
        with pytest.raises(NoAnswer):
            await line.write(1, Table.HOLDING, 7, [70], Function.AUTO, Priority.WRITE)
        device.echo = True
        with pytest.raises(NoAnswer):
            await line.write(1, Table.HOLDING, 7, [71], Function.AUTO, Priority.WRITE)
        assert await holding(line, 7) == [1007]


async def test_a_serial_device_is_pulled_out_and_put_back(device: FakeDevice) -> None:
    async with opened(device, timeout=1) as line:
        assert await holding(line, 1) == [1001]
        device.next.append(Mischief.DROP)
        asking = asyncio.create_task(holding(line, 2))
        await wait_until(lambda: len(device.log) == 2)
        await device.stop()
        with pytest.raises((NoAnswer, LinkDown)):
            await asking
        await wait_until(lambda: not line.connected)
        with pytest.raises(LinkDown):
            await holding(line, 2)
        await device.start()
        await wait_until(lambda: line.connected)
        assert await holding(line, 3) == [1003]


async def test_a_serial_device_is_opened_by_one_alone(device: FakeDevice) -> None:
    async with opened(device) as line:
        second = Line(line.options, SteadyClock())
        await second.start()
        assert not second.connected
        assert "lock" in (second.error or "")
        await second.stop()
        assert await holding(line, 1) == [1001]


async def test_over_a_transparent_adapter() -> None:
    async with FakeDevice().on_tcp(rtu=True) as device:
        device[1].holding[3] = 33
        options = LinkOptions(
            RtuOverTcp("127.0.0.1", device.port), timeout=0.25, retries=0, requests=4
        )
        line = Line(options, SteadyClock())
        await line.start()
        assert device.connections == 1, "a bus hears one question at a time"
        assert await holding(line, 3) == [33]
        device.next.append(Late(0.35))
        with pytest.raises(NoAnswer):
            await holding(line, 4)
        assert await holding(line, 3) == [33]
        device.next.append(Mischief.CLOSE)
        with pytest.raises(NoAnswer, match="closed"):
            await holding(line, 3)
        await wait_until(lambda: line.connected)
        assert await holding(line, 3) == [33]
        await line.stop()


def test_a_slow_line_gives_an_answer_the_time_of_its_bytes() -> None:
    slow = LinkOptions(Serial("/dev/ttyS0", baudrate=300, parity="E"))
    assert slow.silence == pytest.approx(3.5 * 11 / 300)
    assert slow.rest == slow.silence
    assert LinkOptions(Serial("/dev/ttyS0", baudrate=57_600)).silence == 0.00175
    assert LinkOptions(RtuOverTcp("x", 1)).rest == 0


def read(start: int, count: int, function: int = 3) -> bytes:
    return struct.pack(">BHH", function, start, count)


def answer(count: int, function: int = 3) -> bytes:
    return bytes((function, 2 * count)) + bytes(2 * count)


def test_what_may_be_confused_is_asked_apart() -> None:
    debts = Debts(timeout=2.0)
    assert debts.first_ask(1, read(5, 2), 0.0) is None
    debts.owe(1, read(1, 2), 0.0)
    assert debts.first_ask(1, read(1, 2), 2.0) is None, "the same question fits its own answer"
    assert debts.first_ask(1, read(5, 3), 2.0) is None, "another length"
    assert debts.first_ask(1, read(5, 2, 4), 2.0) is None, "another function"
    assert debts.first_ask(2, read(5, 2), 2.0) is None, "another unit"
    assert debts.first_ask(1, read(5, 2), 2.0) == read(5, 1)
    debts.owe(1, read(7, 1), 2.0)
    assert debts.first_ask(1, read(5, 2), 4.0) == read(5, 3)
    assert debts.first_ask(1, read(65_534, 2), 4.0) is None, "nothing else can be asked there"
    assert debts.wait(1, read(65_534, 2), 2.0) == pytest.approx(1.0)
    assert debts.first_ask(1, read(5, 2), 65.0) is None, "after a minute nothing comes any more"
    assert not debts.questions()


def test_an_answer_pays_what_was_owed_before_it() -> None:
    debts = Debts(timeout=2.0)
    for start in (1, 2, 3):
        debts.owe(1, read(start, start), 0.0)
    debts.owe(2, read(1, 1), 0.0)
    assert debts.came(1, answer(2))
    assert debts.questions() == [(1, 3), (2, 3)], "those of two registers and before are paid"
    debts.answered(1, read(3, 3), answer(3))
    assert debts.questions() == [(1, 3), (2, 3)], "the newer of the same two is owed now"
    debts.answered(1, read(9, 9), b"\x83\x02")
    assert debts.questions() == [(1, 3), (2, 3)], "an exception does not say its length"
    debts.answered(1, read(9, 9), answer(9))
    assert debts.questions() == [(2, 3)]
    assert not debts.came(2, answer(5))


def test_answers_to_writes_are_told_by_their_address() -> None:
    one, other = bytes.fromhex("06 0001 0005"), bytes.fromhex("06 0002 0005")
    assert fits(one, one)
    assert fits(one, b"\x86\x02")
    assert not fits(one, other)
    assert not fits(one, read(1, 5))
