"""A hub before its first owner, and the plain way to log in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub import bootstrap
from tests.peers.house import House


@pytest.fixture
async def empty_house(tmp_path: Path) -> AsyncIterator[House]:
    """A running hub that nobody owns yet."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "hub.yaml").write_text("hub:\n  name: Empty\nmqtt:\n  enabled: false\n")
    settings = bootstrap.load_settings(config)
    running = await bootstrap.start(settings, config, tmp_path / "data", port=0)
    async with aiohttp.ClientSession() as session:
        yield House(running, f"http://127.0.0.1:{running.api.port}", "", session)
    await bootstrap.stop(running)


class Visitor:
    """Somebody without a token, who speaks the log-in protocol."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.client_id = f"{house.url}/"
        self.redirect_uri = f"{house.url}/?auth_callback=1"

    async def post(self, path: str, **options: Any) -> tuple[int, Any]:
        """Post without a token; return the status and the parsed body."""
        answer = await self.house.session.post(self.house.url + path, **options)
        body = await answer.read()
        return answer.status, await answer.json() if answer.content_type.endswith("json") else body

    async def begin(self, **changes: Any) -> tuple[int, Any]:
        """Begin a log-in."""
        body = {
            "client_id": self.client_id,
            "handler": ["homeassistant", None],
            "redirect_uri": self.redirect_uri,
            **changes,
        }
        return await self.post(
            "/auth/login_flow", json={k: v for k, v in body.items() if v is not ...}
        )

    async def step(self, flow_id: str, **answers: Any) -> tuple[int, Any]:
        """Answer a form."""
        body = {"client_id": self.client_id, "username": "owner", "password": "a-long-password"}
        body = {k: v for k, v in {**body, **answers}.items() if v is not ...}
        return await self.post(f"/auth/login_flow/{flow_id}", json=body)

    async def code(self, **changes: Any) -> str:
        """Log in and return the one-use code."""
        _, form = await self.begin(**changes)
        status, done = await self.step(form["flow_id"])
        assert (status, done["type"]) == (200, "create_entry"), done
        return str(done["result"])

    async def token(self, **form: str) -> tuple[int, Any]:
        """Ask the token endpoint."""
        return await self.post("/auth/token", data=form)

    async def exchange(self, code: str, **more: str) -> tuple[int, Any]:
        """Change a code into tokens."""
        return await self.token(
            grant_type="authorization_code", code=code, client_id=self.client_id, **more
        )


@pytest.fixture
def visitor(house: House) -> Visitor:
    """Somebody at the door of a hub with an owner."""
    return Visitor(house)
