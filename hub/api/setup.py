"""The first owner: made from the local network, or with the code that stands in the log."""

import logging
import secrets
from typing import TYPE_CHECKING, Final

from hub.errors import HubError

if TYPE_CHECKING:
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
MAX_ATTEMPTS: Final = 10
"""Wrong codes per window, from all addresses together: 10 of 10^15 possible codes."""
WINDOW_SECONDS: Final = 300.0


class SetupCodeRequired(HubError):  # noqa: N818 - names the fact
    """The first owner can be made from here only with the set-up code."""

    code = "setup_code_required"
    http_status = 403


class TooManySetupAttempts(HubError):  # noqa: N818 - names the fact
    """Too many wrong set-up codes; wait some minutes."""

    code = "too_many_attempts"
    http_status = 429


class SetupCode:
    """Guards the creation of the first owner; useless as soon as there is one."""

    def __init__(self, hub: "Hub") -> None:
        """Draw a code, which lives in memory and in the log only."""
        self._hub = hub
        self._code = "-".join(
            "".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)
        )
        self._attempts = 0
        self._window_ends = 0.0

    def explain(self, port: int) -> None:
        """Tell in the log how to make the first owner, while there is none."""
        if not self._hub.auth.has_users:
            _LOGGER.warning(
                "There is no owner yet: open http://127.0.0.1:%d on this network to create one; "
                "from elsewhere the set-up code is %s",
                port,
                self._code,
            )

    def check(self, local: bool, given: object) -> None:
        """Let a request for the first owner pass; raises when it is foreign and has no code."""
        if local or self._hub.auth.has_users:
            return
        now = self._hub.clock.monotonic()
        if now >= self._window_ends:
            self._attempts = 0
            self._window_ends = now + WINDOW_SECONDS
        if self._attempts >= MAX_ATTEMPTS:
            raise TooManySetupAttempts("Too many wrong set-up codes, wait five minutes")
        if not isinstance(given, str) or not given:
            raise SetupCodeRequired(
                "The first owner can be created from the local network, or with the set-up code "
                "that the hub wrote into its log"
            )
        wanted = self._code.replace("-", "")
        offered = given.strip().upper().replace("-", "")
        if not secrets.compare_digest(offered.encode(), wanted.encode()):
            self._attempts += 1
            raise SetupCodeRequired(
                "The set-up code is wrong, the right one stands in the hub's log"
            )
