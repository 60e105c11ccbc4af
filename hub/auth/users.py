"""All users and their passwords, in memory and in two tables."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from hub.auth.errors import (
    CredentialsExist,
    InvalidCurrentPassword,
    InvalidUsername,
    NoDeleteSelf,
)
from hub.auth.passwords import Passwords
from hub.auth.roles import Role
from hub.auth.user import User
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

    def __init__(self, database: "Database", clock: Clock, passwords: Passwords) -> None:
        """Start empty; `load` reads the tables."""
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._users: dict[str, User] = {}
        self._by_username: dict[str, User] = {}
        self._hashes: dict[str, str] = {}
        self._listeners: list[Listener] = []
        self._writing = asyncio.Lock()
        self.before_remove: Callable[[User], Awaitable[object]] | None = None
        """Runs before a user's row goes, to let its tokens go first."""

    async def load(self) -> None:
        """Read users and credentials; raises `StorageError`."""
        from hub.storage.tables import credentials, users

        async with self._database.read() as connection:
            found = (await connection.execute(users.select().order_by(users.c.created_at))).all()
            known = (await connection.execute(credentials.select())).all()
        for row in found:
            self._users[row.id] = User(
                id=row.id,
                name=row.name,
                role=Role(row.role),
                is_active=row.is_active,
                local_only=row.local_only,
                created_at=row.created_at,
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
        """Call `callback(action, user)` after each create, update and remove."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback) if callback in self._listeners else None

    async def create_owner(self, name: str, username: str, password: str) -> User:
        """Make the first user; raises `NotAllowed` when there is one, `InvalidUsername`."""
        username = checked(username)
        password_hash = await self._passwords.hash(password)
        async with self._writing:
            if self._users:
                raise NotAllowed("There is an owner already")
            user = self._new(name, role=Role.OWNER)
            await self._insert(user, (username, password_hash))
        self._tell("create", user)
        return user

    async def create(
        self, name: str, *, role: Role = Role.OPERATOR, local_only: bool = False
    ) -> User:
        """Make a user without a password; raises `NotAllowed` for a second owner."""
        if role is Role.OWNER:
            raise NotAllowed("There is one owner; ownership is handed over, not given twice")
        async with self._writing:
            user = self._new(name, role=role, local_only=local_only)
            await self._insert(user, None)
        self._tell("create", user)
        return user

    async def update(self, user_id: str, **changes: Any) -> User:
        """Change name, role, is_active or local_only.

        Raises `NotFound`, and `NotAllowed` for what would lock out the owner.
        """
        from hub.storage.tables import users

        user = self.require(user_id)
        if unknown := changes.keys() - set(_FLAGS):
            raise TypeError(f"users have no changeable {', '.join(sorted(unknown))}")
        if user.is_owner != (changes.get("role", user.role) is Role.OWNER):
            raise NotAllowed("There is one owner; ownership is handed over, not given or taken")
        if user.is_owner and not changes.get("is_active", True):
            raise NotAllowed("The owner stays active")
        values = {name: value for name, value in changes.items() if getattr(user, name) != value}
        if not values:
            return user
        async with self._writing, self._database.begin() as connection:
            await connection.execute(users.update().where(users.c.id == user_id).values(**values))
        for name, value in values.items():
            setattr(user, name, value)
        self._tell("update", user)
        return user

    async def remove(self, user_id: str, actor_id: str | None = None) -> None:
        """Remove a user with tokens and password.

        Raises `NotFound`, `NoDeleteSelf` when the actor is the user, `NotAllowed` for the owner.
        """
        from hub.storage.tables import users

        user = self.require(user_id)
        if actor_id == user_id:
            raise NoDeleteSelf
        if user.is_owner:
            raise NotAllowed("The owner can not be deleted")
        async with self._writing:
            was_active, user.is_active = user.is_active, False
            try:
                if self.before_remove is not None:
                    await self.before_remove(user)
                async with self._database.begin() as connection:
                    await connection.execute(users.delete().where(users.c.id == user_id))
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

    async def add_credentials(self, user_id: str, username: str, password: str) -> None:
        """Give a user a user name and a password.

        Raises `NotFound`, `InvalidUsername`, and `CredentialsExist` when there are some already.
        """
        from hub.storage.tables import credentials

        user, username = self.require(user_id), checked(username)
        password_hash = await self._passwords.hash(password)
        async with self._writing:
            if user.username is not None or username in self._by_username:
                raise CredentialsExist("The user has credentials or the user name is taken")
            async with self._database.begin() as connection:
                row = self._credentials(user, username, password_hash)
                await connection.execute(credentials.insert(), row)
            self._know(user, username, password_hash)
        self._tell("update", user)

    async def remove_credentials(self, username: str) -> None:
        """Take a user's password; raises `NotFound`, and `NotAllowed` for the owner."""
        from hub.storage.tables import credentials

        user = self.by_username(username)
        if user is None:
            raise NotFound("Credentials not found")
        if user.is_owner:
            raise NotAllowed("The owner keeps a password")
        async with self._writing, self._database.begin() as connection:
            await connection.execute(credentials.delete().where(credentials.c.user_id == user.id))
        self._forget(user)
        self._tell("update", user)

    async def change_password(self, user: User, current: str, new: str) -> None:
        """Change one's own password; raises `InvalidCurrentPassword`, `InvalidInfo`."""
        if not await self._passwords.verify(self._hashes.get(user.id), current):
            raise InvalidCurrentPassword
        await self.set_password(user.id, new)

    async def set_password(self, user_id: str, password: str) -> None:
        """Set a user's password; raises `NotFound` without credentials, `InvalidInfo`."""
        user = self.require(user_id)
        if user.username is None:
            raise NotFound("Credentials not found")
        password_hash = await self._passwords.hash(password)
        await self._update_credentials(user, password_hash=password_hash)
        self._hashes[user.id] = password_hash
        self._tell("update", user)

    async def renew_hash(self, user: User, known: str, password: str) -> None:
        """Hash a right password anew, unless it was changed meanwhile; raises `StorageError`."""
        password_hash = await self._passwords.hash(password)
        if self._hashes.get(user.id) == known:
            await self._update_credentials(user, password_hash=password_hash)
            self._hashes[user.id] = password_hash

    async def change_username(self, user_id: str, username: str) -> None:
        """Change a user name; raises `NotFound`, `InvalidUsername`, `CredentialsExist`."""
        user, username = self.require(user_id), checked(username)
        if user.username is None:
            raise NotFound("Credentials not found")
        if self._by_username.get(username, user) is not user:
            raise CredentialsExist("The user name is taken")
        await self._update_credentials(user, username=username)
        self._by_username.pop(user.username, None)
        self._know(user, username, self._hashes[user.id])
        self._tell("update", user)

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
        return User(id=uuid4().hex, name=name, created_at=self._clock.time(), **flags)

    async def _insert(self, user: User, known: tuple[str, str] | None) -> None:
        from hub.storage.tables import credentials, users

        row = {name: getattr(user, name) for name in (*_FLAGS, "id", "created_at")}
        async with self._database.begin() as connection:
            await connection.execute(users.insert(), row)
            if known is not None:
                await connection.execute(credentials.insert(), self._credentials(user, *known))
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

    async def _update_credentials(self, user: User, **values: str) -> None:
        from hub.storage.tables import credentials

        statement = credentials.update().where(credentials.c.user_id == user.id)
        async with self._writing, self._database.begin() as connection:
            await connection.execute(statement.values(**values, changed_at=self._clock.time()))

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


def normal(username: str) -> str:
    """Reduce a user name to what counts when names are compared."""
    return username.strip().casefold()


def checked(username: str) -> str:
    """Return the user name as it is kept; raises `InvalidUsername`."""
    username = normal(username)
    if not username or len(username) > MAX_USERNAME or not username.isprintable():
        raise InvalidUsername(f"The user name must have 1 to {MAX_USERNAME} printable characters")
    return username
