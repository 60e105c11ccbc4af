"""The policies, in memory and in their table, and the rights that users get from them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hub.auth.errors import InvalidPolicy
from hub.auth.places import Places
from hub.auth.policy import Policy, parsed
from hub.auth.rights import Rights
from hub.auth.user import User
from hub.auth.users import Users
from hub.auth.witness import Witness
from hub.errors import NotAllowed, NotFound
from hub.util.clock import Clock
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from hub.storage import Database

_LOGGER = logging.getLogger(__name__)

MAX_POLICIES: Final = 500

Listener = Callable[[list[User]], object]


class Policies:
    """Policies by name; a returned write is on the disk and in force."""

    def __init__(
        self,
        database: "Database",
        clock: Clock,
        users: Users,
        witness: Witness,
        places: Places | None = None,
    ) -> None:
        """Compile the rights of `users`; `places` tells where entities belong."""
        self._database = database
        self._clock = clock
        self._users = users
        self._witness = witness
        self._places = places
        self._policies: dict[str, Policy] = {}
        self._changed: list[Listener] = []
        self._moved: list[Listener] = []
        users.known_policies = self._policies
        users.compile = self.rights_of
        if places is not None:
            places.follow(self._entities_moved)

    async def load(self) -> None:
        """Read the table; raises `StorageError`."""
        from hub.storage.tables import policies

        async with self._database.read() as connection:
            rows = (await connection.execute(policies.select().order_by(policies.c.name))).all()
        for row in rows:
            try:
                policy = parsed(row.name, loads(row.rules), row.description)
            except (InvalidPolicy, ValueError) as error:
                # Without its rules users could do what a denial in it forbids.
                told = "Policy %s can not be read and denies everything: %s"
                _LOGGER.error(told, row.name, error)  # noqa: TRY400 - no defect of ours
                policy = parsed(row.name, _DENY_ALL, row.description)
            times = {"created_at": row.created_at, "updated_at": row.updated_at}
            self._policies[row.name] = replace(policy, **times)

    def all(self) -> list[Policy]:
        """Return every policy by name."""
        return [self._policies[name] for name in sorted(self._policies)]

    def get(self, name: str) -> Policy | None:
        """Return the policy with this name."""
        return self._policies.get(name)

    def users_of(self, name: str) -> list[User]:
        """Return the users who refer to a policy."""
        return [user for user in self._users.all() if name in user.policies]

    def rights_of(self, user: User) -> Rights:
        """Return what a user may do at present."""
        rules = [
            rule
            for name in user.policies
            if (policy := self._policies.get(name)) is not None
            for rule in policy.rules
        ]
        return Rights(user.role, rules, None if self._places is None else self._places.of)

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call `callback(users)` when the rights of users were changed by a policy."""
        self._changed.append(callback)
        return lambda: self._changed.remove(callback) if callback in self._changed else None

    def listen_moved(self, callback: Listener) -> Callable[[], None]:
        """Call `callback(users)` when entities came to another place that their rules name."""
        self._moved.append(callback)
        return lambda: self._moved.remove(callback) if callback in self._moved else None

    async def put(self, name: object, rules: object, description: object = "") -> Policy:
        """Make or replace a policy; raises `InvalidPolicy`, `NotAllowed` when there are too many.

        The users who refer to it are bound by it at once.
        """
        from hub.storage.tables import policies

        policy = parsed(name, rules, description)
        now = self._clock.time()
        async with self._users.writing, self._database.begin() as connection:
            old = self._policies.get(policy.name)
            if old is None and len(self._policies) >= MAX_POLICIES:
                raise NotAllowed(f"There are {MAX_POLICIES} policies; delete one first")
            created = now if old is None else old.created_at
            policy = replace(policy, created_at=created, updated_at=now)
            text = dumps([rule.as_dict() for rule in policy.rules]).decode()
            values = {"description": policy.description, "rules": text, "updated_at": now}
            if old is None:
                row = {"name": policy.name, "created_at": now, **values}
                await connection.execute(policies.insert(), row)
            else:
                where = policies.c.name == policy.name
                await connection.execute(policies.update().where(where).values(**values))
            data = {"rules": [rule.as_dict() for rule in policy.rules]}
            await self._witness.add(connection, "policy.put", f"policy/{policy.name}", data)
        self._policies[policy.name] = policy
        users = self.users_of(policy.name)
        for user in users:
            user.renew_rights()
        _tell(users, self._changed)
        return policy

    async def delete(self, name: str) -> None:
        """Delete a policy; raises `NotFound`, and `NotAllowed` while users refer to it."""
        from hub.storage.tables import policies

        async with self._users.writing:
            if name not in self._policies:
                raise NotFound(f"There is no policy {name[:80]}")
            if users := self.users_of(name):
                names = ", ".join(user.username or user.name for user in users)
                raise NotAllowed(f"Policy {name} is used by {names}: take it from them first")
            async with self._database.begin() as connection:
                await connection.execute(policies.delete().where(policies.c.name == name))
                await self._witness.add(connection, "policy.delete", f"policy/{name}")
            del self._policies[name]

    def _entities_moved(self) -> None:
        _tell([user for user in self._users.all() if user.moved()], self._moved)


def _tell(users: list[User], listeners: list[Listener]) -> None:
    if not users:
        return
    for listener in list(listeners):
        try:
            listener(users)
        except Exception:
            _LOGGER.exception("Listener for rights failed")


_DENY_ALL: Final = [
    {"effect": "deny", "verbs": ["read", "control", "edit", "write", "apply", "call"]}
]
