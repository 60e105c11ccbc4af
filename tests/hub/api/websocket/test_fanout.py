"""Many subscribers: shared frames, order, consistency of snapshot and stream, slow clients."""

import asyncio
import random
from typing import Any

import pytest

from hub.api.websocket import connection as connection_module
from hub.util.json import loads
from tests.hub.states.test_machine import apply, expected
from tests.peers.house import Client, House


async def flat(client: Client) -> list[Any]:
    """Return the messages of the next frame as a list."""
    frame = await client.receive()
    return frame if isinstance(frame, list) else [frame]


async def test_the_first_set_then_changes_then_removal(house: House) -> None:
    client, states = await house.connect(), house.hub.states
    states.set("sensor.a", "1", {"n": 1})
    await client.send(type="subscribe_entities", entity_ids=["sensor.a", "sensor.later"])
    assert (await client.receive())["result"] is None
    added = (await client.receive())["event"]
    assert list(added["a"]) == ["sensor.a"]
    states.set("sensor.a", "2", {"n": 1})
    states.set("sensor.unseen", "2")
    assert (await client.receive())["event"]["c"]["sensor.a"]["+"]["s"] == "2"
    states.set("sensor.later", "x")
    assert (await client.receive())["event"]["a"]["sensor.later"]["s"] == "x"
    states.remove("sensor.a")
    assert (await client.receive())["event"] == {"r": ["sensor.a"]}


async def test_an_empty_set_is_sent_too(house: House) -> None:
    client = await house.connect()
    await client.send(type="subscribe_entities", include={"domains": ["nothing"]})
    await client.receive()
    assert (await client.receive())["event"] == {"a": {}}


async def test_include_exclude_and_ids_must_all_pass(house: House) -> None:
    client, states = await house.connect(), house.hub.states
    for name in ("sensor.kitchen", "sensor.kitchen_old", "light.kitchen"):
        states.set(name, "1")
    await client.send(
        type="subscribe_entities",
        include={"entity_globs": "*.kitchen*", "domains": []},
        exclude={"entity_globs": ["*_old"], "entities": ["light.kitchen"]},
    )
    await client.receive()
    assert list((await client.receive())["event"]["a"]) == ["sensor.kitchen"]
    states.set("sensor.kitchen_new", "1")
    assert list((await client.receive())["event"]["a"]) == ["sensor.kitchen_new"]


async def test_every_event_arrives_in_order_and_results_do_not_overtake(house: House) -> None:
    client, bus = await house.connect(), house.hub.bus
    await client.call(type="supported_features", features={"coalesce_messages": 1})
    await client.call(type="subscribe_events", event_type="count")
    for number in range(2500):
        bus.fire("count", {"n": number})
    ping = await client.send(type="ping")
    seen: list[Any] = []
    while not seen or seen[-1]["id"] != ping:
        seen += await flat(client)
    assert [item["event"]["data"]["n"] for item in seen[:-1]] == list(range(2500))


async def test_nothing_comes_after_the_answer_to_an_unsubscribe(house: House) -> None:
    client, bus = await house.connect(), house.hub.bus
    answer = await client.call(type="subscribe_events", event_type="count")
    bus.fire("count", {"n": 1})
    await client.send(type="unsubscribe_events", subscription=answer["id"])
    bus.fire("count", {"n": 2})
    got = [await client.receive(), await client.receive()]
    if got[0]["type"] == "event" and got[1]["type"] == "event":
        got.append(await client.receive())
    bus.fire("count", {"n": 3})
    assert got[-1]["type"] == "result"
    assert (await client.call(type="ping"))["type"] == "pong"
    again = await client.call(type="unsubscribe_events", subscription=answer["id"])
    assert again["error"]["code"] == "not_found"
    assert house.hub.bus.counts().get("count") is None


async def test_clients_of_one_kind_share_one_listener(house: House) -> None:
    clients = [await house.connect() for _ in range(5)]
    before = house.hub.bus.counts().get("state_changed", 0)
    for client in clients:
        await client.call(type="subscribe_events", event_type="state_changed")
        await client.call(type="subscribe_entities")
    assert house.hub.bus.counts()["state_changed"] == before + 2
    for client in clients:
        await client.ws.close()
    async with asyncio.timeout(30):
        while house.hub.bus.counts().get("state_changed", 0) != before:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", range(5))
async def test_the_clients_view_equals_the_hubs_whatever_the_interleaving(
    house: House, seed: int
) -> None:
    choose, states = random.Random(seed), house.hub.states  # noqa: S311 - a reproducible run
    clients: list[tuple[Client, dict[str, Any]]] = []
    for _ in range(30):
        for _ in range(choose.randrange(1, 30)):
            name = f"sensor.r{choose.randrange(8)}"
            if choose.random() < 0.1:
                states.remove(name)
            else:
                attributes = {key: choose.randrange(3) for key in "ab" if choose.random() < 0.7}
                states.set(name, str(choose.randrange(5)), attributes)
        if choose.random() < 0.3 and len(clients) < 6:
            client = await house.connect()
            if choose.random() < 0.5:
                await client.call(type="supported_features", features={"coalesce_messages": 1})
            await client.send(type="subscribe_entities")
            clients.append((client, {}))
        if choose.random() < 0.5:
            await asyncio.sleep(0)
    for client, view in clients:
        await catch_up(client, view)
        assert view == expected(states)


async def catch_up(client: Client, view: dict[str, Any]) -> None:
    """Apply what comes until the answer to a ping."""
    marker, done = await client.send(type="ping"), False
    while not done:
        for message in await flat(client):
            if message["type"] == "event":
                apply(view, message["event"])
            done = done or message["id"] == marker


async def test_a_slow_client_ends_with_the_newest_states(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "SLOW_BYTES", 20_000)
    states, text = house.hub.states, "x" * 20_000
    for number in range(50):
        states.set(f"sensor.s{number}", "0", {"text": text})
    client, view = await house.connect(), {}
    await client.send(type="subscribe_entities")
    (connection,) = house.running.api._websocket.connections
    for value in range(1, 200):
        for number in range(50):
            states.set(f"sensor.s{number}", str(value), {"text": text + str(value)})
        await asyncio.sleep(0)
    assert connection.slow
    assert connection._outbox_bytes < 100_000
    states.remove("sensor.s7")
    states.set("sensor.new", "here")
    marker = await client.send(type="ping")
    seen: list[Any] = []
    while not (seen and seen[-1]["id"] == marker):
        message = await client.receive()
        seen.append(message)
        if message["type"] == "event":
            apply(view, message["event"])
    async with asyncio.timeout(30):
        while view != expected(states):
            apply(view, (await client.receive())["event"])
        while connection.slow:
            await asyncio.sleep(0.01)
    assert len(seen) < 200


async def test_a_client_that_never_reads_events_is_cut_off_past_the_limit(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection_module, "SLOW_BYTES", 20_000)
    monkeypatch.setattr(connection_module, "LIMIT_BYTES", 1_000_000)
    client, bus = await house.connect(), house.hub.bus
    await client.call(type="subscribe_events", event_type="big")
    endpoint = house.running.api._websocket
    async with asyncio.timeout(30):
        while endpoint.connections:
            for _ in range(20):
                bus.fire("big", {"text": "x" * 50_000})
            await asyncio.sleep(0.001)
    assert endpoint.fanout.cut_off == 1
    assert "did not read" in caplog.text
    assert bus.counts().get("big") is None


async def test_one_event_without_json_form_is_left_out_alone(house: House) -> None:
    client, bus = await house.connect(), house.hub.bus
    await client.call(type="subscribe_events", event_type="odd")
    bus.fire("odd", {"n": 1})
    bus.fire("odd", {"n": object()})
    bus.fire("odd", {"n": 2})
    assert [(await client.receive())["event"]["data"]["n"] for _ in range(2)] == [1, 2]


async def test_a_hundred_clients_reconnect_and_get_everything(house: House) -> None:
    states = house.hub.states
    for number in range(1000):
        states.set(f"sensor.m{number}", str(number), {"n": number})
    for _ in range(2):
        clients = [await house.connect() for _ in range(100)]
        for client in clients:
            await client.send(type="subscribe_entities")
        for client in clients:
            await client.receive()
            view: dict[str, Any] = {}
            apply(view, (await client.receive())["event"])
            assert len(view) == len(states)
        await asyncio.gather(*(client.ws.close() for client in clients))


async def test_get_states_and_the_subscription_agree(house: House) -> None:
    client = await house.connect()
    result = (await client.call(type="get_states"))["result"]
    assert result == [loads(state.json) for state in house.hub.states.all()]
    keys = {
        *("entity_id", "state", "attributes", "context"),
        *("last_changed", "last_reported", "last_updated"),
    }
    assert all(set(state) == keys for state in result)
