"""In-process rates of bus, states and services, beside a bare Python loop of the same machine.

Run `python tests/benchmarks/bench_core.py [--json FILE]`; prints JSON. Each figure is the median
of five rounds in calls per second, with the garbage collector on. `bare` calls an empty function.
"""

import argparse
import asyncio
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import voluptuous as vol

from hub.events import Context, Event, EventBus
from hub.services import ServiceCall, ServiceRegistry
from hub.states import StateMachine

ROUNDS = 5
Run = Callable[[int], None]


def rate(run: Run, count: int) -> float:
    """Return the median calls per second of `run(count)`."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run(count)
        found.append(count / (time.perf_counter() - start))
    return round(statistics.median(found))


def nothing(event: object) -> None:
    """Do nothing, as a listener."""


def bare(count: int) -> None:
    """Call one empty function."""
    call, argument = nothing, object()
    for _ in range(count):
        call(argument)


def fire(listeners: int) -> Run:
    """Fire at a number of listeners."""
    bus = EventBus()
    for _ in range(listeners):
        bus.listen("x", lambda event: None)
    data = {"a": 1}

    def run(count: int) -> None:
        call = bus.fire
        for _ in range(count):
            call("x", data)

    return run


def fire_rejected(count: int) -> None:
    """Fire at a listener whose filter says no."""
    bus = EventBus()
    bus.listen("x", nothing, filter=lambda data: False)
    for _ in range(count):
        bus.fire("x", {"a": 1})


def write(listeners: int) -> Run:
    """Write a changing state with three attributes."""
    bus = EventBus()
    states = StateMachine(bus)
    for _ in range(listeners):
        bus.listen("state_changed", lambda event: None)
    values = [str(number) for number in range(1000)]

    def run(count: int) -> None:
        call = states.set
        for _ in range(count // 1000):
            for value in values:
                attributes = {"unit": "°C", "device_class": "temperature", "friendly_name": "A"}
                call("sensor.a", value, attributes)

    return run


def write_same(count: int) -> None:
    """Write an unchanged state."""
    states = StateMachine(EventBus())
    for _ in range(count):
        states.set("sensor.a", "1", {"unit": "°C"})


def write_tracked(count: int) -> None:
    """Write one of 1,000 entities that each have a listener of their own."""
    states = StateMachine(EventBus())
    names = [f"sensor.a{number}" for number in range(1000)]
    for name in names:
        states.listen(lambda old, new: None, [name])
    for number in range(count // 1000):
        value = str(number)
        for name in names:
            states.set(name, value)


def serialise(count: int) -> None:
    """Write a changing state and make both wire forms of the change."""
    bus = EventBus()
    states = StateMachine(bus)

    def listener(event: Event) -> None:
        _ = event.json

    bus.listen("state_changed", listener)
    for number in range(count):
        states.set("sensor.a", str(number), {"unit": "°C", "device_class": "temperature"})


def get(count: int) -> None:
    """Read a state."""
    states = StateMachine(EventBus())
    states.set("sensor.a", "1")
    call = states.get
    for _ in range(count):
        call("sensor.a")


def contexts(count: int) -> None:
    """Make contexts with their ids."""
    for _ in range(count):
        _ = Context("u").id


def services(schema: vol.Schema | None) -> Run:
    """Call a service with a plain handler and wait for it."""
    registry = ServiceRegistry(EventBus())

    def handler(call: ServiceCall) -> None:
        """Do nothing, as a service."""

    registry.register("a", "b", handler, schema=schema)
    data = None if schema is None else {"value": 1}

    def run(count: int) -> None:
        async def calls() -> None:
            for _ in range(count):
                await registry.call("a", "b", data)

        asyncio.run(calls())

    return run


def main() -> None:
    """Measure everything and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = {
        "bare function call": rate(bare, 2_000_000),
        "bus.fire, no listener": rate(fire(0), 1_000_000),
        "bus.fire, 1 listener": rate(fire(1), 500_000),
        "bus.fire, 10 listeners": rate(fire(10), 200_000),
        "bus.fire, 100 listeners": rate(fire(100), 50_000),
        "bus.fire, 1 listener rejected by its filter": rate(fire_rejected, 300_000),
        "states.set changing, no listener": rate(write(0), 200_000),
        "states.set changing, 1 listener": rate(write(1), 200_000),
        "states.set changing, 10 listeners": rate(write(10), 100_000),
        "states.set, same value": rate(write_same, 300_000),
        "states.set, 1,000 entity listeners": rate(write_tracked, 200_000),
        "states.set and event JSON": rate(serialise, 50_000),
        "states.get": rate(get, 1_000_000),
        "Context with id": rate(contexts, 200_000),
        "services.call, no schema": rate(services(None), 100_000),
        "services.call, schema": rate(services(vol.Schema({"value": int})), 100_000),
    }
    result = {
        "python": platform.python_version(),
        "calls_per_second": figures,
        "share_of_bare": {
            name: round(value / figures["bare function call"], 4) for name, value in figures.items()
        },
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    if arguments.json:
        arguments.json.write_text(text, encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
