"""Gets a certificate from a CA for the hub: account, limits, order, and what is kept on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from hub.sdk import Hub, HubError, ServiceValidationError
from integrations.proxy.acme import ari, chain, keys, renewal
from integrations.proxy.acme.attempts import Attempts, Failure, Memory
from integrations.proxy.acme.client import Client
from integrations.proxy.acme.jws import AccountKey
from integrations.proxy.acme.ledger import Ledger, Wait
from integrations.proxy.acme.order import Issuing, Solver
from integrations.proxy.acme.problems import AcmeError, CAUnavailable
from integrations.proxy.acme.renewal import Life
from integrations.proxy.acme.wanted import Wanted
from integrations.proxy.acme.wire import connected
from integrations.proxy.models import Pair
from integrations.proxy.pairs import Pairs, Pending, StoredAccount, Version

RATE_LIMITED: Final = 3600.0
"""Seconds to stay away from a CA that says that it was asked too often, and not how long."""


class Held(HubError):  # noqa: N818 - the wire names these without "Error"
    """The CA is not asked now: what it said last, or one of its limits, forbids it."""

    code = "acme_held"
    http_status = 429

    def __init__(self, message: str, until: float) -> None:
        """Say why, and until when (seconds since 1970)."""
        super().__init__(message)
        self.until = until


class Issuer:
    """Orders, renews and revokes; nothing is deployed here."""

    def __init__(self, hub: Hub, pairs: Pairs, memory: Memory) -> None:
        """Keep what is issued in `pairs`, and what went wrong in `memory`."""
        self._hub = hub
        self._pairs = pairs
        self._memory = memory
        self._registering: dict[str, asyncio.Lock] = {}
        """Two certificates that come first at once share one new account."""

    async def issue(
        self,
        key: str,
        wanted: Wanted,
        solver: Solver,
        log: Callable[[str], None],
        replaces: str | None = None,
    ) -> Version:
        """Return a new pair, kept on the disk; goes on with an order that was begun.

        Raises `Held` when a limit forbids it, `AcmeError`, `CAUnavailable`, what the solver raises.
        """
        now = self._hub.clock.time()
        account = account_of(wanted)
        pending = await self._pending(key, wanted)
        if pending.order is None:
            wait = (await self._memory.ledger(account)).wait(wanted.names, now)
            if wait is not None:
                raise Held(wait.why, wait.until)
        try:
            version = await self._ordered(key, wanted, solver, log, pending, replaces)
        except (AcmeError, CAUnavailable) as error:
            await self._failed(key, wanted, error)
            raise
        await self._memory.failed(key, None)
        async with self._memory.writing(account) as ledger:
            ledger.issued(wanted.names, self._hub.clock.time())
        return version

    async def wait(self, wanted: Wanted) -> Wait | None:
        """Return what the limits of the CA say to an order now; None = it may be made."""
        ledger: Ledger = await self._memory.ledger(account_of(wanted))
        return ledger.wait(wanted.names, self._hub.clock.time())

    async def refreshed(self, key: str, wanted: Wanted, version: Version) -> Attempts:
        """Ask for renewal information when it is time to; what fails is asked again later."""
        attempts = await self._memory.attempts(key)
        now, serial = self._hub.clock.time(), version.facts.serial
        same = attempts.window_of == serial
        if version.facts.cert_id is None or (same and now < attempts.window_check_at):
            return attempts
        window, check_at = attempts.window_for(serial), now + ari.CHECK[1]
        try:
            async with self._client(wanted) as client:
                answer = await client.renewal_info(version.facts.cert_id)
            if answer is not None:
                window = ari.window(answer.data, answer.retry_after, now) or window
                check_at = check_at if window is None else window.check_at
        except HubError:
            # an hour later: without it the share of the lifetime counts
            check_at = now + 3600.0
        found = replace(
            attempts,
            window=window,
            window_of=serial,
            window_check_at=max(check_at, now + ari.CHECK[0]),
        )
        await self._memory.keep(key, found)
        return found

    async def revoke(self, wanted: Wanted, version: Version, reason: int) -> None:
        """Revoke a certificate; one that is revoked already is a success."""
        async with self._client(wanted) as client:
            await self._account(client, wanted)
            await client.revoke(chain.first_der(version.chain.encode()), reason)

    # private

    async def _pending(self, key: str, wanted: Wanted) -> Pending:
        """Return the order that was begun for the same, or a new key for a new one."""
        found = (await self._pairs.record(key)).pending
        if found is not None and found.wanted == wanted.fingerprint:
            return found
        private = await keys.make(wanted.key_type)
        made = Pending(wanted.fingerprint, private.decode())
        await self._pairs.begin(key, made)
        return made

    async def _ordered(
        self,
        key: str,
        wanted: Wanted,
        solver: Solver,
        log: Callable[[str], None],
        pending: Pending,
        replaces: str | None,
    ) -> Version:
        account, private = account_of(wanted), pending.key.encode()

        async def ordering() -> None:
            async with self._memory.writing(account) as ledger:
                ledger.ordered(self._hub.clock.time())

        async def ordered(url: str) -> None:
            await self._pairs.begin(key, replace(pending, order=url))

        async with self._client(wanted) as client:
            await self._account(client, wanted)
            run = Issuing(
                client,
                self._hub.clock,
                solver,
                wanted.names,
                log,
                ordered,
                ordering,
                wanted.profile,
                replaces,
            )
            pem = await run.run(private, pending.order)
        now = self._hub.clock.time()
        try:
            ordered_chain, facts = await chain.checked(pem, private, wanted.names, now)
        except ServiceValidationError as error:
            raise CAUnavailable(f"{client.wire.host}: {error.message}") from error
        pair = Pair(ordered_chain, private, facts.serial)
        version = await self._pairs.add(key, pair, facts, since=now, wanted=wanted.fingerprint)
        log(f"Issued: serial {facts.serial} by {facts.issuer}")
        return version

    @asynccontextmanager
    async def _client(self, wanted: Wanted) -> AsyncIterator[Client]:
        async with connected(wanted.directory, self._hub.clock, wanted.ca_certificate) as wire:
            client = Client(wire)
            await client.open()
            yield client

    async def _account(self, client: Client, wanted: Wanted) -> None:
        """Speak for the account of this CA and address; one that the CA has forgotten is anew."""
        place = wanted.directory, wanted.email, wanted.kid
        async with self._registering.setdefault(account_of(wanted), asyncio.Lock()):
            stored = await self._pairs.account(*place)
            key = AccountKey.make() if stored is None else AccountKey.load(stored.key)
            if stored is not None and await client.find(key) is not None:
                return
            account = await client.register(key, wanted.email or None, wanted.eab)
            await self._pairs.keep_account(*place, StoredAccount(account.url, key.pem()))

    async def _failed(self, key: str, wanted: Wanted, error: AcmeError | CAUnavailable) -> None:
        """Remember a refusal: its words, what it counts against, and when to try again."""
        now = self._hub.clock.time()
        away = isinstance(error, CAUnavailable)
        names = [] if isinstance(error, CAUnavailable) else error.names
        async with self._memory.writing(account_of(wanted)) as ledger:
            if isinstance(error, AcmeError):
                ledger.failed(names, now)
                if error.has("rateLimited"):
                    # for these names alone: most limits are of a domain, and a certificate that
                    # another one's refusal held up for days would be worse than one request more
                    seconds = error.retry_after or RATE_LIMITED
                    ledger.block(names or wanted.names, seconds, error.message, now)
            elif error.retry_after is not None:
                ledger.block((), error.retry_after, error.message, now)
        record = await self._pairs.record(key)
        if isinstance(error, AcmeError) and record.pending is not None:
            # the order is spent; the next one gets a key of its own
            await self._pairs.drop_pending(key)
        before = (await self._memory.attempts(key)).failure
        same = before is not None and before.wanted == wanted.fingerprint
        count = 1 + (before.count if before is not None and same else 0)
        newest = record.newest
        urgent = newest is not None and renewal.urgent(life(newest), now)
        distance = renewal.distance(count, key, away=away, is_urgent=urgent)
        problems = [] if isinstance(error, CAUnavailable) else error.problems
        failure = Failure(
            wanted.fingerprint,
            now,
            count,
            now + distance,
            error.message,
            [item.as_dict() for item in problems],
        )
        await self._memory.failed(key, failure)


def life(version: Version) -> Life:
    """Return how long a pair lives."""
    return Life(version.facts.not_before, version.facts.not_after, version.since)


def account_of(wanted: Wanted) -> str:
    """Return what the limits of a CA are counted for."""
    return f"{wanted.directory} {wanted.email} {wanted.kid or ''}"
