"""Slowing down those who guess: failures per address and per user name, with growing waits."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from hub.auth.addresses import counted, is_local
from hub.auth.bans import Bans
from hub.auth.errors import TooManyAttempts
from hub.util.clock import Clock

FREE: Final = 8
"""Failures that cost no wait."""

LONGEST: Final = 300.0
"""Seconds of the longest wait; it doubles from 1 s."""

FORGET: Final = 3600.0
"""Seconds after the last failure until it is forgotten."""

MAX_KEYS: Final = 4096
MAX_FRIENDS: Final = 256


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until the next attempt is allowed."""
        if self.count < FREE:
            return 0.0
        pause = min(LONGEST, 2.0 ** min(self.count - FREE, 16))
        return max(0.0, self.last + pause - now)


class Throttle:
    """Counts failures; bounded in memory, the oldest and smallest counts go first.

    A local address, and one from which a user has logged in before, is not held up by what others
    try with the same name, so that nobody can lock out the owner from afar.
    """

    def __init__(self, clock: Clock, bans: Bans | None = None) -> None:
        """Count in the time of `clock`; `bans` hears of every failure."""
        self._clock = clock
        self._bans = bans
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._friends: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait(self, address: str | None, name: str | None = None) -> float:
        """Return how many seconds an attempt must wait, 0 when it may run."""
        now = self._clock.monotonic()
        return max((self._peek(key).wait(now) for key in self._keys(address, name)), default=0.0)

    def attempt(self, address: str | None, name: str | None = None) -> None:
        """Count an attempt as failed until `succeeded`; raises `TooManyAttempts` when it must wait.

        Counting first makes many attempts at once cost as much as one after the other.
        """
        seconds = self.wait(address, name)
        if seconds > 0:
            if self._bans is not None:
                self._bans.failed(address)
            raise TooManyAttempts(seconds)
        self.failed(address, name)

    def failed(
        self, address: str | None, name: str | None = None, token: str | None = None
    ) -> None:
        """Count one failure; `token` is what was shown, when it was one."""
        if self._bans is not None:
            self._bans.failed(address, token)
        now = self._clock.monotonic()
        for key in self._keys(address, name):
            entry = self._peek(key)
            entry.count += 1
            entry.last = now
            self._failures[key] = entry
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_KEYS:
            self._evict()

    def succeeded(self, address: str | None, name: str | None = None) -> None:
        """Forget the failures of an address and a name; the pair is a friend from now on."""
        if self._bans is not None:
            self._bans.succeeded(address)
        for key in self._keys(address, name):
            self._failures.pop(key, None)
        if name is not None:
            self._friends[(counted(address), name)] = None
            self._friends.move_to_end((counted(address), name))
            if len(self._friends) > MAX_FRIENDS:
                self._friends.popitem(last=False)

    def _keys(self, address: str | None, name: str | None) -> list[str]:
        where = counted(address)
        keys = [f"address {where}"]
        if name is not None and not is_local(address) and (where, name) not in self._friends:
            keys.append(f"name {name}")
        return keys

    def _peek(self, key: str) -> _Failures:
        entry = self._failures.get(key)
        if entry is None or self._clock.monotonic() - entry.last > FORGET:
            return _Failures()
        return entry

    def _evict(self) -> None:
        """Drop the smallest count among the oldest few."""
        oldest = [key for key, _ in zip(self._failures, range(16), strict=False)]
        del self._failures[min(oldest, key=lambda key: self._failures[key].count)]
