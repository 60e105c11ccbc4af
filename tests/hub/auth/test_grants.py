"""The token endpoint, line by line as the protocol's table has it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.auth import GrantError
from hub.auth.codes import GOOD_FOR, Codes, proves
from hub.auth.user import User
from hub.util.clock import FakeClock

CLIENT = "http://127.0.0.1:8123/"
OTHER = "http://127.0.0.1:9999/"
HOME, AWAY = "127.0.0.1", "203.0.113.7"
# The pair of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
CODE = {"grant_type": "authorization_code", "client_id": CLIENT}
REFRESH = {"grant_type": "refresh_token", "client_id": CLIENT}


async def refused(door: Any, address: str = HOME, **form: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(GrantError) as caught:
        await door.grant(address, **form)
    return caught.value.http_status, caught.value.body


async def test_a_code_becomes_tokens_once(door: Any) -> None:
    user = await door.owner()
    code = await door.code()
    answer = await door.grant(**CODE, code=code)
    access, secret = answer.pop("access_token"), answer.pop("refresh_token")
    assert answer == {
        "token_type": "Bearer",
        "expires_in": 1800,
        "ha_auth_provider": "homeassistant",
    }
    assert len(bytes.fromhex(secret)) == 64
    assert door.auth.tokens.validate(access).user is user
    again = await door.grant(**REFRESH, refresh_token=secret)
    assert door.auth.tokens.validate(again.pop("access_token")).user is user
    assert again == {"token_type": "Bearer", "expires_in": 1800}
    assert await refused(door, **CODE, code=code) == (
        400,
        {"error": "invalid_request", "error_description": "Invalid code"},
    )
    (token,) = door.auth.tokens.by_user(user.id)
    assert (token.client_id, token.last_used_ip) == (CLIENT, HOME)


async def test_codes_that_are_not_good(door: Any) -> None:
    await door.owner()
    bad = (400, {"error": "invalid_request", "error_description": "Invalid code"})
    assert await refused(door, **CODE, code="0" * 32) == bad
    assert await refused(door, **CODE) == bad
    code = await door.code()
    assert await refused(door, **{**CODE, "client_id": OTHER}, code=code) == bad
    code = await door.code()
    await door.clock.advance(GOOD_FOR)
    assert await refused(door, **CODE, code=code) == bad
    client = (400, {"error": "invalid_request", "error_description": "Invalid client id"})
    assert await refused(door, grant_type="authorization_code", code="x") == client
    assert await refused(door, **{**CODE, "client_id": "x"}, code="x") == client


async def test_the_proof_of_the_client(door: Any) -> None:
    await door.owner()
    code = await door.code(**PKCE)
    assert (await door.grant(**CODE, code=code, code_verifier=VERIFIER))["access_token"]
    code = await door.code(**PKCE)
    assert await refused(door, **CODE, code=code) == (
        400,
        {"error": "invalid_request", "error_description": "Code verifier required"},
    )
    used_up = (await refused(door, **CODE, code=code, code_verifier=VERIFIER))[1]
    assert used_up["error_description"] == "Invalid code"
    for wrong in ("x" * 43, "short", "x" * 129, VERIFIER + "\n", "ü" * 43):
        code = await door.code(**PKCE)
        assert await refused(door, **CODE, code=code, code_verifier=wrong) == (
            400,
            {"error": "invalid_grant", "error_description": "Invalid code verifier"},
        )
        await door.code()
    assert await refused(door, **CODE, code=await door.code(), code_verifier=VERIFIER) == (
        400,
        {
            "error": "invalid_request",
            "error_description": "Code verifier provided but no code challenge was present",
        },
    )


async def test_refresh_tokens_that_are_not_good(door: Any) -> None:
    await door.owner()
    secret = (await door.grant(**CODE, code=await door.code()))["refresh_token"]
    grant = (400, {"error": "invalid_grant"})
    request = (400, {"error": "invalid_request"})
    assert await refused(door, **REFRESH, refresh_token="0" * 128) == grant
    assert await refused(door, **REFRESH, refresh_token="\udcff") == grant
    assert await refused(door, **REFRESH) == request
    assert await refused(door, grant_type="refresh_token", refresh_token=secret) == request
    assert await refused(door, **{**REFRESH, "client_id": OTHER}, refresh_token=secret) == request
    assert await door.grant(action="revoke", token=secret) == {}
    assert await door.grant(action="revoke", token=secret) == {}
    assert await door.grant(action="revoke") == {}
    assert await refused(door, **REFRESH, refresh_token=secret) == grant


async def test_forms_that_are_none(door: Any) -> None:
    unsupported = (400, {"error": "unsupported_grant_type"})
    assert await refused(door) == unsupported
    assert await refused(door, grant_type="password") == unsupported
    for pairs in (
        [("grant_type", "refresh_token"), ("grant_type", "refresh_token")],
        [("grant_type", "refresh_token"), ("refresh_token", b"a file")],
    ):
        with pytest.raises(GrantError) as caught:
            await door.auth.grants.token(pairs, HOME)
        assert caught.value.body == {"error": "invalid_request"}


async def test_users_who_may_not_come_in(door: Any) -> None:
    await door.owner()
    bob = await door.user("bob", local_only=True)
    answer = await door.answer(door.form(), username="bob")
    secret = (await door.grant(**CODE, code=answer["result"]))["refresh_token"]
    answer = await door.answer(door.form(), username="bob")
    assert await refused(door, AWAY, **CODE, code=answer["result"]) == (
        403,
        {
            "error": "access_denied",
            "error_description": "User cannot authenticate remotely",
        },
    )
    answer = await door.answer(door.form(), username="bob")
    await door.auth.users.update(bob.id, is_active=False)
    inactive = (403, {"error": "access_denied", "error_description": "User is not active"})
    assert await refused(door, **CODE, code=answer["result"]) == inactive
    assert await refused(door, **REFRESH, refresh_token=secret) == inactive


async def test_failures_count_for_throttling(door: Any) -> None:
    await door.owner()
    for _ in range(10):
        await refused(door, AWAY, **REFRESH, refresh_token="0" * 128)
    assert door.auth.wait(AWAY) > 0
    assert door.auth.wait(HOME) == 0


def test_open_codes_are_bounded() -> None:
    codes, user = Codes(FakeClock()), User("1", "A")
    first = codes.issue(user, CLIENT)
    last = [codes.issue(user, CLIENT) for _ in range(1000)][-1]
    assert codes.take(first, CLIENT) is None
    assert codes.take(last, CLIENT) is not None


@given(st.text(max_size=140))
def test_only_the_verifier_proves(verifier: str) -> None:
    assert not proves(verifier, CHALLENGE) or verifier == VERIFIER
    assert proves(VERIFIER, CHALLENGE)
