"""Writes of some bits of words, in every order of words and bytes: the others stay."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.sdk import ServiceValidationError
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.writing import NotConfirmed
from tests.integrations.modbus.devices import polled, until
from tests.peers.modbus_fake import FakeDevice

QUIET = {"fast": 600, "normal": 600, "slow": 600}


def bits(**fields: Any) -> dict[str, Any]:
    """Return a map of two registers that share words."""
    return {
        "name": "Shared words",
        "blocks": [
            {
                "table": "holding",
                "first": 0,
                **fields,
                "registers": {
                    "low": {"address": 0, "mask": 0x00FF, "write": {}},
                    "high": {"address": 0, "mask": 0xFF00, "write": {}},
                },
            }
        ],
    }


def by_mask(spec: dict[str, Any]) -> dict[str, Any]:
    for register in spec["blocks"][0]["registers"].values():
        register["write"] = {"function": "mask"}
    return spec


@pytest.fixture
async def fake() -> AsyncIterator[FakeDevice]:
    async with FakeDevice().on_tcp() as device:
        device[1].holding.update({0: 0x1234, 1: 0x5678})
        yield device


async def read_once(device: Device) -> None:
    await until(lambda: device.counters.cycles, "the first round")


@pytest.mark.parametrize(
    ("spec", "becomes"),
    [
        (bits(), (0x1255, 0x5678)),
        (by_mask(bits()), (0x1255, 0x5678)),
        (bits(byte_order="little"), (0x5534, 0x5678)),
        (by_mask(bits(byte_order="little")), (0x5534, 0x5678)),
        (bits(type="uint32"), (0x1234, 0x5655)),
        (bits(type="uint32", word_order="little"), (0x1255, 0x5678)),
    ],
)
async def test_only_the_own_bits_change(
    fake: FakeDevice, spec: dict[str, Any], becomes: tuple[int, int]
) -> None:
    async with polled(fake, registers=spec, intervals=QUIET) as device:
        await read_once(device)
        before = device.reading("high").value
        await device.write({"low": 0x55})
        await device.refresh()
        assert (device.reading("low").value, device.reading("high").value) == (0x55, before)
    assert (fake[1].holding[0], fake[1].holding[1]) == becomes


@pytest.mark.parametrize("spec", [bits(byte_order="little"), bits(type="uint32")])
async def test_bits_that_a_device_does_not_take_are_not_confirmed(
    fake: FakeDevice, spec: dict[str, Any]
) -> None:
    fake[1].on_write = lambda unit, table, address, _value: unit.table(table)[address]
    async with polled(fake, registers=spec, intervals=QUIET) as device:
        await read_once(device)
        with pytest.raises(NotConfirmed):
            await device.write({"low": 0x55})


async def test_bits_of_others_that_change_meanwhile_are_no_matter(fake: FakeDevice) -> None:
    fake[1].on_write = lambda _unit, _table, _address, value: value ^ 0x0100
    async with polled(fake, registers=bits(), intervals=QUIET) as device:
        await read_once(device)
        await device.write({"low": 0x55})
        assert (device.reading("low").value, device.reading("high").value) == (0x55, 0x13)


async def test_bits_are_scaled_by_the_power_of_ten_that_another_register_holds(
    fake: FakeDevice,
) -> None:
    spec = bits()
    registers = spec["blocks"][0]["registers"]
    registers["low"]["exponent"] = "power"
    registers["power"] = {"address": 1}
    fake[1].holding[1] = 1
    async with polled(fake, registers=spec, intervals=QUIET) as device:
        await read_once(device)
        await device.write({"low": 50})
        assert device.reading("low").value == 50
    assert fake[1].holding[0] == 0x1205


async def test_words_that_would_mean_no_value_are_refused_in_words(fake: FakeDevice) -> None:
    spec = bits()
    spec["blocks"][0]["registers"]["low"]["invalid"] = [0x99FF]
    async with polled(fake, registers=spec, intervals=QUIET) as device:
        await read_once(device)
        fake[1].holding[0] = 0x9934
        with pytest.raises(ServiceValidationError, match="low: these words mean"):
            await device.write({"low": 0xFF})
    assert fake.writes == []
