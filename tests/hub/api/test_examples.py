"""The examples of docs/api.md are run against a hub: what they show is what it answers.

In the text `"..."` stands for any value, times and ids for any of their kind, and a list that ends
in `"..."` for a list that goes on.
"""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from hub.util.json import loads
from tests.hub.api.outside import Files, register
from tests.peers.house import House, MakeHouse

TEXT = (Path(__file__).parents[3] / "docs/api.md").read_text()
BLOCK = re.compile(r"```http\n(.*?)```\n+```json\n(\d+)\n(.*?)```", re.DOTALL)
SPOKEN = re.compile(r"```jsonl\n(.*?)```", re.DOTALL)
ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@pytest.fixture
async def shop(make_house: MakeHouse, tmp_path: Path) -> tuple[House, Files]:
    house = await make_house("hub:\n  name: Test\nmqtt:\n  enabled: false\n")
    return house, register(house.hub, tmp_path / "files", "example")


def same(shown: Any, got: Any, where: str = "") -> None:
    """Fail where an answer differs from what the text shows."""
    if shown == "...":
        return
    if isinstance(shown, dict) and isinstance(got, dict):
        assert set(shown) == set(got), where
        for key in shown:
            same(shown[key], got[key], f"{where}.{key}")
    elif isinstance(shown, list) and isinstance(got, list):
        goes_on = shown[-1:] == ["..."]
        assert goes_on or len(shown) == len(got), (where, got)
        for index, item in enumerate(shown[:-1] if goes_on else shown):
            same(item, got[index], f"{where}[{index}]")
    elif isinstance(shown, float) and shown > 1e9:
        assert isinstance(got, float), where
        assert got > 1e9, where
    elif isinstance(shown, str) and ULID.fullmatch(shown):
        assert ULID.fullmatch(got), where
    else:
        assert shown == got, where


async def settle(house: House) -> None:
    """Wait until every resource is what it should be, and no job runs."""
    async with asyncio.timeout(30):
        while len(house.hub.jobs) or any(
            house.hub.resources.status(item.type, item.key).observed_revision != item.revision
            for item in house.hub.resources.list()
        ):
            await asyncio.sleep(0.01)


async def test_the_requests_of_the_text_get_its_answers(shop: tuple[House, Files]) -> None:
    house, files = shop
    found = BLOCK.findall(TEXT)
    assert len(found) >= 8
    job_id = ""
    for request, status, answer in found:
        head, _, body = request.partition("\n\n")
        first, *lines = head.strip().split("\n")
        method, path = first.split(" ", 1)
        headers = dict(line.split(": ", 1) for line in lines)
        await settle(house)
        if path.endswith("/plan"):
            (files.folder / "motd").write_text("Changed by hand\n")
        path = ULID.sub(job_id, path)
        sent = await house.request(method, path, headers=headers, data=body.strip() or None)
        assert sent.status == int(status), (first, await sent.text())
        got = await sent.json()
        same(loads(answer), got, first)
        if isinstance(got, dict) and got.get("job_id"):
            job_id = got["job_id"]


async def test_the_messages_of_the_text_get_its_answers(shop: tuple[House, Files]) -> None:
    house, _ = shop
    found = SPOKEN.findall(TEXT)
    assert len(found) >= 2
    for block in found:
        client = await house.connect()
        for line in block.strip().split("\n"):
            mark, _, text = line.partition(" ")
            message = loads(text)
            if mark == ">":
                await client.ws.send_json(message)
            elif mark == "<":
                got = await client.receive()
                while got.get("event", {}).get("action") == "status":  # comes when it comes
                    got = await client.receive()
                same(message, got, text)
            else:
                raise AssertionError(line)
        await client.ws.close()
