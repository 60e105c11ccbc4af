"""Connections come and go: a link comes back by itself, quietly, and leaves nothing behind."""

import asyncio
import gc
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from hub.sdk import BreakerState
from hub.util.clock import FakeClock
from integrations.modbus.line.client import Line
from integrations.modbus.line.counters import Counters
from integrations.modbus.line.errors import LinkDown, NoAnswer
from integrations.modbus.line.options import LinkOptions, Tcp, Tls
from integrations.modbus.line.reconnect import Reconnect
from integrations.modbus.line.turns import Priority
from integrations.modbus.line.wire import Wire
from integrations.modbus.mapping.models import Function, Table
from tests.peers.modbus_fake import FakeDevice, Mischief
from tests.peers.ports import wait_until
from tests.peers.steady import SteadyClock

LOGGER = "integrations.modbus.line.client"


@pytest.fixture
async def device() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].holding[1] = 1001
        yield device


def line_to(device: FakeDevice, clock: FakeClock | None = None, **fields: float) -> Line:
    options = {"timeout": 1, "retries": 0, **fields}
    return Line(
        LinkOptions(Tcp("127.0.0.1", device.port), **options),  # type: ignore[arg-type]
        clock or SteadyClock(),
    )


async def ask(line: Line) -> list[int]:
    return list(await line.read(1, Table.HOLDING, 1, 1, Priority.POLL))


async def advance_until(clock: FakeClock, condition: Callable[[], object]) -> None:
    """Let pretended time pass a second at a time, and real sockets do their part in between."""
    async with asyncio.timeout(30):
        while not condition():
            await clock.advance(1)
            await asyncio.sleep(0.005)


async def test_each_outage_is_told_once_and_ends_by_itself(
    device: FakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)
    clock = FakeClock()
    line = line_to(device, clock)
    await line.start()
    for number in range(1, 4):
        await device.stop()
        await wait_until(lambda: not line.connected)
        for _ in range(300):
            await clock.advance(1)
        with pytest.raises(LinkDown):
            await ask(line)
        await device.start()
        await advance_until(clock, lambda: line.connected)
        assert await ask(line) == [1001]
        levels = [record.levelname for record in caplog.records if record.name == LOGGER]
        assert levels == ["WARNING", "INFO"] * number
        assert line.counters.reconnects == number
    assert f"No connection to 127.0.0.1:{device.port}: the other side" in caplog.text
    assert f"127.0.0.1:{device.port} is back after 3" in caplog.text
    await line.stop()
    assert len([record for record in caplog.records if record.name == LOGGER]) == 6


async def test_a_link_that_starts_in_an_outage_is_told_once(
    device: FakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    await device.stop()
    clock = FakeClock()
    line = line_to(device, clock)
    heard: list[bool] = []
    unsubscribe = line.listen(lambda: heard.append(line.connected))
    line.listen(lambda: 1 / 0)  # type: ignore[arg-type] # one bad listener
    await line.start()
    await clock.advance(10)
    assert heard[0] is False
    assert len(heard) >= 2, "each failed attempt is told to those who listen"
    await device.start()
    await advance_until(clock, lambda: line.connected)
    assert heard[-1] is True
    assert await ask(line) == [1001]
    unsubscribe()
    unsubscribe()
    count = len(heard)
    await line.stop()
    assert len(heard) == count
    told = [record for record in caplog.records if "No connection" in record.message]
    assert len(told) == 1


async def test_a_question_ends_with_its_connection(device: FakeDevice) -> None:
    line = line_to(device, timeout=10)
    await line.start()
    device.gate.clear()
    asking = [asyncio.create_task(ask(line)) for _ in range(5)]
    await wait_until(lambda: len(device.log) == 1)
    device.drop_clients()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(end) for end in ends] == [NoAnswer, *[LinkDown] * 4]
    device.gate.set()
    await wait_until(lambda: line.connected)
    assert await ask(line) == [1001]
    await line.stop()


async def test_a_device_that_never_answers_is_connected_to_afresh(
    device: FakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    """A half-open connection looks the same: nothing ever comes back on it."""
    line = line_to(device, timeout=0.15)
    await line.start()
    device[1].silent = True
    for _ in range(7):
        with pytest.raises(NoAnswer):
            await ask(line)
    assert line.connected
    assert device.connections == 3
    device[1].silent = False
    assert await ask(line) == [1001]
    assert not caplog.records, "that is no outage of the link"
    await line.stop()


async def test_only_questions_in_a_row_count(device: FakeDevice) -> None:
    line = line_to(device, timeout=0.15, retries=1)
    await line.start()
    device.drop_every = 2
    for _ in range(6):
        assert await ask(line) == [1001]
    assert line.counters.timeouts >= 5
    assert device.connections == 1
    await line.stop()


async def test_waiting_questions_outlive_a_fresh_connection(device: FakeDevice) -> None:
    line = line_to(device, timeout=0.15)
    await line.start()
    device.next.extend([Mischief.DROP] * 3)
    ends = await asyncio.gather(*(ask(line) for _ in range(6)), return_exceptions=True)
    assert [isinstance(end, NoAnswer) for end in ends] == [True] * 3 + [False] * 3
    assert ends[3:] == [[1001]] * 3
    await line.stop()


async def test_who_takes_connections_only_to_close_them_is_not_hammered(
    device: FakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    device.most_clients = 0
    clock = FakeClock()
    line = line_to(device, clock)
    await line.start()
    for _ in range(120):
        await clock.advance(1)
        await asyncio.sleep(0.001)
    assert 5 <= device.connections <= 10, "1, 2, 4, 8, 16, 32, 60 s"
    device.most_clients = None
    await advance_until(clock, lambda: device.open_now == 1 and line.connected)
    assert await ask(line) == [1001]
    assert line.breaker.state is BreakerState.CLOSED
    await line.stop()
    told = [record for record in caplog.records if record.name == LOGGER]
    assert len(told) == 1, "one outage, however often it was let in"


async def test_nothing_is_left_after_many_reconnects(device: FakeDevice) -> None:
    line = line_to(device, timeout=2, requests=2)
    await line.start()
    await ask(line)
    descriptors, tasks = _descriptors(), len(asyncio.all_tasks())
    for _ in range(60):
        for connection in line._connections:
            connection.renew()
        assert await ask(line) == [1001]
    await wait_until(lambda: device.open_now == 2)
    gc.collect()
    assert _descriptors() <= descriptors + 1
    assert len(asyncio.all_tasks()) <= tasks + 2
    assert line.counters.reconnects >= 60
    await line.stop()
    await wait_until(lambda: device.open_now == 0)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "modbus connection"]


async def test_a_stopped_line_can_be_started_again(device: FakeDevice) -> None:
    line = line_to(device)
    for _ in range(3):
        await line.start()
        await line.start()
        assert await ask(line) == [1001]
        device.gate.clear()
        asking = asyncio.create_task(ask(line))
        await wait_until(lambda: device.log and len(device.log) % 2 == 0)
        await line.stop()
        with pytest.raises(NoAnswer, match="stopped"):
            await asking
        device.gate.set()
        with pytest.raises(LinkDown, match="stopped"):
            await ask(line)
    await line.stop()


async def test_stopping_ends_an_attempt_that_hangs(device: FakeDevice) -> None:
    """A TLS handshake with somebody who says nothing."""
    device.gate.clear()
    options = LinkOptions(Tls("127.0.0.1", device.port), connect_timeout=60)
    line = Line(options, SteadyClock())
    starting = asyncio.create_task(line.start())
    await wait_until(lambda: device.open_now == 1)
    await line.stop()
    await starting
    assert not line.connected
    await wait_until(lambda: device.open_now == 0)


async def test_connecting_has_its_time(device: FakeDevice) -> None:
    device.gate.clear()
    options = LinkOptions(Tls("127.0.0.1", device.port), connect_timeout=0.1)
    line = Line(options, SteadyClock())
    await line.start()
    assert line.error == "no connection within 0.1 s"
    assert line.breaker.last_error == line.error
    await line.stop()


async def test_a_write_is_lost_with_its_connection_and_not_repeated(device: FakeDevice) -> None:
    line = line_to(device, timeout=5, retries=3)
    await line.start()
    device.next.append(Mischief.CLOSE)
    with pytest.raises(NoAnswer, match="connection lost"):
        await line.write(1, Table.HOLDING, 5, [1], Function.AUTO, Priority.WRITE)
    await wait_until(lambda: line.connected)
    await ask(line)
    assert len(device.writes) == 1
    await line.stop()


def failing(error: Exception) -> Callable[[], Awaitable[Wire]]:
    async def connect() -> Wire:
        raise error

    return connect


async def test_attempts_go_on_for_ever_with_growing_waits() -> None:
    clock = FakeClock()
    times: list[float] = []
    reconnect = Reconnect(
        failing(OSError("no route to host")), clock, lambda: times.append(clock.monotonic()),
        draw=lambda: 0.5,
    )  # fmt: skip
    await reconnect.start()
    assert reconnect.error == "no route to host"
    await clock.advance(24 * 3600)
    waits = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert waits[:8] == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])
    assert set(waits[8:]) == {60.0}
    assert len(times) > 1400
    await reconnect.stop()


@pytest.mark.parametrize("error", [OSError(), ValueError("label too long"), TimeoutError("slow")])
async def test_every_way_to_fail_has_words(error: Exception) -> None:
    reconnect = Reconnect(failing(error), FakeClock(), lambda: None)
    await reconnect.start()
    assert reconnect.error == (str(error) or "OSError")
    with pytest.raises(LinkDown, match=reconnect.error):
        await reconnect.ready()
    await reconnect.stop()


async def test_a_failure_that_nobody_thought_of_does_not_end_the_attempts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    told: list[float] = []
    reconnect = Reconnect(
        failing(RuntimeError("what")), clock, lambda: told.append(clock.monotonic())
    )
    await reconnect.start()
    assert reconnect.error == "what"
    await clock.advance(10)
    assert len(told) >= 3
    assert "nobody thought of" in caplog.text
    await reconnect.stop()


async def test_a_connection_counts_as_good_once_it_lasted() -> None:
    clock = FakeClock()
    wires: list[Wire] = []

    async def connect() -> Wire:
        wire = Wire(clock, Counters())
        wire.is_open = True
        wires.append(wire)
        return wire

    reconnect = Reconnect(connect, clock, lambda: None, draw=lambda: 0.5)
    await reconnect.start()
    wires[-1].close("first")
    await clock.advance(1.01)
    states = [reconnect.breaker.state]
    wires[-1].close("second, too soon")
    await clock.advance(1.01)
    assert len(wires) == 2, "two seconds after a second loss"
    await clock.advance(1)
    assert len(wires) == 3
    await clock.advance(5)
    states.append(reconnect.breaker.state)
    assert states == [BreakerState.HALF_OPEN, BreakerState.CLOSED]
    wires[-1].close("third, after a while")
    await clock.advance(1.01)
    assert len(wires) == 4, "one second again"
    await reconnect.stop()


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
