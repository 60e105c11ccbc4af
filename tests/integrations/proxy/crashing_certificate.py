"""A whole hub in a process of its own that ends by `kill -9` while it gets a certificate.

    python crashing_certificate.py CONFIG DATA STEP CERTIFICATE HOST

Writes `proxy.certificate/site` and, when that waits for it, `proxy.host/blog` (JSON), and ends at
STEP: `order` (the CA has an order), `issued`, `deploy` (it begins) or `deployed`.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from hub import bootstrap
from integrations.proxy.acme.order import Issuing
from integrations.proxy.certificate import Certificates


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(method: Any, *, before: bool) -> Any:
    """Return a method that ends the process before or after it does its work."""

    async def replaced(*arguments: Any) -> None:
        if not before:
            await method(*arguments)
        die()

    return replaced


async def main(config: Path, data: Path, at: str, certificate: str, host: str) -> None:
    match at:
        case "order":
            Issuing._prove = dying(Issuing._prove, before=True)  # type: ignore[method-assign]
        case "issued":
            Certificates._issue = dying(Certificates._issue, before=False)  # type: ignore[method-assign]
        case "deploy" | "deployed":
            method = dying(Certificates._deploy, before=at == "deploy")
            Certificates._deploy = method  # type: ignore[method-assign]
    running = await bootstrap.start(bootstrap.load_settings(config), config, data, port=0)
    resources = running.hub.resources
    await resources.put("proxy.certificate", "site", json.loads(certificate))
    await resources.put("proxy.host", "blog", json.loads(host))
    await asyncio.sleep(30)
    sys.exit(f"the step {at} never came")


if __name__ == "__main__":
    places = [Path(place) for place in sys.argv[1:3]]
    asyncio.run(main(*places, *sys.argv[3:]))  # type: ignore[arg-type]
