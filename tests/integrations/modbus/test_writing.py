"""Writes: checked first, before polls, read back, newest wins, never lost silently."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.sdk import (
    BreakerState,
    HubError,
    NotAllowed,
    NotFound,
    ServiceValidationError,
    Unavailable,
)
from integrations.modbus.polling.readings import Origin, Quality
from integrations.modbus.polling.writing import NotConfirmed, Superseded
from tests.integrations.modbus.devices import polled, until
from tests.peers.modbus_fake import FakeDevice, Mischief, Refuse

QUIET = {"fast": 600, "normal": 600, "slow": 600}


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].holding.update({10: 205, 11: 1, 20: 0x1234, 21: 5, 30: 1, 31: 2})
        yield device


async def test_a_write_is_read_back_at_once(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await until(lambda: device.counters.cycles, "the first round")
        heard = len(fake.log)
        await device.write({"target": 21.5})
        assert device.reading("target").value == 21.5
        assert device.reading("target").origin is Origin.BUS
    assert fake[1].holding[10] == 215
    assert [(item.function, item.start, item.count) for item in fake.log[heard:]] == [
        (6, 10, 1),
        (3, 10, 1),
    ]


async def test_several_values_go_in_order_and_wide_ones_in_one_request(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await device.write({"mode": "cool", "total": 0x30004, "pump": True})
    assert (fake[1].holding[11], fake[1].holding[30], fake[1].holding[31]) == (2, 3, 4)
    assert fake[1].coil[3] == 1
    assert [item.function for item in fake.writes] == [6, 16, 5]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"target": 31}, "target: "),
        ({"target": 20.3}, "target: "),
        ({"target": float("nan")}, "target: "),
        ({"target": float("inf")}, "target: "),
        ({"target": "warm"}, "target: "),
        ({"mode": "dry"}, "mode: "),
        ({"mode": None}, "mode: "),
        ({"pump": 3}, "pump: "),
        ({"low": 256}, "low: "),
        ({"total": 2**32}, "total: "),
        ({"total": -1}, "total: "),
        ({"valve": True}, "valve: "),
        ({"mode": "heat", "target": 99}, "target: "),
    ],
)
async def test_what_can_not_be_written_is_refused_before_anything_is_sent(
    fake: FakeDevice, values: dict[str, Any], words: str
) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await until(lambda: device.counters.cycles, "the first round")
        with pytest.raises(ServiceValidationError, match=words):
            await device.write(values)
    assert fake.writes == []


async def test_an_unknown_register_is_named_with_those_that_can_be_written(
    fake: FakeDevice,
) -> None:
    async with polled(fake, intervals=QUIET) as device:
        with pytest.raises(NotFound, match=r"no register 'targte'.*target, mode"):
            await device.write({"targte": 21})


async def test_a_device_that_is_only_read_refuses(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, read_only=True) as device:
        with pytest.raises(NotAllowed, match="read_only"):
            await device.write({"target": 21})
    assert fake.writes == []


async def test_own_bits_leave_the_others_alone(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake[1].holding[20] = 0x5678  # changed meanwhile: it is read again before it is written
        await device.write({"high": 0x12})
        assert fake[1].holding[20] == 0x1278
        assert device.reading("low").value == 0x78


async def test_a_device_that_shows_something_else_is_said_so(fake: FakeDevice) -> None:
    fake[1].on_write = lambda _unit, _table, address, value: 200 if address == 10 else value
    async with polled(fake, intervals=QUIET) as device:
        with pytest.raises(NotConfirmed, match=r"target: wrote 21\.5.*shows 20"):
            await device.write({"target": 21.5})
        assert device.reading("target").value == 20.0
        assert device.counters.unconfirmed == 1


async def test_a_device_that_needs_a_moment_is_looked_at_again(fake: FakeDevice) -> None:
    looks = 0

    def slowly(unit: Any, _table: str, _address: int, value: int) -> int:
        asyncio.get_running_loop().call_later(0.1, unit.holding.__setitem__, 10, value)
        return int(unit.holding[10])

    fake[1].on_write = slowly
    async with polled(fake, intervals=QUIET) as device:
        await until(lambda: device.counters.cycles, "the first round")
        await device.write({"target": 22})
        looks = sum(item.start == 10 and item.count == 1 for item in fake.reads)
    assert fake[1].holding[10] == 220
    assert looks == 2


async def test_what_can_not_be_read_back_is_assumed_and_said_so(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await device.write({"command": 7})
        command = device.reading("command")
        assert (command.value, command.origin, command.quality) == (
            7,
            Origin.ASSUMED,
            Quality.GOOD,
        )
        await device.write({"bare": 9})
        assert device.reading("bare").origin is Origin.ASSUMED
        fake[1].holding[21] = 8
        await device.refresh(["bare"])
        bare = device.reading("bare")
        assert (bare.value, bare.origin) == (8, Origin.BUS)
    assert fake[1].holding[12] == 7


async def test_a_refusal_names_the_register_and_takes_back_the_rest(fake: FakeDevice) -> None:
    fake[1].read_only.add(("holding", 11))
    async with polled(fake, intervals=QUIET) as device:
        with pytest.raises(ServiceValidationError, match="mode: "):
            await device.write({"mode": "cool", "target": 22})
        assert device.breaker.state is BreakerState.CLOSED
    assert fake[1].holding[10] == 205


async def test_a_lost_answer_is_no_success(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake.next += [Mischief.MUTE]
        with pytest.raises(Unavailable, match=r"target.*not known"):
            await device.write({"target": 22})


async def test_writes_to_a_device_that_is_left_alone_are_refused_with_the_reason(
    fake: FakeDevice,
) -> None:
    breaker = {"failures": 1, "wait": 60}
    async with polled(fake, link={"timeout": 0.05}, breaker=breaker) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake[1].silent = True
        await until(lambda: device.breaker.state is BreakerState.OPEN, "the open breaker")
        with pytest.raises(Unavailable, match=r"left alone for \d+ s, no answer"):
            await device.write({"target": 22})


async def test_a_write_on_a_link_that_is_down_is_refused_with_the_reason(
    fake: FakeDevice,
) -> None:
    async with polled(fake) as device:
        await fake.stop()
        await until(lambda: not device.line.connected, "the loss")
        with pytest.raises(Unavailable, match="can not be reached"):
            await device.write({"target": 22})


async def test_where_writes_wait_the_newest_is_written_when_the_device_is_back(
    fake: FakeDevice,
) -> None:
    async with polled(fake, when_offline="queue") as device:
        await until(lambda: device.counters.cycles, "the first round")
        await fake.stop()
        await until(lambda: not device.line.connected, "the loss")
        await device.write({"target": 22})
        await device.write({"target": 23, "mode": "cool"})
        assert device.pending("target") == 23
        await fake.start()
        await until(lambda: device.pending("mode") is None, "the writes")
        await until(lambda: device.reading("mode").value == "cool", "what was written")
    assert [(item.start, item.pdu[3:]) for item in fake.writes] == [
        (10, (230).to_bytes(2, "big")),
        (11, (2).to_bytes(2, "big")),
    ]


async def test_what_waits_too_long_is_dropped(fake: FakeDevice) -> None:
    async with polled(fake, when_offline="queue", queue_seconds=0.5) as device:
        await until(lambda: device.counters.cycles, "the first round")
        await fake.stop()
        await until(lambda: not device.line.connected, "the loss")
        await device.write({"target": 22})
        await until(lambda: device.counters.expired, "the end of its time")
        assert device.pending("target") is None
        await fake.start()
        await until(lambda: device.line.connected, "the return")
    assert fake.writes == []


async def test_newest_wins_only_while_it_waits(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, link={"timeout": 5.0}) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake.gate.clear()
        results = []
        for value in (20, 21, 22, 23):
            results.append(asyncio.create_task(device.write({"target": value})))
            await asyncio.sleep(0.02)
        fake.gate.set()
        done = await asyncio.gather(*results, return_exceptions=True)
    assert [type(item) for item in done] == [type(None), Superseded, Superseded, type(None)]
    assert [item.pdu[3:] for item in fake.writes] == [
        (200).to_bytes(2, "big"),
        (230).to_bytes(2, "big"),
    ]


async def test_every_write_is_sent_even_of_the_same_value(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device:
        for _ in range(3):
            await device.write({"target": 21})
    assert len(fake.writes) == 3


async def test_a_write_starts_after_at_most_one_more_read(fake: FakeDevice) -> None:
    scattered = {
        "name": "Scattered",
        "limits": {"gap": 0},
        "blocks": [
            {
                "table": "holding",
                "first": 0,
                "registers": {
                    f"r{n}": {"address": n * 10, **({"write": {}} if not n else {})}
                    for n in range(200)
                },
            }
        ],
    }
    fake.delay = 0.005
    async with polled(fake, registers=scattered, intervals={"normal": 60}) as device:
        await until(lambda: len(fake.log) == 50, "a round under way")
        asked = len(fake.log)
        await device.write({"r0": 77})
        at = next(index for index, item in enumerate(fake.log) if item.is_write)
        assert at - asked <= 1
        await until(lambda: device.counters.cycles, "the end of the round")
        assert len(fake.reads) == 201


async def test_a_caller_that_is_gone_takes_back_what_is_not_begun(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, link={"timeout": 5.0}) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake.gate.clear()
        first = asyncio.create_task(device.write({"target": 20}))
        second = asyncio.create_task(device.write({"mode": "cool"}))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.sleep(0)
        fake.gate.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await second
    assert fake[1].holding[11] == 1


async def test_a_busy_device_refuses_a_write_with_its_reason(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake.next += [Refuse(6)]
        with pytest.raises(HubError, match="target: "):
            await device.write({"target": 22})
        await device.write({"target": 22})
    assert fake[1].holding[10] == 220
