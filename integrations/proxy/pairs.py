"""Where certificates with their keys are kept: sealed, so that key rotation and backups cover them.

One sealed document for each `proxy.certificate`: the newest pair and those before it that are not
proven to be out of use yet, and the order that is under way. Accounts at CAs lie beside.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.sdk import Hub, dumps, loads
from integrations.proxy.acme.chain import Facts
from integrations.proxy.const import CERTIFICATE
from integrations.proxy.models import Pair, Part

NAMESPACE: Final = "sealed"
"""The namespace of documents whose content is one sealed text; rotation renews those."""
KEPT: Final = 12
"""Pairs of one certificate that are kept at most, while some server has not got the newest."""


@dataclass(frozen=True, slots=True)
class Version:
    """One pair of a certificate."""

    number: int
    """Counts the pairs of the certificate, from 1; the revision of its part."""
    chain: str
    key: str = field(repr=False)
    facts: Facts
    since: float
    """When the hub got it, seconds since 1970."""
    wanted: str
    """What it was made for (`Wanted.fingerprint`); another one needs another pair."""

    @property
    def pair(self) -> Pair:
        """Return the pair as it is deployed."""
        return Pair(self.chain.encode(), self.key.encode(), self.facts.serial)

    def part(self, key: str) -> Part:
        """Return what servers are told of it; nothing secret."""
        chain, private = (
            hashlib.sha256(text.encode()).hexdigest()[:16] for text in (self.chain, self.key)
        )
        return Part(
            f"{CERTIFICATE}/{key}",
            self.number,
            {
                "serial": self.facts.serial,
                "chain": f"files/{key}-{chain}.pem",
                "key": f"files/{key}-{private}.key",
                "not_after": self.facts.not_after,
                "domain_names": list(self.facts.names),
            },
        )


@dataclass(frozen=True, slots=True)
class Pending:
    """An order that was begun: what a hub needs that ends before it has the certificate."""

    wanted: str
    key: str = field(repr=False)
    order: str | None = None
    """The URL of the order; None = not made yet, or not known whether it was."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that is kept of one certificate."""

    versions: tuple[Version, ...] = ()
    """Oldest first."""
    proved: int | None = None
    """The version that every server was seen to serve last."""
    pending: Pending | None = None

    @property
    def newest(self) -> Version | None:
        """Return the pair that is to be deployed."""
        return self.versions[-1] if self.versions else None


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account at a CA."""

    url: str
    key: str = field(repr=False)
    """PEM."""


class Pairs:
    """Keeps the pairs of all certificates, and the accounts they were ordered with."""

    def __init__(self, hub: Hub) -> None:
        """Read nothing yet."""
        self._hub = hub
        self._records: dict[str, Record] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, key: str, serial: str | None = None) -> Pair | None:
        """Return the pair with a serial, or the newest; None = there is none.

        Raises `SecretUnreadable`, `StorageError`.
        """
        record = await self.record(key)
        for version in reversed(record.versions):
            if serial is None or version.facts.serial == serial:
                return version.pair
        return None

    async def part(self, key: str) -> Part | None:
        """Return the newest pair as servers are told of it; None = not issued yet."""
        newest = (await self.record(key)).newest
        return None if newest is None else newest.part(key)

    async def record(self, key: str) -> Record:
        """Return everything that is kept of a certificate."""
        async with self._lock(key):
            return await self._loaded(key)

    async def begin(self, key: str, pending: Pending) -> None:
        """Keep what is needed to go on with an order after a crash."""
        async with self._lock(key):
            await self._save(key, replace(await self._loaded(key), pending=pending))

    async def drop_pending(self, key: str) -> None:
        """Forget the order that was begun."""
        async with self._lock(key):
            await self._save(key, replace(await self._loaded(key), pending=None))

    async def add(
        self, key: str, pair: Pair, facts: Facts, *, since: float, wanted: str
    ) -> Version:
        """Keep a new pair beside the older ones, on the disk before this returns."""
        async with self._lock(key):
            record = await self._loaded(key)
            number = 1 if record.newest is None else record.newest.number + 1
            made = Version(number, pair.chain.decode(), pair.key.decode(), facts, since, wanted)
            versions = (*record.versions, made)[-KEPT:]
            await self._save(key, Record(versions, record.proved))
            return made

    async def settle(self, key: str, number: int) -> None:
        """Drop the pairs before a version that every server was seen to serve."""
        async with self._lock(key):
            record = await self._loaded(key)
            left = tuple(item for item in record.versions if item.number >= number)
            if (left, number) != (record.versions, record.proved):
                await self._save(key, replace(record, versions=left, proved=number))

    async def forget(self, key: str) -> None:
        """Delete everything that is kept of a certificate."""
        async with self._lock(key):
            self._records.pop(key, None)
            await self._hub.documents.delete(NAMESPACE, _place(key))
        self._locks.pop(key, None)

    async def account(self, directory: str, email: str, kid: str | None) -> StoredAccount | None:
        """Return the account that certificates of one CA and address share."""
        found = await self._open(_account_place(directory, email, kid))
        return None if found is None else StoredAccount(found["url"], found["key"])

    async def keep_account(
        self, directory: str, email: str, kid: str | None, account: StoredAccount
    ) -> None:
        """Keep an account."""
        document = {"directory": directory, "url": account.url, "key": account.key}
        await self._seal(_account_place(directory, email, kid), document)

    def _lock(self, key: str) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    async def _loaded(self, key: str) -> Record:
        record = self._records.get(key)
        if record is None:
            found = await self._open(_place(key))
            record = self._records[key] = Record() if found is None else _record(found)
        return record

    async def _save(self, key: str, record: Record) -> None:
        await self._seal(_place(key), _document(record))
        self._records[key] = record

    async def _open(self, place: str) -> dict[str, Any] | None:
        sealed = await self._hub.documents.load(NAMESPACE, place)
        if sealed is None:
            return None
        opened: dict[str, Any] = loads(self._hub.secrets.open(str(sealed), _bind(place)))
        return opened

    async def _seal(self, place: str, document: Mapping[str, Any]) -> None:
        text = self._hub.secrets.seal(dumps(document).decode(), _bind(place))
        await self._hub.documents.save(NAMESPACE, place, text)


def _place(key: str) -> str:
    return f"{CERTIFICATE}/{key}"


def _account_place(directory: str, email: str, kid: str | None) -> str:
    """Return where an account is kept; one for each directory, address and external account."""
    words = "\n".join((directory, email.lower(), kid or ""))
    return f"proxy.account/{hashlib.sha256(words.encode()).hexdigest()[:32]}"


def _bind(place: str) -> str:
    return f"documents:{NAMESPACE}/{place}:data"


def _document(record: Record) -> dict[str, Any]:
    pending = record.pending
    return {
        "proved": record.proved,
        "versions": [
            {
                "number": item.number,
                "chain": item.chain,
                "key": item.key,
                "facts": item.facts.as_dict(),
                "since": item.since,
                "wanted": item.wanted,
            }
            for item in record.versions
        ],
        "pending": None
        if pending is None
        else {"wanted": pending.wanted, "key": pending.key, "order": pending.order},
    }


def _record(data: Mapping[str, Any]) -> Record:
    pending = data["pending"]
    return Record(
        tuple(
            Version(**{**item, "facts": Facts.from_dict(item["facts"])})
            for item in data["versions"]
        ),
        data["proved"],
        None if pending is None else Pending(**pending),
    )
