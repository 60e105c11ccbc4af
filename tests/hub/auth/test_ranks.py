"""Who may change whom, ownership, passwords, and policies of users."""

from typing import Any

import pytest

from hub.auth import InvalidPolicy, Role, WeakPassword
from hub.errors import NotAllowed, NotFound, Unauthorized
from hub.storage.tables import user_policies

GOOD = "a long password"


async def test_administrators_manage_operators_and_viewers_and_nobody_above(door: Any) -> None:
    users, owner = door.auth.users, await door.owner()
    boss, peer = await door.user("boss", role=Role.ADMIN), await door.user("peer", role=Role.ADMIN)
    guest = await door.user("guest", role=Role.VIEWER)
    await users.update(guest.id, role=Role.OPERATOR, actor=boss)
    await users.set_password(guest.id, GOOD, boss)
    for target in (owner, peer):
        for attempt in (
            users.update(target.id, name="X", actor=boss),
            users.set_password(target.id, GOOD, boss),
            users.change_username(target.id, "mallory", boss),
            users.add_credentials(target.id, "mallory", GOOD, boss),
        ):
            with pytest.raises(Unauthorized):
                await attempt
    with pytest.raises(Unauthorized):
        await users.remove(peer.id, boss)
    for role in (Role.ADMIN, "admin"):
        with pytest.raises(Unauthorized):
            await users.update(guest.id, role=role, actor=boss)
    with pytest.raises(Unauthorized):
        await users.create("New", role=Role.ADMIN, actor=boss)
    with pytest.raises(Unauthorized):
        await users.create("New", actor=guest)
    await users.update(guest.id, role=Role.ADMIN, actor=owner)
    await users.remove(guest.id, owner)


async def test_the_owner_hands_over_and_there_is_always_one(door: Any) -> None:
    users, owner = door.auth.users, await door.owner()
    boss = await door.user("boss", role=Role.ADMIN)
    nameless = await users.create("Nameless")
    with pytest.raises(NotAllowed):
        await users.create("Second", role=Role.OWNER, actor=owner)
    with pytest.raises(NotAllowed):
        await users.update(owner.id, role=Role.ADMIN, actor=owner)
    with pytest.raises(Unauthorized):
        await users.update(boss.id, role=Role.OWNER, actor=boss)
    with pytest.raises(NotAllowed):
        await users.update(nameless.id, role=Role.OWNER, actor=owner)
    with pytest.raises(NotAllowed):
        await users.update(boss.id, role=Role.OWNER, is_active=False, actor=owner)
    assert owner.is_owner
    await users.update(boss.id, role=Role.OWNER, actor=owner)
    assert (owner.role, boss.role) == (Role.ADMIN, Role.OWNER)
    again = (await door.again()).auth.users
    assert [again.get(user.id).role for user in (owner, boss)] == [Role.ADMIN, Role.OWNER]
    with pytest.raises(NotAllowed):
        await users.remove(boss.id, owner)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "1234567",
        "password",
        "Password",
        "raspberry",
        "aaaaaaaaaa",
        "the-guest",
        " The-Guest ",
    ],
)
async def test_passwords_that_are_guessed_first_are_refused(door: Any, password: str) -> None:
    await door.owner()
    user = await door.user("the-guest")
    with pytest.raises(WeakPassword):
        await door.auth.users.set_password(user.id, password)
    with pytest.raises(WeakPassword):
        await door.auth.users.create("New", credentials=("the-guest2", password[:7]))
    assert door.auth.users.by_username("the-guest2") is None


async def test_a_user_comes_with_name_and_password_or_not_at_all(door: Any) -> None:
    await door.owner()
    made = await door.auth.users.create("Carl", credentials=(" Carl", GOOD), role=Role.VIEWER)
    assert await door.auth.login("carl", GOOD) is made
    before = len(door.auth.users)
    with pytest.raises(Exception, match="taken"):
        await door.auth.users.create("Carl 2", credentials=("carl", GOOD))
    assert len(door.auth.users) == before
    assert len((await door.again()).auth.users) == before


async def test_guessing_the_own_password_is_slowed_down(door: Any) -> None:
    user = await door.owner()
    for _ in range(8):
        with pytest.raises(Exception, match="Invalid current password"):
            await door.auth.change_password(user, "wrong", GOOD, "127.0.0.1")
    with pytest.raises(Exception, match="Too many"):
        await door.auth.change_password(user, "correct horse", GOOD, "127.0.0.1")
    await door.clock.advance(2)
    await door.auth.change_password(user, "correct horse", GOOD, "127.0.0.1")
    assert await door.auth.login("anna", GOOD)


RULES = [{"effect": "allow", "verbs": ["control"], "domain": ["light"]}]


async def test_policies_bind_users_at_once_and_after_a_restart(door: Any) -> None:
    await door.owner()
    guest = await door.user("guest", role=Role.VIEWER)
    told: list[Any] = []
    door.auth.policies.listen(told.append)
    await door.auth.policies.put("lights", RULES, "May use lights")
    assert not guest.may("control", "light.bed")
    await door.auth.users.update(guest.id, policies=["lights"])
    assert guest.may("control", "light.bed")
    assert guest.as_dict()["policies"] == ["lights"]
    again = await door.again()
    assert again.auth.users.get(guest.id).may("control", "light.bed")
    deny = [{"effect": "deny", "verbs": ["read"], "domain": ["light"]}]
    assert told == []
    await door.auth.policies.put("lights", [*RULES, *deny])
    assert told == [[guest]]
    assert not guest.may("control", "light.bed")
    assert not guest.may("read", "light.bed")
    assert [action for action, _ in door.told if action.startswith("policy")] == ["policy.put"] * 2


async def test_a_policy_in_use_stays_and_an_unknown_one_can_not_be_given(door: Any) -> None:
    await door.owner()
    guest = await door.user("guest")
    policies, users = door.auth.policies, door.auth.users
    await policies.put("lights", RULES)
    with pytest.raises(NotFound):
        await users.update(guest.id, policies=["lights", "nope"])
    with pytest.raises(NotFound):
        await users.create("X", policies=["nope"])
    await users.update(guest.id, policies=["lights", "lights"])
    with pytest.raises(NotAllowed, match="used by guest"):
        await policies.delete("lights")
    await users.update(guest.id, policies=[])
    await policies.delete("lights")
    with pytest.raises(NotFound):
        await policies.delete("lights")
    with pytest.raises(InvalidPolicy):
        await policies.put("lights", [{}])
    assert policies.all() == []
    async with door.database.read() as connection:
        assert (await connection.execute(user_policies.select())).all() == []


async def test_a_policy_that_can_not_be_read_denies(door: Any, caplog: Any) -> None:
    """A row that another program broke must not open what it closed."""
    from hub.storage.tables import policies

    await door.owner()
    guest = await door.user("guest")
    await door.auth.policies.put("lights", RULES)
    await door.auth.users.update(guest.id, policies=["lights"])
    async with door.database.begin() as connection:
        await connection.execute(policies.update().values(rules="[{]"))
    again = await door.again()
    assert not again.auth.users.get(guest.id).may("read", "light.bed")
    assert "denies everything" in caplog.text


async def test_a_user_that_is_removed_may_nothing(door: Any) -> None:
    await door.owner()
    guest = await door.user("guest")
    await door.auth.users.remove(guest.id)
    assert not guest.may("read", "light.bed")
    assert not guest.may_resource("read", "a.b")
    assert not guest.may_call("a")
    assert not guest.may_ever("read")
