"""What websocket and REST share about users: fields, and finding people and tokens."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.auth import RefreshToken, Role, User
from hub.auth.roles import role_of_groups
from hub.errors import InvalidFormat, NotFound
from hub.schema import text

if TYPE_CHECKING:
    from hub.hub import Hub


def role(value: object) -> Role:
    """Accept the name of a role."""
    try:
        return Role(text(value))
    except ValueError:
        raise vol.Invalid(f"expected one of {', '.join(Role)}") from None


BY_ROLE: Final = {
    vol.Optional("role"): role,
    vol.Optional("policies"): vol.All([text], vol.Length(max=50)),
}
BY_GROUPS: Final = {vol.Optional("group_ids"): [text], **BY_ROLE}
"""The protocol's groups, and the hub's exact roles beside them."""


def changes_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a user, groups turned into a role; raises `InvalidFormat`."""
    values = {key: value for key, value in message.items() if key not in ("id", "type")}
    groups = values.pop("group_ids", None)
    if groups is not None and "role" in values:
        raise InvalidFormat("group_ids and role say the same; give one of them")
    if groups is not None:
        values["role"] = role_of_groups(groups)
    return values


def member(hub: "Hub", wanted: str) -> User:
    """Return a user by id or user name; raises `NotFound`."""
    users = hub.auth.users
    user = users.get(wanted) or users.by_username(wanted)
    if user is None:
        raise NotFound("User not found")
    return user


def found(hub: "Hub", user: User, token_id: str) -> RefreshToken:
    """Return a token of a user by its id; raises `NotFound`."""
    token = hub.auth.tokens.get(token_id)
    if token is None or token.user is not user:
        raise NotFound("The user has no token with this id")
    return token
