"""QoS 1 messages per second through the MQTT link, beside mosquitto_pub -l in the same run.

Run `python tests/benchmarks/bench_mqtt.py [--messages 20000] [--json FILE]`; prints JSON. All parts
use one mosquitto on loopback and 200-byte retained messages on 1000 topics. `acknowledged` counts
from the first post to the last PUBACK, `end_to_end` to the end of a mosquitto_sub that waits for
all of them. `ratio` is the link against the baseline of the same kind; figures by CPU second are
the link's alone. `hub` sets states in a whole hub and counts the state topics at mosquitto_sub.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paho.mqtt.enums import MQTTProtocolVersion

sys.path.insert(0, str(Path(__file__).parents[2]))

from hub.config.settings import BrokerSettings, MqttSettings
from hub.mqtt.broker import find_binary
from hub.mqtt.link import Link
from hub.mqtt.outbox import Outbox
from tests.hub.mqtt.house import House

TOPICS = 1000
PAYLOAD = b"x" * 200
LIMIT = 120


@contextmanager
def mosquitto() -> Iterator[int]:
    """Run a broker on a free port."""
    binary = find_binary()
    if binary is None:
        raise SystemExit("mosquitto is missing: apt-get install -y mosquitto mosquitto-clients")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "max_inflight_messages 1000",
        "max_queued_messages 0",
        "set_tcp_nodelay true",
        "log_dest none",
    ]
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen([binary, "-c", str(config)])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def subscriber(port: int, count: int, topic: str = "bench/pub/#") -> "subprocess.Popen[bytes]":
    """Start a mosquitto_sub that ends after `count` live messages, and wait until it listens."""
    marker = "bench/ready"
    command = ["mosquitto_sub", "-p", str(port), "-q", "1", "-R", "-t", topic, "-t", marker]
    process = subprocess.Popen(
        ["stdbuf", "-oL", *command, "-C", str(count + 1), "-F", "%t"], stdout=subprocess.PIPE
    )
    if process.stdout is None:
        raise RuntimeError("no output")
    time.sleep(0.3)
    subprocess.run(["mosquitto_pub", "-p", str(port), "-t", marker, "-m", "x"], check=True)
    if process.stdout.readline().strip() != marker.encode():
        raise RuntimeError("the subscriber did not come up")
    # Somebody must read on, so that the pipe never fills.
    subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
    process.stdout.close()
    return process


def baseline(port: int, count: int, *, received: bool) -> float:
    """Return the messages per second of mosquitto_pub -l."""
    lines = (PAYLOAD + b"\n") * count
    command = ["mosquitto_pub", "-p", str(port), "-q", "1", "-t", "bench/pub", "-l", "-r"]
    witness = subscriber(port, count) if received else None
    start = time.perf_counter()
    subprocess.run(command, input=lines, check=True, timeout=LIMIT)
    if witness is not None:
        witness.wait(LIMIT)
    return count / (time.perf_counter() - start)


async def link_run(port: int, count: int, version: int, *, received: bool) -> dict[str, float]:
    """Return messages per second, and per CPU second of this process, through outbox and link."""
    link = Link(BrokerSettings("127.0.0.1", port), "bench", MQTTProtocolVersion(version))
    await link.open()
    outbox = Outbox()
    outbox.open(link)
    topics = [f"bench/pub/number_{number}/state" for number in range(TOPICS)]
    witness = await asyncio.to_thread(subscriber, port, count) if received else None
    start, cpu = time.perf_counter(), time.process_time()
    for first in range(0, count, TOPICS):
        for topic in topics[: min(TOPICS, count - first)]:
            outbox.post(topic, PAYLOAD)
        await outbox.drained()
    used = time.process_time() - cpu
    if witness is not None:
        await asyncio.to_thread(witness.wait, LIMIT)
    taken = time.perf_counter() - start
    await link.close()
    return {"per_second": round(count / taken), "per_cpu_second": round(count / used)}


async def hub_run(port: int, count: int, folder: Path) -> dict[str, float]:
    """Return states set inside a hub until mosquitto_sub has seen the last of them, per second."""
    settings = MqttSettings(broker=BrokerSettings("127.0.0.1", port), base="bench")
    house = await House.build(folder, settings)
    states = house.hub.states
    names = [f"sensor.number_{number}" for number in range(TOPICS)]
    for name in names:
        states.set(name, "-1", {"unit_of_measurement": "W"})
    await house.start()
    await house.settled()
    witness = await asyncio.to_thread(subscriber, port, count, "bench/+/sensor/+/state")
    start, cpu = time.perf_counter(), time.process_time()
    for first in range(0, count, TOPICS):
        for name in names[: min(TOPICS, count - first)]:
            states.set(name, str(first), {"unit_of_measurement": "W"})
        await house.mqtt.settled()
    used = time.process_time() - cpu
    await asyncio.to_thread(witness.wait, LIMIT)
    taken = time.perf_counter() - start
    await house.close()
    return {"per_second": round(count / taken), "per_cpu_second": round(count / used)}


def on_loop(factory: Callable[[], asyncio.AbstractEventLoop] | None, work: Any) -> Any:
    """Run a coroutine on a loop of the given kind."""
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


def measure(port: int, count: int) -> dict[str, Any]:
    """Return all figures, each the better of two rounds."""
    import uvloop

    base = {
        "acknowledged": round(max(baseline(port, count, received=False) for _ in range(2))),
        "end_to_end": round(max(baseline(port, count, received=True) for _ in range(2))),
    }
    loops: dict[str, Any] = {"asyncio": None, "uvloop": uvloop.new_event_loop}
    found: dict[str, Any] = {"mosquitto_pub": base}
    for name, factory in loops.items():
        for label, version in (("5", 5), ("3.1.1", 4)):
            for what, received in (("acknowledged", False), ("end_to_end", True)):
                rounds = [
                    on_loop(factory, link_run(port, count, version, received=received))
                    for _ in range(2)
                ]
                best = max(rounds, key=lambda x: x["per_second"])
                best["ratio"] = round(best["per_second"] / base[what], 2)
                found.setdefault(f"link {name} MQTT {label}", {})[what] = best
        with tempfile.TemporaryDirectory() as folder:
            whole = on_loop(factory, hub_run(port, count, Path(folder)))
        whole["ratio"] = round(whole["per_second"] / base["end_to_end"], 2)
        found[f"hub {name} MQTT 5"] = {"end_to_end": whole}
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with mosquitto() as port:
        results = measure(port, arguments.messages)
    report = {
        "benchmark": "mqtt_link",
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "messages": arguments.messages,
        "results": results,
    }
    text = json.dumps(report, indent=2)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
