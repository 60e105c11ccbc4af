"""Deliveries per second to many websocket clients while states are set inside the hub.

Run `python tests/benchmarks/bench_fanout.py [--clients 100] [--seconds 3] [--json FILE]`; prints
JSON. The baseline in the same run is a bare loop that hands one ready frame to the same transports:
what asyncio and the kernel allow with no work per change at all.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hub import bootstrap
from hub.api.websocket.frames import text_frame

CONFIG = "hub:\n  name: Bench\nmqtt:\n  enabled: false\n"
BATCH = 50
BACKLOG = 200_000


async def subscribers(port: int, token: str, kind: str, clients: int, coalesce: bool) -> Any:
    """Start the counting process and wait until all its clients are subscribed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("subscribers.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    spec = {"port": port, "token": token, "kind": kind, "clients": clients, "coalesce": coalesce}
    process.stdin.write(json.dumps(spec).encode() + b"\n")
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    if line.strip() != b"ready":
        raise RuntimeError("the subscribers did not come up")
    return process


def waiting(endpoint: Any) -> int:
    """Return the bytes that the slowest client has not taken yet."""
    return max(
        (item._transport.get_write_buffer_size() for item in endpoint.connections), default=0
    )


async def flat_out(running: Any, seconds: float) -> tuple[int, float]:
    """Set states as fast as the clients take them; returns (changes, seconds)."""
    states, endpoint = running.hub.states, running.api._websocket
    names = [f"sensor.bench_{number}" for number in range(BATCH)]
    number, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        number += 1
        value = str(number)
        for name in names:
            states.set(
                name, value, {"unit_of_measurement": "°C", "device_class": "temperature", "n": 1}
            )
        await asyncio.sleep(0)
        while waiting(endpoint) > BACKLOG:
            await asyncio.sleep(0)
    return number * BATCH, now - start


async def bare(running: Any, seconds: float, size: int) -> float:
    """Write one ready frame of `size` bytes to every client; returns frames per second."""
    endpoint, frame = running.api._websocket, text_frame(b" " * size)
    transports = [item._transport for item in endpoint.connections]
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for transport in transports:
            transport.write(frame)
        count += len(transports)
        await asyncio.sleep(0)
        while waiting(endpoint) > BACKLOG:
            await asyncio.sleep(0)
    return count / (time.perf_counter() - start)


async def measure(running: Any, port: int, token: str, options: Any, kind: str) -> Any:
    """Measure one kind of subscription."""
    for name in range(BATCH):
        running.hub.states.set(f"sensor.bench_{name}", "0", {"n": 1})
    result: dict[str, Any] = {}
    for coalesce in (True, False):
        process = await subscribers(port, token, kind, options.clients, coalesce)
        cpu = time.process_time()
        changes, seconds = await flat_out(running, options.seconds)
        cpu = time.process_time() - cpu
        process.stdin.write(b"stop\n")
        async with asyncio.timeout(60):
            counted = json.loads(await process.stdout.readline())
        await process.wait()
        key = "coalescing" if coalesce else "plain"
        result[key] = {
            "deliveries_per_s": round(counted["deliveries"] / seconds),
            "changes_per_s": round(changes / seconds),
            "ratio": round(counted["deliveries"] / (changes * options.clients), 4),
            "bytes_per_delivery": round(counted["bytes"] / max(1, counted["deliveries"])),
            "server_cpu_share": round(cpu / seconds, 2),
            "client_cpu_share": round(counted["cpu_seconds"] / seconds, 2),
            "lost_clients": counted["lost"],
        }
    process = await subscribers(port, token, kind, options.clients, True)
    size = round(result["coalescing"]["bytes_per_delivery"] * BATCH)
    result["bare_frames_per_s"] = round(await bare(running, options.seconds, size))
    result["bare_equivalent_deliveries_per_s"] = result["bare_frames_per_s"] * BATCH
    process.kill()
    await process.wait()
    return result


async def run(options: argparse.Namespace, config: Path, data: Path) -> dict[str, Any]:
    """Measure both kinds on a hub of the given folders."""
    running = await bootstrap.start(bootstrap.load_settings(config), config, data, port=0)
    port, auth = running.api.port, running.hub.auth
    user = await auth.create_owner("Bench", "bench", "bench-password-1")
    token = await auth.tokens.create_long_lived(user, "bench", 1)
    result = {
        "clients": options.clients,
        "loop": type(asyncio.get_running_loop()).__module__,
        "events": await measure(running, port, token, options, "events"),
        "entities": await measure(running, port, token, options, "entities"),
    }
    await bootstrap.stop(running)
    return result


def main() -> None:
    """Measure in a folder of its own and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        config.mkdir()
        (config / "hub.yaml").write_text(CONFIG, encoding="utf-8")
        with asyncio.Runner(loop_factory=bootstrap.loop_factory()) as runner:
            result = runner.run(run(options, config, Path(folder, "data")))
    text = json.dumps(result, indent=1)
    if options.json:
        options.json.write_text(text, encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
