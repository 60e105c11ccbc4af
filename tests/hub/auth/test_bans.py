"""Bans: who is banned, for how long, and who never is."""

from typing import Any

import pytest

from hub.auth import GrantError, InvalidAuth, TooManyAttempts
from hub.auth.addresses import counted
from hub.errors import NotFound

AWAY = "203.0.113.7"
PASSWORD = "correct horse"
AFTER = 12


async def guess(door: Any, address: str, times: int = AFTER) -> None:
    for _ in range(times):
        with pytest.raises((InvalidAuth, TooManyAttempts)):
            await door.auth.login("anna", "wrong", address)


async def test_guessing_bans_an_address_for_a_while(door: Any) -> None:
    await door.owner()
    await guess(door, AWAY, AFTER - 1)
    assert not door.auth.bans.banned(AWAY)
    await guess(door, AWAY, 1)
    assert door.auth.bans.banned(AWAY)
    assert not door.auth.bans.banned("203.0.113.8")
    (ban,) = door.auth.bans.all()
    assert (ban.address, ban.attempts, ban.until - ban.at) == (AWAY, AFTER, 3600)
    assert ("ban", f"address/{AWAY}") in door.told
    await door.clock.advance(3601)
    assert not door.auth.bans.banned(AWAY)
    assert door.auth.bans.all() == []


async def test_a_ban_outlives_a_restart_until_it_ends_or_is_lifted(door: Any) -> None:
    await door.owner()
    await guess(door, AWAY)
    await guess(door, "203.0.113.8")
    again = await door.again()
    assert again.auth.bans.banned(AWAY)
    await again.auth.bans.lift(AWAY)
    assert not again.auth.bans.banned(AWAY)
    with pytest.raises(NotFound):
        await again.auth.bans.lift(AWAY)
    await door.clock.advance(3601)
    assert (await door.again()).auth.bans.all() == []


async def test_far_apart_failures_and_a_success_are_forgotten(door: Any) -> None:
    await door.owner()
    for _ in range(3):
        await guess(door, AWAY, AFTER - 1)
        await door.clock.advance(3601)
    assert not door.auth.bans.banned(AWAY)
    await guess(door, AWAY, 3)
    await door.auth.login("anna", PASSWORD, AWAY)
    await guess(door, AWAY, AFTER - 1)
    assert not door.auth.bans.banned(AWAY)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "", None, "nonsense"])
async def test_this_machine_and_unknown_addresses_are_never_banned(
    door: Any, address: str | None
) -> None:
    for number in range(3 * AFTER):
        door.auth.failed(address, f"token {number}")
    assert not door.auth.bans.banned(address)
    assert door.auth.bans.all() == []


@pytest.mark.parametrize(
    ("guesser", "same", "other"),
    [
        ("2001:db8:1:2::a", "2001:db8:1:2:ffff::1", "2001:db8:1:3::a"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("fe80::1%eth0", "fe80::2", "2001:db8::1"),
    ],
)
async def test_an_ipv6_network_counts_as_one_and_a_mapped_address_as_ipv4(
    door: Any, guesser: str, same: str, other: str
) -> None:
    for number in range(AFTER):
        door.auth.failed(guesser, f"token {number}")
    assert door.auth.bans.banned(same)
    assert not door.auth.bans.banned(other)
    assert (await door.auth.bans.lift(same)).address == counted(guesser)


async def test_a_stale_client_is_no_guesser(door: Any) -> None:
    await door.owner()
    for _ in range(5 * AFTER):
        door.auth.failed(AWAY, "the same old token")
        with pytest.raises(GrantError):
            await door.grant(AWAY, grant_type="refresh_token", refresh_token="old", client_id="x")
    # Two tokens that take turns are guesses: only the last one is remembered.
    assert door.auth.bans.banned(AWAY)
    other = "203.0.113.9"
    for _ in range(5 * AFTER):
        door.auth.failed(other, "the same old token")
    assert not door.auth.bans.banned(other)


async def test_watching_is_bounded(door: Any) -> None:
    for number in range(9000):
        door.auth.failed(f"10.{number // 250}.{number % 250}.1", "x")
    assert len(door.auth.bans._watched) <= 4096
