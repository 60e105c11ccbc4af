"""Answers what the services ask: may the user behind a context make this call."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hub.errors import Unauthorized

if TYPE_CHECKING:
    from hub.auth.users import Users
    from hub.events import Context


class ServiceRights:
    """The rights of users at services; the house itself (no user) may everything."""

    def __init__(self, users: "Users") -> None:
        """Look users up in `users`."""
        self._users = users

    def check(
        self,
        context: "Context",
        domain: str,
        *,
        admin: bool,
        about_entities: bool,
        entity_ids: Sequence[str],
    ) -> None:
        """Refuse a call; `entity_ids` are those that the caller named. Raises `Unauthorized`."""
        if context.user_id is None:
            return
        user = self._users.get(context.user_id)
        if user is None or not user.is_active or (admin and not user.is_admin):
            raise Unauthorized
        rights = user.rights
        if about_entities:
            if "control" not in rights.verbs or rights.call_denied(domain):
                raise Unauthorized
        elif not rights.may_call(domain):
            raise Unauthorized
        if rights.plain:
            return
        for entity_id in entity_ids:
            if not rights.may("control", entity_id):
                raise Unauthorized

    def controls(self, context: "Context") -> Callable[[str], bool] | None:
        """Return what tells which entities may be controlled; None = all of them."""
        if context.user_id is None:
            return None
        user = self._users.get(context.user_id)
        if user is None:
            return lambda _entity_id: False
        if user.rights.plain:
            return None
        return lambda entity_id: user.may("control", entity_id)
