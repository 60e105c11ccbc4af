"""A user, alive: everybody who holds one sees changes at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from hub.auth.rights import Rights
from hub.auth.roles import Role, group_of

MODULE: Final = {"id": "totp", "name": "Authenticator app"}
"""The one kind of second factor."""


def role_alone(user: "User") -> Rights:
    """Return the rights of a user whom no policy concerns."""
    return Rights(user.role)


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
    policies: tuple[str, ...] = ()
    """Names of the policies that widen or narrow the role."""
    second_factor: bool = False
    """Whether a log-in asks for a code as well."""
    compile: Callable[["User"], Rights] = field(default=role_alone, repr=False)
    """Makes the rights when they are next asked for."""
    _rights: Rights | None = field(default=None, repr=False)

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

    @property
    def rights(self) -> Rights:
        """Return role and policies, compiled; another object as soon as they change."""
        found = self._rights
        if found is None:
            found = self._rights = self.compile(self)
        return found

    def renew_rights(self) -> None:
        """Forget the compiled rights: role or policies have changed."""
        self._rights = None

    def moved(self) -> bool:
        """Forget answers about places when rules name any; tell whether there were some."""
        if self._rights is None or not self._rights.by_place:
            return False
        self._rights = self._rights.renewed()
        return True

    def may(self, verb: str, entity_id: str | None = None) -> bool:
        """Tell whether the user may `read`, `control` or `edit` an entity (None = any of them)."""
        return self.is_active and self.rights.may(verb, entity_id)

    def may_resource(self, verb: str, resource_type: str, key: str | None = None) -> bool:
        """Tell whether the user may `read`, `write` or `apply` a resource (None: any of a type)."""
        return self.is_active and self.rights.may_resource(verb, resource_type, key)

    def may_call(self, domain: str) -> bool:
        """Tell whether the user may call services of a domain that are not about entities."""
        return self.is_active and self.rights.may_call(domain)

    def may_ever(self, verb: str) -> bool:
        """Tell whether there can be anything on which the user may use a verb."""
        return self.is_active and verb in self.rights.verbs

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
            "policies": list(self.policies),
            "second_factor": self.second_factor,
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
            "mfa_modules": [{**MODULE, "enabled": self.second_factor}],
            "role": self.role.value,
            "policies": list(self.policies),
        }
