"""A whole hub inside the test's own loop, on a free loopback port with folders of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap
from hub.auth import auth
from hub.auth.passwords import Passwords
from hub.hub import Hub
from hub.recorder import watch
from hub.recorder.state import RecorderState
from tests.peers.ports import wait_until

CONFIG = (
    "hub:\n  name: Test house\nmqtt:\n  enabled: false\n"
    "demo:\n  {area: Workshop, interval: 86400}\n"
)
"""The demo stands still: a step after 5 s would fall into whatever a slow test does just then."""


@dataclass
class Client:
    """A websocket client that speaks as written, one JSON message at a time."""

    ws: aiohttp.ClientWebSocketResponse
    last_id: int = 0

    async def send(self, **message: Any) -> int:
        """Send a command with the next id."""
        self.last_id += 1
        await self.ws.send_json({"id": self.last_id, **message})
        return self.last_id

    async def receive(self) -> Any:
        """Return the next frame, parsed."""
        return await self.ws.receive_json(timeout=30)

    async def call(self, **message: Any) -> Any:
        """Send a command and return its result message; events on the way are dropped."""
        sent = await self.send(**message)
        while True:
            answer = await self.receive()
            if answer.get("id") == sent and answer["type"] in ("result", "pong"):
                return answer


@dataclass
class House:
    """A running hub and the ways in."""

    running: bootstrap.Running
    url: str
    token: str
    session: aiohttp.ClientSession
    folder: Path = field(default_factory=Path)
    """Holds `config` and `data`."""
    clients: list[Client] = field(default_factory=list)
    is_stopped: bool = False

    async def stop(self) -> None:
        """Stop the hub; its folder stays."""
        if self.is_stopped:
            return
        self.is_stopped = True
        for client in self.clients:
            await client.ws.close()
        await self.session.close()
        await bootstrap.stop(self.running)

    @property
    def hub(self) -> Hub:
        """Return the hub's objects."""
        return self.running.hub

    def story(self) -> str:
        """Return every resource's status, for a test that ran out of time."""
        resources = self.hub.resources
        return "\n".join(
            f"{item.id} r{item.revision}: {resources.status(item.type, item.key)}"
            for item in resources.list()
        )

    async def connect(self, token: str | None = None) -> Client:
        """Open an authenticated websocket."""
        ws = await self.session.ws_connect(f"{self.url}/api/websocket")
        await ws.receive_json(timeout=30)
        await ws.send_json({"type": "auth", "access_token": token or self.token})
        answer = await ws.receive_json(timeout=30)
        assert answer["type"] == "auth_ok", answer
        client = Client(ws)
        self.clients.append(client)
        return client

    async def request(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        """Send an authorised request; the body has been read."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        response = await self.session.request(method, self.url + path, headers=headers, **options)
        await response.read()
        return response


MakeHouse = Callable[..., Awaitable[House]]


def _names(hub: Hub) -> set[str]:
    """Return the names of a hub's tasks."""
    return {task.get_name() for task in hub.tasks._tasks}


@pytest.fixture
async def make_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeHouse]:
    """Return a function that starts a hub with a hub.yaml, resources and further files.

    Its recorder has opened its database, or could not, and its entities stand still. `after` starts
    again in the folder of a hub, which is stopped first. All stop at the end.
    Hashes of passwords cost next to nothing: the owner's took longer than the start of the hub.
    """
    monkeypatch.setattr(auth, "Passwords", partial(Passwords, time_cost=1, memory_kib=64))
    monkeypatch.setattr(watch, "SECONDS", 86400.0)
    houses: list[House] = []

    async def make(
        config: str = CONFIG,
        resources: str | None = None,
        *,
        files: Mapping[str, str] | None = None,
        after: House | None = None,
    ) -> House:
        if after is not None:
            await after.stop()
        folder = tmp_path / f"house{len(houses)}" if after is None else after.folder
        config_dir = folder / "config"
        config_dir.mkdir(parents=True, exist_ok=True)
        wanted = {} if after is not None else {"hub.yaml": config, **(files or {})}
        if resources is not None:
            wanted["resources/test.yaml"] = resources
        for name, content in wanted.items():
            (config_dir / name).parent.mkdir(exist_ok=True)
            (config_dir / name).write_text(content, encoding="utf-8")
        settings = bootstrap.load_settings(config_dir)
        running = await bootstrap.start(settings, config_dir, folder / "data", port=0)
        hub = running.hub
        await wait_until(lambda: hub.recorder.state is not RecorderState.STARTING)
        # they come by themselves, and would be one change more for whoever counts
        await wait_until(lambda: "entities of the recorder" not in _names(hub))
        if after is None:
            user = await hub.auth.create_owner("Owner", "owner", "a-long-password")
            token = await hub.auth.tokens.create_long_lived(user, "tests", 1)
        else:
            token = after.token
        url = f"http://127.0.0.1:{running.api.port}"
        house = House(running, url, token, aiohttp.ClientSession(), folder)
        houses.append(house)
        return house

    yield make
    for house in houses:
        await house.stop()


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    """Return a running hub with the demo integration and no MQTT."""
    return await make_house(CONFIG)
