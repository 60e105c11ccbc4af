"""The login flow, line by line as the protocol's table has it."""

import asyncio
from typing import Any

import pytest

from hub.auth import (
    FlowBusy,
    FlowNotFound,
    LoginBlocked,
    OnboardingRequired,
    RedirectRefused,
    TooManyAttempts,
)
from hub.auth.flows import GOOD_FOR, MAX_FLOWS, MAX_PER_ADDRESS
from hub.errors import InvalidFormat

CLIENT, REDIRECT = "http://127.0.0.1:8123/", "http://127.0.0.1:8123/?auth_callback=1"
HOME, AWAY = "127.0.0.1", "203.0.113.7"
BODY = {"client_id": CLIENT, "handler": ["homeassistant", None], "redirect_uri": REDIRECT}
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_providers(door: Any) -> None:
    with pytest.raises(OnboardingRequired) as caught:
        door.auth.flows.providers(HOME)
    assert (caught.value.http_status, caught.value.message, caught.value.code) == (
        400,
        "Onboarding not finished",
        "onboarding_required",
    )
    await door.owner()
    found = door.auth.flows.providers(HOME)
    assert found["preselect_remember_me"] is True
    ((provider),) = found["providers"]
    assert set(provider) == {"name", "id", "type"}
    assert (provider["id"], provider["type"]) == (None, "homeassistant")
    assert door.auth.flows.providers(AWAY)["preselect_remember_me"] is False


async def test_the_way_in(door: Any) -> None:
    await door.owner()
    form = door.auth.flows.start(BODY, HOME)
    flow_id = form["flow_id"]
    expected = {
        "type": "form",
        "flow_id": flow_id,
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
    assert form == expected
    wrong = await door.answer(flow_id, password="wrong")
    assert wrong == {**expected, "errors": {"base": "invalid_auth"}}
    done = await door.answer(flow_id, username="ANNA")
    code = done.pop("result")
    assert done == {
        "type": "create_entry",
        "flow_id": flow_id,
        "handler": ["homeassistant", None],
        "description": None,
        "description_placeholders": None,
    }
    assert len(bytes.fromhex(code)) == 16
    with pytest.raises(FlowNotFound, match="Invalid flow specified"):
        await door.answer(flow_id)


@pytest.mark.parametrize(
    ("change", "message", "status"),
    [
        ({"client_id": "http://u:p@a.example/"}, "Invalid client id", 400),
        ({"client_id": "http://8.8.8.8/"}, "Invalid client id", 400),
        ({"handler": ["trusted_networks", None]}, "Invalid handler specified", 404),
        ({"handler": "homeassistant"}, "Invalid handler specified", 404),
        ({"handler": [{}, []]}, "Invalid handler specified", 404),
        ({"client_id": 5}, "Message format incorrect: expected str at 'client_id'", 400),
        ({"type": "x"}, "Message format incorrect: value is not allowed at 'type'", 400),
        (
            {"response_type": "token"},
            "Message format incorrect: value is not allowed at 'response_type'",
            400,
        ),
        ({"more": 1}, "Message format incorrect: extra keys not allowed", 400),
        ({"code_challenge": CHALLENGE}, "Transform algorithm not supported", 400),
        (
            {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
            "Transform algorithm not supported",
            400,
        ),
        ({"code_challenge_method": "S256"}, "Code challenge required", 400),
        (
            {"code_challenge": "short", "code_challenge_method": "S256"},
            "Invalid code challenge",
            400,
        ),
    ],
)
async def test_a_flow_that_can_not_start(
    door: Any, change: dict[str, Any], message: str, status: int
) -> None:
    with pytest.raises((InvalidFormat, FlowNotFound)) as caught:
        door.auth.flows.start({**BODY, **change}, HOME)
    assert (caught.value.message, caught.value.http_status) == (message, status)
    assert len(door.auth.flows) == 0


@pytest.mark.parametrize("field", ["client_id", "handler", "redirect_uri"])
async def test_a_missing_field_is_named(door: Any, field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}
    with pytest.raises(InvalidFormat) as caught:
        door.auth.flows.start(body, HOME)
    assert caught.value.message == (
        f"Message format incorrect: required key not provided at '{field}'"
    )
    for no_object in (None, [], "x", 5):
        with pytest.raises(InvalidFormat):
            door.auth.flows.start(no_object, HOME)


async def test_a_malformed_answer_leaves_the_flow_alive(door: Any) -> None:
    await door.owner()
    flow_id = door.form()
    step = door.auth.flows.step
    for body, message in (
        ({"client_id": CLIENT, "username": "anna"}, "User input malformed"),
        ({"client_id": CLIENT, "username": "anna", "password": 5}, "User input malformed"),
        (
            {"client_id": CLIENT, "username": "anna", "password": "x", "z": 1},
            "User input malformed",
        ),
        (
            {"username": "anna", "password": "x"},
            "Message format incorrect: required key not provided at 'client_id'",
        ),
        ({"client_id": "x", "username": "anna", "password": "x"}, "Invalid client id"),
        ([], "Message format incorrect: expected a dictionary"),
    ):
        with pytest.raises(InvalidFormat) as caught:
            await step(flow_id, body, HOME)
        assert caught.value.message == message
    with pytest.raises(FlowNotFound):
        await door.answer(flow_id, client_id="http://127.0.0.1:9999/")
    with pytest.raises(InvalidFormat, match="IP address changed"):
        await door.answer(flow_id, AWAY)
    assert (await door.answer(flow_id))["type"] == "create_entry"


async def test_a_wrong_redirect_shows_only_after_the_right_password(door: Any) -> None:
    await door.owner()
    flow_id = door.form(redirect_uri="http://evil.example/")
    assert (await door.answer(flow_id, password="wrong"))["type"] == "form"
    with pytest.raises(RedirectRefused) as caught:
        await door.answer(flow_id)
    assert (caught.value.http_status, caught.value.message) == (403, "Invalid redirect URI")
    with pytest.raises(FlowNotFound):
        await door.answer(flow_id)


async def test_the_same_flow_twice_at_once(door: Any) -> None:
    await door.owner()
    flow_id = door.form()
    first, second = await asyncio.gather(
        door.answer(flow_id), door.answer(flow_id), return_exceptions=True
    )
    assert first["type"] == "create_entry"
    assert isinstance(second, FlowBusy)
    assert (second.http_status, second.message) == (409, "Flow request already in progress")


async def test_flows_end(door: Any) -> None:
    await door.owner()
    flow_id = door.form()
    assert door.auth.flows.abort(flow_id) == {"message": "Flow aborted"}
    for use in (door.auth.flows.abort, door.auth.flows._open):
        with pytest.raises(FlowNotFound):
            use(flow_id)
    flow_id = door.form()
    await door.clock.advance(GOOD_FOR)
    with pytest.raises(FlowNotFound):
        await door.answer(flow_id)
    assert len(door.auth.flows) == 0


async def test_open_flows_are_bounded(door: Any) -> None:
    mine = door.form(HOME)
    for _ in range(MAX_PER_ADDRESS + 5):
        door.form(AWAY)
    assert len(door.auth.flows) == MAX_PER_ADDRESS + 1
    assert door.auth.flows._open(mine)
    for number in range(MAX_FLOWS + 5):
        door.form(f"10.0.{number // 250}.{number % 250}")
    assert len(door.auth.flows) == MAX_FLOWS


async def test_blocked_users_and_guessers(door: Any) -> None:
    await door.owner()
    await door.user("bob", local_only=True)
    with pytest.raises(LoginBlocked) as caught:
        await door.answer(door.form(AWAY), AWAY, username="bob")
    assert caught.value.message == "Login blocked: User cannot authenticate remotely"
    assert caught.value.http_status == 403
    flow_id = door.form(AWAY)
    for _ in range(8):
        assert (await door.answer(flow_id, AWAY, password="x"))["errors"]
    with pytest.raises(TooManyAttempts) as slow:
        await door.answer(flow_id, AWAY)
    assert slow.value.http_status == 429
    assert (await door.answer(door.form()))["type"] == "create_entry"


async def test_the_authorize_page_refuses_unknown_pairs_at_once(door: Any) -> None:
    problem = door.auth.flows.authorize_problem
    assert problem(CLIENT, REDIRECT) is None
    assert problem("https://home-assistant.io/iOS", "homeassistant://auth-callback") is None
    assert problem(CLIENT, "http://evil.example/") == "Invalid redirect URI"
    assert problem(CLIENT, None) == "Invalid redirect URI"
    assert problem("x", REDIRECT) == problem(None, REDIRECT) == "Invalid client id"
