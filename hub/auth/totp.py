"""Second factors: codes of an authenticator app (RFC 6238), and recovery codes for when it is lost.

The secret is sealed in its row and opened only while a code is checked. A code is good once: the
time step it belongs to is kept, and only later steps are accepted after it.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from hub.auth.errors import InvalidCode
from hub.auth.ranks import check_manages
from hub.auth.user import User
from hub.auth.users import Users
from hub.auth.witness import Witness
from hub.errors import NotAllowed, NotFound, Unavailable
from hub.util.clock import Clock
from hub.util.json import dumps, loads

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from hub.storage import Database

STEP: Final = 30
"""Seconds that a code is shown."""

DRIFT: Final = 1
"""Steps before and after the present one that are accepted, for clocks that are not exact."""

RECOVERY_CODES: Final = 10
RECOVERY_LENGTH: Final = 16
"""Characters of a recovery code, 80 bits: too many to be guessed from a hash."""

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_DIGITS: Final = 6


class Sealer(Protocol):
    """Seals and opens texts; the hub's keyring."""

    def seal(self, text: str, bind: str) -> str:
        """Return the sealed form, bound to a place."""

    def open(self, sealed: str, bind: str) -> str:
        """Return the text; raises when it does not open."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that is not in force yet: what a person's app must be told."""

    secret: str = field(repr=False)
    url: str = field(repr=False)
    qr_code: str = field(repr=False)
    """The URL as SVG."""


class Totp:
    """Second factors of all users."""

    def __init__(
        self,
        database: "Database",
        clock: Clock,
        users: Users,
        witness: Witness,
        sealer: Sealer | None,
    ) -> None:
        """Keep secrets sealed by `sealer`; without one nobody can set up a second factor."""
        self._database = database
        self._clock = clock
        self._users = users
        self._witness = witness
        self._sealer = sealer
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Note who has a second factor; raises `StorageError`."""
        from sqlalchemy import select

        from hub.storage.tables import totp

        async with self._database.read() as connection:
            found = (await connection.execute(select(totp.c.user_id))).scalars().all()
        for user_id in found:
            user = self._users.get(user_id)
            if user is not None:
                user.second_factor = True

    def offer(self, user: User, issuer: str) -> Offer:
        """Return a new secret for a user; raises `NotAllowed` when one is in force."""
        import pyotp

        if self._sealer is None:
            raise Unavailable("Second factors need the hub's sealing keys")
        if user.second_factor:
            raise NotAllowed("There is a second factor already; remove it first")
        secret = pyotp.random_base32()
        name = user.username or user.name
        url = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)
        return Offer(secret, url, _svg(url))

    async def enable(self, user: User, secret: str, code: str) -> list[str]:
        """Put a secret in force that `code` belongs to; return the recovery codes, shown once.

        Raises `InvalidCode`, `NotAllowed` when one is in force.
        """
        from hub.storage.tables import totp

        if self._sealer is None:
            raise Unavailable("Second factors need the hub's sealing keys")
        step = self._step_of(secret, code)
        if step is None:
            raise InvalidCode
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        async with self._writing:
            if self._users.get(user.id) is not user:
                raise NotFound("User not found")
            if user.second_factor:
                raise NotAllowed("There is a second factor already; remove it first")
            row = {
                "user_id": user.id,
                "secret": self._sealer.seal(secret, _bind(user)),
                "last_step": step,
                "recovery": dumps([_hash(user, code) for code in codes]).decode(),
                "created_at": self._clock.time(),
            }
            async with self._database.begin() as connection:
                await connection.execute(totp.insert(), row)
                await self._witness.add(connection, "user.totp", _target(user), {"name": user.name})
            user.second_factor = True
        return codes

    async def verify(self, user: User, code: str) -> bool:
        """Tell whether a code of the app or a recovery code is right; it is used up with it.

        Raises `SecretUnreadable` when the sealed secret does not open.
        """
        text = "".join(code.split()).replace("-", "").lower()
        async with self._writing, self._database.begin() as connection:
            if len(text) == RECOVERY_LENGTH:
                return await self._use_recovery(connection, user, text)
            return await self._use_code(connection, user, text)

    async def recovery_left(self, user: User) -> int:
        """Return how many recovery codes are unused."""
        from sqlalchemy import select

        from hub.storage.tables import totp

        async with self._database.read() as connection:
            wanted = select(totp.c.recovery).where(totp.c.user_id == user.id)
            found = await connection.scalar(wanted)
        return 0 if found is None else len(loads(found))

    async def disable(self, user: User, actor: User | None = None) -> bool:
        """Remove a user's second factor; False when there is none.

        `actor` is who asks, None the house itself. Raises `Unauthorized`.
        """
        from hub.storage.tables import totp

        check_manages(actor, user)
        async with self._writing, self._database.begin() as connection:
            if not user.second_factor:
                return False
            await connection.execute(totp.delete().where(totp.c.user_id == user.id))
            data = {"name": user.name, "own": actor is user}
            await self._witness.add(connection, "user.totp.reset", _target(user), data)
        user.second_factor = False
        return True

    async def _use_code(self, connection: "AsyncConnection", user: User, code: str) -> bool:
        """Accept a code of a step later than the last accepted one."""
        from sqlalchemy import select

        from hub.storage.tables import totp

        wanted = select(totp.c.secret, totp.c.last_step).where(totp.c.user_id == user.id)
        row = (await connection.execute(wanted)).one_or_none()
        if row is None or self._sealer is None:
            return False
        step = self._step_of(self._sealer.open(row.secret, _bind(user)), code)
        if step is None or step <= row.last_step:
            return False
        where = totp.c.user_id == user.id
        await connection.execute(totp.update().where(where).values(last_step=step))
        return True

    async def _use_recovery(self, connection: "AsyncConnection", user: User, code: str) -> bool:
        from sqlalchemy import select

        from hub.storage.tables import totp

        where = totp.c.user_id == user.id
        found = await connection.scalar(select(totp.c.recovery).where(where))
        known = [] if found is None else [str(item) for item in loads(found)]
        wanted = _hash(user, code)
        left = [item for item in known if not secrets.compare_digest(item, wanted)]
        if len(left) == len(known):
            return False
        await connection.execute(totp.update().where(where).values(recovery=dumps(left).decode()))
        data = {"name": user.name, "left": len(left)}
        await self._witness.add(connection, "user.totp.recovery", _target(user), data)
        return True

    def _step_of(self, secret: str, code: str) -> int | None:
        """Return the time step that a code belongs to, None when it is none of about now."""
        import pyotp

        text = "".join(code.split())
        if len(text) != _DIGITS or not (text.isascii() and text.isdigit()):
            return None
        totp, now = pyotp.TOTP(secret), int(self._clock.time()) // STEP
        found = None
        for step in range(now - DRIFT, now + DRIFT + 1):
            if secrets.compare_digest(totp.generate_otp(step), text):
                found = step
        return found


def _svg(url: str) -> str:
    """Draw a URL as a QR code; black on white, whatever the page's colours are."""
    import segno

    return str(
        segno.make(url, error="m", micro=False).svg_inline(
            scale=4, border=4, dark="#000", light="#fff"
        )
    )


def _recovery_code() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(RECOVERY_LENGTH))
    return "-".join(text[at : at + 4] for at in range(0, RECOVERY_LENGTH, 4))


def _hash(user: User, code: str) -> str:
    plain = code.replace("-", "")
    return hashlib.sha256(f"{user.id}:{plain}".encode(errors="replace")).hexdigest()


def _bind(user: User) -> str:
    return f"totp:{user.id}:secret"


def _target(user: User) -> str:
    return f"user/{user.id}"
