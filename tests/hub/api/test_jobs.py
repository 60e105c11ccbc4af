"""Jobs over websocket and REST."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hub.auth.roles import Role
from hub.events import Context
from hub.jobs import Job, JobCancelled
from tests.peers.house import Client, House, MakeHouse

BARE = "hub:\n  name: Test\nmqtt:\n  enabled: false\n"


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    return await make_house(BARE)


def stepwise(
    begin: asyncio.Event | None = None,
) -> tuple[asyncio.Event, Callable[[Job], Awaitable[Any]]]:
    """Return work that waits for one event, logs, waits for the other and ends."""
    if begin is None:
        begin = asyncio.Event()
        begin.set()
    go = asyncio.Event()

    async def work(job: Job) -> dict[str, int]:
        await begin.wait()
        job.log("begun")
        job.progress(0.5, "half way")
        with job.cancel_anywhere():
            await go.wait()
        job.log("ended")
        return {"files": 2}

    return go, work


async def events(client: Client, wanted: int) -> list[Any]:
    """Return the next events of a subscription."""
    found: list[Any] = []
    while len(found) < wanted:
        message = await client.receive()
        if message["type"] == "event":
            found.append(message["event"])
    return found


async def test_a_job_is_listed_read_and_followed_to_its_end(house: House) -> None:
    client, other = await house.connect(), await house.connect()
    begin = asyncio.Event()
    go, work = stepwise(begin)
    assert (await other.call(type="job/subscribe"))["success"]
    job = await house.hub.jobs.start("proxy.apply", "proxy.host/blog", work)
    assert (await client.call(type="job/subscribe", job_id=job.id))["success"]
    (first,) = await events(client, 1)
    assert (first["job"]["id"], first["job"]["state"]) == (job.id, "running")
    begin.set()
    told = await events(client, 2)
    assert {"lines" if "lines" in event else "job" for event in told} == {"lines", "job"}
    lines = next(event for event in told if "lines" in event)
    assert lines["job_id"] == job.id
    assert [line["line"] for line in lines["lines"]] == ["begun"]
    progress = next(event["job"] for event in told if "job" in event)
    assert (progress["progress"], progress["message"]) == (0.5, "half way")
    answer = await client.call(type="job/list", target="proxy.host/blog", state="running")
    assert [item["id"] for item in answer["result"]] == [job.id]
    go.set()
    last = await events(client, 2)
    assert [line["line"] for line in last[0]["lines"]] == ["ended"]
    assert last[1]["job"]["state"] == "done"
    assert last[1]["job"]["result"] == {"files": 2}
    assert (await client.call(type="job/get", job_id=job.id))["result"] == last[1]["job"]
    log = (await client.call(type="job/log", job_id=job.id))["result"]
    assert [(line["seq"], line["line"]) for line in log] == [(1, "begun"), (2, "ended")]
    log = (await client.call(type="job/log", job_id=job.id, after=1))["result"]
    assert [line["line"] for line in log] == ["ended"]
    seen = [event["job"]["state"] for event in await events(other, 3)]
    assert seen[0] in ("queued", "running")
    while seen[-1] != "done":
        seen.append((await events(other, 1))[0]["job"]["state"])
    for wrong in ({"state": "odd"}, {"limit": 0}, {"limit": 1001}):
        answer = await client.call(type="job/list", **wrong)
        assert answer["error"]["code"] == "invalid_format"
    for kind in ("get", "log", "cancel", "subscribe"):
        answer = await client.call(type=f"job/{kind}", job_id="none")
        assert answer["error"]["code"] == "not_found"


async def test_rest_lists_reads_and_cancels(house: House) -> None:
    _, work = stepwise()
    job = await house.hub.jobs.start("test", "x", work)
    listed = await (await house.request("GET", "/api/jobs?state=running&limit=5")).json()
    assert [item["id"] for item in listed] == [job.id]
    found = await (await house.request("GET", f"/api/jobs/{job.id}")).json()
    assert found["cancellable"]
    async with asyncio.timeout(30):
        log: list[Any] = []
        while not log:
            log = await (await house.request("GET", f"/api/jobs/{job.id}/log?after=0")).json()
    assert log[0]["line"] == "begun"
    answer = await house.request("POST", f"/api/jobs/{job.id}/cancel")
    assert answer.status == 202
    with pytest.raises(JobCancelled):
        await job.wait()
    await house.hub.audit.flush()
    (row,) = await house.hub.audit.query(action="job.cancel")
    assert (row["target"], row["user_name"]) == ("x", "Owner")
    assert row["data"] == {"job_id": job.id, "kind": "test"}
    answer = await house.request("POST", f"/api/jobs/{job.id}/cancel")
    assert (answer.status, (await answer.json())["code"]) == (400, "not_allowed")
    for path in ("/api/jobs?state=odd", "/api/jobs?limit=x", f"/api/jobs/{job.id}/log?after=-1"):
        assert (await house.request("GET", path)).status == 400, path
    assert (await house.request("GET", "/api/jobs/none")).status == 404


async def test_only_those_concerned_see_and_end_a_job(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Guest", role=Role.VIEWER)
    denied = {"effect": "deny", "verbs": ["read"], "resource_type": ["*"]}
    left = {**denied, "except": [{"resource_type": ["test.file"], "resource_key": ["a"]}]}
    await auth.policies.put("only-a", [left])
    await auth.users.update(user.id, policies=["only-a"])
    guest = await house.connect(await auth.tokens.create_long_lived(user, "guest", 1))
    start = house.hub.jobs.start
    works = [stepwise() for _ in range(4)]
    readable = await start("test", "test.file/a", works[0][1])
    hidden = await start("test", "test.file/b", works[1][1])
    other = await start("test", "backup", works[2][1])
    own = await start("test", "backup", works[3][1], Context(user.id))
    listed = (await guest.call(type="job/list"))["result"]
    assert {item["id"] for item in listed} == {readable.id, own.id}
    await guest.call(type="job/subscribe", log=True)
    first = await events(guest, 2)
    assert [event["job"]["id"] for event in first] == [readable.id, own.id]
    for go, _ in works:
        go.set()
    for job in (readable, hidden, other, own):
        await job.wait()
    seen = set()
    while len([one for one in seen if one[1] == "done"]) < 2:
        (event,) = await events(guest, 1)
        seen.add((event.get("job_id") or event["job"]["id"], event.get("job", {}).get("state")))
    assert {one[0] for one in seen} == {readable.id, own.id}
    for kind in ("get", "log", "subscribe"):
        for job in (hidden, other):
            answer = await guest.call(type=f"job/{kind}", job_id=job.id)
            assert answer["error"]["code"] == "not_found"
    again = await start("test", "test.file/a", stepwise()[1])
    answer = await guest.call(type="job/cancel", job_id=again.id)
    assert answer["error"]["code"] == "unauthorized"
    assert again.state == "running"


async def test_a_slow_follower_is_told_what_it_missed(house: House) -> None:
    client = await house.connect()
    go, work = stepwise()
    job = await house.hub.jobs.start("test", "x", work)
    await client.call(type="job/subscribe", job_id=job.id)
    await events(client, 1)
    (connection,) = house.running.api._websocket.connections
    connection.slow = True
    for number in range(500):
        job.log(f"line {number}")
    go.set()
    await job.wait()
    await asyncio.sleep(0)
    assert connection._outbox_bytes == 0
    connection._catch_up()
    told = await events(client, 2)
    while told[-1].get("job", {}).get("state") != "done":
        told += await events(client, 1)
    assert {"job_id": job.id, "lines": [], "missed": True} in told
    assert len(told) < 6
    log = (await client.call(type="job/log", job_id=job.id, after=1))["result"]
    assert len(log) == 501


async def test_jobs_are_interrupted_when_the_hub_stops_and_there_again_after(
    make_house: MakeHouse,
) -> None:
    from hub import bootstrap

    house = await make_house(BARE)
    _, work = stepwise()
    job = await house.hub.jobs.start("test", "x", work)
    await bootstrap.stop(house.running)
    hub = house.hub
    house.running = await bootstrap.start(hub.settings, hub.config_dir, hub.data_dir, port=0)
    house.url = f"http://127.0.0.1:{house.running.api.port}"
    found = await (await house.request("GET", f"/api/jobs/{job.id}")).json()
    assert found["state"] == "interrupted"
    assert [record.id for record in house.hub.jobs.interrupted()] == [job.id]
