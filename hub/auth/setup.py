"""Setting up a second factor: the secret is shown, a code of the app proves that it arrived."""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from hub.auth.errors import FlowNotFound, InvalidCode
from hub.auth.totp import Offer, Totp
from hub.auth.user import MODULE, User
from hub.errors import InvalidFormat, NotFound
from hub.util.clock import Clock

GOOD_FOR: Final = 600.0
"""Seconds that an offered secret can be put in force."""

MAX_SETUPS: Final = 64
MAX_WRONG_CODES: Final = 5


class NoModule(NotFound):
    """There is no such kind of second factor."""

    code = "no_module"

    def __init__(self, module_id: str) -> None:
        """Name what was asked for."""
        super().__init__(f"MFA module {module_id[:80]} is not found")


@dataclass(slots=True)
class _Setup:
    user: User
    offer: Offer
    ends: float
    wrong: int = 0


class Setups:
    """Offers that wait for their first code; one for each user."""

    def __init__(self, clock: Clock, totp: Totp) -> None:
        """Let offers end by `clock`."""
        self._clock = clock
        self._totp = totp
        self._setups: dict[str, _Setup] = {}

    def start(self, user: User, module_id: str, issuer: str) -> dict[str, Any]:
        """Offer a secret; the form's placeholders hold it as text, URL and SVG.

        Raises `NoModule`, `NotAllowed` when a second factor is in force.
        """
        if module_id != MODULE["id"]:
            raise NoModule(module_id)
        offer = self._totp.offer(user, issuer)
        now = self._clock.monotonic()
        for key, setup in list(self._setups.items()):
            if setup.ends <= now or setup.user is user:
                del self._setups[key]
        while len(self._setups) >= MAX_SETUPS:
            del self._setups[next(iter(self._setups))]
        flow_id = secrets.token_hex(16)
        self._setups[flow_id] = _Setup(user, offer, now + GOOD_FOR)
        return _form(flow_id, offer)

    async def answer(self, user: User, flow_id: str, user_input: object) -> dict[str, Any]:
        """Take the code; return the recovery codes, the form with an error, or an abort.

        Raises `FlowNotFound`, `InvalidFormat`.
        """
        setup = self._setups.get(flow_id)
        if setup is None or setup.user is not user or setup.ends <= self._clock.monotonic():
            raise FlowNotFound
        if not isinstance(user_input, dict) or not isinstance(user_input.get("code"), str):
            raise InvalidFormat('user_input: expected {"code": "six digits"}')
        try:
            codes = await self._totp.enable(user, setup.offer.secret, user_input["code"])
        except InvalidCode:
            setup.wrong += 1
            if setup.wrong < MAX_WRONG_CODES:
                return _form(flow_id, setup.offer, {"base": "invalid_code"})
            self._setups.pop(flow_id, None)
            return {
                "type": "abort",
                "flow_id": flow_id,
                "handler": MODULE["id"],
                "reason": "too_many_retry",
                "description_placeholders": None,
            }
        self._setups.pop(flow_id, None)
        return {
            "type": "create_entry",
            "flow_id": flow_id,
            "handler": MODULE["id"],
            "title": MODULE["name"],
            "description": None,
            "description_placeholders": None,
            "recovery_codes": codes,
        }


def _form(flow_id: str, offer: Offer, errors: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "type": "form",
        "flow_id": flow_id,
        "handler": MODULE["id"],
        "data_schema": [{"type": "string", "name": "code", "required": True}],
        "errors": errors or {},
        "description_placeholders": {
            "code": offer.secret,
            "url": offer.url,
            "qr_code": offer.qr_code,
        },
        "last_step": None,
        "preview": None,
        "step_id": "init",
    }
