"""One-use authorisation codes, with the proof (PKCE) that only their client can give."""

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from hub.auth.user import User
from hub.util.clock import Clock

GOOD_FOR: Final = 600.0
"""Seconds a code can be exchanged."""

MAX_CODES: Final = 1000
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for."""

    user: User
    client_id: str
    challenge: str | None
    ends: float


class Codes:
    """Open codes; each can be taken once."""

    def __init__(self, clock: Clock) -> None:
        """Let codes end by `clock`."""
        self._clock = clock
        self._codes: OrderedDict[str, Code] = OrderedDict()

    def issue(self, user: User, client_id: str, challenge: str | None = None) -> str:
        """Return a new code, 32 hexadecimal digits; `challenge` is the PKCE challenge."""
        code = secrets.token_hex(16)
        ends = self._clock.monotonic() + GOOD_FOR
        self._codes[code] = Code(user, client_id, challenge, ends)
        while len(self._codes) > MAX_CODES:
            self._codes.popitem(last=False)
        return code

    def take(self, code: str, client_id: str) -> Code | None:
        """Use up a code; None when it is unknown, used, too old or another client's."""
        found = self._codes.pop(code, None)
        if found is None or found.ends <= self._clock.monotonic() or found.client_id != client_id:
            return None
        return found


def is_challenge(challenge: str) -> bool:
    """Tell whether a text can be the unpadded base64url of a SHA-256."""
    return _CHALLENGE.fullmatch(challenge) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Tell whether a PKCE verifier belongs to a challenge (S256)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    made = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return secrets.compare_digest(made, challenge)
