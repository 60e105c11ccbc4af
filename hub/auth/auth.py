"""The door: one object that holds users, tokens, flows and what slows down guessing."""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hub.auth.addresses import is_local
from hub.auth.bans import Bans, Network
from hub.auth.codes import Codes
from hub.auth.errors import (
    InvalidAuth,
    InvalidCurrentPassword,
    LoginBlocked,
    TooManyAttempts,
    WeakPassword,
)
from hub.auth.flows import Flows
from hub.auth.grants import Grants
from hub.auth.onboarding import Onboarding
from hub.auth.passwords import Passwords
from hub.auth.places import Places
from hub.auth.policies import Policies
from hub.auth.setup import Setups
from hub.auth.throttle import Throttle
from hub.auth.tokens import Tokens
from hub.auth.totp import Sealer, Totp
from hub.auth.user import User
from hub.auth.users import Users, normal
from hub.auth.witness import Witness
from hub.errors import InvalidFormat
from hub.storage import Documents
from hub.util.clock import Clock, SystemClock

if TYPE_CHECKING:
    from hub.storage import Database

_LOGGER = logging.getLogger(__name__)


class Auth:
    """Who may come in."""

    def __init__(
        self,
        database: "Database",
        clock: Clock | None = None,
        *,
        passwords: Passwords | None = None,
        redirects: Mapping[str, Iterable[str]] | None = None,
        sealer: Sealer | None = None,
        places: Places | None = None,
        ban_after: int = 0,
        ban_minutes: float = 60,
        never_banned: Iterable[Network] = (),
    ) -> None:
        """Keep users and tokens in `database`; `redirects` are further client/address pairs.

        `sealer` seals the secrets of second factors; `places` tells where entities belong.
        """
        clock = SystemClock() if clock is None else clock
        self._passwords = Passwords() if passwords is None else passwords
        self.witness = Witness()
        """Told of logins, tokens and changes; the composition root names the audit log."""
        self.bans = Bans(
            database,
            clock,
            self.witness,
            after=ban_after,
            minutes=ban_minutes,
            spared=never_banned,
        )
        self._throttle = Throttle(clock, self.bans)
        self._codes = Codes(clock)
        self.users = Users(database, clock, self._passwords, self.witness)
        self.policies = Policies(database, clock, self.users, self.witness, places)
        self.totp = Totp(database, clock, self.users, self.witness, sealer)
        self.setups = Setups(clock, self.totp)
        self.tokens = Tokens(database, clock, self.users, self.witness)
        self.onboarding = Onboarding(Documents(database), self.users, self._codes, self._throttle)
        self.flows = Flows(clock, self._codes, self, redirects)
        self.grants = Grants(self._codes, self.tokens, self._throttle, self.refusal)

    async def load(self) -> None:
        """Read users, policies, tokens, bans and the first run's steps; raises `StorageError`."""
        await self.policies.load()
        await self.users.load()
        await self.totp.load()
        await self.tokens.load()
        await self.bans.load()
        await self.onboarding.load()

    async def flush(self) -> None:
        """Write what is gathered in memory."""
        await self.tokens.flush()

    @property
    def has_users(self) -> bool:
        """Tell whether the owner exists."""
        return len(self.users) > 0

    async def create_owner(self, name: str, username: str, password: str) -> User:
        """Make the first user without the page; the first run is done with it.

        Raises `NotAllowed` when there is an owner, `InvalidUsername`, `InvalidInfo`.
        """
        user = await self.users.create_owner(name, username, password)
        await self.onboarding.complete_all()
        return user

    async def login(self, username: str, password: str, address: str | None = None) -> User:
        """Return the user of a name and password; `second_factor` tells whether a code is due.

        Raises `InvalidAuth`, `LoginBlocked` when the user may not come in, `TooManyAttempts`.
        """
        name = normal(username)
        try:
            self._throttle.attempt(address, name)
        except TooManyAttempts:
            self.witness.tell("login.throttled", name, "denied", address=address)
            raise
        user = self.users.by_username(name)
        known = None if user is None else self.users.password_hash(user)
        right = await self._passwords.verify(known, password)
        # The password may have been changed, or the user removed, while it was checked.
        if user is None or not right or self.users.password_hash(user) != known:
            _LOGGER.warning("Login failed from %s", address)
            self.witness.tell("login.failed", name, "denied", address=address)
            raise InvalidAuth
        if not user.second_factor:
            # With a second factor the attempt counts as failed until the code is right as well.
            self._throttle.succeeded(address, name)
        reason = self.refusal(user, address)
        if reason is not None:
            self.witness.tell("login.blocked", name, "denied", user=user, address=address)
            raise LoginBlocked(f"Login blocked: {reason}")
        if known is not None and self._passwords.outdated(known):
            await self.users.renew_hash(user, known, password)
        return user

    async def check_code(self, user: User, code: str, address: str | None = None) -> bool:
        """Tell whether a code of the second factor is right, after the password was.

        Raises `LoginBlocked` when the user may not come in any more, `TooManyAttempts`.
        """
        name = user.username or ""
        try:
            self._throttle.attempt(address, name)
        except TooManyAttempts:
            self.witness.tell("login.throttled", name, "denied", address=address)
            raise
        if not await self.totp.verify(user, code):
            _LOGGER.warning("Log-in with a wrong code from %s", address)
            data = {"reason": "code"}
            self.witness.tell("login.failed", name, "denied", address=address, data=data)
            return False
        reason = self.refusal(user, address)
        if reason is not None:
            raise LoginBlocked(f"Login blocked: {reason}")
        self._throttle.succeeded(address, name)
        return True

    async def change_password(
        self, user: User, current: str, new: str, address: str | None = None
    ) -> None:
        """Change one's own password; guessing the current one is slowed down like a log-in.

        Raises `InvalidCurrentPassword`, `WeakPassword`, `TooManyAttempts`.
        """
        name = user.username or ""
        self._throttle.attempt(address, name)
        try:
            await self.users.change_password(user, current, new)
        except InvalidCurrentPassword:
            self.witness.tell("user.password", f"user/{user.id}", "denied", address=address)
            raise
        except WeakPassword:
            self._throttle.succeeded(address, name)
            raise
        self._throttle.succeeded(address, name)

    def link(self, user: User, code: str, client_id: str) -> None:
        """Link the credentials behind a one-use code to a user who has them already.

        Raises `InvalidFormat` for a bad code and for somebody else's.
        """
        found = self._codes.take(code, client_id)
        if found is None:
            raise InvalidFormat("Invalid code")
        if found.user is not user:
            raise InvalidFormat("Credential already linked")

    def refusal(self, user: User, address: str | None) -> str | None:
        """Say why a user may not come in from an address, None when he may."""
        if not user.is_active:
            return "User is not active"
        if user.local_only and not is_local(address):
            return "User cannot authenticate remotely"
        return None

    def is_local(self, address: str | None) -> bool:
        """Tell whether an address is of this machine or of a private network."""
        return is_local(address)

    def failed(self, address: str | None, token: str | None = None) -> None:
        """Count a bad access token against an address."""
        self._throttle.failed(address, token=token)

    def wait(self, address: str | None) -> float:
        """Return how many seconds logins from an address must wait."""
        return self._throttle.wait(address)
