"""The thermometer's protocol against a real TCP server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hub.sdk import Unavailable
from integrations._template.client import Thermometer


class Device:
    """A server that answers every connection with `answer`."""

    def __init__(self) -> None:
        self.answer = b"21.5\n"
        self.port = 0

    async def reply(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answer)
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    device = Device()
    server = await asyncio.start_server(device.reply, "127.0.0.1", 0)
    device.port = server.sockets[0].getsockname()[1]
    yield device
    server.close()
    await server.wait_closed()


async def test_reading(device: Device) -> None:
    assert (await Thermometer("127.0.0.1", device.port).read()).temperature == 21.5


@pytest.mark.parametrize("answer", [b"", b"21.5", b"warm\n", b"nan\n", b"1" * 200 + b"\n"])
async def test_no_number_is_unavailable(device: Device, answer: bytes) -> None:
    device.answer = answer
    with pytest.raises(Unavailable, match="gave no number"):
        await Thermometer("127.0.0.1", device.port).read()


async def test_nobody_listens(free_port: int) -> None:
    with pytest.raises(Unavailable, match="can not be reached"):
        await Thermometer("127.0.0.1", free_port).read()
