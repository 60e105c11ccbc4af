"""10,000 resources through the doors: listing, following, and one change to many followers.

Run `python tests/benchmarks/bench_resources_api.py [--count N] [--json FILE]`; prints JSON. Times
are medians of seven rounds in milliseconds, measured by a client in the same process. `admin`
reads everything, `viewer` is asked about each resource. Bar: a listing takes at most 100 ms.
"""

import argparse
import asyncio
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import voluptuous as vol

from hub import bootstrap
from hub.auth.roles import Role
from hub.config.documents import Document
from hub.resources import ResourceType
from hub.schema import text

ROUNDS = 7
CONFIG = "hub:\n  name: Bench\nmqtt:\n  enabled: false\n"
FIELDS = {
    vol.Required("name"): text,
    vol.Optional("host", default="192.0.2.1"): text,
    vol.Optional("port", default=443): int,
    vol.Optional("labels"): {str: str},
}


async def median(work: Callable[[], Awaitable[object]]) -> float:
    """Return the median time in milliseconds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await work()
        found.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(found), 1)


class Client:
    """A websocket that reads frames whole, without parsing them."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.last = 0

    async def call(self, **message: Any) -> str:
        """Return the result of a command as text."""
        self.last += 1
        await self.ws.send_json({"id": self.last, **message})
        return (await self.ws.receive(timeout=60)).data  # type: ignore[no-any-return]


async def connect(session: aiohttp.ClientSession, url: str, token: str) -> Client:
    """Open an authenticated websocket."""
    ws = await session.ws_connect(f"{url}/api/websocket", max_msg_size=0)
    await ws.receive()
    await ws.send_json({"type": "auth", "access_token": token})
    await ws.receive()
    return Client(ws)


async def measure(count: int, folder: Path) -> dict[str, Any]:
    """Fill a hub and ask it."""
    (folder / "config").mkdir()
    (folder / "config/hub.yaml").write_text(CONFIG)
    settings = bootstrap.load_settings(folder / "config")
    running = await bootstrap.start(settings, folder / "config", folder / "data", port=0)
    hub, url = running.hub, f"http://127.0.0.1:{running.api.port}"
    hub.resources.types.register(
        ResourceType(name="bench.note", schema=vol.Schema(FIELDS), entities=False)
    )
    owner = await hub.auth.create_owner("Owner", "owner", "a-long-password")
    viewer = await hub.auth.users.create("Viewer", role=Role.VIEWER)
    tokens = hub.auth.tokens
    admin_token = await tokens.create_long_lived(owner, "bench", 1)
    viewer_token = await tokens.create_long_lived(viewer, "bench", 1)
    start = time.perf_counter()
    for first in range(0, count, 1000):
        await hub.resources.apply_documents(
            [
                Document(f"bench.note/n{number:05}", {"name": f"Note {number}"})
                for number in range(first, first + 1000)
            ]
        )
    filled = time.perf_counter() - start
    while any(
        hub.resources.status(item.type, item.key).phase == "pending"
        for item in hub.resources.list()
    ):
        await asyncio.sleep(0.1)
    result: dict[str, Any] = {"resources": count, "apply_documents_per_s": round(count / filled)}
    async with aiohttp.ClientSession() as session:

        def rest(token: str) -> Callable[[], Awaitable[object]]:
            headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

            async def get() -> object:
                async with session.get(f"{url}/api/resources/bench.note", headers=headers) as found:
                    return await found.read()

            return get

        start = time.perf_counter()
        body = await rest(admin_token)()
        result["listing_bytes"] = len(body)  # type: ignore[arg-type]
        result["rest_list_cold_ms"] = round((time.perf_counter() - start) * 1000, 1)
        result["rest_list_ms"] = await median(rest(admin_token))
        result["rest_list_viewer_ms"] = await median(rest(viewer_token))
        client = await connect(session, url, admin_token)
        reader = await connect(session, url, viewer_token)
        for name, who in (("ws_list", client), ("ws_list_viewer", reader)):
            result[f"{name}_ms"] = await median(lambda who=who: who.call(type="resource/list"))
        result["types_ms"] = await median(lambda: client.call(type="resource/types"))

        followers = [await connect(session, url, admin_token) for _ in range(50)]
        for each in followers:
            await each.call(type="resource/subscribe", resource_type="bench.note", key="n00000")
            await each.ws.receive()

        names = iter(range(10**9))

        async def change() -> None:
            spec = {"name": f"Changed {next(names)}"}
            await hub.resources.put("bench.note", "n00000", spec)
            await asyncio.gather(*(each.ws.receive() for each in followers))

        result["change_to_50_followers_ms"] = await median(change)
        for each in (client, reader, *followers):
            await each.ws.close()
    await bootstrap.stop(running)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(given.count, Path(folder)))
    found["machine"] = f"{platform.machine()} Python {sys.version.split()[0]}"
    output = json.dumps(found, indent=2)
    print(output)
    if given.json is not None:
        given.json.write_text(output + "\n")


if __name__ == "__main__":
    main()
