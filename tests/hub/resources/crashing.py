"""A whole hub in a process of its own that ends by `kill -9` at a named step of an apply.

    python crashing.py CONFIG DATA OUTSIDE RECOVERY MODE STEP

MODE `crash` writes the second spec and ends at STEP; MODE `again` ends at STEP of what the start
does; MODE `after` waits until everything is settled and prints what was found as JSON.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from hub import bootstrap
from hub.hub import Hub
from hub.resources import Phase, Recovery
from hub.resources.engine import Engine
from tests.hub.resources.outside import folder_type

FIRST = {"lines": {"one": "1", "two": "2", "three": "3"}}
SECOND = {"lines": {"one": "A", "two": "B", "four": "D"}}
FAILING = {**SECOND, "fail_at": "four"}


def die(step: str, wanted: str) -> None:
    if step == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


async def settled(hub: Hub, revision: int) -> None:
    """Wait until a revision is live, or failed and waits to be tried again."""
    while True:
        status = hub.resources.status("test.folder", "a")
        live = status.phase is Phase.IN_SYNC and status.observed_revision == revision
        if live or (status.phase is Phase.FAILED and status.retry_at is not None):
            return
        await asyncio.sleep(0.005)


async def main(config: Path, data: Path, outside: Path, recovery: str, mode: str, at: str) -> None:
    kind = folder_type(outside, recovery=Recovery(recovery), observe_seconds=3600.0)
    load = bootstrap._build

    async def build(*args: object) -> Hub:
        hub = await load(*args)  # type: ignore[arg-type]
        hub.resources.types.register(kind)
        return hub

    bootstrap._build = build  # type: ignore[assignment]
    if mode == "again":
        begin = Engine.start

        async def start(engine: Engine) -> None:
            engine.hook = lambda step: die(step, at)
            await begin(engine)

        Engine.start = start  # type: ignore[method-assign]
    settings = bootstrap.load_settings(config)
    running = await bootstrap.start(settings, config, data, port=0)
    hub = running.hub
    engine = hub.resources.engine
    assert isinstance(engine, Engine)
    if mode == "crash":
        await hub.resources.put("test.folder", "a", FIRST)
        await settled(hub, 1)
        engine.hook = lambda step: die(step, at)
        spec = FAILING if at.startswith("undoing") else SECOND
        await hub.resources.put("test.folder", "a", spec)
        await settled(hub, 2)
        sys.exit(f"the step {at} never came")
    await settled(hub, hub.resources.get("test.folder", "a").revision)
    status = hub.resources.status("test.folder", "a")
    folder = outside / "a"
    found = {
        "phase": status.phase,
        "outcome": status.outcome,
        "observed_revision": status.observed_revision,
        "files": {path.name: path.read_text() for path in sorted(folder.iterdir())},
        "jobs": [[job.kind, job.state] for job in hub.jobs.list(target="test.folder/a")],
        "interrupted": len(hub.jobs.interrupted()),
    }
    await bootstrap.stop(running)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    paths = [Path(item) for item in sys.argv[1:4]]
    asyncio.run(main(*paths, *sys.argv[4:7]))
