"""Users for administrators: who there is, roles, passwords, second factors and tokens."""

from typing import Any, Final

import voluptuous as vol

from hub.api.users import BY_GROUPS, changes_of, found, member
from hub.api.websocket.command import Message, command
from hub.api.websocket.connection import Connection
from hub.auth import CredentialsNotFound, UserNotFound
from hub.auth.ranks import check_manages
from hub.errors import NotFound
from hub.schema import text

_PROVIDER: Final = "config/auth_provider/homeassistant"
_USER: Final = {vol.Required("user_id"): text}
_NAME: Final = vol.All(text, vol.Length(min=1, max=255))


@command("config/auth/list", admin=True, verb="read")
def list_users(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return every user."""
    del message
    return [user.as_dict() for user in connection.hub.auth.users.all()]


@command(
    "config/auth/create",
    {vol.Required("name"): _NAME, vol.Optional("local_only", default=False): bool, **BY_GROUPS},
    admin=True,
    verb="write",
)
async def create_user(connection: Connection, message: Message) -> dict[str, Any]:
    """Make a user without a password; `role` and `policies` are the hub's own."""
    values = changes_of(message)
    user = await connection.hub.auth.users.create(
        values.pop("name"), **values, actor=connection.user
    )
    return {"user": user.as_dict()}


@command(
    "config/auth/update",
    {
        **_USER,
        vol.Optional("name"): _NAME,
        vol.Optional("is_active"): bool,
        vol.Optional("local_only"): bool,
        **BY_GROUPS,
    },
    admin=True,
    verb="write",
)
async def update_user(connection: Connection, message: Message) -> dict[str, Any]:
    """Change a user; `role` owner hands over the ownership."""
    values = changes_of(message)
    users = connection.hub.auth.users
    user = await users.update(values.pop("user_id"), **values, actor=connection.user)
    return {"user": user.as_dict()}


@command("config/auth/delete", _USER, admin=True, verb="write")
async def delete_user(connection: Connection, message: Message) -> None:
    """Remove a user with his tokens; his connections end at once."""
    await connection.hub.auth.users.remove(message["user_id"], connection.user)


@command(
    f"{_PROVIDER}/create",
    {**_USER, vol.Required("username"): text, vol.Required("password"): text},
    admin=True,
    verb="write",
)
async def create_credentials(connection: Connection, message: Message) -> None:
    """Give a user a user name and a password."""
    await connection.hub.auth.users.add_credentials(
        message["user_id"], message["username"], message["password"], connection.user
    )


@command(f"{_PROVIDER}/delete", {vol.Required("username"): text}, admin=True, verb="write")
async def delete_credentials(connection: Connection, message: Message) -> None:
    """Take a user's password."""
    await connection.hub.auth.users.remove_credentials(message["username"], connection.user)


@command(
    f"{_PROVIDER}/change_password",
    {vol.Required("current_password"): text, vol.Required("new_password"): text},
    verb="own",
)
async def change_password(connection: Connection, message: Message) -> None:
    """Change the caller's password."""
    await connection.hub.auth.change_password(
        connection.user, message["current_password"], message["new_password"], connection.remote
    )


@command(
    f"{_PROVIDER}/admin_change_password",
    {**_USER, vol.Required("password"): text},
    admin=True,
    verb="write",
)
async def admin_change_password(connection: Connection, message: Message) -> None:
    """Set the password of a user whom the caller manages."""
    user_id = _with_credentials(connection, message)
    users = connection.hub.auth.users
    await users.set_password(user_id, message["password"], connection.user)


@command(
    f"{_PROVIDER}/admin_change_username",
    {**_USER, vol.Required("username"): text},
    admin=True,
    verb="write",
)
async def admin_change_username(connection: Connection, message: Message) -> None:
    """Change the user name of a user whom the caller manages."""
    user_id = _with_credentials(connection, message)
    users = connection.hub.auth.users
    await users.change_username(user_id, message["username"], connection.user)


@command("config/auth/reset_mfa", _USER, admin=True, verb="write")
async def reset_second_factor(connection: Connection, message: Message) -> None:
    """Remove the second factor of a user who lost it."""
    auth = connection.hub.auth
    if not await auth.totp.disable(member(connection.hub, message["user_id"]), connection.user):
        raise NotFound("The user has no second factor")


@command("config/auth/tokens", _USER, admin=True, verb="read")
def list_tokens(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return a user's tokens, without their secrets."""
    user = member(connection.hub, message["user_id"])
    current = connection.session.refresh_token_id
    return [token.as_dict(current) for token in connection.hub.auth.tokens.by_user(user.id)]


@command(
    "config/auth/delete_token",
    {**_USER, vol.Required("refresh_token_id"): text},
    admin=True,
    verb="write",
)
async def delete_token(connection: Connection, message: Message) -> None:
    """End a token of a user whom the caller manages, and its connections."""
    user = member(connection.hub, message["user_id"])
    check_manages(connection.user, user)
    await connection.hub.auth.tokens.revoke(
        found(connection.hub, user, message["refresh_token_id"]).id
    )


@command("auth/bans", admin=True, verb="read")
def list_bans(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return the addresses that are refused at present."""
    del message
    return [ban.as_dict() for ban in connection.hub.auth.bans.all()]


@command("auth/unban", {vol.Required("address"): text}, admin=True, verb="write")
async def lift_ban(connection: Connection, message: Message) -> None:
    """End the ban of an address."""
    await connection.hub.auth.bans.lift(message["address"])


def _with_credentials(connection: Connection, message: Message) -> str:
    user = connection.hub.auth.users.get(message["user_id"])
    if user is None:
        raise UserNotFound
    if user.username is None:
        raise CredentialsNotFound
    return user.id
