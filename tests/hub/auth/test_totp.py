"""Second factors: set up, asked for, used once, lost, reset."""

import re
from typing import Any

import pyotp
import pytest

from hub.auth import FlowNotFound, Role
from hub.auth.setup import NoModule
from hub.errors import InvalidFormat, NotAllowed, Unauthorized
from hub.storage.tables import totp

AWAY = "203.0.113.7"


def now(door: Any, secret: str, steps: int = 0) -> str:
    """Return the app's code of the present step, or of one before or after."""
    return str(pyotp.TOTP(secret).at(int(door.clock.time()) + 30 * steps))


async def protected(door: Any) -> tuple[Any, str, list[str]]:
    """Return anna with a second factor, its secret and her recovery codes."""
    user = await door.owner()
    form = door.auth.setups.start(user, "totp", "Test house")
    secret = form["description_placeholders"]["code"]
    done = await door.auth.setups.answer(user, form["flow_id"], {"code": now(door, secret, -1)})
    assert done["type"] == "create_entry", done
    return user, secret, done["recovery_codes"]


async def at_the_code(door: Any, address: str = "127.0.0.1") -> str:
    """Return a flow whose password was right."""
    flow_id = door.form(address)
    form = await door.answer(flow_id, address)
    assert (form["type"], form["step_id"], form["errors"]) == ("form", "mfa", {})
    return str(flow_id)


async def code(door: Any, flow_id: str, text: str, address: str = "127.0.0.1") -> Any:
    body = {"client_id": "http://127.0.0.1:8123/", "code": text}
    return await door.auth.flows.step(flow_id, body, address)


async def test_set_up_shows_a_secret_as_text_url_and_drawing(door: Any) -> None:
    user = await door.owner()
    form = door.auth.setups.start(user, "totp", "Test house")
    told = form["description_placeholders"]
    assert (form["type"], form["step_id"]) == ("form", "init")
    assert re.fullmatch(r"[A-Z2-7]{32}", told["code"])
    assert told["url"].startswith("otpauth://totp/Test%20house:anna?")
    assert told["code"] in told["url"]
    assert told["qr_code"].startswith("<svg")
    again = await door.auth.setups.answer(user, form["flow_id"], {"code": "000000"})
    assert again["errors"] == {"base": "invalid_code"}
    assert again["description_placeholders"] == told
    assert not user.second_factor
    with pytest.raises(InvalidFormat):
        await door.auth.setups.answer(user, form["flow_id"], {})
    with pytest.raises(NoModule):
        door.auth.setups.start(user, "notify", "x")


async def test_the_log_in_asks_for_the_code(door: Any) -> None:
    user, secret, recovery = await protected(door)
    assert user.as_current()["mfa_modules"][0]["enabled"]
    assert len(set(recovery)) == 10
    flow_id = await at_the_code(door)
    done = await code(door, flow_id, now(door, secret))
    assert done["type"] == "create_entry"
    assert len(done["result"]) == 32
    assert ("user.totp", f"user/{user.id}") in door.told


async def test_a_code_is_good_once_and_never_an_older_one(door: Any) -> None:
    _, secret, _ = await protected(door)
    used = now(door, secret)
    assert (await code(door, await at_the_code(door), used))["type"] == "create_entry"
    for text in (used, now(door, secret, -1)):
        again = await code(door, await at_the_code(door), text)
        assert again["errors"] == {"base": "invalid_code"}, text
    await door.clock.advance(30)
    fresh = f" {now(door, secret)[:3]} {now(door, secret)[3:]}"
    assert (await code(door, await at_the_code(door), fresh))["type"] == "create_entry"
    again = await door.again()
    await door.clock.advance(1)
    with_old = await code(again, await at_the_code(again), now(door, secret))
    assert with_old["errors"] == {"base": "invalid_code"}


async def test_a_recovery_code_is_good_once(door: Any) -> None:
    user, _, recovery = await protected(door)
    spoken = recovery[3].upper().replace("-", " ")
    assert (await code(door, await at_the_code(door), spoken))["type"] == "create_entry"
    again = await code(door, await at_the_code(door), recovery[3])
    assert again["errors"] == {"base": "invalid_code"}
    assert await door.auth.totp.recovery_left(user) == 9
    assert (await code(door, await at_the_code(door), recovery[4]))["type"] == "create_entry"
    assert ("user.totp.recovery", f"user/{user.id}") in door.told


async def test_neither_secret_nor_recovery_codes_are_in_the_file(door: Any) -> None:
    _, secret, recovery = await protected(door)
    async with door.database.read() as connection:
        (row,) = (await connection.execute(totp.select())).all()
    assert row.secret.startswith("v1:")
    text = f"{row}"
    assert secret not in text
    assert not any(item in text or item.replace("-", "") in text for item in recovery)


async def test_five_wrong_codes_end_the_log_in(door: Any) -> None:
    await protected(door)
    flow_id = await at_the_code(door)
    for _ in range(4):
        assert (await code(door, flow_id, "000000"))["errors"] == {"base": "invalid_code"}
    ended = await code(door, flow_id, "000000")
    assert (ended["type"], ended["reason"]) == ("abort", "too_many_retry")
    with pytest.raises(FlowNotFound):
        await code(door, flow_id, "000000")


async def test_a_right_password_does_not_forgive_wrong_codes(door: Any) -> None:
    """Who knows the password must not guess codes as fast as he likes."""
    await protected(door)
    for _ in range(2):
        flow_id = await at_the_code(door, AWAY)
        for _ in range(3):
            await code(door, flow_id, "000000", AWAY)
    assert door.auth.wait(AWAY) > 0


async def test_a_log_in_that_waits_too_long_says_so(door: Any) -> None:
    _, secret, _ = await protected(door)
    flow_id = await at_the_code(door)
    await door.clock.advance(301)
    ended = await code(door, flow_id, now(door, secret))
    assert (ended["type"], ended["reason"]) == ("abort", "login_expired")
    with pytest.raises(FlowNotFound):
        await code(door, flow_id, now(door, secret))
    flow_id = await at_the_code(door)
    await door.clock.advance(601)
    with pytest.raises(FlowNotFound):
        await code(door, flow_id, now(door, secret))


@pytest.mark.parametrize(
    "body",
    [
        {"code": 5},
        {"code": "1", "extra": "x"},
        {"username": "anna", "password": "correct horse"},
        {},
    ],
)
async def test_other_answers_than_a_code_are_malformed(door: Any, body: dict[str, Any]) -> None:
    _, secret, _ = await protected(door)
    flow_id = await at_the_code(door)
    with pytest.raises(InvalidFormat, match="User input malformed"):
        await door.auth.flows.step(
            flow_id, {"client_id": "http://127.0.0.1:8123/", **body}, "127.0.0.1"
        )
    assert (await code(door, flow_id, now(door, secret)))["type"] == "create_entry"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00" * 6, "-" * 90])
async def test_odd_codes_are_only_wrong(door: Any, text: str) -> None:
    await protected(door)
    flow_id = await at_the_code(door)
    assert (await code(door, flow_id, text))["errors"] == {"base": "invalid_code"}


async def test_who_is_put_out_meanwhile_does_not_come_in(door: Any) -> None:
    await door.owner()
    bob = await door.user("bob")
    form = door.auth.setups.start(bob, "totp", "x")
    secret = form["description_placeholders"]["code"]
    await door.auth.setups.answer(bob, form["flow_id"], {"code": now(door, secret, -1)})
    flow_id = door.form()
    await door.answer(flow_id, username="bob")
    await door.auth.users.remove(bob.id)
    assert (await code(door, flow_id, now(door, secret)))["errors"] == {"base": "invalid_code"}


async def test_only_one_at_a_time_and_removed_by_its_owner_or_who_manages_him(door: Any) -> None:
    user, _, _ = await protected(door)
    boss = await door.user("boss", role=Role.ADMIN)
    with pytest.raises(NotAllowed):
        door.auth.setups.start(user, "totp", "x")
    with pytest.raises(Unauthorized):
        await door.auth.totp.disable(user, boss)
    assert (await door.again()).auth.users.get(user.id).second_factor
    assert await door.auth.totp.disable(user, user)
    assert not await door.auth.totp.disable(user, user)
    assert not user.second_factor
    assert (await door.answer(door.form()))["type"] == "create_entry"
    assert ("user.totp.reset", f"user/{user.id}") in door.told


async def test_an_offer_belongs_to_one_user_and_ends(door: Any) -> None:
    user, bob = await door.owner(), await door.user("bob")
    form = door.auth.setups.start(user, "totp", "x")
    secret = form["description_placeholders"]["code"]
    for who, wait in ((bob, 0), (user, 601)):
        await door.clock.advance(wait)
        with pytest.raises(FlowNotFound):
            await door.auth.setups.answer(who, form["flow_id"], {"code": now(door, secret)})
    form = door.auth.setups.start(user, "totp", "x")
    for _ in range(4):
        await door.auth.setups.answer(user, form["flow_id"], {"code": "1"})
    ended = await door.auth.setups.answer(user, form["flow_id"], {"code": "1"})
    assert ended["reason"] == "too_many_retry"
    assert not user.second_factor
