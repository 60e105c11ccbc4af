"""The first owner: once, from near or with the code of the log."""

import re
from typing import Any

import pytest

from tests.peers.house import House

STEPS = ("user", "core_config", "analytics", "integration")


def owner(house: House, **more: Any) -> dict[str, Any]:
    return {
        "name": "Anna",
        "username": "anna",
        "password": "a-long-password",
        "client_id": f"{house.url}/",
        "language": "en",
        **more,
    }


async def post(house: House, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    answer = await house.session.post(f"{house.url}{path}", json=body, headers=headers)
    text = await answer.text()
    return answer.status, await answer.json() if answer.content_type.endswith("json") else text


async def steps(house: House) -> dict[str, bool]:
    found = await (await house.session.get(f"{house.url}/api/onboarding")).json()
    return {item["step"]: item["done"] for item in found}


async def test_all_steps_from_an_empty_hub(empty_house: House) -> None:
    house = empty_house
    assert await steps(house) == dict.fromkeys(STEPS, False)
    kind = await house.session.get(f"{house.url}/api/onboarding/installation_type")
    assert "installation_type" in await kind.json()
    status, body = await post(house, "/api/onboarding/users", {"name": "Anna"})
    assert status == 400
    status, body = await post(house, "/api/onboarding/users", owner(house))
    assert status == 200
    assert re.fullmatch("[0-9a-f]{32}", body["auth_code"])
    again = await post(house, "/api/onboarding/users", owner(house))
    assert (again[0], again[1]["message"]) == (403, "User step already done")
    answer = await house.session.post(
        f"{house.url}/auth/token",
        data={
            "grant_type": "authorization_code",
            "code": body["auth_code"],
            "client_id": f"{house.url}/",
        },
    )
    token = (await answer.json())["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    for step in ("core_config", "analytics"):
        assert (await post(house, f"/api/onboarding/{step}", {}))[0] == 401
        assert await post(house, f"/api/onboarding/{step}", {}, **bearer) == (200, {})
        assert (await post(house, f"/api/onboarding/{step}", {}, **bearer))[0] == 403
    last = {"client_id": f"{house.url}/", "redirect_uri": f"{house.url}/"}
    bad = {**last, "redirect_uri": "http://evil.example/"}
    assert (await post(house, "/api/onboarding/integration", bad, **bearer))[0] == 400
    status, body = await post(house, "/api/onboarding/integration", last, **bearer)
    assert (status, set(body)) == (200, {"auth_code"})
    assert (await post(house, "/api/onboarding/integration", last, **bearer))[0] == 403
    wait = {"domain": "none"}
    assert await post(house, "/api/onboarding/integration/wait", wait, **bearer) == (
        200,
        {"integration_loaded": False},
    )
    assert await steps(house) == dict.fromkeys(STEPS, True)
    client = await house.connect(token)
    me = (await client.call(type="auth/current_user"))["result"]
    assert (me["name"], me["is_owner"], me["is_admin"]) == ("Anna", True, True)


async def test_the_owner_from_afar_needs_the_code_of_the_log(
    empty_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house = empty_house
    far = {"X-Forwarded-For": "203.0.113.5"}
    for given in ({}, {"setup_code": "0123456789abcdef"}):
        status, body = await post(house, "/api/onboarding/users", owner(house, **given), **far)
        assert (status, body["code"]) == (403, "unauthorized")
    found = re.search(r"code ([0-9a-f]{16}),", caplog.text)
    assert found is not None
    right = owner(house, setup_code=found[1])
    assert (await post(house, "/api/onboarding/users", right, **far))[0] == 200
    assert house.hub.auth.has_users


async def test_codes_can_not_be_tried_for_ever(empty_house: House) -> None:
    far = {"X-Forwarded-For": "203.0.113.5"}
    wrong = owner(empty_house, setup_code="0123456789abcdef")
    statuses = []
    while 429 not in statuses and len(statuses) < 60:
        statuses.append((await post(empty_house, "/api/onboarding/users", wrong, **far))[0])
    assert statuses[0] == 403
    assert statuses[-1] == 429


async def test_nobody_becomes_owner_twice(house: House) -> None:
    status, body = await post(house, "/api/onboarding/users", owner(house))
    assert (status, body["message"]) == (403, "User step already done")
