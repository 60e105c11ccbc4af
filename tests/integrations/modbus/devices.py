"""A device of the hub beside a device that misbehaves as told, without the rest of the house."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from hub.sdk import Clock
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Tcp
from integrations.modbus.mapping import compile as compiling
from integrations.modbus.mapping.schema import DEFINITION, check_definition
from integrations.modbus.polling.device import Device
from integrations.modbus.polling.settings import DeviceSettings
from integrations.modbus.schema import DEVICE
from tests.peers.modbus_fake import FakeDevice
from tests.peers.steady import SteadyClock

MAP: dict[str, Any] = {
    "name": "Test device",
    "blocks": [
        {
            "table": "holding",
            "first": 0,
            "registers": {
                "target": {
                    "address": 10,
                    "scale": 0.1,
                    "precision": 1,
                    "unit": "°C",
                    "write": {"min": 5, "max": 30, "step": 0.5},
                },
                "mode": {
                    "address": 11,
                    "enum": {0: "off", 1: "heat", 2: "cool"},
                    "write": {},
                },
                "command": {"address": 12, "access": "write", "write": {}},
                "low": {"address": 20, "mask": 0x00FF, "write": {}},
                "high": {"address": 20, "mask": 0xFF00, "write": {}},
                "bare": {"address": 21, "write": {"verify": False}},
                "total": {"address": 30, "type": "uint32", "write": {}},
            },
        },
        {
            "table": "input",
            "first": 0,
            "registers": {
                "temperature": {
                    "address": 0,
                    "type": "int16",
                    "scale": 0.1,
                    "precision": 1,
                    "invalid": [0x8000],
                    "rate": "fast",
                },
                "power": {"address": 1, "exponent": "power_sf", "rate": "fast"},
                "power_sf": {"address": 2, "type": "int16", "rate": "fast"},
                "serial": {"address": 40, "rate": "once"},
            },
        },
        {
            "table": "coil",
            "first": 0,
            "registers": {"pump": {"address": 3, "write": {}}, "valve": {"address": 7}},
        },
    ],
    "entities": [],
}


def definition(spec: Mapping[str, Any] = MAP) -> Any:
    """Return a checked and compiled register map."""
    checked = DEFINITION(spec)
    check_definition(checked)
    return compiling.definition(checked)


@contextlib.asynccontextmanager
async def polled(
    fake: FakeDevice,
    *,
    registers: Mapping[str, Any] = MAP,
    clock: Clock | None = None,
    link: Mapping[str, Any] | None = None,
    start: bool = True,
    **spec: Any,
) -> AsyncIterator[Device]:
    """Poll a fake on TCP; the fields are those of a `modbus.device`."""
    clock = clock or SteadyClock()
    options = {"timeout": 0.2, "retries": 0, **(link or {})}
    line = Line(LinkOptions(Tcp("127.0.0.1", fake.port), **options), clock)
    intervals = {"fast": 0.05, "normal": 0.1, "slow": 1, **spec.pop("intervals", {})}
    found = definition(registers)
    checked = DEVICE({"link": "l", "definition": "eastron_sdm630", "intervals": intervals, **spec})
    device = Device("d", DeviceSettings.of("d", checked, found), found, line, clock)
    await line.start()
    if start:
        device.start()
    try:
        yield device
    finally:
        await device.stop()
        await line.stop()


async def until(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> None:
    """Wait until something is so."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"did not come: {what}") from None
