"""Tokens: made, checked from the cache, ended by time, revoke and user."""

import base64
import json
from typing import Any

import jwt
import pytest

from hub.auth.tokens import ACCESS_SECONDS, MAX_CACHED, PURGE_EVERY, WRITE_AFTER
from hub.errors import InvalidInfo, NotFound
from hub.util.times import iso

CLIENT = "http://127.0.0.1:8123/"
DAY = 86400


async def test_an_access_token_is_good_for_half_an_hour(door: Any) -> None:
    user = await door.owner()
    refresh, secret = await door.auth.tokens.create_refresh_token(user, CLIENT)
    assert len(bytes.fromhex(secret)) == 64
    token = door.auth.tokens.create_access_token(refresh, "10.0.0.1")
    claims = jwt.decode(token, options={"verify_signature": False})
    now = int(door.clock.time())
    assert claims == {"iss": refresh.id, "iat": now, "exp": now + 1800}
    session = door.auth.tokens.validate(token)
    assert (session.user, session.refresh_token_id) == (user, refresh.id)
    assert door.auth.tokens.validate(token) is session
    await door.clock.advance(ACCESS_SECONDS - 1)
    assert door.auth.tokens.validate(token) is session
    await door.clock.advance(1)
    assert door.auth.tokens.validate(token) is None
    assert door.auth.tokens.validate(token) is None


async def test_a_long_lived_token_outlives_restarts(door: Any) -> None:
    user = await door.owner()
    token = await door.auth.tokens.create_long_lived(user, "phone", 3650, "mdi:phone")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 315_360_000
    again = await door.again()
    session = again.auth.tokens.validate(token)
    assert session.user.name == "Anna"
    (listed,) = again.auth.tokens.by_user(user.id)
    assert listed.as_dict(session.refresh_token_id) == {
        "id": listed.id,
        "type": "long_lived_access_token",
        "client_id": None,
        "client_name": "phone",
        "client_icon": "mdi:phone",
        "created_at": iso(door.clock.time()),
        "last_used_at": iso(door.clock.time()),
        "last_used_ip": None,
        "expire_at": None,
        "is_current": True,
        "auth_provider_type": None,
    }
    with pytest.raises(InvalidInfo, match="The name phone is already in use"):
        await again.auth.tokens.create_long_lived(session.user, "phone", 1)
    with pytest.raises(InvalidInfo):
        await again.auth.tokens.create_long_lived(session.user, "x", 0)
    await door.clock.advance(3650 * DAY)
    assert again.auth.tokens.validate(token) is None


async def test_nothing_forged_is_accepted_or_remembered(door: Any) -> None:
    user = await door.owner()
    refresh, _ = await door.auth.tokens.create_refresh_token(user, CLIENT)
    other, _ = await door.auth.tokens.create_refresh_token(user, CLIENT)
    good = door.auth.tokens.create_access_token(refresh)
    head, body, sign = good.split(".")
    now = int(door.clock.time())

    def signed(claims: dict[str, Any], key: str = refresh.jwt_key, method: str = "HS256") -> str:
        return jwt.encode(claims, key, algorithm=method)

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"iss": refresh.id, "iat": now, "exp": now + 60}
    forged = [
        "",
        "x",
        "..",
        "\udcff.a.b",
        good[:-2],
        f"{head}.{body}.",
        f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        f"{head}.{part({**claims, 'exp': now + 9999})}.{sign}",
        signed(claims, other.jwt_key),
        signed(claims, method="HS512"),
        signed({"iss": refresh.id, "iat": now}),
        signed({"iat": now, "exp": now + 60}),
        signed({**claims, "iss": "none"}),
        signed({**claims, "exp": now}),
        f"{head}.{part({**claims, 'iss': ['a']})}.{sign}",
        f"{head}.{part([1])}.{sign}",
        signed({**claims, "more": "x" * 5000}),
    ]
    for token in forged:
        assert door.auth.tokens.validate(token) is None, token
    assert door.auth.tokens._cache == {}
    assert door.auth.tokens.validate(signed(claims)) is not None


async def test_the_cache_is_bounded(door: Any) -> None:
    refresh, _ = await door.auth.tokens.create_refresh_token(await door.owner(), CLIENT)
    cache = door.auth.tokens._cache
    session = door.auth.tokens.validate(door.auth.tokens.create_access_token(refresh))
    for number in range(MAX_CACHED):
        cache.setdefault(f"t{number}", (door.clock.time() + 60, session))
    token = jwt.encode(
        {"iss": refresh.id, "iat": 1, "exp": int(door.clock.time()) + 5}, refresh.jwt_key
    )
    while len(cache) > MAX_CACHED:
        cache.popitem()
    assert door.auth.tokens.validate(token) == session
    assert len(cache) == MAX_CACHED


async def test_revoke_ends_all_at_once(door: Any, calls: Any) -> None:
    user = await door.owner()
    tokens = door.auth.tokens
    refresh, secret = await tokens.create_refresh_token(user, CLIENT)
    kept, _ = await tokens.create_refresh_token(user, CLIENT)
    token, other = tokens.create_access_token(refresh), tokens.create_access_token(kept)
    assert tokens.validate(token)
    assert tokens.validate(other)

    def broken() -> None:
        raise ZeroDivisionError

    tokens.listen_revoked(refresh.id, broken)
    tokens.listen_revoked(refresh.id, calls)
    tokens.listen_revoked(refresh.id, calls)()
    tokens.listen_revoked(kept.id, calls)
    assert await tokens.revoke_secret(secret)
    assert calls.count == 1
    assert tokens.validate(token) is None
    assert tokens.validate(other)
    assert tokens.by_secret(secret) is None
    assert not await tokens.revoke_secret(secret)
    assert not await tokens.revoke("none")
    tokens.listen_revoked(refresh.id, calls)()
    assert calls.count == 2
    again = await door.again()
    assert [found.id for found in again.auth.tokens.by_user(user.id)] == [kept.id]


async def test_revoke_all_keeps_what_it_should(door: Any) -> None:
    user = await door.owner()
    tokens = door.auth.tokens
    mine, _ = await tokens.create_refresh_token(user, CLIENT)
    await tokens.create_refresh_token(user, CLIENT)
    await tokens.create_long_lived(user, "a", 1)
    assert await tokens.revoke_all(user.id, "long_lived_access_token") == 1
    assert await tokens.revoke_all(user.id, keep=mine.id) == 1
    assert tokens.by_user(user.id) == [mine]


async def test_an_inactive_user_is_out_and_may_return(door: Any, calls: Any) -> None:
    await door.owner()
    bob = await door.user("bob")
    tokens = door.auth.tokens
    refresh, _ = await tokens.create_refresh_token(bob, CLIENT)
    token = tokens.create_access_token(refresh)
    assert tokens.validate(token).user is bob
    tokens.listen_revoked(refresh.id, calls)
    await door.auth.users.update(bob.id, name="Robert")
    assert calls.count == 0
    assert tokens.validate(token).user.name == "Robert"
    await door.auth.users.update(bob.id, is_active=False)
    assert calls.count == 1
    assert tokens.validate(token) is None
    await door.auth.users.update(bob.id, is_active=True)
    assert tokens.validate(token).user is bob


async def test_refresh_tokens_end_90_days_after_their_last_use(door: Any, calls: Any) -> None:
    user = await door.owner()
    tokens = door.auth.tokens
    used, secret = await tokens.create_refresh_token(user, CLIENT)
    idle, idle_secret = await tokens.create_refresh_token(user, CLIENT)
    await door.clock.advance(1)
    eternal, _ = await tokens.create_refresh_token(user, CLIENT)
    await tokens.set_expiry(eternal.id, enable=False)
    tokens.listen_revoked(idle.id, calls)
    await door.clock.advance(60 * DAY)
    tokens.create_access_token(used, "10.0.0.9")
    assert used.expire_at == door.clock.time() + 90 * DAY
    await door.clock.advance(30 * DAY)
    assert tokens.by_secret(idle_secret) is None
    assert tokens.by_secret(secret) is used
    await door.clock.advance(PURGE_EVERY)
    assert calls.count == 1
    assert tokens.by_user(user.id) == [used, eternal]
    again = await door.again()
    (kept, still) = again.auth.tokens.by_user(user.id)
    assert (kept.last_used_ip, kept.expire_at) == ("10.0.0.9", used.expire_at)
    assert still.expire_at is None
    await again.auth.tokens.set_expiry(still.id, enable=True)
    assert still.expire_at == door.clock.time() + 90 * DAY
    with pytest.raises(NotFound):
        await again.auth.tokens.set_expiry("none", enable=True)


async def test_uses_are_written_in_batches(door: Any) -> None:
    user = await door.owner()
    tokens = door.auth.tokens
    found = [(await tokens.create_refresh_token(user, CLIENT))[0] for _ in range(3)]
    before = door.database.rows._changes
    for _ in range(100):
        for refresh in found:
            tokens.create_access_token(refresh, "10.0.0.1")
    await door.clock.advance(WRITE_AFTER - 1)
    assert door.database.rows._changes == before
    await door.clock.advance(1)
    assert door.database.rows._changes == before + 3


async def test_the_last_uses_are_written_on_closing(door: Any) -> None:
    refresh, _ = await door.auth.tokens.create_refresh_token(await door.owner(), CLIENT)
    await door.clock.advance(5)
    door.auth.tokens.create_access_token(refresh, "10.0.0.1")
    used = refresh.last_used_at
    await door.database.close()
    await door.database.open()
    again = await door.again()
    assert again.auth.tokens.get(refresh.id).last_used_at == used
