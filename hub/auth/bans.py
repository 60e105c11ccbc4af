"""Addresses that are refused for a while because too much was guessed from them."""

import hashlib
import logging
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any, Final

from hub.auth.addresses import counted, parse
from hub.auth.witness import Witness
from hub.errors import NotFound
from hub.util.clock import Clock
from hub.util.times import iso

if TYPE_CHECKING:
    from hub.storage import Database

_LOGGER = logging.getLogger(__name__)

WINDOW: Final = 900.0
"""Seconds over which bad attempts are counted."""

MAX_BANS: Final = 10_000
MAX_WATCHED: Final = 4096

TABLE: Final = "bans"

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Ban:
    """One refused address (IPv6: a /64 network); times in epoch seconds."""

    address: str
    attempts: int
    at: float
    until: float

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "address": self.address,
            "attempts": self.attempts,
            "at": iso(self.at),
            "until": iso(self.until),
        }

    def row(self) -> dict[str, Any]:
        """Return the row of table `bans`."""
        return {
            "address": self.address,
            "attempts": self.attempts,
            "at": self.at,
            "until": self.until,
        }


@dataclass(slots=True)
class _Watched:
    """Bad attempts of one address: when, and the last bad token."""

    times: deque[float]
    token: bytes = b""


class Bans:
    """Counts bad attempts per address and keeps bans; both bounded."""

    def __init__(
        self,
        database: "Database",
        clock: Clock,
        witness: Witness,
        *,
        after: int = 0,
        minutes: float = 60,
        spared: Iterable[Network] = (),
    ) -> None:
        """Ban for `minutes` after so many bad attempts within 15 minutes; 0 bans nobody.

        Nobody is banned in the networks `spared`: a proxy's address would be everybody's.
        """
        self._rows = database.rows
        self._database = database
        self._clock = clock
        self._witness = witness
        self._after = after
        self._spared = tuple(spared)
        self._seconds = minutes * 60
        self._bans: dict[str, Ban] = {}
        self._watched: OrderedDict[str, _Watched] = OrderedDict()

    async def load(self) -> None:
        """Read the bans that still hold; raises `StorageError`."""
        from hub.storage.tables import bans

        async with self._database.read() as connection:
            rows = (await connection.execute(bans.select())).mappings().all()
        for row in rows:
            ban = Ban(**row)
            if ban.until > self._clock.time():
                self._bans[ban.address] = ban
            else:
                self._rows.delete(TABLE, ban.address)

    def all(self) -> list[Ban]:
        """Return the bans that hold, newest first."""
        for ban in list(self._bans.values()):
            self._holds(ban)
        return sorted(self._bans.values(), key=lambda ban: -ban.at)

    @property
    def active(self) -> bool:
        """Tell whether anybody is banned."""
        return bool(self._bans)

    def banned(self, address: str | None) -> bool:
        """Tell whether an address is refused at present."""
        if not self._bans:
            return False
        ban = self._bans.get(counted(address))
        return ban is not None and self._holds(ban)

    def failed(self, address: str | None, token: str | None = None) -> None:
        """Count a bad attempt; the same bad `token` again is no new guess, but a stale client.

        This machine, listed proxies and unknown addresses are never banned.
        """
        found = parse(address)
        if self._after <= 0 or found is None or found.is_loopback:
            return
        if any(found in network for network in self._spared):
            return
        where = counted(address)
        watched = self._watched.setdefault(where, _Watched(deque(maxlen=max(1, self._after))))
        self._watched.move_to_end(where)
        while len(self._watched) > MAX_WATCHED:
            self._watched.popitem(last=False)
        if token is not None:
            digest = hashlib.sha256(token.encode(errors="replace")).digest()
            if digest == watched.token:
                return
            watched.token = digest
        now = self._clock.monotonic()
        watched.times.append(now)
        if len(watched.times) >= self._after and now - watched.times[0] <= WINDOW:
            del self._watched[where]
            self._ban(where)

    def succeeded(self, address: str | None) -> None:
        """Forget the bad attempts of an address from which somebody came in."""
        self._watched.pop(counted(address), None)

    async def lift(self, address: str) -> Ban:
        """End the ban of an address, or of the network it lies in; raises `NotFound`."""
        ban = self._bans.pop(address, None) or self._bans.pop(counted(address), None)
        if ban is None:
            raise NotFound(f"The address {address[:64]} is not banned")
        self._rows.delete(TABLE, ban.address)
        self._witness.tell("unban", f"address/{ban.address}")
        await self._rows.flush()
        return ban

    async def lift_all(self) -> int:
        """End all bans; return how many there were."""
        found = list(self._bans)
        for address in found:
            await self.lift(address)
        return len(found)

    def _ban(self, where: str) -> None:
        now = self._clock.time()
        ban = Ban(where, self._after, now, now + self._seconds)
        while len(self._bans) >= MAX_BANS:
            oldest = next(iter(self._bans))
            del self._bans[oldest]
            self._rows.delete(TABLE, oldest)
        self._bans[where] = ban
        self._rows.put(TABLE, where, ban.row())
        _LOGGER.warning(
            "Banned %s for %g minutes after %d bad attempts; an administrator can lift it",
            where,
            self._seconds / 60,
            self._after,
        )
        data = {"attempts": self._after, "until": iso(ban.until)}
        self._witness.tell("ban", f"address/{where}", "denied", address=where, data=data)

    def _holds(self, ban: Ban) -> bool:
        """Tell whether a ban has not ended; one that has is forgotten."""
        if ban.until > self._clock.time():
            return True
        if self._bans.pop(ban.address, None) is not None:
            self._rows.delete(TABLE, ban.address)
        return False
