"""A door with cheap passwords on a real database and a clock that stands still."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.auth import Auth, User
from hub.auth.passwords import Passwords
from hub.storage import Database
from hub.storage.secrets import Keyring
from hub.util.clock import FakeClock

CLIENT = "http://127.0.0.1:8123/"
REDIRECT = "http://127.0.0.1:8123/?auth_callback=1"
HOME = "127.0.0.1"
AWAY = "203.0.113.7"
PASSWORD = "correct horse"
BAN_AFTER = 12


@dataclass
class Door:
    """The auth room and what it stands on."""

    auth: Auth
    database: Database
    clock: FakeClock
    told: list[tuple[str, str]] = field(default_factory=list)
    """Actions and targets that an audit log would hold."""

    async def write(self, _connection: object, action: str, target: str, data: Any = None) -> None:
        """Stand for the audit log inside a transaction."""
        self.told.append((action, target))

    def hear(self, action: str, target: str, result: str = "ok", **_: Any) -> None:
        """Stand for the audit log's notes."""
        self.told.append((action, target))

    async def owner(self) -> User:
        """Return the owner anna, made when there is none."""
        return self.auth.users.by_username("anna") or await self.auth.create_owner(
            "Anna", "anna", PASSWORD
        )

    async def user(self, name: str = "bob", **flags: Any) -> User:
        """Return a new user without special rights."""
        user = await self.auth.users.create(name.title(), **flags)
        await self.auth.users.add_credentials(user.id, name, PASSWORD)
        return user

    async def again(self) -> "Door":
        """Return the door as the disk remembers it."""
        await self.auth.flush()
        return await opened(self.database, self.clock)

    def form(self, address: str = HOME, **values: Any) -> str:
        """Start a flow and return its id."""
        body = {"client_id": CLIENT, "handler": ["homeassistant", None], "redirect_uri": REDIRECT}
        return str(self.auth.flows.start({**body, **values}, address)["flow_id"])

    async def answer(self, flow_id: str, address: str = HOME, **values: Any) -> dict[str, Any]:
        """Answer a flow with anna's password."""
        body = {"client_id": CLIENT, "username": "anna", "password": PASSWORD}
        return await self.auth.flows.step(flow_id, {**body, **values}, address)

    async def code(self, **values: Any) -> str:
        """Return a one-use code of anna."""
        return str((await self.answer(self.form(**values)))["result"])

    async def grant(self, address: str = HOME, **form: Any) -> dict[str, Any]:
        """Ask the token endpoint."""
        return await self.auth.grants.token(list(form.items()), address)


async def opened(database: Database, clock: FakeClock) -> Door:
    keys = Keyring(database, database.path.parent / "keys" / "sealing.json")
    await keys.load()
    auth = Auth(
        database,
        clock,
        passwords=Passwords(time_cost=1, memory_kib=64),
        sealer=keys,
        ban_after=BAN_AFTER,
    )
    await auth.load()
    door = Door(auth, database, clock)
    auth.witness.add = door.write
    auth.witness.tell = door.hear
    return door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    clock = FakeClock()
    database = Database(tmp_path / "hub.db", clock, busy_timeout=0.05)
    await database.open()
    yield await opened(database, clock)
    await database.close()


@pytest.fixture
def calls() -> Callable[..., Any]:
    """Return a callback that counts in its attribute `count`."""

    def callback(*_: object) -> None:
        callback.count += 1  # type: ignore[attr-defined]

    callback.count = 0  # type: ignore[attr-defined]
    return callback
