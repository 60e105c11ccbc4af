"""What is remembered of asking CAs: failures of each certificate, renewal windows, the ledgers.

Nothing secret; small documents that survive a restart, so that one is no way around a limit.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.sdk import Hub
from integrations.proxy.acme.ari import Window
from integrations.proxy.acme.ledger import Ledger

NAMESPACE: Final = "proxy.certificate"
ASKED: Final = "proxy.certificate.asked"
LEDGERS: Final = "proxy.acme.ledger"


@dataclass(frozen=True, slots=True)
class Failure:
    """The last attempt, which failed."""

    wanted: str
    """What was asked for (`Wanted.fingerprint`)."""
    at: float
    count: int
    """Failures in a row."""
    retry_at: float
    message: str
    problems: list[Any] = field(default_factory=list)
    """Problem documents of the CA, as JSON."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "wanted": self.wanted,
            "at": self.at,
            "count": self.count,
            "retry_at": self.retry_at,
            "message": self.message,
            "problems": self.problems,
        }


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is remembered of one certificate."""

    failure: Failure | None = None
    window: Window | None = None
    window_of: str | None = None
    """The serial that the window is for."""
    window_check_at: float = 0.0
    """When the CA is asked for a window again, seconds since 1970."""
    asked: int | None = None
    """The version that a person wants to be replaced."""

    def window_for(self, serial: str) -> Window | None:
        """Return the window of a certificate, if it is this one's."""
        return self.window if self.window_of == serial else None


class Memory:
    """Loads and saves attempts and ledgers."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._locks: dict[str, asyncio.Lock] = {}

    async def attempts(self, key: str) -> Attempts:
        """Return what is remembered of a certificate."""
        found = await self._hub.documents.load(NAMESPACE, key)
        asked = await self._hub.documents.load(ASKED, key)
        data: Mapping[str, Any] = found if isinstance(found, dict) else {}
        failure, window = data.get("failure"), data.get("window")
        return Attempts(
            None if failure is None else Failure(**failure),
            None if window is None else Window(**window),
            data.get("window_of"),
            data.get("window_check_at", 0.0),
            asked,
        )

    async def keep(self, key: str, attempts: Attempts) -> None:
        """Keep all but what a person asked for."""
        failure, window = attempts.failure, attempts.window
        document = {
            "failure": None if failure is None else failure.as_dict(),
            "window": None if window is None else window.as_dict(),
            "window_of": attempts.window_of,
            "window_check_at": attempts.window_check_at,
        }
        await self._hub.documents.save(NAMESPACE, key, document)

    async def failed(self, key: str, failure: Failure | None) -> None:
        """Keep a failure, or that there is none any more."""
        await self.keep(key, replace(await self.attempts(key), failure=failure))

    async def ask(self, key: str, version: int) -> None:
        """Note that a person wants a version to be replaced."""
        await self._hub.documents.save(ASKED, key, version)

    async def forget(self, key: str) -> None:
        """Delete what is remembered of a certificate."""
        await self._hub.documents.delete(NAMESPACE, key)
        await self._hub.documents.delete(ASKED, key)

    async def ledger(self, account: str) -> Ledger:
        """Return the ledger of one account, to read."""
        found = await self._hub.documents.load(LEDGERS, _name(account))
        return Ledger() if found is None else Ledger.from_dict(found)

    @asynccontextmanager
    async def writing(self, account: str) -> AsyncIterator[Ledger]:
        """Lend the ledger of one account and keep it afterwards; one at a time."""
        name = _name(account)
        async with self._locks.setdefault(name, asyncio.Lock()):
            ledger = await self.ledger(account)
            yield ledger
            await self._hub.documents.save(LEDGERS, name, ledger.as_dict())


def _name(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:32]
