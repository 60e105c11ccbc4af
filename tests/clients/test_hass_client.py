"""The PyPI package hass-client against a running hub, call by call."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hass_client import HomeAssistantClient
from hass_client.exceptions import AuthenticationFailed, FailedCommand
from hass_client.utils import get_long_lived_token, get_token

from hub.const import HA_VERSION
from tests.hub.api.test_shapes import strict_state
from tests.peers.house import House


@pytest.fixture
async def client(house: House) -> AsyncIterator[HomeAssistantClient]:
    """A connected client that listens."""
    found = HomeAssistantClient(
        f"{house.url.replace('http', 'ws')}/api/websocket", house.token, house.session
    )
    await found.connect()
    listening = asyncio.create_task(found.start_listening())
    yield found
    await found.disconnect()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


async def test_connecting_tells_the_version(client: HomeAssistantClient) -> None:
    assert client.connected
    assert client.version == HA_VERSION


async def test_a_wrong_token_is_told_apart(house: House) -> None:
    url = f"{house.url.replace('http', 'ws')}/api/websocket"
    client = HomeAssistantClient(url, "wrong", house.session)
    with pytest.raises(AuthenticationFailed):
        await client.connect()


async def test_everything_it_reads_has_its_shape(client: HomeAssistantClient) -> None:
    states = await client.get_states()
    assert states
    for state in states:
        strict_state(state)
    config = await client.get_config()
    assert (config["location_name"], config["state"]) == ("Test house", "RUNNING")
    services = await client.get_services()
    assert "turn_on" in services["switch"]
    assert {area["name"] for area in await client.get_area_registry()} == {"Workshop"}
    assert [device["name"] for device in await client.get_device_registry()]
    entities = await client.get_entity_registry()
    one = await client.get_entity_registry_entry(entities[0]["entity_id"])
    assert one["unique_id"] == entities[0]["unique_id"]
    assert "capabilities" in one


async def test_calls_and_subscriptions(house: House, client: HomeAssistantClient) -> None:
    switch = house.hub.states.entity_ids("switch")[0]
    events: asyncio.Queue[Any] = asyncio.Queue()
    entities: asyncio.Queue[Any] = asyncio.Queue()
    stop_events = await client.subscribe_events(events.put_nowait, "state_changed")
    stop_entities = await client.subscribe_entities(entities.put_nowait, [switch])
    async with asyncio.timeout(30):
        first = await entities.get()
        assert set(first["a"]) == {switch}
        done = await client.call_service("switch", "toggle", target={"entity_id": switch})
        assert done["context"]["user_id"]
        event = await events.get()
        while event["data"]["entity_id"] != switch:
            event = await events.get()
        change = await entities.get()
    assert event["event_type"] == "state_changed"
    assert event["data"]["new_state"]["state"] == change["c"][switch]["+"]["s"]
    stop_events()
    stop_entities()
    token = await client.send_command(
        "auth/long_lived_access_token", client_name="made by a client", lifespan=30
    )
    assert token.count(".") == 2


async def test_failures_carry_the_words(client: HomeAssistantClient) -> None:
    with pytest.raises(FailedCommand, match="not found"):
        await client.call_service("no", "such")
    with pytest.raises(FailedCommand, match="Unknown command"):
        await client.send_command("no/such")


async def test_its_log_in_helpers(house: House, visitor: Any) -> None:
    visitor.client_id = f"{house.url}/"
    code = await visitor.code()
    tokens = await get_token(house.url, code, client_id=visitor.client_id)
    assert tokens["refresh_token"]
    token = await get_long_lived_token(
        house.url, tokens["access_token"], client_name="helper", lifespan=10
    )
    assert house.hub.auth.tokens.validate(token) is not None
