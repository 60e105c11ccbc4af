"""Opening and closing the door."""

import asyncio
import errno
import socket

import pytest
from aiohttp import WSMsgType

from hub.api import Api, PortUnusable
from hub.api.app import _unusable
from hub.errors import HubError
from tests.hub.api.test_server import Wire
from tests.peers.house import House, MakeHouse


async def test_a_port_in_use_is_named_with_what_to_do(house: House) -> None:
    port = int(house.url.rpartition(":")[2])
    second = Api(house.hub)
    with pytest.raises(PortUnusable, match=f"Port {port} is in use") as caught:
        await second.start("127.0.0.1", port)
    assert "http.port" in caught.value.message
    assert "HUB_PORT" in caught.value.message
    assert isinstance(caught.value, HubError)
    await second.stop()
    assert (await house.request("GET", "/api/")).status == 200


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-name.invalid"])
async def test_a_host_that_is_not_ours_is_named(house: House, host: str) -> None:
    with pytest.raises(PortUnusable, match=host):
        await Api(house.hub).start(host, 0)


def test_a_port_that_needs_a_right_is_named() -> None:
    error = _unusable("127.0.0.1", 80, PermissionError(errno.EACCES, "Permission denied"))
    assert "above 1023" in error.message
    assert "127.0.0.1:80" in error.message


async def test_both_address_families(house: House) -> None:
    api = Api(house.hub)
    await api.start("localhost", 0)
    try:
        answer = await house.session.get(f"http://localhost:{api.port}/api/onboarding")
        assert (answer.status, len(await answer.json())) == (200, 4)
    finally:
        await api.stop()


async def test_stopping_says_goodbye_and_lets_no_one_in(house: House) -> None:
    client = await house.connect()
    early = await house.session.ws_connect(f"{house.url}/api/websocket")
    await early.receive_json(timeout=30)
    host, port = house.url.removeprefix("http://").split(":")
    idle = Wire(*await asyncio.open_connection(host, int(port)), house.token)
    await idle.ask("GET", "/api/states/sensor.none")
    stopping = asyncio.create_task(house.running.api.stop())
    for ws in (client.ws, early):
        message = await ws.receive(timeout=30)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1012)
    await stopping
    assert await idle.reader.read() == b""
    idle.writer.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)
    await house.running.api.stop()


async def test_a_list_of_hosts_guards_quick_and_full_answers(make_house: MakeHouse) -> None:
    house = await make_house(
        "hub:\n  name: T\nmqtt:\n  enabled: false\nhttp:\n  allowed_hosts: [house.lan]\n"
    )
    for path in ("/api/", "/api/states/sensor.a", "/"):
        assert (await house.request("GET", path)).status == 400
        named = await house.request("GET", path, headers={"Host": "house.lan:8123"})
        assert named.status in (200, 404)


async def test_configured_origins_may_read(make_house: MakeHouse) -> None:
    house = await make_house(
        "hub:\n  name: T\nmqtt:\n  enabled: false\n"
        "http:\n  cors_origins: ['http://friend.example']\n"
    )
    friend = {"Origin": "http://friend.example"}
    answer = await house.request("GET", "/api/config", headers=friend)
    assert answer.headers["Access-Control-Allow-Origin"] == "http://friend.example"
    assert "Origin" in answer.headers["Vary"]
    missing = await house.request("GET", "/api/states/sensor.none", headers=friend)
    assert missing.status == 404
    assert missing.headers["Access-Control-Allow-Origin"] == "http://friend.example"
    preflight = await house.request("OPTIONS", "/api/config", headers=friend)
    assert preflight.status == 200


async def test_a_foreign_page_opens_no_websocket(house: House) -> None:
    for origin, status in ((house.url, 101), ("http://evil.example", 403)):
        answer = await house.session.get(
            f"{house.url}/api/websocket",
            headers={
                "Origin": origin,
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )
        assert answer.status == status
        answer.close()
