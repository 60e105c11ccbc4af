"""Health for who starts and watches the hub, and for people."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.hub.api.conftest import Visitor
from tests.peers.house import House, MakeHouse


@pytest.fixture
async def house(house: House) -> House:
    """A hub that does not look how late its loop is: a busy machine holds that up for a second."""
    house.hub.probe.stop()
    house.hub.probe.lag = 0.0
    return house


async def test_a_living_hub_says_so_to_anybody(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/healthz", "/readyz"):
            async with session.get(house.url + path) as answer:
                assert answer.status == 200, path
                assert await answer.json() == {"status": "ok"}


async def test_details_need_a_token(house: House) -> None:
    body = await (await house.request("GET", "/readyz")).json()
    found = {item["name"]: item for item in body["items"]}
    assert found["started"]["critical"]
    assert found["database"]["level"] == "ok"
    assert "mqtt" not in found  # switched off
    async with house.session.get(
        f"{house.url}/readyz", headers={"Authorization": "Bearer nonsense"}
    ) as answer:
        assert "items" not in await answer.json()


async def test_reasons_are_for_administrators(house: House) -> None:
    house.hub.integrations["demo"].error = "no power at 10.1.2.3"
    user = await house.hub.auth.users.create("Operator")
    token = await house.hub.auth.tokens.create_long_lived(user, "tests", 1)
    client = await house.connect(token)
    found = (await client.call(type="hub/health"))["result"]
    assert "10.1.2.3" not in str(found)
    headers = {"Authorization": f"Bearer {token}"}
    async with house.session.get(f"{house.url}/readyz", headers=headers) as answer:
        body = await answer.json()
    assert {item["name"]: item["level"] for item in body["items"]}["integrations"] == "degraded"
    assert "10.1.2.3" not in str(body)
    admin = await house.connect()
    assert "10.1.2.3" in str((await admin.call(type="hub/health"))["result"])


async def test_a_hub_that_is_not_started_is_not_ready(house: House) -> None:
    from hub.hub import Phase

    house.hub.phase = Phase.STARTING
    assert (await house.session.get(f"{house.url}/readyz")).status == 503
    assert (await house.session.get(f"{house.url}/healthz")).status == 200
    house.hub.phase = Phase.RUNNING
    assert (await house.session.get(f"{house.url}/readyz")).status == 200


def rename_table(path: Path, old: str, new: str) -> None:
    """Wait for the hub's lock beside its loop, which has to turn for that."""
    with closing(sqlite3.connect(path, timeout=30)) as file:
        file.execute(f"ALTER TABLE {old} RENAME TO {new}")
        file.commit()


async def test_a_disk_that_fails_makes_the_hub_not_ready_and_says_why(house: House) -> None:
    path = house.hub.database.path
    await asyncio.to_thread(rename_table, path, "areas", "hidden")
    house.hub.areas.create("Attic")
    await house.hub.areas.flush()
    answer = await house.request("GET", "/readyz")
    assert answer.status == 503
    items = {item["name"]: item for item in (await answer.json())["items"]}
    assert "can not be written" in items["database"]["message"]
    await asyncio.to_thread(rename_table, path, "hidden", "areas")
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{house.url}/readyz") as ready:
                if ready.status == 200:
                    break
            await house.hub.areas.flush()
            await house.hub.clock.sleep(0.05)


async def test_a_failing_integration_degrades_without_taking_readiness(house: House) -> None:
    house.hub.integrations["demo"].error = "no power"
    answer = await house.request("GET", "/readyz")
    assert (answer.status, (await answer.json())["status"]) == (200, "degraded")


async def test_a_broker_that_is_away_degrades(make_house: MakeHouse) -> None:
    house = await make_house("mqtt:\n  broker:\n    host: 127.0.0.1\n    port: 1\n")
    answer = await house.request("GET", "/readyz")
    items = {item["name"]: item for item in (await answer.json())["items"]}
    assert (answer.status, items["mqtt"]["level"]) == (200, "degraded")


async def test_the_websocket_tells_it_in_the_protocols_form(house: House) -> None:
    client = await house.connect()
    sent = await client.send(type="system_health/info")
    result, initial, finish = [await client.receive() for _ in range(3)]
    assert (result["id"], result["success"], result["result"]) == (sent, True, None)
    assert initial["event"]["type"] == "initial"
    assert initial["event"]["data"]["homeassistant"]["info"]["hub_version"]
    assert initial["event"]["data"]["hub"]["info"]["database"] == "ok"
    assert finish["event"] == {"type": "finish"}
    own = (await client.call(type="hub/health"))["result"]
    assert own["level"] == "ok"


async def test_the_system_log_is_listed_followed_and_cleared(house: House) -> None:
    client = await house.connect()
    await client.call(type="subscribe_events", event_type="system_log_event")
    logging.getLogger("hub.test").error("It is %s", "late")
    event = (await client.receive())["event"]
    assert event["event_type"] == "system_log_event"
    assert event["data"]["message"] == ["It is late"]
    listed: list[dict[str, Any]] = (await client.call(type="system_log/list"))["result"]
    assert listed[0] == event["data"]
    over_rest = await (await house.request("GET", "/api/system_log")).json()
    assert over_rest[0]["name"] == "hub.test"
    assert (await client.call(type="system_log/clear"))["success"]
    assert (await client.call(type="system_log/list"))["result"] == []


async def test_the_system_log_is_for_administrators(house: House, visitor: Visitor) -> None:
    del visitor
    user = await house.hub.auth.users.create("Operator")
    token = await house.hub.auth.tokens.create_long_lived(user, "tests", 1)
    client = await house.connect(token)
    for kind in ("system_log/list", "system_log/clear", "diagnostics/list", "audit/list"):
        assert (await client.call(type=kind))["error"]["code"] == "unauthorized", kind
    assert (await client.call(type="system_health/info"))["success"]
