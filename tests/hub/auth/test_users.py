"""Users: made, changed, removed; passwords beside them; what is told and kept."""

import asyncio
from typing import Any

import pytest

from hub.auth import (
    CredentialsExist,
    InvalidAuth,
    InvalidCurrentPassword,
    InvalidUsername,
    LoginBlocked,
    NoDeleteSelf,
    Role,
    TooManyAttempts,
)
from hub.errors import InvalidInfo, NotAllowed, NotFound
from hub.storage.tables import credentials, users

PASSWORD = "correct horse"
AWAY = "203.0.113.7"


async def test_only_one_owner_is_ever_made(door: Any) -> None:
    assert not door.auth.has_users
    made = await asyncio.gather(
        *(door.auth.create_owner(f"O{n}", f"o{n}", PASSWORD) for n in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, NotAllowed) for result in made) == 2
    (owner,) = door.auth.users.all()
    assert owner.as_dict() == {
        "id": owner.id,
        "username": owner.username,
        "name": owner.name,
        "is_owner": True,
        "is_active": True,
        "local_only": False,
        "system_generated": False,
        "group_ids": ["system-admin"],
        "credentials": [{"type": "homeassistant"}],
        "role": "owner",
        "policies": [],
        "second_factor": False,
    }
    assert owner.as_current() == {
        "id": owner.id,
        "name": owner.name,
        "is_owner": True,
        "is_admin": True,
        "credentials": [{"auth_provider_type": "homeassistant", "auth_provider_id": None}],
        "mfa_modules": [{"id": "totp", "name": "Authenticator app", "enabled": False}],
        "role": "owner",
        "policies": [],
    }
    assert len(owner.id) == 32


async def test_everything_is_there_after_a_restart(door: Any) -> None:
    await door.owner()
    bob = await door.user("bob", local_only=True)
    await door.auth.users.update(bob.id, name="Robert", role=Role.ADMIN)
    again = await door.again()
    assert [user.as_dict() for user in again.auth.users.all()] == [
        user.as_dict() for user in door.auth.users.all()
    ]
    assert (await again.auth.login("ANNA ", PASSWORD)).name == "Anna"


async def test_a_password_is_nowhere_in_the_file(door: Any) -> None:
    await door.owner()
    async with door.database.read() as connection:
        (row,) = (await connection.execute(credentials.select())).all()
        columns = {column.name for column in users.columns}
    assert row.password_hash.startswith("$argon2id$")
    assert not columns & {"password", "password_hash"}


async def test_wrong_logins_look_the_same(door: Any) -> None:
    await door.owner()
    messages = set()
    for name, password in (("anna", "wrong"), ("nobody", PASSWORD), ("anna", ""), ("", "")):
        with pytest.raises(InvalidAuth) as caught:
            await door.auth.login(name, password)
        messages.add(caught.value.message)
    assert len(messages) == 1
    with pytest.raises(InvalidAuth):
        await door.auth.login("anna", PASSWORD + "x" * 5000)


async def test_who_may_not_come_in(door: Any) -> None:
    await door.owner()
    bob = await door.user("bob", local_only=True)
    assert await door.auth.login("bob", PASSWORD, "192.168.1.5") is bob
    with pytest.raises(LoginBlocked, match="Login blocked: User cannot authenticate remotely"):
        await door.auth.login("bob", PASSWORD, AWAY)
    await door.auth.users.update(bob.id, is_active=False)
    with pytest.raises(LoginBlocked, match="Login blocked: User is not active"):
        await door.auth.login("bob", PASSWORD, "192.168.1.5")


async def test_rights(door: Any) -> None:
    owner, bob = await door.owner(), await door.user("bob")
    assert all(owner.may(verb, "light.a") for verb in ("read", "control", "edit"))
    assert [bob.may(verb) for verb in ("read", "control", "edit")] == [True, True, False]
    await door.auth.users.update(bob.id, is_active=False)
    assert not bob.may("read")


async def test_the_owner_can_not_be_locked_out(door: Any) -> None:
    owner, bob = await door.owner(), await door.user("bob", role=Role.ADMIN)
    store = door.auth.users
    for change in ({"is_active": False}, {"role": Role.ADMIN}):
        with pytest.raises(NotAllowed):
            await store.update(owner.id, **change)
    with pytest.raises(NotAllowed):
        await store.remove(owner.id, bob)
    with pytest.raises(NoDeleteSelf):
        await store.remove(bob.id, bob)
    with pytest.raises(NotAllowed):
        await store.remove_credentials("anna")


async def test_a_removed_user_is_gone_with_all_there_was(door: Any) -> None:
    await door.owner()
    bob = await door.user("bob")
    token = await door.auth.tokens.create_long_lived(bob, "phone", 10)
    await door.auth.tokens.create_refresh_token(bob, "http://127.0.0.1/")
    door.auth.tokens.validate(token)
    told: list[tuple[str, str]] = []
    door.auth.users.listen(lambda action, user: told.append((action, user.id)))
    await door.auth.users.remove(bob.id)
    assert told == [("remove", bob.id)]
    assert door.auth.tokens.validate(token) is None
    with pytest.raises(NotFound):
        await door.auth.tokens.create_refresh_token(bob, "http://127.0.0.1/")
    with pytest.raises(NotFound):
        await door.auth.users.remove(bob.id)
    again = await door.again()
    assert again.auth.users.get(bob.id) is None
    assert again.auth.tokens.by_user(bob.id) == []
    assert (await door.user("bob")).username == "bob"


async def test_credentials(door: Any) -> None:
    await door.owner()
    store = door.auth.users
    carl = await store.create("Carl")
    with pytest.raises(NotFound, match="Credentials not found"):
        await store.set_password(carl.id, "long enough")
    with pytest.raises(CredentialsExist):
        await store.add_credentials(carl.id, " Anna", "long enough")
    await store.add_credentials(carl.id, "Carl", "the first one")
    with pytest.raises(CredentialsExist):
        await store.add_credentials(carl.id, "carl2", "long enough")
    with pytest.raises(InvalidCurrentPassword):
        await store.change_password(carl, "wrong", "the second one")
    await store.change_password(carl, "the first one", "the second one")
    with pytest.raises(CredentialsExist):
        await store.change_username(carl.id, "anna")
    await store.change_username(carl.id, "charles")
    assert await door.auth.login("charles", "the second one") is carl
    for name in ("carl", "charles"):
        with pytest.raises(InvalidAuth):
            await door.auth.login(name, "the first one")
    assert await (await door.again()).auth.login("charles", "the second one")
    await store.remove_credentials("charles")
    assert carl.as_dict()["credentials"] == []
    with pytest.raises(InvalidAuth):
        await door.auth.login("charles", "the second one")


@pytest.mark.parametrize("name", ["", "  ", "a" * 129, "a\nb", "a\x00"])
async def test_bad_user_names_are_refused(door: Any, name: str) -> None:
    with pytest.raises(InvalidUsername):
        await door.auth.create_owner("A", name, PASSWORD)


@pytest.mark.parametrize("password", ["", "a" * 1025])
async def test_bad_passwords_are_refused(door: Any, password: str) -> None:
    with pytest.raises(InvalidInfo):
        await door.auth.create_owner("A", "a", password)


async def test_an_old_hash_is_renewed_at_the_next_login(door: Any) -> None:
    owner = await door.owner()
    old = door.auth.users.password_hash(owner)
    again = await door.again()
    again.auth._passwords._cost = (2, 64)
    await again.auth.login("anna", PASSWORD)
    new = again.auth.users.password_hash(again.auth.users.get(owner.id))
    assert new != old
    assert "t=2" in new


async def test_guessing_is_slowed_down(door: Any) -> None:
    await door.owner()
    for _ in range(8):
        with pytest.raises(InvalidAuth):
            await door.auth.login("anna", "wrong", AWAY)
    with pytest.raises(TooManyAttempts) as caught:
        await door.auth.login("anna", PASSWORD, AWAY)
    assert caught.value.retry_after >= 1
    await door.clock.advance(2)
    assert await door.auth.login("anna", PASSWORD, AWAY)
    with pytest.raises(InvalidAuth):
        await door.auth.login("anna", "wrong", AWAY)
