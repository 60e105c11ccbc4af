"""A user, alive: everybody who holds one sees changes at once."""

from dataclasses import dataclass
from typing import Any, Final

ADMIN_GROUP: Final = "system-admin"
USER_GROUP: Final = "system-users"


@dataclass(slots=True, eq=False)
class User:
    """One user; there is exactly one object for each, changed in place by `Users`."""

    id: str
    name: str
    username: str | None = None
    is_owner: bool = False
    is_admin: bool = False
    is_active: bool = True
    local_only: bool = False
    created_at: float = 0.0

    @property
    def group_ids(self) -> list[str]:
        """Return the protocol's groups."""
        return [ADMIN_GROUP if self.is_admin else USER_GROUP]

    def may(self, verb: str, entity_id: str | None = None) -> bool:  # noqa: ARG002 - the seam
        """Tell whether the user may `read`, `control` or `edit` an entity (None = any of them).

        For now administrators may everything and others read and control; roles and policies
        will decide here.
        """
        return self.is_active and (self.is_admin or verb in {"read", "control"})

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form of `config/auth/list`."""
        return {
            "id": self.id,
            "username": self.username,
            "name": self.name,
            "is_owner": self.is_owner,
            "is_active": self.is_active,
            "local_only": self.local_only,
            "system_generated": False,
            "group_ids": self.group_ids,
            "credentials": [] if self.username is None else [{"type": "homeassistant"}],
        }

    def as_current(self) -> dict[str, Any]:
        """Return the wire form of `auth/current_user`."""
        credential = {"auth_provider_type": "homeassistant", "auth_provider_id": None}
        return {
            "id": self.id,
            "name": self.name,
            "is_owner": self.is_owner,
            "is_admin": self.is_admin,
            "credentials": [] if self.username is None else [credential],
            "mfa_modules": [],
        }
