"""Several who write to one unit: bits of a word do not cross, and the others see it at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from integrations.modbus import raw
from integrations.modbus.gateway.options import GatewayOptions
from integrations.modbus.gateway.server import Gateway
from integrations.modbus.line.errors import LinkDown
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.writing import NotConfirmed, Superseded
from tests.integrations.modbus.devices import polled, until
from tests.peers.modbus_fake import FakeDevice
from tests.peers.steady import SteadyClock

QUIET = {"fast": 600, "normal": 600, "slow": 600}
WORD = 20
"""Address of the registers `low` and `high`, which share it."""


@contextlib.asynccontextmanager
async def beside(device: Device) -> AsyncIterator[Device]:
    """Make another device of the same unit on the same line."""
    other = Device("other", device.settings, device.definition, device.line, device.clock)
    other.start()
    try:
        yield other
    finally:
        await other.stop()


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].holding.update({WORD: 0x1234})
        yield device


@pytest.fixture
async def device(fake: FakeDevice) -> AsyncIterator[Device]:
    """A device that has been read and has no reason to be read again, on two connections."""
    async with polled(fake, intervals=QUIET, link={"requests": 2, "timeout": 2}) as found:
        await until(lambda: found.counters.cycles and found.reading("low").value, "a round")
        yield found


@pytest.fixture
async def other(device: Device) -> AsyncIterator[Device]:
    """Another device of the same unit, which has been read too."""
    async with beside(device) as found:
        await until(lambda: found.counters.cycles, "its first round")
        yield found


async def test_two_devices_change_their_bits_of_one_word(
    fake: FakeDevice, device: Device, other: Device
) -> None:
    fake.delay = 0.01
    await asyncio.gather(device.write({"low": 0x55}), other.write({"high": 0x66}))
    assert fake[1].holding[WORD] == 0x6655
    await until(lambda: device.reading("high").value == 0x66, "what the other one wrote")
    await until(lambda: other.reading("low").value == 0x55, "what the first one wrote")


async def test_a_person_writes_the_word_of_which_a_device_changes_bits(
    fake: FakeDevice, device: Device
) -> None:
    fake.delay = 0.01
    change = asyncio.create_task(device.write({"low": 0x55}))
    await until(lambda: fake.log[-1].start == WORD and fake.log[-1].count == 1, "its first look")
    await raw.write(device.line, 1, Table.HOLDING, WORD, [0xABCD], Function.SINGLE)
    await change  # the device was read back before the person had the turn
    assert fake[1].holding[WORD] == 0xABCD  # it came later, and nobody put old bits back


async def test_who_is_overwritten_before_the_device_was_to_be_read_back_is_told(
    fake: FakeDevice,
) -> None:
    later = {"address": WORD, "mask": 0x00FF, "write": {"verify_delay": 0.5, "verify_tries": 9}}
    other = {"address": WORD, "mask": 0xFF00, "write": {}}
    registers = {"low": later, "high": other}
    blocks = [{"table": "holding", "first": 0, "registers": registers}]
    spec = {"name": "Slow to show", "blocks": blocks}
    async with polled(fake, registers=spec, intervals=QUIET, link={"requests": 2}) as device:
        await until(lambda: device.counters.cycles, "the first round")
        fake.delay = 0.01
        for wrote, error in ((0xABCD, True), (0xAB55, False)):
            fake[1].holding[WORD] = 0
            seen = len(fake.log)
            change = asyncio.create_task(device.write({"low": 0x55}))
            await until(lambda at=seen: len(fake.log) > at, "its first look")
            await raw.write(device.line, 1, Table.HOLDING, WORD, [wrote], Function.SINGLE)
            if error:
                with pytest.raises(Superseded, match="low: somebody else wrote it meanwhile"):
                    await change
            else:
                await change
            assert device.reading("low").value == wrote & 0xFF
        assert device.counters.unconfirmed == 0


async def test_a_write_before_ones_own_is_no_reason_for_what_a_device_shows(
    fake: FakeDevice,
) -> None:
    registers = {"low": {"address": WORD, "write": {"verify_delay": 0.01, "verify_tries": 2}}}
    blocks = [{"table": "holding", "first": 0, "registers": registers}]
    spec = {"name": "Has its own mind", "blocks": blocks}
    fake[1].on_write = lambda _unit, _table, _address, _value: 3
    async with polled(fake, registers=spec, intervals=QUIET, link={"requests": 2}) as device:
        await until(lambda: device.counters.cycles, "the first round")
        async with device.line.alter(1, Priority.WRITE):
            change = asyncio.create_task(device.write({"low": 7}))
            await until(lambda: device.counters.writes, "its wait for the turn")
            await device.line.write(1, Table.HOLDING, WORD, [5], Function.SINGLE, Priority.WRITE)
        with pytest.raises(NotConfirmed, match="low: wrote 7, d shows 3"):
            await change


async def test_other_units_do_not_wait(fake: FakeDevice, device: Device) -> None:
    assert fake[2].holding[0] == 0
    async with device.line.alter(1, Priority.WRITE):
        await device.line.write(1, Table.HOLDING, 0, [7], Function.SINGLE, Priority.WRITE)
        other = asyncio.create_task(
            device.line.write(2, Table.HOLDING, 0, [9], Function.SINGLE, Priority.WRITE)
        )
        await other
    assert (fake[1].holding[0], fake[2].holding[0]) == (7, 9)


async def test_who_waits_for_a_writer_is_told_that_the_line_is_gone(
    fake: FakeDevice, device: Device
) -> None:
    line = device.line
    async with line.alter(1, Priority.WRITE):
        waiting = asyncio.create_task(
            line.write(1, Table.HOLDING, 0, [1], Function.SINGLE, Priority.WRITE)
        )
        await asyncio.sleep(0)
        await fake.stop()
        await until(lambda: not line.connected, "the end of the line")
    with pytest.raises(LinkDown):
        await waiting
    await fake.start()
    await until(lambda: line.connected, "the line")
    await line.write(1, Table.HOLDING, 0, [2], Function.SINGLE, Priority.WRITE)
    assert fake[1].holding[0] == 2


async def test_what_a_program_behind_the_gateway_writes_is_seen_at_once(
    fake: FakeDevice, device: Device
) -> None:
    spec = {"write": [{"unit": 1, "table": "holding", "first": 10, "last": 11}]}
    gateway = Gateway(device.line, GatewayOptions.from_spec(spec), SteadyClock())
    before = len(fake.reads)
    assert await gateway.answer(1, bytes.fromhex("06 000B 0002")) == bytes.fromhex("06 000B 0002")
    await until(lambda: device.reading("mode").value == "cool", "the new mode")
    # what was not written is not read, and what is refused is not written
    assert [(item.start, item.count) for item in fake.reads[before:]] == [(11, 1)]
    assert await gateway.answer(1, bytes.fromhex("06 0014 0002")) == bytes.fromhex("86 02")
    assert await gateway.answer(2, bytes.fromhex("06 000B 0001")) == bytes.fromhex("86 01")
    await device.refresh(["pump"])
    assert len(fake.reads) == before + 2


async def test_what_a_person_writes_is_seen_at_once(fake: FakeDevice, device: Device) -> None:
    await raw.write(device.line, 1, Table.HOLDING, 10, [215, 1], Function.MULTIPLE)
    await until(lambda: device.reading("mode").value == "heat", "the new mode")
    assert device.reading("target").value == 21.5
    await raw.write(device.line, 1, Table.COIL, 3, [1], Function.SINGLE)
    await until(lambda: device.reading("pump").value is True, "the pump")
    cycles = device.counters.cycles
    assert fake[2].holding[10] == 0
    await raw.write(device.line, 2, Table.HOLDING, 10, [0], Function.SINGLE)
    await device.refresh(["pump"])
    assert device.counters.cycles == cycles + 1  # another unit is nobody's here


async def test_own_writes_are_read_back_once(fake: FakeDevice, device: Device) -> None:
    before = len(fake.reads)
    await device.write({"mode": "cool"})
    await device.write({"bare": 5})
    await device.refresh(["pump"])
    assert [(item.start, item.count) for item in fake.reads[before:]] == [(11, 1), (3, 1)]
