"""Raw websocket subscribers in a process of their own: they count deliveries, nothing else.

Run by `bench_fanout.py`; reads one JSON line from standard input and answers with JSON lines.
A delivery is one state change that reached one client, however the server batches them.
"""

import asyncio
import json
import os
import sys
import time

BUFFER = bytearray(1 << 20)
VIEW = memoryview(BUFFER)


class Subscriber(asyncio.BufferedProtocol):
    """A client that counts one byte value in what arrives and keeps nothing.

    One byte is enough (the benchmark's states carry it a known number of times) and the cheapest
    to find, so that the counting does not become what is measured.
    """

    def __init__(self, marker: bytes) -> None:
        """Count occurrences of `marker`, one byte."""
        self.marker = marker
        self.count = 0
        self.bytes = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = transport
        transport.write(
            b"GET /api/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
            b"AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the server ended it."""
        self.lost = True

    def send(self, message: dict[str, object]) -> None:
        """Send a masked text frame (mask of zeros)."""
        payload = json.dumps(message).encode()
        size = len(payload)
        if size < 126:
            head = bytes((0x81, 0x80 | size))
        else:
            head = bytes((0x81, 254)) + size.to_bytes(2, "big")
        self.transport.write(head + b"\0\0\0\0" + payload)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Receive into the one buffer that all clients share."""
        return VIEW

    def buffer_updated(self, size: int) -> None:
        """Count the marker in what has just arrived."""
        self.bytes += size
        self.count += BUFFER.count(self.marker, 0, size)
        if not self.ready.done() and BUFFER.find(b'"success":true', 0, size) >= 0:
            self.ready.set_result(None)


async def main() -> None:
    """Connect, subscribe, report ready; count until a line `stop` comes."""
    spec = json.loads(await asyncio.to_thread(sys.stdin.readline))
    events = spec["kind"] == "events"
    # an event carries the degree sign in its old and its new state, a difference one plus sign
    marker, per_delivery = (b"\xb0", 2) if events else (b"+", 1)
    command = {"type": "subscribe_events", "event_type": "state_changed"}
    if not events:
        command = {"type": "subscribe_entities"}
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(spec["clients"]):
        _, client = await loop.create_connection(
            lambda: Subscriber(marker), "127.0.0.1", spec["port"]
        )
        client.send({"type": "auth", "access_token": spec["token"]})
        await asyncio.sleep(0)
        if spec["coalesce"]:
            client.send(
                {"id": 1, "type": "supported_features", "features": {"coalesce_messages": 1}}
            )
        client.send({"id": 2, **command})
        clients.append(client)
    async with asyncio.timeout(30):
        await asyncio.gather(*(client.ready for client in clients))
    await asyncio.sleep(0.5)
    for client in clients:
        client.count = client.bytes = 0
    started = time.process_time()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    before = -1
    while before != (before := sum(client.bytes for client in clients)):
        await asyncio.sleep(0.3)
    sys.stdout.write(
        json.dumps(
            {
                "deliveries": sum(client.count for client in clients) // per_delivery,
                "bytes": before,
                "lost": sum(client.lost for client in clients),
                "cpu_seconds": round(time.process_time() - started, 2),
            }
        )
        + "\n"
    )
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
