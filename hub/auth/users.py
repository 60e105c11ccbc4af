"""All users and their passwords, in memory and in two tables."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from hub.auth.errors import (
    CredentialsExist,
    InvalidCurrentPassword,
    InvalidUsername,
    NoDeleteSelf,
)
from hub.auth.passwords import Passwords, check_password
from hub.auth.ranks import check_manages, check_role
from hub.auth.rights import Rights
from hub.auth.roles import Role
from hub.auth.user import User, role_alone
from hub.auth.witness import Witness
from hub.errors import InvalidInfo, NotAllowed, NotFound
from hub.util.clock import Clock

if TYPE_CHECKING:
    from hub.storage import Database

_LOGGER = logging.getLogger(__name__)

MAX_USERNAME: Final = 128
_FLAGS: Final = ("name", "role", "is_active", "local_only")

Listener = Callable[[str, User], object]


class Users:
    """Users by id and by user name; a returned write is on the disk."""

    def __init__(
        self,
        database: "Database",
        clock: Clock,
        passwords: Passwords,
        witness: Witness | None = None,
    ) -> None:
        """Start empty; `load` reads the tables."""
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._witness = Witness() if witness is None else witness
        self._users: dict[str, User] = {}
        self._by_username: dict[str, User] = {}
        self._hashes: dict[str, str] = {}
        self._listeners: list[Listener] = []
        self.writing = asyncio.Lock()
        """Held while users or policies are written."""
        self.compile: Callable[[User], Rights] = role_alone
        self.known_policies: Mapping[str, object] = {}
        self.before_remove: Callable[[User], Awaitable[object]] | None = None
        """Runs before a user's row goes, to let its tokens go first."""

    async def load(self) -> None:
        """Read users and credentials; raises `StorageError`."""
        from hub.storage.tables import credentials, user_policies, users

        async with self._database.read() as connection:
            found = (await connection.execute(users.select().order_by(users.c.created_at))).all()
            known = (await connection.execute(credentials.select())).all()
            bound = (await connection.execute(user_policies.select())).all()
        for row in found:
            self._users[row.id] = User(
                id=row.id,
                name=row.name,
                role=Role(row.role),
                is_active=row.is_active,
                local_only=row.local_only,
                created_at=row.created_at,
                policies=tuple(sorted(it.policy for it in bound if it.user_id == row.id)),
                compile=self._compile,
            )
        for row in known:
            self._know(self._users[row.user_id], row.username, row.password_hash)

    def __len__(self) -> int:
        """Return how many users there are."""
        return len(self._users)

    def all(self) -> list[User]:
        """Return every user, oldest first."""
        return list(self._users.values())

    def get(self, user_id: str) -> User | None:
        """Return the user with this id."""
        return self._users.get(user_id)

    def by_username(self, username: str) -> User | None:
        """Return the user with this user name; case and spaces around it do not count."""
        return self._by_username.get(normal(username))

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call `callback(action, user)` after each change.

        `create`, `update` and `remove` change rights; `details` (the name) and `credentials`
        (user name and password) do not.
        """
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    async def create_owner(self, name: str, username: str, password: str) -> User:
        """Make the first user.

        Raises `NotAllowed` when there is one, `InvalidUsername`, `WeakPassword`.
        """
        username = checked(username)
        check_password(password, username)
        password_hash = await self._passwords.hash(password)
        async with self.writing:
            if self._users:
                raise NotAllowed("There is an owner already")
            user = self._new(name, role=Role.OWNER)
            await self._insert(user, (username, password_hash))
        self._tell("create", user)
        return user

    async def create(
        self,
        name: str,
        *,
        role: Role = Role.OPERATOR,
        local_only: bool = False,
        policies: Iterable[str] = (),
        credentials: tuple[str, str] | None = None,
        actor: User | None = None,
    ) -> User:
        """Make a user, with user name and password if given; None as `actor` is the house itself.

        Raises `NotAllowed` for a second owner, `NotFound` for an unknown policy, `Unauthorized`
        when the actor may not give this role, and what `add_credentials` raises.
        """
        check_role(actor, None, role)
        known = None
        if credentials is not None:
            username = checked(credentials[0])
            check_password(credentials[1], username)
            known = (username, await self._passwords.hash(credentials[1]))
        async with self.writing:
            user = self._new(name, role=role, local_only=local_only)
            user.policies = self._known(policies)
            if known is not None:
                self._check_free(user, known[0])
            await self._insert(user, known)
        self._tell("create", user)
        return user

    async def update(self, user_id: str, *, actor: User | None = None, **changes: Any) -> User:
        """Change name, role, policies, is_active or local_only; `actor` is who asks.

        Making somebody the owner makes the former owner an administrator. Raises `NotFound`,
        `NotAllowed` for what would lock out the owner, `Unauthorized` for what the actor may not.
        """
        user = self.require(user_id)
        if unknown := changes.keys() - {*_FLAGS, "policies"}:
            raise TypeError(f"users have no changeable {', '.join(sorted(unknown))}")
        check_manages(actor, user)
        if "role" in changes:
            changes["role"] = Role(changes["role"])
        if "policies" in changes:
            changes["policies"] = self._known(changes["policies"])
        async with self.writing:
            new = {name: it for name, it in changes.items() if getattr(user, name) != it}
            if not new:
                return user
            former = self._checked(actor, user, new)
            await self._write(user, new, former)
            if former is not None:
                former.role = Role.ADMIN
            for name, value in new.items():
                setattr(user, name, value)
        action = "details" if new.keys() <= {"name"} else "update"
        for changed in (user,) if former is None else (former, user):
            changed.renew_rights()
            self._tell(action, changed)
        return user

    def _checked(self, actor: User | None, user: User, new: Mapping[str, Any]) -> User | None:
        """Refuse what locks out the owner; return the owner who hands over."""
        if "name" in new and not str(new["name"]).strip():
            raise InvalidInfo("The name is empty")
        role = new.get("role")
        if role is not None:
            check_role(actor, user, role)
        if user.is_owner and new.get("is_active") is False:
            raise NotAllowed("The owner stays active")
        if role is not Role.OWNER:
            return None
        if not (new.get("is_active", user.is_active) and user.username is not None):
            raise NotAllowed("An owner is active and has a password")
        return next((found for found in self._users.values() if found.is_owner), None)

    async def _write(self, user: User, new: Mapping[str, Any], former: User | None) -> None:
        from hub.storage.tables import user_policies, users

        values = {name: value for name, value in new.items() if name != "policies"}
        bound = user_policies.c.user_id == user.id
        async with self._database.begin() as connection:
            if former is not None:
                down = users.update().where(users.c.id == former.id).values(role=Role.ADMIN)
                await connection.execute(down)
            if values:
                where = users.c.id == user.id
                await connection.execute(users.update().where(where).values(**values))
            if "policies" in new:
                await connection.execute(user_policies.delete().where(bound))
                if rows := [{"user_id": user.id, "policy": it} for it in new["policies"]]:
                    await connection.execute(user_policies.insert(), rows)
            data = {"name": user.name, "changed": dict(new)}
            await self._witness.add(connection, "user.update", _target(user), data)

    async def remove(self, user_id: str, actor: User | None = None) -> None:
        """Remove a user with tokens and password.

        Raises `NotFound`, `NoDeleteSelf` when the actor is the user, `NotAllowed` for the owner,
        `Unauthorized` when the actor may not manage the user.
        """
        from hub.storage.tables import users

        user = self.require(user_id)
        if actor is user:
            raise NoDeleteSelf
        if user.is_owner:
            raise NotAllowed("The owner can not be deleted")
        check_manages(actor, user)
        async with self.writing:
            was_active, user.is_active = user.is_active, False
            try:
                if self.before_remove is not None:
                    await self.before_remove(user)
                async with self._database.begin() as connection:
                    await connection.execute(users.delete().where(users.c.id == user_id))
                    data = {"name": user.name}
                    await self._witness.add(connection, "user.remove", _target(user), data)
            except BaseException:
                user.is_active = was_active
                raise
            self._users.pop(user_id, None)
            self._forget(user)
        self._tell("remove", user)

    # --- passwords

    def password_hash(self, user: User) -> str | None:
        """Return the hash of a user's password."""
        return self._hashes.get(user.id)

    async def add_credentials(
        self, user_id: str, username: str, password: str, actor: User | None = None
    ) -> None:
        """Give a user a user name and a password.

        Raises `NotFound`, `InvalidUsername`, `WeakPassword`, `Unauthorized`, and `CredentialsExist`
        when there are some already.
        """
        from hub.storage.tables import credentials

        user, username = self.require(user_id), checked(username)
        check_manages(actor, user)
        self._check_free(user, username)
        check_password(password, username)
        password_hash = await self._passwords.hash(password)
        async with self.writing:
            self._check_free(user, username)
            async with self._database.begin() as connection:
                row = self._credentials(user, username, password_hash)
                await connection.execute(credentials.insert(), row)
                data = {"name": user.name, "username": username}
                await self._witness.add(connection, "user.credentials", _target(user), data)
            self._know(user, username, password_hash)
        self._tell("credentials", user)

    async def remove_credentials(self, username: str, actor: User | None = None) -> None:
        """Take a user's password; raises `NotFound`, `Unauthorized`, `NotAllowed` for the owner."""
        from hub.storage.tables import credentials

        user = self.by_username(username)
        if user is None:
            raise NotFound("Credentials not found")
        if user.is_owner:
            raise NotAllowed("The owner keeps a password")
        check_manages(actor, user)
        async with self.writing, self._database.begin() as connection:
            await connection.execute(credentials.delete().where(credentials.c.user_id == user.id))
            data = {"name": user.name}
            await self._witness.add(connection, "user.credentials.remove", _target(user), data)
        self._forget(user)
        self._tell("update", user)

    async def change_password(self, user: User, current: str, new: str) -> None:
        """Change one's own password; raises `InvalidCurrentPassword`, `WeakPassword`."""
        if not await self._passwords.verify(self._hashes.get(user.id), current):
            raise InvalidCurrentPassword
        await self.set_password(user.id, new)

    async def set_password(self, user_id: str, password: str, actor: User | None = None) -> None:
        """Set a user's password.

        Raises `NotFound` without credentials, `WeakPassword`, `Unauthorized`.
        """
        user = self.require(user_id)
        check_manages(actor, user)
        if user.username is None:
            raise NotFound("Credentials not found")
        check_password(password, user.username)
        password_hash = await self._passwords.hash(password)
        await self._update_credentials(user, "user.password", password_hash=password_hash)
        self._hashes[user.id] = password_hash
        self._tell("credentials", user)

    async def renew_hash(self, user: User, known: str, password: str) -> None:
        """Hash a right password anew, unless it was changed meanwhile; raises `StorageError`."""
        password_hash = await self._passwords.hash(password)
        if self._hashes.get(user.id) == known:
            await self._update_credentials(user, password_hash=password_hash)
            self._hashes[user.id] = password_hash

    async def change_username(self, user_id: str, username: str, actor: User | None = None) -> None:
        """Change a user name; raises `NotFound`, `InvalidUsername`, `CredentialsExist`."""
        user, username = self.require(user_id), checked(username)
        check_manages(actor, user)
        if user.username is None:
            raise NotFound("Credentials not found")
        if self._by_username.get(username, user) is not user:
            raise CredentialsExist("The user name is taken")
        await self._update_credentials(user, "user.username", username=username)
        self._by_username.pop(user.username, None)
        self._know(user, username, self._hashes[user.id])
        self._tell("credentials", user)

    def require(self, user_id: str) -> User:
        """Return the user with this id; raises `NotFound`."""
        user = self._users.get(user_id)
        if user is None:
            raise NotFound("User not found")
        return user

    # --- inside

    def _new(self, name: str, **flags: Any) -> User:
        name = name.strip()
        if not name:
            raise InvalidInfo("The name is empty")
        now = self._clock.time()
        return User(id=uuid4().hex, name=name, created_at=now, compile=self._compile, **flags)

    def _compile(self, user: User) -> Rights:
        return self.compile(user)

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return names of policies as they are kept; raises `NotFound`."""
        found = tuple(sorted(set(names)))
        for name in found:
            if name not in self.known_policies:
                raise NotFound(f"policies: there is no policy {name[:80]}")
        return found

    def _check_free(self, user: User, username: str) -> None:
        if user.username is not None or username in self._by_username:
            raise CredentialsExist("The user has credentials or the user name is taken")

    async def _insert(self, user: User, known: tuple[str, str] | None) -> None:
        from hub.storage.tables import credentials, user_policies, users

        row = {name: getattr(user, name) for name in (*_FLAGS, "id", "created_at")}
        async with self._database.begin() as connection:
            await connection.execute(users.insert(), row)
            if known is not None:
                await connection.execute(credentials.insert(), self._credentials(user, *known))
            if rows := [{"user_id": user.id, "policy": name} for name in user.policies]:
                await connection.execute(user_policies.insert(), rows)
            data = {"name": user.name, "role": user.role, "policies": list(user.policies)}
            await self._witness.add(connection, "user.create", _target(user), data)
        self._users[user.id] = user
        if known is not None:
            self._know(user, *known)

    def _credentials(self, user: User, username: str, password_hash: str) -> dict[str, Any]:
        return {
            "id": uuid4().hex,
            "user_id": user.id,
            "username": username,
            "password_hash": password_hash,
            "changed_at": self._clock.time(),
        }

    async def _update_credentials(
        self, user: User, action: str | None = None, **values: str
    ) -> None:
        from hub.storage.tables import credentials

        statement = credentials.update().where(credentials.c.user_id == user.id)
        async with self.writing, self._database.begin() as connection:
            await connection.execute(statement.values(**values, changed_at=self._clock.time()))
            if action is not None:
                data = {"name": user.name}
                if "username" in values:
                    data["username"] = values["username"]
                await self._witness.add(connection, action, _target(user), data)

    def _know(self, user: User, username: str, password_hash: str) -> None:
        user.username = username
        self._by_username[username] = user
        self._hashes[user.id] = password_hash

    def _forget(self, user: User) -> None:
        self._hashes.pop(user.id, None)
        if user.username is not None:
            self._by_username.pop(user.username, None)
            user.username = None

    def _tell(self, action: str, user: User) -> None:
        for listener in list(self._listeners):
            try:
                listener(action, user)
            except Exception:
                _LOGGER.exception("Listener for users failed")


def _target(user: User) -> str:
    return f"user/{user.id}"


def normal(username: str) -> str:
    """Reduce a user name to what counts when names are compared."""
    return username.strip().casefold()


def checked(username: str) -> str:
    """Return the user name as it is kept; raises `InvalidUsername`."""
    username = normal(username)
    if not username or len(username) > MAX_USERNAME or not username.isprintable():
        raise InvalidUsername(f"The user name must have 1 to {MAX_USERNAME} printable characters")
    return username
