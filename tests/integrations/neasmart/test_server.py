import asyncio
import contextlib
import gc
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from integrations.neasmart.capture import Capture
from integrations.neasmart.crc import seal
from integrations.neasmart.image import Image
from integrations.neasmart.options import Options
from integrations.neasmart.pdu import Slave
from integrations.neasmart.server import Server
from tests.peers.ports import free_port_number, wait_until

Start = Callable[..., Awaitable[Server]]
READ = bytes.fromhex("00 01 00 00 00 06 F0 03 00 66 00 01")
WRITE = bytes.fromhex("00 02 00 00 00 06 00 06 00 66 0C 33")


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    servers: list[Server] = []

    async def make(
        options: Options | None = None, *, slave: Slave | None = None, **more: object
    ) -> Server:
        options = options or Options(host="127.0.0.1", port=0)
        server = Server(slave or Slave(Image()), options, **more)  # type: ignore[arg-type]
        servers.append(server)
        await server.start()
        return server

    yield make
    for server in servers:
        await server.stop()


async def read_one(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(6)
    return head + await reader.readexactly(head[5])


async def test_reads_and_writes_over_tcp(start: Start) -> None:
    server = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(WRITE + READ)
    assert (await read_one(reader)).hex() == "000100000005f003020c33"
    assert server.connected
    counters = server.counters()
    assert (counters.broadcasts, counters.reads, counters.bytes_in) == (1, 1, 24)
    writer.close()
    await wait_until(lambda: not server.connected)
    assert server.counters() == counters


async def test_twelve_broadcasts_glued_and_twelve_without_pause(start: Start) -> None:
    server = await start()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    frames = [
        bytes.fromhex("00 00 00 00 00 06 00 06") + struct.pack(">HH", 100 * z + 2, 0x0C00 + z)
        for z in range(1, 25)
    ]
    writer.write(b"".join(frames[:12]))
    for single in frames[12:]:
        writer.write(single)
        await writer.drain()
    await wait_until(lambda: server.counters().broadcasts == 24)
    assert [server.image.reported(100 * z + 2) for z in range(1, 25)] == [
        0x0C00 + z for z in range(1, 25)
    ]
    writer.close()


async def test_two_adapters_at_once_and_one_dies_without_a_word(start: Start) -> None:
    server = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    other_reader, other = await asyncio.open_connection("127.0.0.1", server.port)
    for stream in (writer, other):
        stream.write(READ)
    await read_one(reader)
    await read_one(other_reader)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    other.write(READ)
    await read_one(other_reader)
    await wait_until(lambda: len(server.peers) == 1)
    other.close()


async def test_a_full_house_drops_the_most_silent_peer(start: Start) -> None:
    server = await start(Options(host="127.0.0.1", port=0, max_connections=2))
    first_reader, first = await asyncio.open_connection("127.0.0.1", server.port)
    await wait_until(lambda: len(server.peers) == 1)
    second_reader, second = await asyncio.open_connection("127.0.0.1", server.port)
    second.write(READ)
    await read_one(second_reader)
    third_reader, third = await asyncio.open_connection("127.0.0.1", server.port)
    third.write(READ)
    await read_one(third_reader)
    with contextlib.suppress(ConnectionResetError):
        assert await first_reader.read() == b""
    assert len(server.peers) == 2
    for writer in (first, second, third):
        writer.close()


async def test_a_thousand_connects_leak_nothing(start: Start) -> None:
    server = await start()
    for _ in range(1000):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()
        await writer.wait_closed()
    await wait_until(lambda: server.connections == 1000 and not server.peers)
    gc.collect()
    from integrations.neasmart.peer import Peer

    assert sum(isinstance(item, Peer) for item in gc.get_objects()) <= 1


async def test_the_allow_list_is_kept(start: Start) -> None:
    server = await start(Options(host="127.0.0.1", port=0, allow=("192.0.2.0/24",)))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert (server.refused, len(server.peers)) == (1, 0)
    writer.close()
    allowed = await start(Options(host="127.0.0.1", port=0, allow=("127.0.0.1",)))
    reader, writer = await asyncio.open_connection("127.0.0.1", allowed.port)
    writer.write(READ)
    await read_one(reader)
    writer.close()


async def test_a_knock_proves_the_listener_and_is_no_adapter(start: Start) -> None:
    full = Options(host="127.0.0.1", port=0, max_connections=1, allow=("127.0.0.1",))
    server = await start(full)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(READ)
    await read_one(reader)
    await server.knock()
    writer.write(READ)
    await read_one(reader)
    assert (server.connections, server.refused, len(server.peers)) == (1, 0, 1)
    assert server._listener is not None
    server._listener.close()
    with pytest.raises(OSError, match="not listening"):
        await server.knock()
    writer.close()
    await (await start(Options(host="0.0.0.0", port=0))).knock()  # noqa: S104 - all addresses


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (Options(port=1), Options(port=2), False),
        (Options(port=1), Options(port=1), True),
        (Options(port=1, host="127.0.0.1"), Options("rtu-over-tcp", port=1), True),
        (Options(port=1, host="127.0.0.1"), Options(port=1, host="127.0.0.2"), False),
        (Options(port=1, host="::"), Options(port=1, host="127.0.0.2"), True),
        (Options("rtu-over-tcp-dial", "a", 1), Options("rtu-over-tcp-dial", "a", 1), True),
        (Options("rtu-over-tcp-dial", "a", 1), Options("rtu-over-tcp-dial", "b", 1), False),
        (Options("rtu-over-tcp-dial", "a", 1), Options("tcp", "a", 1), False),
        (Options("serial", device="/dev/a"), Options("serial", device="/dev/a"), True),
        (Options("serial", device="/dev/a"), Options("serial", device="/dev/b"), False),
    ],
)
def test_lines_that_can_not_be_open_at_once(one: Options, other: Options, collide: bool) -> None:
    assert one.collides(other) is other.collides(one) is collide


async def test_keepalive_is_on(start: Start) -> None:
    server = await start()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await wait_until(lambda: server.peers)
    peer = next(iter(server.peers))
    assert peer._transport is not None
    sock = peer._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    writer.close()


async def test_silent_peers_are_cut_when_an_idle_limit_is_set(start: Start) -> None:
    now = 100.0
    image = Image(monotonic=lambda: now)
    options = Options(host="127.0.0.1", port=0, idle_timeout=60)
    server = await start(options, slave=Slave(image))
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await wait_until(lambda: server.peers)
    now = 159.0
    server.sweep()
    assert server.peers
    now = 161.0
    server.sweep()
    await wait_until(lambda: not server.peers)
    writer.close()


async def test_a_peer_that_takes_no_answers_is_not_read_for_ever(start: Start) -> None:
    server = await start()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    request = bytes.fromhex("00 01 00 00 00 06 F0 03 00 00 00 7D") * 5000
    for _ in range(400):
        writer.write(request)
    peer = None
    await wait_until(lambda: server.peers)
    peer = next(iter(server.peers))
    transport = peer._transport
    assert transport is not None
    await wait_until(lambda: not transport.is_reading())
    assert transport.get_write_buffer_size() < 30_000_000
    writer.transport.abort()
    await wait_until(lambda: not server.peers)


async def test_a_port_in_use_is_named_and_taken_when_it_is_free(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port_number()
    waits: list[float] = []
    woken = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await woken.wait()

    with socket.socket() as owner:
        owner.bind(("127.0.0.1", port))
        owner.listen()
        server = await start(Options(host="127.0.0.1", port=port), sleep=sleep)
        assert server.error is not None
        assert f"port {port} is in use" in server.error
        assert not server.listening
        assert "is in use" in caplog.text
    woken.set()
    await wait_until(lambda: server.listening)
    assert server.error is None
    assert 1 <= waits[0] <= 3


def test_a_port_without_rights_says_what_to_do() -> None:
    server = Server.__new__(Server)
    server.options = Options(port=502)
    message = server._explain(PermissionError(13, "Permission denied"))
    assert "502 needs root or CAP_NET_BIND_SERVICE" in message


async def test_rtu_over_tcp_listening(start: Start) -> None:
    server = await start(Options("rtu-over-tcp", "127.0.0.1", 0))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        bytes.fromhex("00 06 00 66 0C 33 2D 11") + seal(bytes.fromhex("F0 03 00 66 00 01"))
    )
    assert await reader.readexactly(7) == seal(bytes.fromhex("F0 03 02 0C 33"))
    writer.close()


async def test_dialling_a_transparent_adapter_again_after_it_hung_up(start: Start) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def adapter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(seal(bytes.fromhex("F0 03 00 66 00 01")))
        got.put_nowait(await reader.readexactly(7))
        writer.close()

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    async with await asyncio.start_server(adapter, "127.0.0.1", 0) as far:
        port = far.sockets[0].getsockname()[1]
        server = await start(Options("rtu-over-tcp-dial", "127.0.0.1", port), sleep=sleep)
        for _ in range(3):
            assert await got.get() == seal(bytes.fromhex("F0 03 02 00 00"))
        await server.stop()


async def test_dialling_nobody_is_a_status_not_a_crash(start: Start) -> None:
    port = free_port_number()
    server = await start(Options("rtu-over-tcp-dial", "127.0.0.1", port))
    await wait_until(lambda: server.error is not None)
    assert f"cannot reach the adapter at 127.0.0.1:{port}" in str(server.error)


async def test_a_missing_serial_device_is_a_status(start: Start, tmp_path: Path) -> None:
    server = await start(Options("serial", device=str(tmp_path / "ttyUSB9")))
    await wait_until(lambda: server.error is not None)
    assert "ttyUSB9" in str(server.error)


async def test_foreign_traffic_is_counted_not_logged(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = await start(Options("rtu-over-tcp", "127.0.0.1", 0))
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(seal(bytes.fromhex("10 03 00 00 00 01")) * 50)
    await wait_until(lambda: server.counters().foreign == 50)
    assert not caplog.records
    writer.write(bytes.fromhex("F0 03 00 64 00 02 00 00") * 50)
    await wait_until(lambda: server.counters().crc_errors > 0)
    assert [r.getMessage() for r in caplog.records] == [
        "Damaged frame for unit 240 begins f0 03 00 64 00 02 00 00"
    ]
    writer.close()


async def test_a_failing_framer_keeps_the_line(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start()
    monkeypatch.setattr(server.slave, "handle", None)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(WRITE)
    await wait_until(lambda: server.counters().failures == 1)
    writer.write(READ)
    assert (await read_one(reader)).hex() == "000100000005f003020000"
    assert "was lost" in caplog.text
    writer.close()


async def test_the_trace_holds_both_directions_and_is_bounded(start: Start) -> None:
    server = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _ in range(500):
        writer.write(READ)
        await read_one(reader)
    assert {entry[2] for entry in server.trace} == {"rx", "tx"}
    assert len(server.trace) == 400
    writer.close()


async def test_stop_leaves_nothing_open(start: Start, tmp_path: Path) -> None:
    server = await start(capture=Capture(tmp_path / "bus.jsonl", "mbap"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(READ)
    await read_one(reader)
    await server.stop()
    assert not server.peers
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection("127.0.0.1", server.port)
    assert len(asyncio.all_tasks()) == 1
    assert (tmp_path / "bus.jsonl").exists()
    writer.close()
