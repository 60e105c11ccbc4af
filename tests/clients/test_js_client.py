"""The npm package home-assistant-js-websocket in Node, against a running hub."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.peers.house import House
from tests.peers.ports import require

ROOT = Path(__file__).parents[2]
STEPS = [
    "user", "states", "collections", "toggle", "ping", "unknown", "reconnect", "refresh", "revoke",
]  # fmt: skip


async def test_the_whole_smoke_run(house: House, visitor: Any) -> None:
    node = require("node", "install Node 20 or newer, then run make setup")
    if not (ROOT / "frontend/node_modules/home-assistant-js-websocket").is_dir():
        pytest.fail("the npm packages are missing: run make setup (npm ci in frontend/)")
    _, tokens = await visitor.exchange(await visitor.code())
    data = {
        **tokens,
        "hassUrl": house.url,
        "clientId": visitor.client_id,
        "expires": 0,
    }
    switch = house.hub.states.entity_ids("switch")[0]
    process = await asyncio.create_subprocess_exec(
        node,
        str(ROOT / "tests/clients/smoke.mjs"),
        house.url,
        house.token,
        switch,
        json.dumps(data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert json.loads(out) == STEPS
