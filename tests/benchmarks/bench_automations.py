"""What automations cost: per change, until the service, and while they are loaded.

Run `python tests/benchmarks/bench_automations.py [--json FILE]`; prints JSON. A thousand
automations listen to as many sensors. `none` is the same hub without automations, in the same
run; figures are medians of five rounds, in microseconds, milliseconds or seconds as named.
"""

import argparse
import asyncio
import gc
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from hub import bootstrap
from hub.hub import Hub
from hub.services import ServiceCall

COUNT = 1000
ROUNDS = 5
CHANGES = 2000
HUB = "hub:\n  name: Bench\nmqtt:\n  enabled: false\nrecorder:\n  enabled: false\n"


def automations() -> list[dict[str, Any]]:
    """Return automations as people write them: two triggers, a condition, a call."""
    return [
        {
            "id": f"bench_{index}",
            "alias": f"Bench {index}",
            "triggers": [
                {"trigger": "state", "entity_id": f"sensor.bench_{index}", "to": "on"},
                {"trigger": "event", "event_type": f"bench_{index}"},
            ],
            "conditions": [{"condition": "state", "entity_id": "sensor.mode", "state": "home"}],
            "actions": [
                {"action": "bench.call", "data": {"number": index, "text": "hello"}},
            ],
        }
        for index in range(COUNT)
    ]


async def start(folder: Path, with_automations: bool) -> tuple[bootstrap.Running, float]:
    """Start a hub and return it with the seconds that the start took."""
    config = folder / "config"
    config.mkdir(parents=True)
    section = "automation: !include automations.yaml\n" if with_automations else ""
    (config / "hub.yaml").write_text(HUB + section)
    (config / "automations.yaml").write_text(yaml.safe_dump(automations()))
    began = time.perf_counter()
    settings = bootstrap.load_settings(config)
    running = await bootstrap.start(settings, config, folder / "data", port=0)
    return running, time.perf_counter() - began


def measure(hub: Hub) -> dict[str, float]:
    """Return microseconds for a change that sets one off, and for one that sets none off."""
    reached: list[float] = []

    def handler(call: ServiceCall) -> None:
        del call
        reached.append(time.perf_counter())

    import voluptuous as vol

    remove = hub.services.register(
        "bench", "call", handler, schema=vol.Schema({}, extra=vol.ALLOW_EXTRA)
    )
    hub.states.set("sensor.mode", "home")
    setting, passing, until = [], [], []
    for _ in range(ROUNDS):
        spent = other = 0.0
        for index in range(CHANGES):
            name = f"sensor.bench_{index % COUNT}"
            hub.states.set(name, "off")
            began = time.perf_counter()
            hub.states.set(name, "on")
            ended = time.perf_counter()
            spent += ended - began
            if reached:
                until.append(reached.pop() - began)
            began = time.perf_counter()
            hub.states.set("sensor.nobody", str(index))
            other += time.perf_counter() - began
        setting.append(spent / CHANGES * 1e6)
        passing.append(other / CHANGES * 1e6)
    remove()
    until.sort()
    return {
        "change_us": round(statistics.median(setting), 2),
        "other_change_us": round(statistics.median(passing), 2),
        "to_handler_p50_us": round(until[len(until) // 2] * 1e6, 1) if until else 0.0,
        "to_handler_p99_us": round(until[int(len(until) * 0.99)] * 1e6, 1) if until else 0.0,
        "runs": len(until),
    }


async def bench() -> dict[str, Any]:
    """Measure both hubs."""
    found: dict[str, Any] = {"python": platform.python_version(), "automations": COUNT}
    with tempfile.TemporaryDirectory() as folder:
        for name, with_automations in (("none", False), ("with", True)):
            running, seconds = await start(Path(folder) / name, with_automations)
            hub = running.hub
            if with_automations:
                assert len(hub.automations.list()) == COUNT, hub.automations.problems
            found[name] = {"start_seconds": round(seconds, 3), **measure(hub)}
            await asyncio.sleep(0.1)
            if with_automations:
                for item in hub.automations.list():
                    item.traces = type(item.traces)(maxlen=0)
                    item._stored = 0
                found["with_no_traces"] = measure(hub)
            await bootstrap.stop(running)
        gc.enable()
        running, seconds = await start(Path(folder) / "again", True)
        await bootstrap.stop(running)
        config = Path(folder) / "again" / "config"
        began = time.perf_counter()
        running = await bootstrap.start(
            bootstrap.load_settings(config), config, Path(folder) / "again" / "data", port=0
        )
        found["second_start_seconds"] = round(time.perf_counter() - began, 3)
        await bootstrap.stop(running)
    found["trigger_work_us"] = round(found["with"]["change_us"] - found["none"]["change_us"], 2)
    found["load_seconds"] = round(
        found["with"]["start_seconds"] - found["none"]["start_seconds"], 3
    )
    return found


def main() -> None:
    """Print JSON, also into a file when one is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    gc.enable()
    text = json.dumps(asyncio.run(bench()), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
