"""A user, alive: everybody who holds one sees changes at once."""

from dataclasses import dataclass
from typing import Any

from hub.auth.roles import BASE, Role, group_of


@dataclass(slots=True, eq=False)
class User:
    """One user; there is exactly one object for each, changed in place by `Users`."""

    id: str
    name: str
    username: str | None = None
    role: Role = Role.OPERATOR
    is_active: bool = True
    local_only: bool = False
    created_at: float = 0.0

    @property
    def is_owner(self) -> bool:
        """Tell whether this is the owner."""
        return self.role is Role.OWNER

    @property
    def is_admin(self) -> bool:
        """Tell whether administrators' things are open to the user."""
        return self.role is Role.ADMIN or self.role is Role.OWNER

    @property
    def group_ids(self) -> list[str]:
        """Return the protocol's groups."""
        return [group_of(self.role)]

    def may(self, verb: str, entity_id: str | None = None) -> bool:  # noqa: ARG002 - the seam
        """Tell whether the user may `read`, `control` or `edit` an entity (None = any of them)."""
        return self.is_active and verb in BASE[self.role]

    def may_resource(self, verb: str, resource_type: str, key: str | None = None) -> bool:
        """Tell whether the user may `read`, `write` or `apply` a resource (None: any of a type)."""
        del resource_type, key
        return self.is_active and verb in BASE[self.role]

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
            "role": self.role.value,
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
            "role": self.role.value,
        }
