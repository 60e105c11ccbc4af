"""Measure a link's requests beside the bare pymodbus client's; each figure is one line of JSON.

Run `python tests/benchmarks/bench_modbus_line.py [NAME ...] [--seconds N]`. Servers (pymodbus's and
libmodbus's) run in processes of their own; both clients ask the same server, in turn, in one run.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from hub.util.clock import SystemClock
from integrations.modbus.line.client import Line
from integrations.modbus.line.options import LinkOptions, Tcp
from integrations.modbus.line.turns import Priority
from integrations.modbus.mapping.models import Function, Table
from tests.peers.modbus import PymodbusServer
from tests.peers.modbus_fake import FakeDevice
from tests.peers.ports import free_port_number

Figure = dict[str, Any]
Ask = Callable[[], Awaitable[object]]
ROUNDS = 7
UNIT = PymodbusServer.UNIT
SERVE = """
import sys, time
from tests.peers.modbus import PymodbusServer
server = PymodbusServer("tcp", int(sys.argv[1]))
print("ready", flush=True)
time.sleep(3600)
"""


@contextlib.contextmanager
def server(name: str) -> Iterator[int]:
    """Run a server in another process; yields its port."""
    port = free_port_number()
    peers = Path(__file__).parents[1] / "peers"
    command = {
        "libmodbus": [sys.executable, str(peers / "libmodbus.py"), "tcp", str(port)],
        "pymodbus": [sys.executable, "-c", SERVE, str(port)],
    }[name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield port
    finally:
        process.kill()
        process.communicate()


@contextlib.asynccontextmanager
async def opened(port: int, requests: int = 1) -> AsyncIterator[Line]:
    """Return a link to a port of this machine."""
    line = Line(LinkOptions(Tcp("127.0.0.1", port), requests=requests), SystemClock())
    await line.start()
    try:
        yield line
    finally:
        await line.stop()


async def rate(ask: Ask, seconds: float, at_once: int = 1) -> tuple[float, float]:
    """Return requests per second, and microseconds of processor time for each."""

    async def one_by_one() -> int:
        count = 0
        while time.perf_counter() < end:
            for _ in range(20):
                await ask()
            count += 20
        return count

    begin, used = time.perf_counter(), time.process_time()
    end = begin + seconds
    count = sum(await asyncio.gather(*(one_by_one() for _ in range(at_once))))
    spent = time.process_time() - used
    return count / (time.perf_counter() - begin), spent / count * 1e6


async def beside_pymodbus(name: str, words: int, seconds: float) -> Figure:
    """Return both clients' rates at one server, the medians of rounds in turn.

    The share is the median of each round's: other programs on the machine change the rates.
    """
    from pymodbus.client import AsyncModbusTcpClient

    with server(name) as port:
        client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0, reconnect_delay=0)
        await client.connect()
        async with opened(port) as line:

            async def bare() -> object:
                return await client.read_holding_registers(0, count=words, device_id=UNIT)

            async def ours() -> object:
                return await line.read(UNIT, Table.HOLDING, 0, words, Priority.POLL)

            runs: dict[str, list[tuple[float, float]]] = {"pymodbus": [], "line": []}
            for _ in range(ROUNDS):
                runs["pymodbus"].append(await rate(bare, seconds))
                runs["line"].append(await rate(ours, seconds))
            async with opened(port, requests=4) as four:

                async def more() -> object:
                    return await four.read(UNIT, Table.HOLDING, 0, words, Priority.POLL)

                on_four, _ = await rate(more, seconds, at_once=8)
        client.close()
    both = {who: statistics.median(run[0] for run in found) for who, found in runs.items()}
    shares = [
        ours_[0] / bare_[0] for ours_, bare_ in zip(runs["line"], runs["pymodbus"], strict=True)
    ]
    spent = {who: statistics.median(run[1] for run in found) for who, found in runs.items()}
    return {
        "pymodbus_per_s": round(both["pymodbus"]),
        "line_per_s": round(both["line"]),
        "of_pymodbus": round(statistics.median(shares), 2),
        "pymodbus_cpu_us": round(spent["pymodbus"], 1),
        "line_cpu_us": round(spent["line"], 1),
        "line_four_connections_per_s": round(on_four),
    }


async def write_among_polls() -> Figure:
    """Return how many polls a write waits for, by the order in which the device hears them."""
    async with FakeDevice().on_tcp() as device, opened(device.port) as line:
        device.delay = 0.001
        behind, waited = [], []
        for _ in range(10):
            device.log.clear()
            polls = [
                asyncio.create_task(line.read(1, Table.HOLDING, address, 1, Priority.POLL))
                for address in range(200)
            ]
            while len(device.log) < 50:
                await asyncio.sleep(0)
            heard, begin = len(device.log), time.perf_counter()
            await line.write(1, Table.HOLDING, 500, [1], Function.AUTO, Priority.WRITE)
            waited.append((time.perf_counter() - begin) * 1000)
            position = next(index for index, item in enumerate(device.log) if item.is_write)
            behind.append(position - heard)
            await asyncio.gather(*polls)
    return {
        "polls_in_the_cycle": 200,
        "device_ms_per_request": 1,
        "requests_sent_before_the_write": max(behind),
        "write_ms_median": round(statistics.median(waited), 2),
        "write_ms_longest": round(max(waited), 2),
    }


async def main() -> None:
    """Measure what is named, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=0.5)
    options = parser.parse_args()
    figures: dict[str, Callable[[], Awaitable[Figure]]] = {"write_among_polls": write_among_polls}
    for name in ("libmodbus", "pymodbus"):
        for words in (1, 100):
            figures[f"{name}_{words}"] = lambda name=name, words=words: beside_pymodbus(  # type: ignore[misc]
                name, words, options.seconds
            )
    for name in options.names or figures:
        print(json.dumps({name: await figures[name]()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
