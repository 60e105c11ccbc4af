"""A whole hub in a process of its own that ends by `kill -9` in the middle of a deploy.

    python crashing.py CONFIG DATA STATE HEADER

Waits until `proxy.host/blog` is in sync, writes it with the response header X-New: HEADER, and ends
when the deploy has reached STATE and gone on for a moment. STATE `none` waits until it is in sync.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from hub import bootstrap
from hub.resources import Phase
from integrations.proxy.fleet import fleet_of


def seed() -> dict[str, Any]:
    """Return the resources that the first start writes."""
    found: dict[str, Any] = json.loads(Path(os.environ["HUB_TEST_SEED"]).read_text())
    return found


async def main(config: Path, data: Path, wanted: str, header: str) -> None:
    settings = bootstrap.load_settings(config)
    running = await bootstrap.start(settings, config, data, port=0)
    hub = running.hub

    def phase() -> Phase:
        return hub.resources.status("proxy.host", "blog").phase

    if hub.resources.store.get("proxy.host/blog") is None:
        await hub.resources.put("proxy.host", "blog", seed()["proxy.host/blog"])
    while phase() is not Phase.IN_SYNC:
        await asyncio.sleep(0.01)
    if wanted != "none":
        site = fleet_of(hub).site("web")

        def die() -> None:
            if site.state.value == wanted:
                loop = asyncio.get_running_loop()
                loop.call_later(0.003, os.kill, os.getpid(), signal.SIGKILL)

        site.listen(die)
        spec = dict(hub.resources.get("proxy.host", "blog").spec)
        spec["headers"] = {"request": {}, "response": {"X-New": header}}
        change = await hub.resources.put("proxy.host", "blog", spec)
        # the phase is that of the revision before until the new one is looked at
        while hub.resources.status("proxy.host", "blog").observed_revision != change.revision:
            await asyncio.sleep(0.01)
        sys.exit(f"the state {wanted} never came")
    while hub.resources.get("proxy.host", "blog").revision != (
        hub.resources.status("proxy.host", "blog").observed_revision
    ):
        await asyncio.sleep(0.01)
    await bootstrap.stop(running)


if __name__ == "__main__":
    place, data, state, value = sys.argv[1:]
    asyncio.run(main(Path(place), Path(data), state, value))
