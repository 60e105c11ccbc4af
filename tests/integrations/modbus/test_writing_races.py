"""Writes that meet each other, a stop, or settings that change meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hub.sdk import Unavailable
from integrations.modbus.polling.device import Device
from tests.integrations.modbus.devices import polled, until
from tests.peers.modbus_fake import FakeDevice

QUIET = {"fast": 600, "normal": 600, "slow": 600}


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].holding.update({10: 205, 11: 1})
        yield device


async def read_once(device: Device) -> None:
    await until(lambda: device.counters.cycles, "the first round")


async def test_a_write_right_after_another_waits_for_no_tick(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with polled(fake, intervals=QUIET) as device:
        await read_once(device)
        monkeypatch.setattr(device.writing, "tick", lambda: None)
        async with asyncio.timeout(30):
            for value in (21, 22, 23):
                await device.write({"target": value})
    assert fake[1].holding[10] == 230


async def test_a_device_that_was_stopped_takes_no_writes(fake: FakeDevice) -> None:
    async with polled(fake, intervals=QUIET, when_offline="queue") as device:
        await read_once(device)
        await device.stop()
        with pytest.raises(Unavailable, match="does not run any more"):
            await device.write({"target": 22})
        assert device.pending("target") is None
    assert fake.writes == []


async def test_a_stop_ends_what_is_written_and_begins_nothing_of_what_waits(
    fake: FakeDevice,
) -> None:
    async with polled(fake, intervals=QUIET, link={"timeout": 5.0}) as device:
        await read_once(device)
        fake.gate.clear()
        calls = [
            asyncio.create_task(device.write(values))
            for values in ({"target": 21}, {"mode": "cool"}, {"total": 7})
        ]
        await until(lambda: len(fake.writes) == 1, "the first write")
        await device.stop()
        fake.gate.set()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(0.05)
    assert all(isinstance(end, Unavailable) for end in ends)
    assert "outcome is unknown" in str(ends[0])
    assert len(fake.writes) == 1


async def away(fake: FakeDevice, device: Device) -> None:
    await read_once(device)
    await fake.stop()
    await until(lambda: not device.line.connected, "the loss")


@pytest.mark.parametrize("changed", [{"read_only": True}, {"queues": False}])
async def test_what_waits_is_dropped_when_other_settings_forbid_it(
    fake: FakeDevice, changed: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with polled(fake, when_offline="queue") as device:
        await away(fake, device)
        await device.write({"target": 22, "mode": "cool"})
        device.adopt(replace(device.settings, name="Boiler"))
        assert device.pending("target") == 22
        device.adopt(replace(device.settings, **changed))
        assert device.pending("target") is device.pending("mode") is None
        await fake.start()
        await until(lambda: device.line.connected, "the return")
        cycles = device.counters.cycles
        await until(lambda: device.counters.cycles > cycles + 2, "rounds")
    assert fake.writes == []
    assert caplog.text.count("the write that waits is dropped") == 2


async def test_what_waits_when_a_device_is_stopped_is_told_to_the_log(
    fake: FakeDevice, caplog: pytest.LogCaptureFixture
) -> None:
    async with polled(fake, when_offline="queue") as device:
        await away(fake, device)
        await device.write({"target": 22})
    assert "target: the write that waits is dropped" in caplog.text
