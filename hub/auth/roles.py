"""The four roles: what each may do before any policy, and the protocol's groups for them."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from hub.errors import InvalidInfo

ENTITY_VERBS: Final = ("read", "control", "edit")
"""See an entity; tell it to do something; change what the registry says of it."""

RESOURCE_VERBS: Final = ("read", "write", "apply")
"""See a resource; change or delete it; apply or repair it as it is."""

CALL: Final = "call"
"""Call a service that is not about entities."""

VERBS: Final = ("read", "control", "edit", "write", "apply", CALL)


class Role(StrEnum):
    """What a user is; policies widen or narrow it."""

    OWNER = "owner"
    """The one who cannot be locked out; no policy narrows this role."""
    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"

    @property
    def is_admin(self) -> bool:
        """Tell whether administrators' things are open to this role."""
        return self in (Role.OWNER, Role.ADMIN)


BASE: Final[Mapping[Role, frozenset[str]]] = {
    Role.OWNER: frozenset(VERBS),
    Role.ADMIN: frozenset(VERBS),
    Role.OPERATOR: frozenset({"read", "control", "apply", CALL}),
    Role.VIEWER: frozenset({"read"}),
}
"""The verbs of each role, for everything."""

GROUPS: Final[Mapping[str, Role]] = {
    "system-admin": Role.ADMIN,
    "system-users": Role.OPERATOR,
    "system-read-only": Role.VIEWER,
}
"""The protocol's groups, strongest first, and the role that each gives."""


def group_of(role: Role) -> str:
    """Return the protocol's group for a role."""
    wanted = Role.ADMIN if role is Role.OWNER else role
    return next(group for group, found in GROUPS.items() if found is wanted)


def role_of_groups(groups: Iterable[str]) -> Role:
    """Return the role of a list of groups, the strongest; raises `InvalidInfo` for an unknown."""
    named = list(groups)
    for group in named:
        if group not in GROUPS:
            raise InvalidInfo(f"group_ids: there is no group {group[:80]!r}; known: {_KNOWN}")
    return next((role for group, role in GROUPS.items() if group in named), Role.VIEWER)


_KNOWN: Final = ", ".join(GROUPS)
