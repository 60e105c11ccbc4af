"""Measure templates beside plain Jinja in the same run; print JSON."""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hub.config.settings import Settings
from hub.events import EventBus
from hub.states import StateMachine
from hub.templates import Templates
from hub.util.clock import SystemClock
from hub.util.tasks import Tasks

TEXTS = {
    "a sum of three": "{{ x + y * z }}",
    "a loop of 100": "{% for i in range(100) %}{{ i * x }},{% endfor %}",
    "filters": "{{ [3, 1, 2] | sort | join('-') | upper }}",
}
STATES = {
    "one state": "{{ states('sensor.s1') }}",
    "three states": "{{ states('sensor.s1') | float + states('sensor.s2') | float"
    " + states('sensor.s3') | float }}",
    "a test and an attribute": "{{ 'hot' if states.sensor.s1.state | float > 5"
    " and is_state_attr('sensor.s2', 'unit', 'W') else 'cold' }}",
}
WALK = "{{ states.sensor | selectattr('state', 'eq', '1') | list | count }}"


def microseconds(action: Callable[[], object], count: int) -> float:
    """Return the time of one call, the median of five runs."""
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(count):
            action()
        runs.append((time.perf_counter() - start) / count * 1e6)
    return round(statistics.median(runs), 2)


def house(count: int) -> Any:
    """Return a house of so many sensors without registries."""
    clock, tasks = SystemClock(), Tasks()
    bus = EventBus(tasks)
    states = StateMachine(bus, clock.time)
    for number in range(count):
        states.set(f"sensor.s{number}", str(number), {"unit": "W"})
    made = SimpleNamespace(settings=Settings(), clock=clock, tasks=tasks, bus=bus, states=states)
    made.entity_registry = SimpleNamespace(get=lambda _entity_id: None)
    made.templates = Templates(made)
    return made


def rendering(made: Any, count: int) -> dict[str, Any]:
    """Compare a rendering with Jinja's own environments, and what states cost."""
    variables = {"x": 2, "y": 3, "z": 4}
    found: dict[str, Any] = {}
    plain, sandbox = Environment(autoescape=False), ImmutableSandboxedEnvironment()  # noqa: S701
    for name, text in TEXTS.items():
        ours = made.templates.compile(text)
        times = {
            "hub_us": microseconds(lambda: ours.render(variables, native=False), count),  # noqa: B023
            "jinja_us": microseconds(lambda: plain_text.render(variables), count)
            if (plain_text := plain.from_string(text))
            else 0.0,
            "jinja_sandbox_us": microseconds(lambda: boxed.render(variables), count)
            if (boxed := sandbox.from_string(text))
            else 0.0,
        }
        found[name] = {**times, "against_jinja": round(times["hub_us"] / times["jinja_us"], 2)}
    for name, text in STATES.items():
        ours = made.templates.compile(text)
        found[name] = {"hub_us": microseconds(ours.render_tracked, count)}
    ours = made.templates.compile(WALK)
    found["walk through all sensors"] = {"hub_us": microseconds(ours.render_tracked, 5)}
    return found


async def tracking(made: Any, followers: int, changes: int) -> dict[str, Any]:
    """Follow templates of three entities each while every entity changes."""
    states = made.states
    count = len(states)
    told = 0

    def tell(_found: object) -> None:
        nonlocal told
        told += 1

    trackers = []
    for number in range(followers):
        a, b, c = (number * 3 % count, (number * 3 + 1) % count, (number * 3 + 2) % count)
        text = f"{{{{ states('sensor.s{a}')|float + states('sensor.s{b}')|float"
        text += f" + states('sensor.s{c}')|float }}}}"
        trackers.append(made.templates.track(made.templates.compile(text), tell))
    first = sum(tracker.renderings for tracker in trackers)
    start = time.perf_counter()
    for number in range(changes):
        states.set(f"sensor.s{number % count}", f"{number}.5")
    spent = time.perf_counter() - start
    await asyncio.sleep(0.01)
    total = time.perf_counter() - start - 0.01
    rendered = sum(tracker.renderings for tracker in trackers) - first
    for tracker in trackers:
        tracker.stop()
    start = time.perf_counter()
    for number in range(changes):
        states.set(f"sensor.s{number % count}", f"{number}.7")
    alone = time.perf_counter() - start
    return {
        "entities": count,
        "templates": followers,
        "changes": changes,
        "renderings": rendered,
        "told": told,
        "change_us": round(spent / changes * 1e6, 2),
        "change_without_templates_us": round(alone / changes * 1e6, 2),
        "rendering_us": round((total - spent) / max(rendered, 1) * 1e6, 2),
        "listeners_left": len(states._by_entity),
    }


async def one(made: Any, changes: int) -> dict[str, Any]:
    """Follow one template of three entities while all entities change, each in its own turn."""
    states = made.states
    text = made.templates.compile(STATES["three states"])
    tracker = made.templates.track(text, lambda _found: None)
    for number in range(changes):
        states.set(f"sensor.s{number}", f"{number}.9")
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    tracker.stop()
    return {"changes": changes, "renderings": tracker.renderings - 1}


async def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--count", type=int, default=2_000)
    arguments = parser.parse_args()
    made = house(arguments.entities)
    found = {
        "rendering": rendering(made, arguments.count),
        "one template among all entities": await one(made, arguments.entities),
        "tracking": await tracking(made, 1_000, arguments.entities),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
