"""What recording costs those who use the hub meanwhile: REST writes and websocket calls.

Run `python tests/benchmarks/bench_recording.py [--json FILE] [--rate 5000]`; prints JSON. The hub
runs in a process of its own; `quiet` nothing changes, `changing` `rate` numeric states change each
second and nobody records them, `recorded` the recorder keeps them. Rates are per second, medians of
five rounds of two seconds, the three hubs in turn, so that a slow phase of the machine meets all.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

ROUNDS = 5
SECONDS = 2.0
ENTITIES = 500
HUB = "hub:\n  name: Bench\nmqtt:\n  enabled: false\nrecorder:\n  enabled: {}\n"
MODES = {"quiet": (False, 0), "changing": (False, 1), "recorded": (True, 1)}


async def serve(folder: Path, rate: int) -> None:
    """Be the hub, and change states `rate` times a second."""
    from hub import bootstrap

    running = await bootstrap.start(
        bootstrap.load_settings(folder / "config"), folder / "config", folder / "data", port=0
    )
    hub = running.hub
    user = await hub.auth.create_owner("Owner", "owner", "a-long-password")
    token = await hub.auth.tokens.create_long_lived(user, "bench", 1)
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    print(json.dumps({"port": running.api.port, "token": token}), flush=True)
    number, began = 0, time.perf_counter()
    while not done.is_set():
        due = int((time.perf_counter() - began) * rate)
        for _ in range(min(due - number, 500)):
            number += 1
            value = f"{20 + number % 1000 / 100:.2f}"
            hub.states.set(f"sensor.bench_{number % ENTITIES}", value, {"unit": "x"})
        await asyncio.sleep(0.005)
    recorder = hub.recorder
    left = {"changes": number, "backlog": recorder.backlog, "dropped": recorder.dropped}
    began = time.perf_counter()
    if recorder.recording:
        await recorder.flush()
    left["flush_seconds"] = round(time.perf_counter() - began, 3)
    print(json.dumps(left), flush=True)
    await bootstrap.stop(running)


@contextlib.asynccontextmanager
async def hub(
    folder: Path, record: bool, rate: int
) -> AsyncIterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Start a hub in a process of its own."""
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "hub.yaml").write_text(HUB.format(str(record).lower()))
    command = [sys.executable, __file__, "--serve", str(folder), "--rate", str(rate)]
    process = subprocess.Popen(  # noqa: ASYNC220 - once, before anything is measured
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(await asyncio.to_thread(process.stdout.readline))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


async def rest_writes(session: aiohttp.ClientSession, url: str, connections: int) -> float:
    """Return writes of one state a second over some connections."""
    end, count = time.perf_counter() + SECONDS, 0

    async def write(which: int) -> None:
        nonlocal count
        while time.perf_counter() < end:
            body = {"state": str(count), "attributes": {"a": which}}
            async with session.post(f"{url}/api/states/sensor.rest_{which}", json=body) as answer:
                assert answer.status in (200, 201)
            count += 1

    await asyncio.gather(*(write(which) for which in range(connections)))
    return count / SECONDS


async def calls(session: aiohttp.ClientSession, url: str, token: str, window: int) -> float:
    """Return pings a second over a websocket with `window` of them under way."""
    async with session.ws_connect(f"{url}/api/websocket") as ws:
        await ws.receive_json()
        await ws.send_json({"type": "auth", "access_token": token})
        await ws.receive_json()
        number = count = 0
        for _ in range(window):
            number += 1
            await ws.send_str('{"id":%d,"type":"ping"}' % number)  # noqa: UP031 - the quickest
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            await ws.receive()
            count += 1
            number += 1
            await ws.send_str('{"id":%d,"type":"ping"}' % number)  # noqa: UP031
        return count / SECONDS


def cpu(process: subprocess.Popen[str]) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def bench(rate: int) -> dict[str, Any]:
    """Measure the three hubs in turn."""
    found: dict[str, dict[str, list[float]]] = {mode: {} for mode in MODES}
    ends: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for number in range(ROUNDS):
            for mode, (record, changing) in MODES.items():
                place = folder / f"{mode}{number}"
                async with hub(place, record, rate * changing) as (process, at):
                    headers = {"Authorization": f"Bearer {at['token']}"}
                    url = f"http://127.0.0.1:{at['port']}"
                    async with aiohttp.ClientSession(headers=headers) as session:
                        await asyncio.sleep(1)
                        before, began = cpu(process), time.perf_counter()
                        await asyncio.sleep(1)
                        share = (cpu(process) - before) / (time.perf_counter() - began)
                        rates = {
                            "rest_writes_1": await rest_writes(session, url, 1),
                            "rest_writes_16": await rest_writes(session, url, 16),
                            "pings_1": await calls(session, url, at["token"], 1),
                            "pings_64": await calls(session, url, at["token"], 64),
                            "idle_cpu_percent": share * 100,
                        }
                    process.terminate()
                    assert process.stdout is not None
                    line = await asyncio.to_thread(process.stdout.readline)
                    ends[mode] = json.loads(line) if line else "no answer"
                for name, value in rates.items():
                    found[mode].setdefault(name, []).append(value)
    medians = {
        mode: {name: round(statistics.median(values)) for name, values in rates.items()}
        for mode, rates in found.items()
    }
    falls = {
        name: round((1 - medians["recorded"][name] / medians["changing"][name]) * 100, 1)
        for name in medians["recorded"]
        if name != "idle_cpu_percent"
    }
    return {
        "python": platform.python_version(),
        "changes_per_second": rate,
        **medians,
        "fall_percent_by_recording": falls,
        "at_the_end": ends,
    }


def main() -> None:
    """Print JSON, also into a file when one is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        from hub.bootstrap import loop_factory

        gc.disable()  # as the hub does
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(serve(options.serve, options.rate))
        return
    text = json.dumps(asyncio.run(bench(options.rate)), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text)


if __name__ == "__main__":
    main()
