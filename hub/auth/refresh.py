"""A refresh token: one login of one client, and the key that signs its access tokens."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from hub.auth.user import User
from hub.util.times import iso

EXPIRES_AFTER: Final = 90 * 86400.0
"""Seconds after the last use until a normal token ends."""


class TokenType(StrEnum):
    """What a refresh token was made for."""

    NORMAL = "normal"
    LONG_LIVED = "long_lived_access_token"


@dataclass(slots=True, eq=False)
class RefreshToken:
    """One refresh token; the secret itself is kept nowhere, only its hash."""

    id: str
    user: User
    type: TokenType
    token_hash: str = field(repr=False)
    jwt_key: str = field(repr=False)
    client_id: str | None = None
    client_name: str | None = None
    client_icon: str | None = None
    created_at: float = 0.0
    last_used_at: float | None = None
    last_used_ip: str | None = None
    expire_at: float | None = None
    expires: bool = True
    """Whether each use moves `expire_at`; switched off per token."""

    @property
    def user_id(self) -> str:
        """Return the id of the user who logged in."""
        return self.user.id

    def used(self, now: float, address: str | None) -> None:
        """Note a use at `now` (epoch seconds); the end moves with it."""
        self.last_used_at = now
        if address is not None:
            self.last_used_ip = address
        if self.type is TokenType.NORMAL and self.expires:
            self.expire_at = now + EXPIRES_AFTER

    def expired(self, now: float) -> bool:
        """Tell whether the token has ended at `now` (epoch seconds)."""
        return self.expire_at is not None and self.expire_at <= now

    def as_dict(self, current_id: str | None = None) -> dict[str, Any]:
        """Return the item of `auth/refresh_tokens`; `current_id` is the asking client's token."""
        return {
            "id": self.id,
            "type": self.type.value,
            "client_id": self.client_id,
            "client_name": self.client_name,
            "client_icon": self.client_icon,
            "created_at": iso(self.created_at),
            "last_used_at": None if self.last_used_at is None else iso(self.last_used_at),
            "last_used_ip": self.last_used_ip,
            "expire_at": None if self.expire_at is None else iso(self.expire_at),
            "is_current": self.id == current_id,
            "auth_provider_type": "homeassistant" if self.type is TokenType.NORMAL else None,
        }

    def row(self) -> dict[str, Any]:
        """Return the row of table `refresh_tokens`."""
        return {
            "id": self.id,
            "user_id": self.user.id,
            "type": self.type.value,
            "token_hash": self.token_hash,
            "jwt_key": self.jwt_key,
            "client_id": self.client_id,
            "client_name": self.client_name,
            "client_icon": self.client_icon,
            "created_at": self.created_at,
            "last_used_at": self.last_used_at,
            "last_used_ip": self.last_used_ip,
            "expire_at": self.expire_at,
            "expires": self.expires,
        }
