"""What was asked of one CA lately, against its limits: asked before an order costs anything.

The limits are below those of Let's Encrypt (letsencrypt.org/docs/rate-limits), which are the
strictest of the public CAs; others send a problem with `Retry-After`, which is kept here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

HOUR: Final = 3600.0
WEEK: Final = 7 * 86400.0
MAX_SUBJECTS: Final = 5000
"""Names and sets of names that are kept; the oldest go first."""
LONGEST_BLOCK: Final = WEEK


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so many seconds."""

    count: int
    seconds: float
    what: str


LIMITS: Final[Mapping[str, Limit]] = {
    "order": Limit(90, HOUR, "new orders"),
    "failure": Limit(4, HOUR, "failed validations"),
    "issued": Limit(4, WEEK, "certificates for the same names"),
}


@dataclass(frozen=True, slots=True)
class Wait:
    """From when the CA may be asked again, and why not before."""

    until: float
    why: str


@dataclass(slots=True)
class Ledger:
    """The counts of one CA and account; times are seconds since 1970."""

    entries: dict[str, list[float]] = field(default_factory=dict)
    """By `kind:subject` when it happened."""
    blocks: dict[str, Wait] = field(default_factory=dict)
    """By `` (the CA) or a name: until when the CA itself said to stay away."""

    def wait(self, names: Sequence[str], now: float) -> Wait | None:
        """Return what keeps from ordering now; None = nothing does."""
        found = [self._full("order", "", now), self._full("issued", _set(names), now)]
        found += [self._full("failure", name, now) for name in names]
        found += [self.blocks.get(subject) for subject in ("", *names)]
        waits = [item for item in found if item is not None and item.until > now]
        return max(waits, key=lambda item: item.until, default=None)

    def ordered(self, now: float) -> None:
        """Count a new order."""
        self._add("order", "", now)
        self.prune(now)

    def failed(self, names: Sequence[str], now: float) -> None:
        """Count a failed validation of each of these names."""
        for name in names:
            self._add("failure", name, now)
        self.prune(now)

    def issued(self, names: Sequence[str], now: float) -> None:
        """Count a certificate for this set of names."""
        self._add("issued", _set(names), now)
        self.prune(now)

    def block(self, names: Sequence[str], seconds: float, why: str, now: float) -> None:
        """Stay away as long as the CA wants; without names from the whole CA."""
        until = now + min(max(seconds, 0.0), LONGEST_BLOCK)
        for subject in names or ("",):
            before = self.blocks.get(subject)
            if before is None or before.until < until:
                self.blocks[subject] = Wait(until, why)

    def prune(self, now: float) -> None:
        """Forget what no limit counts any more."""
        for key, times in list(self.entries.items()):
            since = now - LIMITS[key.partition(":")[0]].seconds
            # times ahead of the clock are kept: the clock was set back, the CA's was not
            left = [at for at in times if at > since]
            if left:
                self.entries[key] = left
            else:
                del self.entries[key]
        self.blocks = {name: item for name, item in self.blocks.items() if item.until > now}
        for key in sorted(self.entries, key=lambda key: self.entries[key][-1])[:-MAX_SUBJECTS]:
            del self.entries[key]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        blocks = {name: [item.until, item.why] for name, item in self.blocks.items()}
        return {"entries": self.entries, "blocks": blocks}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Ledger":
        """Rebuild from `as_dict`; kinds that are not known any more are left out."""
        entries = {
            key: [float(at) for at in times]
            for key, times in data.get("entries", {}).items()
            if key.partition(":")[0] in LIMITS
        }
        blocks = {name: Wait(float(at), str(why)) for name, (at, why) in data["blocks"].items()}
        return cls(entries, blocks)

    def _add(self, kind: str, subject: str, now: float) -> None:
        times = self.entries.setdefault(f"{kind}:{subject}", [])
        times.append(now)
        times.sort()
        del times[: -LIMITS[kind].count]

    def _full(self, kind: str, subject: str, now: float) -> Wait | None:
        limit = LIMITS[kind]
        times = [at for at in self.entries.get(f"{kind}:{subject}", []) if at > now - limit.seconds]
        if len(times) < limit.count:
            return None
        of = f" of {subject}" if subject else ""
        hours = f"{limit.seconds / HOUR:g} h"
        return Wait(
            min(times[-limit.count] + limit.seconds, now + limit.seconds),
            f"{limit.count} {limit.what}{of} within {hours} are as many as the CA may be asked",
        )


def _set(names: Sequence[str]) -> str:
    return ",".join(sorted(names))
