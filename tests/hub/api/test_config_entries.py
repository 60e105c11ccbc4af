"""Installations as config entries, from an integration that is found in a folder."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import integrations
from hub.resources import Phase
from tests.peers.house import Client, House, MakeHouse

MANIFEST = '{"domain": "shed", "name": "Shed", "resources": ["shed.installation", "shed.tool"]}'
MODULE = """
import voluptuous as vol
from hub.sdk import Controller, ResourceType, Unavailable

class Shed(Controller):
    async def observe(self, desired):
        if desired.spec["name"] == "away":
            raise Unavailable("the shed does not answer")
        return None
    def plan(self, desired, observed):
        return ()

SCHEMA = vol.Schema({vol.Required("name"): str})
TYPES = (
    ResourceType(name="shed.installation", schema=SCHEMA, controller=Shed, entities=False),
    ResourceType(name="shed.tool", schema=SCHEMA, entities=False),
)
"""


@pytest.fixture
def shed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install an integration `shed`, beside those of the repository."""
    folder = tmp_path / "more" / "shed"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(MANIFEST)
    (folder / "__init__.py").write_text("")
    (folder / "resources.py").write_text(MODULE)
    monkeypatch.setattr(integrations, "__path__", [*integrations.__path__, str(folder.parent)])
    monkeypatch.setattr(
        integrations.__spec__,
        "submodule_search_locations",
        [*integrations.__path__],
    )
    yield
    for name in ("integrations.shed", "integrations.shed.resources"):
        sys.modules.pop(name, None)


@pytest.fixture
async def house(shed: None, make_house: MakeHouse) -> House:
    return await make_house("hub:\n  name: Test\nmqtt:\n  enabled: false\ndemo:\n")


async def told(client: Client) -> Any:
    """Return the next event."""
    while (message := await client.receive())["type"] != "event":
        pass
    return message["event"]


async def put(client: Client, kind: str, key: str, name: str) -> None:
    answer = await client.call(
        type="resource/put", resource_type=f"shed.{kind}", key=key, spec={"name": name}
    )
    assert answer["success"], answer


async def test_installations_are_entries_with_the_state_of_their_phase(house: House) -> None:
    client, follower = await house.connect(), await house.connect()
    assert (await follower.call(type="config_entries/subscribe"))["result"] is None
    first = await told(follower)
    assert [(item["type"], item["entry"]["entry_id"]) for item in first] == [(None, "demo")]

    await put(client, "installation", "home", "Home")
    await put(client, "tool", "hammer", "Hammer")
    seen: dict[str, Any] = {}
    async with asyncio.timeout(30):
        while seen.get("shed.installation/home", {}).get("state") != "loaded":
            for item in await told(follower):
                assert item["type"] in ("added", "updated")
                seen[item["entry"]["entry_id"]] = item["entry"]
    assert set(seen) <= {"shed.installation/home", "shed"}
    entries = (await client.call(type="config_entries/get", domain="shed"))["result"]
    (entry,) = entries
    assert entry == seen["shed.installation/home"]
    assert {key: entry[key] for key in ("domain", "title", "source", "state", "reason")} == {
        "domain": "shed",
        "title": "Home",
        "source": "user",
        "state": "loaded",
        "reason": None,
    }
    assert entry["created_at"] > 0
    one = await client.call(type="config_entries/get_single", entry_id="shed.installation/home")
    assert one["result"] == {"config_entry": entry}

    await put(client, "installation", "away", "away")
    async with asyncio.timeout(30):
        while seen.get("shed.installation/away", {}).get("state") != "setup_retry":
            for item in await told(follower):
                seen[item["entry"]["entry_id"]] = item["entry"]
    assert "does not answer" in seen["shed.installation/away"]["reason"]
    assert house.hub.resources.status("shed.installation", "away").phase is Phase.UNKNOWN

    await client.call(
        type="resource/delete", resource_type="shed.installation", key="home", force=True
    )
    async with asyncio.timeout(30):
        gone: list[Any] = []
        while not gone:
            gone = [item for item in await told(follower) if item["type"] == "removed"]
    assert [item["entry"]["entry_id"] for item in gone] == ["shed.installation/home"]
    helper = await client.call(type="config_entries/get", type_filter="helper")
    assert helper["result"] == []
    found = (await client.call(type="integration/list"))["result"]
    mine = next(item for item in found if item["domain"] == "shed")
    assert mine == {
        "domain": "shed",
        "name": "Shed",
        "loaded": True,
        "error": None,
        "types": ["shed.installation", "shed.tool"],
    }
