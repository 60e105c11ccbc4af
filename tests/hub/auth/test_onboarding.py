"""The first run: the owner once, from home or with the code of the log, then three steps."""

import asyncio
import re
from typing import Any

import pytest

from hub.auth import InvalidUsername, Session, TooManyAttempts
from hub.errors import InvalidFormat, NotFound, Unauthorized

CLIENT = "http://127.0.0.1:8123/"
HOME, AWAY = "127.0.0.1", "203.0.113.7"
BODY = {
    "name": "Anna",
    "username": "anna",
    "password": "correct horse",
    "client_id": CLIENT,
    "language": "en",
}
STEPS = ["user", "core_config", "analytics", "integration"]


def done(door: Any) -> list[bool]:
    steps = door.auth.onboarding.steps()
    assert [step["step"] for step in steps] == STEPS
    return [step["done"] for step in steps]


async def test_all_steps_in_order_and_each_once(door: Any) -> None:
    onboarding = door.auth.onboarding
    assert done(door) == [False] * 4
    answer = await onboarding.create_user(BODY, HOME)
    assert set(answer) == {"auth_code"}
    grant = await door.grant(
        grant_type="authorization_code", code=answer["auth_code"], client_id=CLIENT
    )
    session = door.auth.tokens.validate(grant["access_token"])
    assert session.user.is_owner
    assert done(door) == [True, False, False, False]
    with pytest.raises(Unauthorized, match="User step already done"):
        await onboarding.create_user(BODY, HOME)
    for step, name in (("core_config", "Core config"), ("analytics", "Analytics")):
        await onboarding.complete(step)
        with pytest.raises(Unauthorized) as caught:
            await onboarding.complete(step)
        assert caught.value.message == f"{name} step already done"
        assert caught.value.http_status == 403
    with pytest.raises(NotFound):
        await onboarding.complete("none")
    assert not onboarding.finished
    assert done(await door.again()) == [True, True, True, False]
    body = {"client_id": CLIENT, "redirect_uri": CLIENT}
    for bad in ({"client_id": "x"}, {"redirect_uri": "http://evil.example/"}):
        with pytest.raises(InvalidFormat) as wrong:
            await onboarding.integration({**body, **bad}, session)
        assert wrong.value.message == "invalid client id or redirect uri"
    code = (await onboarding.integration(body, session))["auth_code"]
    assert await door.grant(grant_type="authorization_code", code=code, client_id=CLIENT)
    with pytest.raises(Unauthorized):
        await onboarding.integration(body, session)
    assert (await door.again()).auth.onboarding.finished


@pytest.mark.parametrize("field", BODY)
async def test_a_missing_or_wrong_field_is_named(door: Any, field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}
    with pytest.raises(InvalidFormat, match=f"required key not provided at '{field}'"):
        await door.auth.onboarding.create_user(body, HOME)
    with pytest.raises(InvalidFormat, match=f"expected str at '{field}'"):
        await door.auth.onboarding.create_user({**BODY, field: 5}, HOME)
    assert not door.auth.has_users


async def test_bad_values_make_no_user(door: Any) -> None:
    with pytest.raises(InvalidUsername):
        await door.auth.onboarding.create_user({**BODY, "username": " "}, HOME)
    with pytest.raises(InvalidFormat, match="Invalid client id"):
        await door.auth.onboarding.create_user({**BODY, "client_id": "x"}, HOME)
    assert done(door) == [False] * 4


async def test_two_at_once_make_one_owner(door: Any) -> None:
    made = await asyncio.gather(
        *(door.auth.onboarding.create_user(BODY, HOME) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, dict) for result in made) == 1
    assert len(door.auth.users) == 1


async def test_from_outside_the_code_of_the_log_is_needed(
    door: Any, caplog: pytest.LogCaptureFixture
) -> None:
    onboarding = door.auth.onboarding
    for code in ({}, {"setup_code": "0" * 16}):
        with pytest.raises(Unauthorized, match="needs the code in the hub's log"):
            await onboarding.create_user({**BODY, **code}, AWAY)
    (record,) = caplog.records
    found = re.search(r"code ([0-9a-f]{16}),", record.getMessage())
    assert found is not None
    assert await onboarding.create_user({**BODY, "setup_code": found[1]}, AWAY)


async def test_the_code_of_the_log_can_not_be_guessed(door: Any) -> None:
    for _ in range(8):
        with pytest.raises(Unauthorized):
            await door.auth.onboarding.create_user({**BODY, "setup_code": "x"}, AWAY)
    with pytest.raises(TooManyAttempts):
        await door.auth.onboarding.create_user({**BODY, "setup_code": "x"}, AWAY)
    assert await door.auth.onboarding.create_user(BODY, HOME)


async def test_an_owner_from_the_command_line_ends_the_first_run(door: Any) -> None:
    user = await door.owner()
    assert door.auth.onboarding.finished
    assert done(await door.again()) == [True] * 4
    with pytest.raises(Unauthorized):
        await door.auth.onboarding.integration({}, Session(user, "x"))
