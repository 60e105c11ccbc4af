"""A whole hub inside the test's own loop, on a free loopback port with folders of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap
from hub.hub import Hub

CONFIG = "hub:\n  name: Test house\nmqtt:\n  enabled: false\ndemo:\n  area: Workshop\n"


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
        return await self.ws.receive_json(timeout=10)

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
    clients: list[Client] = field(default_factory=list)

    @property
    def hub(self) -> Hub:
        """Return the hub's objects."""
        return self.running.hub

    async def connect(self, token: str | None = None) -> Client:
        """Open an authenticated websocket."""
        ws = await self.session.ws_connect(f"{self.url}/api/websocket")
        await ws.receive_json(timeout=10)
        await ws.send_json({"type": "auth", "access_token": token or self.token})
        answer = await ws.receive_json(timeout=10)
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


@pytest.fixture
async def make_house(tmp_path: Path) -> AsyncIterator[MakeHouse]:
    """Return a function that starts a hub with a hub.yaml and resources; all stop at the end."""
    houses: list[House] = []

    async def make(config: str = CONFIG, resources: str | None = None) -> House:
        folder = tmp_path / f"house{len(houses)}"
        config_dir = folder / "config"
        config_dir.mkdir(parents=True)
        (config_dir / "hub.yaml").write_text(config, encoding="utf-8")
        if resources is not None:
            (config_dir / "resources").mkdir()
            (config_dir / "resources" / "test.yaml").write_text(resources, encoding="utf-8")
        settings = bootstrap.load_settings(config_dir)
        running = await bootstrap.start(settings, config_dir, folder / "data", port=0)
        auth = running.hub.auth
        user = await auth.create_owner("Owner", "owner", "a-long-password")
        token = await auth.tokens.create_long_lived(user, "tests", 1)
        url = f"http://127.0.0.1:{running.api.port}"
        house = House(running, url, token, aiohttp.ClientSession())
        houses.append(house)
        return house

    yield make
    for house in houses:
        for client in house.clients:
            await client.ws.close()
        await house.session.close()
        await bootstrap.stop(house.running)


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    """Return a running hub with the demo integration and no MQTT."""
    return await make_house(CONFIG)
