"""What a `proxy.certificate` shows: how long it is good for, and when it is renewed."""

from dataclasses import dataclass
from typing import Final

from hub.sdk import Hub, Phase, Resource, Status
from integrations.proxy.const import CERTIFICATE
from integrations.proxy.watch.told import Told

DAY: Final = 86400.0
URGENT_DAYS: Final = 7
URGENT_SHARE: Final = 1 / 6
"""Of its lifetime; what is less of both is too little."""


@dataclass(frozen=True, slots=True)
class Issued:
    """The pair in force, from what the controller tells; seconds since 1970, None = not known."""

    serial: str | None = None
    issuer: str | None = None
    not_before: float | None = None
    not_after: float | None = None
    next_renewal: float | None = None
    error: str | None = None
    """Why the last attempt to get a new one failed."""

    @classmethod
    def of(cls, status: Status) -> "Issued":
        """Read a status."""
        facts = status.facts
        failure = (facts.get("last_error") or {}).get("message")
        return cls(
            serial=facts.get("serial"),
            issuer=facts.get("issuer"),
            not_before=facts.get("not_before"),
            not_after=facts.get("not_after"),
            next_renewal=facts.get("next_renewal"),
            error=failure or (status.message if status.phase is Phase.FAILED else None),
        )

    def days_left(self, now: float) -> float | None:
        """Return for how many days it is good; below 0 when it is over."""
        return None if self.not_after is None else (self.not_after - now) / DAY

    def is_problem(self, now: float) -> bool | None:
        """Tell whether somebody should look: it ends soon, or there is no new one to be had."""
        if self.error:
            return True
        if self.not_after is None:
            return None
        urgent = URGENT_DAYS * DAY
        if self.not_before is not None:
            urgent = min(urgent, (self.not_after - self.not_before) * URGENT_SHARE)
        return self.not_after - now < urgent


class CertificateWatch(Told):
    """One certificate; all it shows is in the resource's status."""

    def __init__(self, hub: Hub, resource: Resource) -> None:
        """Read the status of `resource`."""
        super().__init__(resource.id)
        self._hub = hub
        self.key = resource.key

    @property
    def issued(self) -> Issued:
        """Return the pair in force."""
        return Issued.of(self._hub.resources.status(CERTIFICATE, self.key))
