"""When a certificate is renewed, and when a failed attempt is repeated: pure, of times alone.

All times are seconds since 1970. Nothing here is random: what looks so is drawn from the
certificate's own id, so that a hub that starts anew comes to the same moment.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from integrations.proxy.acme.ari import Window

SHORT_LIVED: Final = 10 * 86400.0
"""Certificates that live shorter are renewed at half of their life."""
FRACTION: Final = 2 / 3
SHORT_FRACTION: Final = 1 / 2
JITTER: Final = 1 / 50
"""Share of the lifetime over which renewals without renewal information are spread."""
URGENT: Final = 1 / 6
"""Share of the lifetime that is left when a failing renewal is told as urgent."""

FIRST_DISTANCE: Final = 15 * 60.0
"""Between a refusal and the next attempt, doubling: with it a CA that allows five failed
validations in an hour (Let's Encrypt does) is never asked a fifth time."""
LONGEST_DISTANCE: Final = 24 * 3600.0
LONGEST_URGENT: Final = 6 * 3600.0
FIRST_AWAY: Final = 60.0
LONGEST_AWAY: Final = 3600.0
"""The same when the CA only did not answer."""


@dataclass(frozen=True, slots=True)
class Life:
    """How long a certificate is valid, and since when it is ours."""

    not_before: float
    not_after: float
    since: float | None = None
    """When the hub got it; a certificate that is older on paper is not renewed at once."""

    @property
    def begin(self) -> float:
        """Return from when its life counts."""
        if self.since is None:
            return self.not_before
        return min(max(self.not_before, self.since), self.not_after)

    @property
    def seconds(self) -> float:
        """Return how long it lives."""
        return max(1.0, self.not_after - self.begin)


@dataclass(frozen=True, slots=True)
class Due:
    """When to renew, and why then."""

    at: float
    why: str
    """`ari`, `fraction` or `asked`."""


def due(life: Life, seed: str, window: Window | None = None) -> Due:
    """Return when a certificate is to be renewed; `seed` is what makes it differ from others.

    A window that the CA suggests counts (RFC 9773 section 4.2), yet nothing waits longer than
    until a sixth of the lifetime is left.
    """
    latest = life.not_after - life.seconds * URGENT
    if window is not None:
        drawn = window.start + chance(seed, window.start, window.end) * (window.end - window.start)
        return Due(min(drawn, latest), "ari")
    fraction = SHORT_FRACTION if life.seconds < SHORT_LIVED else FRACTION
    share = fraction + JITTER * chance(seed)
    return Due(life.begin + life.seconds * share, "fraction")


def urgent(life: Life, now: float) -> bool:
    """Tell whether less than a sixth of the life is left."""
    return now > life.not_after - life.seconds * URGENT


def distance(failures: int, seed: str, *, away: bool = False, is_urgent: bool = False) -> float:
    """Return the seconds from the `failures`-th failure in a row to the next attempt."""
    if failures < 1:
        return 0.0
    first, longest = (FIRST_AWAY, LONGEST_AWAY) if away else (FIRST_DISTANCE, LONGEST_DISTANCE)
    if is_urgent:
        longest = min(longest, LONGEST_URGENT)
    grown = min(longest, first * 2.0 ** min(failures - 1, 20))
    # up to a tenth more, so that certificates that failed together part
    return grown * (1.0 + chance(seed, failures) / 10)


def chance(seed: str, *more: float) -> float:
    """Return a number in [0, 1) that is always the same for the same words."""
    text = "\n".join([seed, *(f"{item:.3f}" for item in more)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
