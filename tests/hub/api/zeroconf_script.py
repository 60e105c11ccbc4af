"""Run by test_zeroconf inside a network namespace: a hub, a browser, and what it saw as JSON."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from hub import bootstrap
from hub.api.zeroconf import SERVICE_TYPE

CONFIG = "hub:\n  name: My house v.2\nmqtt:\n  enabled: false\n"


async def main(folder: Path, host: str) -> dict[str, Any]:
    """Start a hub on `host`, watch it come and go."""
    (folder / "config").mkdir()
    (folder / "config" / "hub.yaml").write_text(CONFIG)
    settings = bootstrap.load_settings(folder / "config")
    looking = AsyncZeroconf()
    come, gone, names = asyncio.Event(), asyncio.Event(), []

    def changed(
        zeroconf: Any, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Added:
            names.append(name)
            come.set()
        elif state_change is ServiceStateChange.Removed:
            gone.set()

    browser = AsyncServiceBrowser(looking.zeroconf, [SERVICE_TYPE], handlers=[changed])
    running = await bootstrap.start(settings, folder / "config", folder / "data", 18123, host)
    async with asyncio.timeout(30):
        await come.wait()
        info = AsyncServiceInfo(SERVICE_TYPE, names[0])
        await info.async_request(looking.zeroconf, 20_000)
    seen = {
        "name": info.name,
        "server": info.server,
        "port": info.port,
        "addresses": info.parsed_addresses(),
        "properties": {
            key.decode(): (value or b"").decode() for key, value in info.properties.items()
        },
        "hub_id": running.hub.hub_id,
    }
    await bootstrap.stop(running)
    async with asyncio.timeout(30):
        await gone.wait()
    await browser.async_cancel()
    await looking.async_close()
    return {**seen, "removed": True}


if __name__ == "__main__":
    result = asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")
