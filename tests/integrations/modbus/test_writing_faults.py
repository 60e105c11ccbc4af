"""Writes that are cut off, wait, or are refused: what becomes of them and of the breaker."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.sdk import BreakerState, HubError, Unavailable
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Table
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.writing import Superseded
from tests.integrations.modbus.devices import polled, until
from tests.peers.modbus_fake import FakeDevice, Mischief, Refuse

QUIET = {"fast": 600, "normal": 600, "slow": 600}
SLOW: dict[str, Any] = {"timeout": 5.0}


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].input.update({1: 12, 2: 2})
        device[1].holding.update({10: 205, 11: 1})
        yield device


async def read_once(device: Device) -> None:
    await until(lambda: device.counters.cycles, "the first round")


async def busy(fake: FakeDevice, device: Device) -> "asyncio.Task[Any]":
    """Occupy the line with a read that is not answered."""
    fake.gate.clear()
    heard = len(fake.log)
    occupant = asyncio.create_task(device.line.read(1, Table.COIL, 90, 1, Priority.ASKED))
    await until(lambda: len(fake.log) > heard, "the request")
    return occupant


async def test_what_waited_for_a_line_that_is_lost_is_written_in_order_later(
    fake: FakeDevice,
) -> None:
    async with polled(fake, intervals=QUIET, link=SLOW, when_offline="queue") as device:
        await read_once(device)
        occupant = await busy(fake, device)
        calls = [
            asyncio.create_task(device.write(values))
            for values in ({"target": 21}, {"mode": "cool"}, {"total": 7})
        ]
        await asyncio.sleep(0.02)
        await fake.stop()
        await until(lambda: device.pending("target") == 21, "the write that waits again")
        fake.gate.set()
        await fake.start()
        await asyncio.gather(*calls)
        await asyncio.gather(occupant, return_exceptions=True)
    assert [item.start for item in fake.writes] == [10, 11, 30]


async def test_a_newer_value_goes_in_the_place_of_one_that_was_not_sent(
    fake: FakeDevice,
) -> None:
    async with polled(fake, intervals=QUIET, link=SLOW, when_offline="queue") as device:
        await read_once(device)
        occupant = await busy(fake, device)
        older = asyncio.create_task(device.write({"target": 21}))
        await asyncio.sleep(0.02)
        newer = asyncio.create_task(device.write({"target": 22}))
        await asyncio.sleep(0.02)
        await fake.stop()
        async with asyncio.timeout(30):
            with pytest.raises(Superseded):
                await older
        fake.gate.set()
        await fake.start()
        await newer
        await asyncio.gather(occupant, return_exceptions=True)
    assert [item.pdu[3:] for item in fake.writes] == [(220).to_bytes(2, "big")]


async def test_what_waits_behind_a_write_that_was_cut_off_is_told_at_once(
    fake: FakeDevice,
) -> None:
    async with polled(fake, intervals=QUIET, link=SLOW) as device:
        await read_once(device)
        fake.gate.clear()
        calls = [
            asyncio.create_task(device.write(values))
            for values in ({"target": 21}, {"mode": "cool"}, {"total": 7})
        ]
        await until(lambda: fake.writes, "the first write")
        await fake.stop()
        async with asyncio.timeout(30):
            ends = await asyncio.gather(*calls, return_exceptions=True)
        fake.gate.set()
    assert all(isinstance(end, Unavailable) for end in ends)
    assert "not known" in str(ends[0])


async def test_a_line_that_is_lost_gives_the_probe_back(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, link=SLOW, breaker={"failures": 1}) as device:
        await read_once(device)
        device.breaker.failure("for a test")
        device.breaker.hurry()
        occupant = await busy(fake, device)
        call = asyncio.create_task(device.write({"target": 21}))
        await until(lambda: device.breaker.state is BreakerState.HALF_OPEN, "the probe")
        await fake.stop()
        with pytest.raises(Unavailable, match="was not written"):
            await call
        assert device.breaker.admit()
        device.breaker.release()
        fake.gate.set()
        await asyncio.gather(occupant, return_exceptions=True)


async def test_waits_count_only_while_nothing_is_written(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.modbus.polling.device.TICK", 0.02)
    async with polled(fake, intervals=QUIET, link=SLOW, queue_seconds=0.05) as device:
        await read_once(device)
        fake.gate.clear()
        calls = [
            asyncio.create_task(device.write(values)) for values in ({"target": 21}, {"total": 7})
        ]
        await asyncio.sleep(0.2)
        fake.gate.set()
        await asyncio.gather(*calls)
        assert device.counters.expired == 0


@pytest.mark.parametrize("mischief", [Mischief.DROP, Refuse(0x0B)])
async def test_silence_counts_against_the_device(
    fake: FakeDevice, mischief: Mischief | Refuse
) -> None:
    link = {"timeout": 0.05}
    async with polled(fake, intervals=QUIET, link=link, breaker={"failures": 1}) as device:
        await read_once(device)
        fake.next.append(mischief)
        with pytest.raises(Unavailable):
            await device.write({"target": 21})
        assert device.breaker.state is BreakerState.OPEN


async def test_a_refusal_shows_that_the_device_lives(fake: FakeDevice) -> None:
    link = {"timeout": 0.05}
    async with polled(fake, intervals=QUIET, link=link, breaker={"failures": 2}) as device:
        await read_once(device)
        for _ in range(3):
            for mischief in (Mischief.DROP, Refuse(4)):
                fake.next.append(mischief)
                with pytest.raises(HubError):
                    await device.write({"target": 21})
        assert device.breaker.changes == 0


async def test_a_look_that_is_lost_is_followed_by_another(fake: FakeDevice) -> None:
    link = {"timeout": 0.05}
    async with polled(fake, intervals=QUIET, link=link) as device:
        await read_once(device)
        fake.next += [Mischief.NONE, Mischief.DROP]
        await device.write({"target": 21})
        assert (device.counters.timeouts, device.counters.unconfirmed) == (1, 0)


async def test_the_first_look_waits_as_long_as_the_map_says(fake: FakeDevice) -> None:
    spec: dict[str, Any] = {
        "name": "Slow",
        "blocks": [
            {
                "table": "holding",
                "first": 0,
                "registers": {"a": {"address": 10, "write": {"verify_delay": 0.2}}},
            }
        ],
    }

    def slowly(unit: Any, _table: str, _address: int, value: int) -> int:
        asyncio.get_running_loop().call_later(0.05, unit.holding.__setitem__, 10, value)
        return int(unit.holding[10])

    fake[1].on_write = slowly
    async with polled(fake, registers=spec, intervals=QUIET) as device:
        await read_once(device)
        before = len(fake.reads)
        await device.write({"a": 7})
        assert len(fake.reads) == before + 1


async def test_what_is_assumed_of_a_scale_is_told_to_who_follows_what_it_scales(
    fake: FakeDevice,
) -> None:
    spec: dict[str, Any] = {
        "name": "Scaled",
        "blocks": [
            {
                "table": "holding",
                "first": 0,
                "registers": {
                    "value": {"address": 10, "exponent": "power"},
                    "power": {"address": 11, "write": {"verify": False}},
                },
            }
        ],
    }
    async with polled(fake, registers=spec, intervals=QUIET) as device:
        await until(lambda: device.reading("value").value == 2050, "the value")
        told: list[Any] = []
        device.follow(["value"], lambda: told.append(device.reading("value").value))
        device.values.miss([device.values.slots["power"]], "timeout")
        await device.write({"power": 2})
        assert (told, device.values.missed) == ([20500], set())


async def test_what_is_only_written_never_grows_old(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, stale_after=0.02) as device:
        await device.write({"command": 7})
        await asyncio.sleep(0.05)
        assert (device.reading("command").value, device.reading("command").quality) == (7, "good")
