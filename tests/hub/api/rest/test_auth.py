"""Logging in over HTTP: the matrix of providers, flows, codes, tokens and revocation."""

import base64
import hashlib
from typing import Any

import jwt
import pytest

from tests.peers.house import House

FORM = {
    "type": "form",
    "handler": ["homeassistant", None],
    "data_schema": [
        {"type": "string", "name": "username", "required": True},
        {"type": "string", "name": "password", "required": True},
    ],
    "errors": {},
    "description_placeholders": None,
    "last_step": None,
    "preview": None,
    "step_id": "init",
}
VERIFIER = "a" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())[:43].decode()


async def test_providers(house: House) -> None:
    answer = await house.session.get(f"{house.url}/auth/providers")
    body = await answer.json()
    assert body["providers"][0]["type"] == "homeassistant"
    assert body["providers"][0]["id"] is None
    assert body["preselect_remember_me"] is True


async def test_providers_before_the_first_owner(empty_house: House) -> None:
    answer = await empty_house.session.get(f"{empty_house.url}/auth/providers")
    assert answer.status == 400
    assert await answer.json() == {
        "message": "Onboarding not finished",
        "code": "onboarding_required",
    }


async def test_a_login_ends_with_tokens_that_work(house: House, visitor: Any) -> None:
    status, form = await visitor.begin()
    assert status == 200
    assert {**form, "flow_id": 0} == {**FORM, "flow_id": 0}
    status, done = await visitor.step(form["flow_id"])
    code = done.pop("result")
    assert done == {
        "type": "create_entry",
        "flow_id": form["flow_id"],
        "handler": ["homeassistant", None],
        "description": None,
        "description_placeholders": None,
    }
    answer = await house.session.post(
        f"{house.url}/auth/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "client_id": visitor.client_id,
        },
    )
    tokens = await answer.json()
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 1800)
    assert tokens["ha_auth_provider"] == "homeassistant"
    assert len(tokens["refresh_token"]) == 128
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 1800
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await house.request("GET", "/api/config", headers=headers)).status == 200
    status, fresh = await visitor.token(
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        client_id=visitor.client_id,
    )
    assert status == 200
    assert set(fresh) == {"access_token", "token_type", "expires_in"}
    assert await visitor.post("/auth/revoke", data={"token": tokens["refresh_token"]}) == (200, b"")
    assert (await house.request("GET", "/api/config", headers=headers)).status == 401
    assert await visitor.token(
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        client_id=visitor.client_id,
    ) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"client_id": "no url"}, 400, "Invalid client id"),
        ({"client_id": "http://a:b@example.com/"}, 400, "Invalid client id"),
        ({"client_id": "http://example.com/#f"}, 400, "Invalid client id"),
        ({"client_id": "http://example.com/../x"}, 400, "Invalid client id"),
        ({"client_id": "http://8.8.8.8/"}, 400, "Invalid client id"),
        ({"handler": ["nope", None]}, 404, "Invalid handler specified"),
        (
            {"client_id": ...},
            400,
            "Message format incorrect: required key not provided at 'client_id'",
        ),
        (
            {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
            400,
            "Transform algorithm not supported",
        ),
        ({"code_challenge": CHALLENGE}, 400, "Transform algorithm not supported"),
        ({"code_challenge_method": "S256"}, 400, None),
    ],
    ids=str,
)
async def test_a_login_that_does_not_begin(
    visitor: Any, changes: dict[str, Any], status: int, message: str | None
) -> None:
    got, body = await visitor.begin(**changes)
    assert got == status
    assert message in (None, body["message"])


async def test_a_wrong_password_shows_the_form_again(visitor: Any) -> None:
    _, form = await visitor.begin()
    for answers in ({"password": "wrong"}, {"username": "nobody"}):
        status, again = await visitor.step(form["flow_id"], **answers)
        assert status == 200
        assert again["errors"] == {"base": "invalid_auth"}
        assert {**again, "errors": {}} == form
    assert (await visitor.step(form["flow_id"], password=...))[0] == 400
    status, done = await visitor.step(form["flow_id"])
    assert (status, done["type"]) == (200, "create_entry")
    assert (await visitor.step(form["flow_id"]))[0] == 404


async def test_a_foreign_redirect_is_refused_after_the_password(visitor: Any) -> None:
    _, form = await visitor.begin(redirect_uri="http://evil.example/x")
    status, body = await visitor.step(form["flow_id"], password="wrong")
    assert (status, body["errors"]) == (200, {"base": "invalid_auth"})
    status, body = await visitor.step(form["flow_id"])
    assert (status, body["message"]) == (403, "Invalid redirect URI")


async def test_a_foreign_client_and_an_aborted_flow(house: House, visitor: Any) -> None:
    _, form = await visitor.begin()
    foreign = await visitor.step(form["flow_id"], client_id="http://other.example/")
    assert foreign[0] == 404
    assert foreign[1]["message"] == "Invalid flow specified"
    path = f"{house.url}/auth/login_flow/{form['flow_id']}"
    ended = await house.session.delete(path)
    assert (ended.status, await ended.json()) == (200, {"message": "Flow aborted"})
    again = await house.session.delete(path)
    await again.read()
    assert again.status == 404


async def test_the_companion_app_may_return_by_its_own_scheme(visitor: Any) -> None:
    visitor.client_id = "https://home-assistant.io/android"
    visitor.redirect_uri = "homeassistant://auth-callback"
    status, tokens = await visitor.exchange(await visitor.code())
    assert status == 200
    assert tokens["refresh_token"]


async def test_codes_work_once_and_for_their_client(visitor: Any) -> None:
    refused = (400, {"error": "invalid_request", "error_description": "Invalid code"})
    code = await visitor.code()
    assert (await visitor.exchange(code))[0] == 200
    assert await visitor.exchange(code) == refused
    assert await visitor.exchange("nonsense") == refused
    other = await visitor.code()
    assert (
        await visitor.token(
            grant_type="authorization_code", code=other, client_id="http://other.example/"
        )
        == refused
    )
    for client_id in ({}, {"client_id": "no url"}):
        status, body = await visitor.token(
            grant_type="authorization_code", code=await visitor.code(), **client_id
        )
        assert (status, body["error"]) == (400, "invalid_request")
        assert body["error_description"] == "Invalid client id"


async def test_proof_keys(visitor: Any) -> None:
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    status, tokens = await visitor.exchange(await visitor.code(**asked), code_verifier=VERIFIER)
    assert (status, tokens["token_type"]) == (200, "Bearer")
    code = await visitor.code(**asked)
    assert await visitor.exchange(code) == (
        400,
        {"error": "invalid_request", "error_description": "Code verifier required"},
    )
    assert (await visitor.exchange(code, code_verifier=VERIFIER))[1]["error_description"] == (
        "Invalid code"
    )
    assert await visitor.exchange(await visitor.code(**asked), code_verifier="b" * 43) == (
        400,
        {"error": "invalid_grant", "error_description": "Invalid code verifier"},
    )
    status, body = await visitor.exchange(await visitor.code(), code_verifier=VERIFIER)
    assert (status, body["error"]) == (400, "invalid_request")


async def test_refresh_asks_for_the_right_client(visitor: Any) -> None:
    _, tokens = await visitor.exchange(await visitor.code())
    secret = tokens["refresh_token"]
    for form in (
        {"client_id": visitor.client_id},
        {"refresh_token": secret},
        {"refresh_token": secret, "client_id": "http://other.example/"},
    ):
        status, body = await visitor.token(grant_type="refresh_token", **form)
        assert (status, body["error"]) == (400, "invalid_request")


async def test_forms_may_be_multipart_but_hold_no_files(visitor: Any) -> None:
    import aiohttp

    code = await visitor.code()
    good = aiohttp.FormData(default_to_multipart=True)
    for name, value in (
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", visitor.client_id),
    ):
        good.add_field(name, value)
    status, tokens = await visitor.post("/auth/token", data=good)
    assert status == 200
    bad = aiohttp.FormData(default_to_multipart=True)
    bad.add_field("grant_type", b"refresh_token", filename="x")
    assert await visitor.post("/auth/token", data=bad) == (400, {"error": "invalid_request"})
    twice = "grant_type=refresh_token&grant_type=refresh_token"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await visitor.post("/auth/token", data=twice, headers=headers) == (
        400,
        {"error": "invalid_request"},
    )
    old = aiohttp.FormData(default_to_multipart=True)
    old.add_field("action", "revoke")
    old.add_field("token", tokens["refresh_token"])
    assert (await visitor.post("/auth/token", data=old))[0] == 200
    form = {"refresh_token": tokens["refresh_token"], "client_id": visitor.client_id}
    assert await visitor.token(grant_type="refresh_token", **form) == (
        400,
        {"error": "invalid_grant"},
    )


async def test_an_inactive_user_stays_outside(house: House, visitor: Any) -> None:
    users = house.hub.auth.users
    user = await users.create("Second")
    await users.add_credentials(user.id, "second", "another-password")
    who = {"username": "second", "password": "another-password"}
    _, form = await visitor.begin()
    _, done = await visitor.step(form["flow_id"], **who)
    _, tokens = await visitor.exchange(done["result"])
    await users.update(user.id, is_active=False)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await house.request("GET", "/api/config", headers=headers)).status == 401
    _, form = await visitor.begin()
    status, body = await visitor.step(form["flow_id"], **who)
    assert (status, body["message"]) == (403, "Login blocked: User is not active")


async def test_many_wrong_passwords_are_slowed_down(visitor: Any) -> None:
    statuses = []
    for _ in range(40):
        _, form = await visitor.begin()
        status, _ = await visitor.step(form["flow_id"], password="wrong")
        statuses.append(status)
        if status == 429:
            break
    assert statuses[0] == 200
    assert statuses[-1] == 429


async def test_the_authorize_page(house: House, visitor: Any) -> None:
    url = f"{house.url}/auth/authorize"
    query = {"client_id": visitor.client_id, "redirect_uri": visitor.redirect_uri}
    page = await house.session.get(url, params={"response_type": "code", **query})
    await page.read()
    assert page.status == 200
    assert page.content_type == "text/html"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for wrong in ({}, {"client_id": visitor.client_id}, {**query, "redirect_uri": "http://evil/"}):
        refused = await house.session.get(url, params=wrong)
        assert refused.status == 400
        assert "can not start" in await refused.text()


async def test_the_descriptions_for_programs(house: House) -> None:
    base = f"{house.url}/.well-known/oauth-"
    server = await (await house.session.get(base + "authorization-server")).json()
    assert server["token_endpoint"] == f"{house.url}/auth/token"
    assert server["client_id_metadata_document_supported"] is False
    resource = await (await house.session.get(base + "protected-resource")).json()
    assert resource["authorization_servers"] == [house.url]
