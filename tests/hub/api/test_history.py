"""States of the past over both doors, and the stream that goes on with them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.auth import Role
from tests.hub.api.past import add_past
from tests.peers.house import Client, House

HOT = {"unit_of_measurement": "°C"}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@pytest.fixture
async def start(house: House) -> float:
    """A house with an hour of a sensor, a thermostat and a lamp; when that hour began."""
    states = house.hub.states
    states.set("sensor.hot", "23", HOT)
    states.set("climate.hall", "heat", {"temperature": 21})
    states.set("light.lamp", "on", {"brightness": 9})
    begin = float(int(house.hub.clock.time()) - 3600)
    await add_past(
        house.hub,
        "sensor.hot",
        [
            (begin - 60, "19"),
            (begin + 10, "20"),
            (begin + 20, "20", begin + 10),
            (begin + 30, "21"),
            (begin + 40, None),
            (begin + 50, "22"),
        ],
        HOT,
    )
    await add_past(house.hub, "climate.hall", [(begin + 5, "heat"), (begin + 6, "heat", begin + 5)])
    return begin


async def ask(client: Client, start: float, *ids: str, **more: Any) -> Any:
    message = {"start_time": iso(start), "entity_ids": list(ids), **more}
    return await client.call(type="history/history_during_period", **message)


async def test_a_range_begins_with_what_held(house: House, start: float) -> None:
    client = await house.connect()
    found = (await ask(client, start, "sensor.hot", end_time=iso(start + 60)))["result"]
    assert found["sensor.hot"] == [
        {"s": "19", "a": HOT, "lu": start},
        {"s": "20", "a": HOT, "lu": start + 10},
        {"s": "21", "a": HOT, "lu": start + 30},
        {"s": "unavailable", "a": HOT, "lu": start + 40},
        {"s": "22", "a": HOT, "lu": start + 50},
    ]
    without = await ask(client, start, "sensor.hot", include_start_time_state=False)
    assert without["result"]["sensor.hot"][0]["s"] == "20"
    assert without["result"]["sensor.hot"][-1]["s"] == "23", "what was set just now is there"


async def test_every_change_when_asked(house: House, start: float) -> None:
    client = await house.connect()
    found = await ask(client, start, "sensor.hot", significant_changes_only=False)
    rows = found["result"]["sensor.hot"]
    assert [row["s"] for row in rows] == ["19", "20", "20", "21", "unavailable", "22", "23"]
    assert rows[2] == {"s": "20", "a": HOT, "lu": start + 20, "lc": start + 10}


async def test_minimal_rows(house: House, start: float) -> None:
    client = await house.connect()
    asked = {"minimal_response": True, "significant_changes_only": False}
    found = await ask(
        client, start, "sensor.hot", "climate.hall", end_time=iso(start + 60), **asked
    )
    assert found["result"]["sensor.hot"] == [
        {"s": "19", "a": HOT, "lu": start},
        {"s": "20", "lu": start + 10},
        {"s": "21", "lu": start + 30},
        {"s": "unavailable", "lu": start + 40},
        {"s": "22", "lu": start + 50},
    ]
    hall = found["result"]["climate.hall"]
    assert [set(row) for row in hall] == [{"s", "a", "lu"}, {"s", "a", "lu", "lc"}]
    bare = await ask(client, start, "sensor.hot", no_attributes=True, **asked)
    assert all(set(row) == {"s", "lu"} for row in bare["result"]["sensor.hot"])
    whole = await ask(client, start, "sensor.hot", no_attributes=True)
    assert all(row["a"] == {} for row in whole["result"]["sensor.hot"])


async def test_what_is_asked_wrongly(house: House, start: float) -> None:
    client = await house.connect()
    now = house.hub.clock.time()
    message = {"type": "history/history_during_period", "entity_ids": ["sensor.hot"]}
    for fields, code in (
        ({"start_time": "yesterday"}, "invalid_start_time"),
        ({"start_time": iso(start), "end_time": "soon"}, "invalid_end_time"),
        ({"start_time": iso(start), "end_time": iso(start - 1)}, "invalid_end_time"),
        ({"start_time": iso(start), "entity_ids": ["hot"]}, "invalid_entity_ids"),
        ({"start_time": 5}, "invalid_format"),
        ({"start_time": iso(start), "extra": 1}, "invalid_format"),
        ({"start_time": iso(start), "max_points": 3}, "invalid_format"),
    ):
        for kind in (message["type"], "history/stream"):
            answer = await client.call(**{**message, **fields, "type": kind})
            assert answer["error"]["code"] == code, (kind, fields)
    assert (await ask(client, start, "sensor.nope"))["result"] == {}
    assert (await ask(client, start))["result"] == {}
    assert (await ask(client, now + 60, "sensor.hot"))["result"] == {}
    late = await client.call(**message | {"type": "history/stream", "start_time": iso(now + 60)})
    assert late["error"]["code"] == "invalid_start_time"


async def test_states_that_need_quotes(house: House) -> None:
    texts = ['a "b"', "back\\slash", "two\nlines", "été", "", "\x01", "a,b", "☃" * 60]
    for text in texts:
        house.hub.states.set("input_text.a", text)
    client = await house.connect()
    for asked in ({}, {"minimal_response": True}):
        found = await ask(client, house.hub.clock.time() - 60, "input_text.a", **asked)
        assert [row["s"] for row in found["result"]["input_text.a"]] == texts


async def test_many_rows_come_in_order_and_complete(house: House) -> None:
    house.hub.states.set("sensor.many", "0", HOT)
    start = float(int(house.hub.clock.time()) - 30_000)
    await add_past(house.hub, "sensor.many", [(start + n, str(n)) for n in range(20_000)], HOT)
    client = await house.connect()
    for asked in ({}, {"minimal_response": True}):
        found = await ask(client, start, "sensor.many", end_time=iso(start + 25_000), **asked)
        rows = found["result"]["sensor.many"]
        assert [row["s"] for row in rows] == [str(n) for n in range(20_000)]
        assert rows[12_345]["lu"] == start + 12_345


async def test_a_chart_keeps_its_extremes(house: House) -> None:
    house.hub.states.set("sensor.many", "0", HOT)
    start = float(int(house.hub.clock.time()) - 30_000)
    values = [str(n % 100) for n in range(20_000)]
    values[7_777], values[13_131], values[15_000] = "-500", "900", "unavailable"
    await add_past(house.hub, "sensor.many", [(start + n, v) for n, v in enumerate(values)], HOT)
    client = await house.connect()
    for asked in ({}, {"minimal_response": True, "no_attributes": True}):
        found = await ask(client, start, "sensor.many", max_points=200, **asked)
        rows = found["result"]["sensor.many"]
        assert 50 <= len(rows) <= 200
        assert {"-500", "900", "unavailable"} <= {row["s"] for row in rows}
        times = [row["lu"] for row in rows]
        assert times == sorted(times)


async def test_over_rest(house: House, start: float) -> None:
    path = f"/api/history/period/{iso(start)}".replace("+", "%2B")
    query = {"filter_entity_id": "sensor.hot,light.nope", "end_time": iso(start + 60)}
    rows = await (await house.request("GET", path, params=query)).json()
    assert [row["state"] for row in rows[0]] == ["19", "20", "21", "unavailable", "22"]
    assert rows[0][1] == {
        "entity_id": "sensor.hot",
        "state": "20",
        "attributes": HOT,
        "last_changed": datetime.fromtimestamp(start + 10, UTC).isoformat(timespec="microseconds"),
        "last_updated": datetime.fromtimestamp(start + 10, UTC).isoformat(timespec="microseconds"),
    }
    query |= {"minimal_response": "", "skip_initial_state": "", "significant_changes_only": "0"}
    rows = await (await house.request("GET", path, params=query)).json()
    assert [set(row) for row in rows[0][1:]] == [{"state", "last_changed"}] * 3
    present = await house.request("GET", "/api/history/period?filter_entity_id=sensor.hot")
    assert (await present.json())[0][-1]["state"] == "23"
    for asked, message in (
        ("", "filter_entity_id is missing"),
        ("?filter_entity_id=hot", "Invalid filter_entity_id"),
        ("?filter_entity_id=sensor.hot&end_time=soon", "Invalid end_time"),
        ("/soon?filter_entity_id=sensor.hot", "Invalid datetime"),
    ):
        answer = await house.request("GET", f"/api/history/period{asked}")
        assert (answer.status, (await answer.json())["message"]) == (400, message)
    future = iso(house.hub.clock.time() + 60).replace("+", "%2B")
    for path in (f"/{future}?filter_entity_id=sensor.hot", "?filter_entity_id=sensor.nope"):
        assert await (await house.request("GET", f"/api/history/period{path}")).json() == []


async def test_nobody_sees_what_he_may_not_read(house: House, start: float) -> None:
    auth = house.hub.auth
    await auth.policies.put("guest", [{"effect": "deny", "verbs": ["read"], "entity": "sensor.*"}])
    user = await auth.users.create("Guest", role=Role.OPERATOR, policies=["guest"])
    token = await auth.tokens.create_long_lived(user, "tests", 1)
    client = await house.connect(token)
    both = ("sensor.hot", "climate.hall")
    assert set((await ask(client, start, *both))["result"]) == {"climate.hall"}
    headers = {"Authorization": f"Bearer {token}"}
    path = "/api/history/period?filter_entity_id=sensor.hot"
    assert await (await house.request("GET", path, headers=headers)).json() == []
    sent = await client.send(
        type="history/stream", start_time=iso(start), entity_ids=["sensor.hot", "light.lamp"]
    )
    assert (await client.receive())["id"] == sent
    assert set((await client.receive())["event"]["states"]) == {"light.lamp"}
    house.hub.states.set("sensor.hot", "99", HOT)
    house.hub.states.set("light.lamp", "off")
    assert list((await client.receive())["event"]["states"]) == ["light.lamp"]


async def test_a_stream_goes_on_where_the_past_ends(house: House, start: float) -> None:
    client, states = await house.connect(), house.hub.states
    sent = await client.send(
        type="history/stream", start_time=iso(start), entity_ids=["sensor.hot", "light.lamp"]
    )
    assert await client.receive() == {"id": sent, "type": "result", "success": True, "result": None}
    first = (await client.receive())["event"]
    assert (first["start_time"], list(first["states"])) == (start, ["sensor.hot", "light.lamp"])
    assert first["end_time"] <= house.hub.clock.time()
    states.set("sensor.hot", "24", HOT)
    states.set("sensor.hot", "24", {**HOT, "note": 1})
    states.set("light.lamp", "off", {"brightness": 0})
    event = (await client.receive())["event"]
    assert [row["s"] for row in event["states"]["sensor.hot"]] == ["24"], "texts only"
    assert event["states"]["light.lamp"][0]["a"] == {"brightness": 0}
    assert set(event) == {"states"}
    states.remove("light.lamp")
    assert (await client.receive())["event"]["states"]["light.lamp"][0]["s"] == "unavailable"
    assert (await client.call(type="unsubscribe_events", subscription=sent))["success"]
    states.set("sensor.hot", "25", HOT)
    assert (await client.call(type="ping"))["type"] == "pong"


async def test_nothing_is_lost_or_doubled_while_a_stream_begins(house: House) -> None:
    """Changes are made in every loop turn, before, while and after the first part is read."""
    states, clock = house.hub.states, house.hub.clock
    states.set("sensor.fast", "0")
    start = clock.time() - 5
    client = await house.connect()
    written = 0
    running = True

    async def write() -> None:
        nonlocal written
        for _ in range(8_000):  # the recorder has room for these, also while its disk stands still
            if not running:
                return
            for _ in range(3):
                written += 1
                states.set("sensor.fast", str(written))
            await asyncio.sleep(0)

    for _ in range(5):
        running = True
        task = asyncio.create_task(write())
        sent = await client.send(
            type="history/stream", start_time=iso(start), entity_ids=["sensor.fast"]
        )
        found: list[str] = []
        left_out = 0
        try:
            while len(found) < 5:
                item = await client.receive()
                if item["type"] == "event" and item["id"] == sent:
                    rows = item["event"]["states"].get("sensor.fast", [])
                    found += [row["s"] for row in rows]
                    left_out += item["event"].get("left_out", 0)
        finally:
            running = False
            await task
        last = str(written)
        while found[-1] != last:
            item = await client.receive()
            found += [row["s"] for row in item["event"]["states"]["sensor.fast"]]
            left_out += item["event"].get("left_out", 0)
        await client.call(type="unsubscribe_events", subscription=sent)
        numbers = [int(state) for state in found]
        assert len(set(numbers)) == len(numbers), "none comes twice"
        assert numbers == sorted(numbers)
        assert len(numbers) + left_out == numbers[-1] - numbers[0] + 1, "none is lost"
        start = clock.time()


async def test_a_stream_of_the_past_is_silent(house: House, start: float) -> None:
    client = await house.connect()
    message = {"start_time": iso(start), "end_time": iso(start + 15), "entity_ids": ["sensor.hot"]}
    await client.send(type="history/stream", **message)
    await client.receive()
    event = (await client.receive())["event"]
    assert [row["s"] for row in event["states"]["sensor.hot"]] == ["19", "20"]
    assert event["end_time"] == start + 15
    house.hub.states.set("sensor.hot", "30", HOT)
    assert (await client.call(type="ping"))["type"] == "pong"
    none = await client.send(type="history/stream", start_time=iso(start), entity_ids=["sensor.no"])
    await client.receive()
    assert (await client.receive())["event"]["states"] == {}
    assert (await client.call(type="unsubscribe_events", subscription=none))["success"]


async def test_without_a_recorder(make_house: Any) -> None:
    house = await make_house("mqtt:\n  enabled: false\nrecorder:\n  enabled: false\n")
    client = await house.connect()
    answer = await ask(client, house.hub.clock.time() - 60, "sensor.hot")
    assert answer["error"]["code"] == "recorder_unavailable"
    rest = await house.request("GET", "/api/history/period?filter_entity_id=sensor.hot")
    assert rest.status == 503
    sent = await client.send(
        type="history/stream",
        start_time=iso(house.hub.clock.time() - 60),
        entity_ids=["sensor.hot"],
    )
    assert (await client.receive())["error"]["code"] == "recorder_unavailable"
    gone = await client.call(type="unsubscribe_events", subscription=sent)
    assert gone["error"]["code"] == "not_found", "a stream that failed leaves nothing behind"
