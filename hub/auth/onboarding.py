"""The first run: the owner is made, then three small steps, each once."""

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Any, Final

from hub.auth.addresses import is_local
from hub.auth.clients import client_allowed, redirect_allowed
from hub.auth.codes import Codes
from hub.auth.forms import fields, optional_text, text
from hub.auth.throttle import Throttle
from hub.auth.users import Users
from hub.errors import InvalidFormat, NotFound, Unauthorized

if TYPE_CHECKING:
    from hub.auth.tokens import Session
    from hub.storage import Documents

_LOGGER = logging.getLogger(__name__)

STEPS: Final = {
    "user": "User",
    "core_config": "Core config",
    "analytics": "Analytics",
    "integration": "Integration",
}
"""The steps in order, with their names in messages."""

_NAMESPACE, _KEY = "auth", "onboarding"
_USER: Final = ("name", "username", "password", "client_id", "language")


class Onboarding:
    """Which steps are done, and the making of the owner."""

    def __init__(
        self, documents: "Documents", users: Users, codes: Codes, throttle: Throttle
    ) -> None:
        """Start with no step done; `load` reads what is."""
        self._documents = documents
        self._users = users
        self._codes = codes
        self._throttle = throttle
        self._done: set[str] = set()
        self._working = asyncio.Lock()
        self._setup_code = secrets.token_hex(8)
        self._told = False

    async def load(self) -> None:
        """Read which steps are done; raises `StorageError`."""
        known = await self._documents.load(_NAMESPACE, _KEY)
        self._done = set(known or ()) & STEPS.keys()

    @property
    def finished(self) -> bool:
        """Tell whether every step is done."""
        return all(map(self.done, STEPS))

    def done(self, step: str) -> bool:
        """Tell whether a step is done; the first is as soon as there is a user."""
        return step in self._done or (step == "user" and len(self._users) > 0)

    def steps(self) -> list[dict[str, Any]]:
        """Return the answer of `GET /api/onboarding`."""
        return [{"step": step, "done": self.done(step)} for step in STEPS]

    async def create_user(
        self, body: object, address: str | None, host: str | None = None
    ) -> dict[str, Any]:
        """Make the owner from the page's form and return `{"auth_code": ...}`.

        From outside the local network the form needs `setup_code`, which stands in the log.
        Raises `Unauthorized` when the step is done or the code missing, `InvalidFormat`,
        `InvalidInfo`, `InvalidUsername`, `TooManyAttempts`.
        """
        self._check("user")
        values = fields(body, _USER, ("setup_code",))
        name, username, password, client_id, _ = (text(values, field) for field in _USER)
        if not client_allowed(client_id, host):
            raise InvalidFormat("Invalid client id")
        if not is_local(address):
            self._check_setup_code(optional_text(values, "setup_code") or "", address)
        async with self._working:
            self._check("user")
            user = await self._users.create_owner(name, username, password)
            await self._mark("user")
        return {"auth_code": self._codes.issue(user, client_id)}

    async def complete(self, step: str) -> None:
        """Mark a step as done; raises `Unauthorized` when it is, `NotFound` for an unknown one."""
        if step not in STEPS:
            raise NotFound("There is no such step")
        async with self._working:
            self._check(step)
            await self._mark(step)

    async def integration(
        self, body: object, session: "Session", host: str | None = None
    ) -> dict[str, Any]:
        """Do the last step and return a code for the asking client.

        Raises `Unauthorized` when it is done, `InvalidFormat`.
        """
        self._check("integration")
        values = fields(body, ("client_id", "redirect_uri"), ())
        client_id, redirect_uri = text(values, "client_id"), text(values, "redirect_uri")
        if not client_allowed(client_id, host) or not redirect_allowed(client_id, redirect_uri):
            raise InvalidFormat("invalid client id or redirect uri")
        await self.complete("integration")
        return {"auth_code": self._codes.issue(session.user, client_id)}

    async def complete_all(self) -> None:
        """Mark every step as done, for owners that are not made on the page."""
        async with self._working:
            await self._mark(*STEPS)

    def _check(self, step: str) -> None:
        if self.done(step):
            raise Unauthorized(f"{STEPS[step]} step already done")

    def _check_setup_code(self, code: str, address: str | None) -> None:
        self._throttle.attempt(address)
        if secrets.compare_digest(code.encode(errors="replace"), self._setup_code.encode()):
            self._throttle.succeeded(address)
            return
        if not self._told:
            self._told = True
            _LOGGER.warning(
                "Set-up was asked for from outside the local network (%s); it needs the set-up "
                "code %s, which is good once and until the hub stops",
                address,
                self._setup_code,
            )
        raise Unauthorized("Set-up from outside the local network needs the code in the hub's log")

    async def _mark(self, *steps: str) -> None:
        done = self._done | set(steps)
        await self._documents.save(_NAMESPACE, _KEY, sorted(done))
        self._done = done
