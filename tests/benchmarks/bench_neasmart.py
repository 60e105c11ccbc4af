"""The heating line's reads per second and answer times, beside a bare asyncio echo server.

Run `python tests/benchmarks/bench_neasmart.py [--json FILE] [--seconds N]`; prints JSON. The whole
hub with 60 zones runs in a process of its own; the client is plain blocking sockets.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

DEPTHS = (1, 16, 64)
READ = bytes.fromhex("00 01 00 00 00 06 F0 03 00 66 00 01")
ANSWER = 11


class Echo(asyncio.Protocol):
    """The least a server can do."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send back what came."""
        self.transport.write(data)  # type: ignore[attr-defined]


async def serve_echo() -> None:
    """Serve for ever and tell the port."""
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def serve_hub(folder: Path) -> None:
    """Run the hub with 60 zones until killed and tell the port of the line."""
    from hub import bootstrap

    port, http = free_port(), free_port()
    zones = [{"channel": c, "name": f"Room {c}"} for c in range(1, 13)]
    bases = [{"number": number, "zones": zones} for number in range(1, 6)]
    line = {"transport": {"type": "tcp", "host": "127.0.0.1", "port": port}, "bases": bases}
    (folder / "hub.yaml").write_text(json.dumps({"mqtt": {"enabled": False}}))
    (folder / "resources").mkdir()
    (folder / "resources" / "heating.yaml").write_text(
        json.dumps({"neasmart.installation/home": line})
    )
    settings = bootstrap.load_settings(folder)
    hub = (await bootstrap.start(settings, folder, folder / "data", http)).hub
    while hub.resources.status("neasmart.installation", "home").phase != "in_sync":
        await asyncio.sleep(0.01)
    print(port, flush=True)
    await asyncio.Event().wait()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def child(role: str, loop: str) -> Iterator[int]:
    """Run a server in another process and yield its port."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", role, "--loop", loop, "--folder", folder]
        path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
        )
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()
            process.wait()


def connect(port: int) -> socket.socket:
    """Return a connection without Nagle's wait."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def exchange(sock: socket.socket, data: bytes, size: int) -> None:
    """Send and wait for `size` bytes."""
    sock.sendall(data)
    while size > 0:
        size -= len(sock.recv(min(size, 65536)))


def rate(port: int, depth: int, answer: int, seconds: float) -> int:
    """Return requests answered per second with `depth` in flight on one connection."""
    with connect(port) as sock:
        exchange(sock, READ * depth, answer * depth)
        count, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            exchange(sock, READ * depth, answer * depth)
            count += depth
    return round(count / elapsed)


def answer_times(port: int, writes_per_second: int, seconds: float) -> dict[str, float]:
    """Return milliseconds per answer to a poll every 2 ms while all zones change."""
    stop = threading.Event()

    def base() -> None:
        with connect(port) as sock:
            turn, start = 0, time.perf_counter()
            while not stop.is_set():
                address, word = 100 * (turn % 60 + 1) + 2, 0x0700 + turn // 60 % 200
                sock.sendall(struct.pack(">HHHBBHH", 0, 0, 6, 0, 6, address, word))
                turn += 1
                time.sleep(max(0.0, start + turn / writes_per_second - time.perf_counter()))

    thread = threading.Thread(target=base)
    thread.start()
    times, end = [], time.perf_counter() + seconds
    with connect(port) as sock:
        while (start := time.perf_counter()) < end:
            exchange(sock, READ, ANSWER)
            times.append((time.perf_counter() - start) * 1000)
            time.sleep(0.002)
    stop.set()
    thread.join()
    cuts = statistics.quantiles(times, n=1000)
    return {
        "p50_ms": round(cuts[499], 3),
        "p99_ms": round(cuts[989], 3),
        "max_ms": round(max(times), 3),
        "polls": len(times),
    }


def measure(loop: str, seconds: float) -> dict[str, object]:
    """Measure echo and hub on one kind of event loop."""
    with child("echo", loop) as port:
        echo = {depth: rate(port, depth, len(READ), seconds) for depth in DEPTHS}
    with child("hub", loop) as port:
        reads = {depth: rate(port, depth, ANSWER, seconds) for depth in DEPTHS}
        times = {f"{n}_writes_per_s": answer_times(port, n, seconds) for n in (240, 1000)}
    return {
        "echo_per_s": echo,
        "reads_per_s": reads,
        "of_echo": {depth: round(reads[depth] / echo[depth], 2) for depth in DEPTHS},
        "answer_while_60_zones_update": times,
    }


def main() -> None:
    """Run the benchmark, or one of its servers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--serve", choices=["echo", "hub"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    options = parser.parse_args()
    if options.serve:
        factory = None
        if options.loop == "uvloop":
            import uvloop

            factory = uvloop.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            work = serve_echo() if options.serve == "echo" else serve_hub(options.folder)
            runner.run(work)
        return
    found: dict[str, object] = {"python": platform.python_version()}
    loops = ["asyncio"]
    with contextlib.suppress(ImportError):
        import uvloop

        loops.append("uvloop")
    for loop in loops:
        found[loop] = measure(loop, options.seconds)
    text = json.dumps(found, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
