"""A bench for the entities of register maps."""

from collections.abc import AsyncIterator

import pytest

from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Tcp
from tests.integrations.modbus.bench import Bench
from tests.peers.house import House
from tests.peers.modbus_fake import FakeDevice
from tests.peers.steady import SteadyLoop, loop_factories


def pytest_asyncio_loop_factories() -> dict[str, type[SteadyLoop]]:
    """Let no pause of the machine be taken for a device that does not answer."""
    return loop_factories()


@pytest.fixture
async def bench(house: House) -> AsyncIterator[Bench]:
    """A device on TCP that is not polled yet."""
    async with FakeDevice().on_tcp() as fake:
        options = LinkOptions(Tcp("127.0.0.1", fake.port), timeout=0.1, retries=0)
        line = Line(options, house.hub.clock)
        await line.start()
        made = Bench(house.hub, fake, line)
        yield made
        if hasattr(made, "device"):
            await made.device.stop()
        await line.stop()
