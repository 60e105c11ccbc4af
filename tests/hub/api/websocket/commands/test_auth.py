"""The user's own tokens and links over the websocket."""

from typing import Any

import jwt
import pytest
from aiohttp import WSMsgType
from yarl import URL

from tests.peers.house import Client, House


async def token_for(house: House, name: str) -> tuple[str, str]:
    """Return a new long-lived token of the owner and its id."""
    owner = house.hub.auth.users.by_username("owner")
    assert owner is not None
    token = await house.hub.auth.tokens.create_long_lived(owner, name, 1)
    session = house.hub.auth.tokens.validate(token)
    assert session is not None
    return token, session.refresh_token_id


async def closed(client: Client) -> Any:
    """Wait for the close frame and return its code."""
    message = await client.ws.receive(timeout=30)
    assert message.type is WSMsgType.CLOSE, message
    return message.data


async def test_who_am_i(house: House) -> None:
    client = await house.connect()
    me = (await client.call(type="auth/current_user"))["result"]
    known = {"id", "name", "is_owner", "is_admin", "credentials", "mfa_modules"}
    assert set(me) == known | {"role", "policies"}
    assert (me["name"], me["is_owner"], me["is_admin"]) == ("Owner", True, True)


async def test_long_lived_tokens(house: House) -> None:
    client = await house.connect()
    ask: dict[str, Any] = {"type": "auth/long_lived_access_token", "client_name": "Wall"}
    token = (await client.call(**ask, lifespan=3650))["result"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 315_360_000
    assert (await (await house.connect(token)).call(type="ping"))["type"] == "pong"
    assert (await client.call(**ask, lifespan=1))["error"]["code"] == "invalid_info"
    for wrong in (0, -1, "1", 10**9, None):
        answer = await client.call(**{**ask, "client_name": "Other"}, lifespan=wrong)
        assert answer["error"]["code"] == "invalid_format"
    listed = (await client.call(type="auth/refresh_tokens"))["result"]
    assert {item["client_name"] for item in listed} == {"tests", "Wall"}
    assert [item["is_current"] for item in listed].count(True) == 1
    assert token not in str(listed)
    assert {item["type"] for item in listed} == {"long_lived_access_token"}


async def test_ending_another_and_the_own_token(house: House) -> None:
    client = await house.connect()
    other_token, other_id = await token_for(house, "other")
    own_token, own_id = await token_for(house, "own")
    other, own = await house.connect(other_token), await house.connect(own_token)
    delete = "auth/delete_refresh_token"
    unknown = await client.call(type=delete, refresh_token_id="nope")
    assert unknown["error"]["code"] == "invalid_token_id"
    assert (await client.call(type=delete, refresh_token_id=other_id))["result"] == {}
    assert await closed(other) == 1000
    assert (await own.call(type=delete, refresh_token_id=own_id))["result"] == {}
    assert await closed(own) == 1000
    assert house.hub.auth.tokens.validate(own_token) is None
    assert (await client.call(type="ping"))["type"] == "pong"


async def test_ending_all_tokens(house: House) -> None:
    first = await house.connect()
    token, _ = await token_for(house, "other")
    other = await house.connect(token)
    everything = "auth/delete_all_refresh_tokens"
    kept = await first.call(type=everything, token_type="normal")
    assert kept["result"] == {}
    assert (await other.call(type="ping"))["type"] == "pong"
    assert (await first.call(type=everything, delete_current_token=False))["result"] == {}
    assert await closed(other) == 1000
    assert (await first.call(type="ping"))["type"] == "pong"
    assert (await first.call(type=everything))["result"] == {}
    assert await closed(first) == 1000


async def test_nobody_ends_the_tokens_of_others(house: House) -> None:
    auth = house.hub.auth
    user = await auth.users.create("Second")
    client = await house.connect(await auth.tokens.create_long_lived(user, "second", 1))
    _, owners = await token_for(house, "owners")
    answer = await client.call(type="auth/delete_refresh_token", refresh_token_id=owners)
    assert answer["error"]["code"] == "invalid_token_id"
    assert auth.tokens.get(owners) is not None


async def link(client: Client, path: str, **more: Any) -> str:
    answer = await client.call(type="auth/sign_path", path=path, **more)
    assert answer["success"], answer
    return str(answer["result"]["path"])


async def status(house: House, path: str, method: str = "GET") -> int:
    answer = await house.session.request(method, URL(house.url + path, encoded=True))
    await answer.read()
    return answer.status


async def test_signed_links(house: House) -> None:
    token, token_id = await token_for(house, "link")
    client = await house.connect(token)
    signed = await link(client, "/api/states/sensor.none?x=1&y=a%20b")
    assert signed.startswith("/api/states/sensor.none?x=1&")
    assert await status(house, signed) == 404
    config = await link(client, "/api/config?x=1")
    assert await status(house, config) == 200
    assert await status(house, config, "HEAD") == 200
    assert await status(house, config + "&width=5&height=6") == 200
    for wrong in (
        config + "&z=1",
        config.replace("x=1", "x=2"),
        config.replace("?x=1&", "?"),
        config.replace("/api/config", "/api/services"),
        config[:-2],
        "/api/config?authSig=",
    ):
        assert await status(house, wrong) == 401, wrong
    event = await link(client, "/api/events/probe")
    assert await status(house, event, "POST") == 401
    await house.hub.auth.tokens.revoke(token_id)
    assert await status(house, config) == 401


async def test_a_signed_link_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await house.connect()
    config = await link(client, "/api/config", expires=5)
    assert await status(house, config) == 200
    now = house.hub.clock.time
    monkeypatch.setattr(house.hub, "clock", Later(now() + 6))
    assert await status(house, config) == 401


class Later:
    """A clock that stands."""

    def __init__(self, now: float) -> None:
        self._now = now

    def time(self) -> float:
        return self._now


@pytest.mark.parametrize("path", ["", "api/config", "//evil.example/x", "http://evil.example/", 5])
async def test_only_own_paths_are_signed(house: House, path: Any) -> None:
    client = await house.connect()
    answer = await client.call(type="auth/sign_path", path=path)
    assert answer["error"]["code"] == "invalid_format"
