"""What pymodbus's client does not mind and a link has to: a device that answers chosen bytes."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from integrations.modbus.line.client import Line
from integrations.modbus.line.errors import BadAnswer, Fault, NoAnswer
from integrations.modbus.line.options import LinkOptions, Tcp, Tls, Transport
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Table
from tests.peers.pebble import Authority
from tests.peers.ports import wait_until
from tests.peers.steady import SteadyClock

Answer = Callable[[bytes], list[bytes]]
"""Makes of a request (with its header) what is sent back, piece by piece."""


class Scripted:
    """A server that answers what it is told; `connections` is how often it was called."""

    def __init__(self) -> None:
        self.connections = self.open = 0
        self.answer: Answer = good
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        while data := await reader.read(260):
            for piece in self.answer(data):
                writer.write(piece)
                await asyncio.sleep(0.01)
        writer.close()
        self.open -= 1


def good(request: bytes) -> list[bytes]:
    """Answer each register with its address."""
    start, count = (int.from_bytes(request[place : place + 2], "big") for place in (8, 10))
    words = b"".join((start + index).to_bytes(2, "big") for index in range(count))
    pdu = bytes((request[7], len(words))) + words
    return [request[:4] + (len(pdu) + 1).to_bytes(2, "big") + request[6:7] + pdu]


@asynccontextmanager
async def opened(
    context: ssl.SSLContext | None = None, authority: Authority | None = None
) -> AsyncIterator[tuple[Line, Scripted]]:
    device = Scripted()
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0, ssl=context)
    device.port = server.sockets[0].getsockname()[1]
    transport: Transport = Tcp("127.0.0.1", device.port)
    if authority is not None:
        ca = authority.certificate.read_text()
        transport = Tls("127.0.0.1", device.port, "meter.test", ca)
    line = Line(LinkOptions(transport, timeout=0.3, retries=0), SteadyClock())
    await line.start()
    try:
        yield line, device
    finally:
        await line.stop()
        server.close()
        await server.wait_closed()
        await wait_until(lambda: not device.open)


async def ask(line: Line, start: int, count: int = 1) -> list[int]:
    return list(await line.read(1, Table.HOLDING, start, count, Priority.POLL))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda frame: b"\0\0" + frame[2:], BadAnswer),  # transaction id 0
        (lambda frame: frame[:7] + b"\x64" + frame[8:], BadAnswer),  # a function nobody knows
        (lambda frame: frame[:8] + b"\x09" + frame[9:], BadAnswer),  # more bytes than there are
        (lambda frame: frame[:5] + b"\x02\x01\x83", BadAnswer),  # an exception without a code
        (lambda frame: frame[:4] + b"\xff\xff" + frame[6:], NoAnswer),  # a length nobody has
        (lambda _: b"\0" * 20, NoAnswer),
        (lambda frame: frame * 30, NoAnswer),  # more at once than pymodbus looks at
        (lambda frame: frame + b"\0" * 5, None),
    ],
    ids=[
        "no-transaction-id",
        "function",
        "byte-count",
        "no-code",
        "length",
        "zeros",
        "many",
        "more",
    ],
)
async def test_no_answer_breaks_the_connection(
    change: Callable[[bytes], bytes],
    fault: type[Fault] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened() as (line, device):
        device.answer = lambda request: [change(good(request)[0])]
        if fault is None:
            assert await ask(line, 7) == [7]
        else:
            with pytest.raises(fault):
                await ask(line, 7)
        device.answer = good
        assert await ask(line, 8, 2) == [8, 9]
        assert device.connections == 1
        assert not caplog.records


async def test_the_rest_of_a_late_answer_spoils_one_question_at_most() -> None:
    async with opened() as (line, device):
        async with asyncio.timeout(30):
            device.answer = lambda request: [good(request)[0][:11]]
            with pytest.raises(NoAnswer):
                await ask(line, 5, 4)
            rest = bytes.fromhex("0006 0007 0008")
            device.answer = lambda request: [rest, *good(request)]
            with pytest.raises(NoAnswer):
                await ask(line, 9)
            device.answer = good
            assert await ask(line, 10) == [10]


async def test_over_tls_an_answer_may_come_in_pieces(tmp_path: Path) -> None:
    """pymodbus's own framer for TLS takes each record for a whole frame."""
    authority = Authority(tmp_path)
    certificate, key = authority.pair(["meter.test"])
    (tmp_path / "server.pem").write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    async with opened(context, authority) as (line, device):
        device.answer = lambda request: [
            good(request)[0][:6], good(request)[0][6:10], good(request)[0][10:],
        ]  # fmt: skip
        assert await ask(line, 5, 3) == [5, 6, 7]


async def test_what_pymodbus_logs_is_left_out_unless_wanted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("pymodbus.logging")
    async with opened() as (line, device):
        device.answer = lambda _: []
        for wanted in (False, True):
            logger.setLevel(logging.WARNING if wanted else logging.NOTSET)
            with pytest.raises(NoAnswer):
                await ask(line, 1)
            assert bool(caplog.records) is wanted
        logger.setLevel(logging.NOTSET)
        caplog.clear()
        try:
            raise RuntimeError("a mistake")
        except RuntimeError:
            logger.exception("is told anyway")
        assert len(caplog.records) == 1
        assert len([item for item in logger.filters if callable(item)]) == 1
