"""`/api/webhook/{id}` over real HTTP: who may call, what arrives, what is answered."""

import asyncio
import io
from typing import Any

import pytest

from hub.automation.webhooks import Webhook, WebhookRequest
from tests.peers.house import House, MakeHouse

ALL = frozenset({"GET", "HEAD", "POST", "PUT"})


def open_door(house: House, **fields: Any) -> list[WebhookRequest]:
    """Register a handler and return what it is called with."""
    seen: list[WebhookRequest] = []
    handler = fields.pop("handler", seen.append)
    house.hub.webhooks.register("secret", Webhook(handler, **fields))
    return seen


async def call(house: House, method: str = "POST", path: str = "secret", **options: Any) -> Any:
    """Call without a token; return status and body."""
    url = f"{house.url}/api/webhook/{path}"
    async with house.session.request(method, url, **options) as answer:
        return answer.status, await answer.read()


async def test_bodies_arrive_as_what_they_are(house: House) -> None:
    seen = open_door(house, methods=ALL)
    assert await call(house, json={"a": [1]}, path="secret?x=1&x=2&y=z") == (200, b"")
    assert await call(house, "PUT", data={"b": "two", "c": "3"}) == (200, b"")
    assert await call(house, "GET", path="secret?x=1") == (200, b"")
    assert await call(house, data=b"plain", headers={"Content-Type": "text/plain"}) == (200, b"")
    assert await call(house, "HEAD") == (200, b"")
    json, form, get, plain, head = seen
    assert (json.json, json.data, json.query) == ({"a": [1]}, {}, {"x": "1", "y": "z"})
    assert (form.json, form.data, form.method) == (None, {"b": "two", "c": "3"}, "PUT")
    assert (get.json, get.data, get.query, get.method) == (None, {}, {"x": "1"}, "GET")
    assert (plain.json, plain.data) == (None, {})
    assert head.method == "HEAD"
    assert {it.remote for it in seen} == {"127.0.0.1"}
    assert {it.webhook_id for it in seen} == {"secret"}


async def test_the_door_is_shut_for_other_methods(house: House) -> None:
    seen = open_door(house)
    assert (await call(house, "GET"))[0] == 405
    assert await call(house, "HEAD") == (200, b"")
    assert (await call(house, "DELETE"))[0] == 405
    assert seen == []
    for method in ("GET", "HEAD", "POST", "PUT"):
        assert await call(house, method, path="unknown") == (200, b"")


async def test_local_doors_are_shut_for_those_outside(house: House) -> None:
    seen = open_door(house)
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert await call(house, json={}, headers={header: "8.8.8.8"}) == (200, b"")
    assert seen == []
    assert await call(house, json={}) == (200, b"")
    assert len(seen) == 1


async def test_open_doors_and_listed_proxies(make_house: MakeHouse) -> None:
    config = "hub:\n  name: H\nmqtt:\n  enabled: false\nhttp:\n  trusted_proxies: [127.0.0.1]\n"
    house = await make_house(config)
    near = open_door(house)
    await call(house, headers={"X-Forwarded-For": "8.8.8.8"})
    assert near == []
    await call(house, headers={"X-Forwarded-For": "192.168.1.7"})
    assert [it.remote for it in near] == ["192.168.1.7"]
    seen: list[WebhookRequest] = []
    house.hub.webhooks.register("open", Webhook(seen.append, local_only=False))
    await call(house, path="open", headers={"X-Forwarded-For": "8.8.8.8"})
    assert [it.remote for it in seen] == ["8.8.8.8"]


async def test_malformed_bodies_reach_nobody(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    seen = open_door(house)
    headers = {"Content-Type": "application/json"}
    assert await call(house, data=b'{"a":', headers=headers) == (200, b"")
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await call(house, data=b"--y\r\n\r\n", headers=broken))[0] == 200
    assert seen == []
    assert "secret" not in caplog.text, "the id is a secret"
    assert await call(house, data=b"", headers=headers) == (200, b"")
    assert [it.json for it in seen] == [None]


async def test_bodies_have_a_limit(house: House) -> None:
    seen = open_door(house)
    allowed = b'"%b"' % (b"x" * (1000 << 10))
    larger = b'"%b"' % (b"x" * (1100 << 10))

    async def send(body: bytes, content_type: str = "application/json", **more: Any) -> int:
        headers = {"Content-Type": content_type}
        status, _ = await call(house, data=io.BytesIO(body), headers=headers, **more)
        return int(status)

    assert await send(allowed) == 200
    assert len(seen) == 1
    assert await send(larger) == 413
    assert await send(b"a=" + larger, "application/x-www-form-urlencoded") == 413
    assert len(seen) == 1
    assert await send(larger, path="unknown") == 200


async def test_all_who_share_an_id_are_called_whatever_fails(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: WebhookRequest) -> None:
        raise ValueError("no")

    waited: list[str] = []

    async def wait(request: WebhookRequest) -> None:
        await asyncio.sleep(0)
        waited.append(request.method)

    open_door(house, handler=fail)
    open_door(house, handler=wait)
    seen = open_door(house)
    assert await call(house, json={}) == (200, b"")
    assert (len(seen), waited) == (1, ["POST"])
    assert "The handler of a webhook failed" in caplog.text


async def test_pages_of_every_origin_may_call(house: House) -> None:
    open_door(house)
    url = f"{house.url}/api/webhook/secret"
    headers = {"Origin": "https://elsewhere.example"}
    async with house.session.post(url, json={}, headers=headers) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == headers["Origin"]


async def test_an_automation_answers_a_webhook(house: House) -> None:
    """The whole way: from HTTP to the variables of a trigger."""
    client = await house.connect()
    trigger = {"trigger": "webhook", "webhook_id": "bell", "id": "ring"}
    assert (await client.call(type="subscribe_trigger", trigger=trigger))["success"]
    await call(house, path="bell?door=front", json={"times": 2})
    event = (await client.receive())["event"]
    found = event["variables"]["trigger"]
    assert (found["id"], found["json"], found["query"]) == ("ring", {"times": 2}, {"door": "front"})
    assert event["context"]["user_id"] is None
    await client.call(type="unsubscribe_events", subscription=client.last_id)
    assert house.hub.webhooks.get("bell") == []
