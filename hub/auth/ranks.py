"""Who may change whom: administrators manage operators and viewers, the owner manages all."""

from hub.auth.roles import Role
from hub.auth.user import User
from hub.errors import NotAllowed, Unauthorized


def check_manages(actor: User | None, user: User) -> None:
    """Refuse an actor who may not change a user; None is the house itself.

    Raises `Unauthorized`.
    """
    if actor is None or actor is user or actor.is_owner:
        return
    if not (actor.is_admin and actor.is_active):
        raise Unauthorized
    if user.is_admin:
        raise Unauthorized("Only the owner may change administrators and the owner")


def check_role(actor: User | None, user: User | None, role: Role) -> None:
    """Refuse an actor who may not give a role; `user` is None for one that is being made.

    Raises `Unauthorized`, and `NotAllowed` for what would leave the hub with no or two owners.
    """
    if user is None and role is Role.OWNER:
        raise NotAllowed("There is one owner; make the user first, then hand over the ownership")
    if user is not None and user.is_owner:
        raise NotAllowed("The owner hands over the ownership by making another user the owner")
    if actor is None or actor.is_owner:
        return
    if role.is_admin:
        raise Unauthorized("Only the owner may make administrators")
    if user is not None and user.is_admin and actor is not user:
        raise Unauthorized("Only the owner may change administrators and the owner")
    if not actor.is_admin:
        raise Unauthorized
