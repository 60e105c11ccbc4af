"""What is told on the bus, once for each thing that happened.

`proxy_deploy`: `server`, `outcome` (done, rejected, rolled_back, failed, unknown), `release`,
`message`. `proxy_drift`: `server`, `drifted`, and the paths `modified`, `missing`, `extra`.
`proxy_certificate`: `certificate`, `change` (issued, renewed, failed, recovered), `serial`,
`not_after` (seconds since 1970), `error`.
"""

from typing import Final

from hub.sdk import Hub
from integrations.proxy.deploying.deploy import State
from integrations.proxy.deploying.site import Site
from integrations.proxy.watch.certificate import Issued

DEPLOY: Final = "proxy_deploy"
DRIFT: Final = "proxy_drift"
CERTIFICATE: Final = "proxy_certificate"

_SHOWN: Final = 100
"""Paths of each kind in one event."""


_DEPLOYING: Final = frozenset({State.QUEUED, State.SWAPPING, State.RELOADING, State.PROVING})


class SiteEvents:
    """Compares what a site tells with what it told before."""

    def __init__(self, hub: Hub, site: Site) -> None:
        """Begin with what is so now: only changes are told."""
        self._hub, self._site = hub, site
        self._states: set[State] = set()
        """What the site went through since it was idle last."""
        self._drift = None if site.seen is None else site.seen.drift

    def told(self) -> None:
        """React to a look or a new state of the site."""
        if self._site.state is not State.IDLE:
            self._states.add(self._site.state)
        elif self._states:
            states, self._states = self._states, set()
            # a rehearsal neither waits its turn nor comes as far as to swap
            if not states.isdisjoint(_DEPLOYING):
                self._ended()
        self._drifted()

    def _ended(self) -> None:
        site = self._site
        if site.outcome is None or site.outcome is State.IDLE:
            return
        self._hub.bus.fire(
            DEPLOY,
            {
                "server": site.key,
                "outcome": site.outcome.value,
                "release": None if site.seen is None else site.seen.current,
                "message": site.message[:500],
            },
        )

    def _drifted(self) -> None:
        seen = self._site.seen
        if seen is None or seen.drift is None or seen.drift == self._drift:
            return
        # files that were in order when they were looked at first are no news
        if self._drift is not None or seen.drift:
            paths = {how: found[:_SHOWN] for how, found in seen.drift.as_dict().items()}
            data = {"server": self._site.key, "drifted": bool(seen.drift), **paths}
            self._hub.bus.fire(DRIFT, data)
        self._drift = seen.drift


class CertificateEvents:
    """Compares the pair in force with the one before."""

    def __init__(self, hub: Hub, key: str, issued: Issued) -> None:
        """Begin with what is so now: only changes are told."""
        self._hub, self._key, self._issued = hub, key, issued

    def told(self, issued: Issued) -> None:
        """React to a new status of the certificate."""
        before, self._issued = self._issued, issued
        if issued.serial is not None and issued.serial != before.serial:
            self._fire("issued" if before.serial is None else "renewed")
        if bool(issued.error) != bool(before.error):
            self._fire("failed" if issued.error else "recovered")

    def _fire(self, change: str) -> None:
        issued = self._issued
        self._hub.bus.fire(
            CERTIFICATE,
            {
                "certificate": self._key,
                "change": change,
                "serial": issued.serial,
                "not_after": issued.not_after,
                "error": issued.error,
            },
        )
