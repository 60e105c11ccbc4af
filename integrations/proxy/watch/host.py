"""What is known of one `proxy.host`: its traffic and its upstreams, from each of its servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.sdk import HubError, Resource
from integrations.proxy.models import Spec
from integrations.proxy.watch.log import Sums
from integrations.proxy.watch.told import Told
from integrations.proxy.watch.upstreams import Answer

TIMES_KEPT: Final = 900.0
"""Seconds for which the response time of the last visitors is shown when nobody comes."""
NEVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Window:
    """What one server answered for the host between two looks."""

    seconds: float
    """Between the looks."""
    share: float
    """Which part of the log was read, above 0 up to 1: sums are scaled by it."""
    sums: Sums

    def per_minute(self, status_class: int) -> float:
        """Return answers of a class (2 for 200 to 299) per minute."""
        return 60 * self.sums.classes.get(status_class, 0) / self.share / self.seconds


@dataclass(frozen=True, slots=True)
class Times:
    """How long requests took when there were some last; seconds, `at` since 1970."""

    at: float
    mean: float
    p95: float
    requests: int


@dataclass(frozen=True, slots=True)
class Health:
    """What one server knows of the upstreams; `at` in seconds since 1970."""

    at: float
    ok: bool | None
    answers: tuple[Answer, ...] = ()
    """Empty when visitors' requests told it."""
    error: str | None = None
    """Why they could not be asked."""


class HostWatch(Told):
    """One host over all its servers."""

    def __init__(self, resource: Resource, servers: Sequence[str]) -> None:
        """Begin with nothing known."""
        super().__init__(resource.id)
        self.key = resource.key
        self.spec: Spec = resource.spec
        self.servers = tuple(servers)
        self.windows: dict[str, Window] = {}
        self.times: dict[str, Times] = {}
        self.health: dict[str, Health] = {}
        self.lost: dict[str, HubError] = {}
        """Servers that can not be looked at, and why."""
        self._asked: dict[str, float] = {}

    def become(self, resource: Resource, servers: Sequence[str]) -> None:
        """Take a changed spec; what was found of other upstreams and servers is forgotten."""
        if _asked_of(resource.spec) != _asked_of(self.spec):
            self.health.clear()
            self._asked.clear()
        self.spec, self.servers = resource.spec, tuple(servers)
        kept = set(servers)
        for known in (self.windows, self.times, self.health, self.lost, self._asked):
            for server in [name for name in known if name not in kept]:
                del known[server]

    # --- what servers bring

    def took(self, server: str, window: Window | None, at: float) -> None:
        """Take the traffic of a look; None = the log tells nothing yet."""
        before = (self.windows.get(server), self.lost.pop(server, None))
        if window is None:
            self.windows.pop(server, None)
        else:
            self.windows[server] = window
            self._learn(server, window.sums, at)
        idle = before[0] is not None and before[0].sums.requests == 0 and before[1] is None
        if not (idle and window is not None and window.sums.requests == 0):
            self.tell()

    def answered(self, server: str, health: Health) -> None:
        """Take what upstreams answered."""
        self.health[server] = health
        self.tell()

    def away(self, server: str, error: HubError) -> None:
        """Note that a server can not be looked at: nothing of it is known now."""
        self.lost[server] = error
        self.windows.pop(server, None)
        self.tell()

    def due(self, server: str) -> float:
        """Return the monotonic second at which a server is to ask the upstreams."""
        if not self.spec.get("health_check") or not self.spec.get("enabled", True):
            return NEVER
        return self._asked.get(server, 0.0)

    def asked(self, server: str, now: float) -> None:
        """Note that the upstreams are asked now; the next time is the interval later."""
        self._asked[server] = now + float(self.spec["health_check"]["interval"])

    # --- what entities show

    @property
    def reason(self) -> str | None:
        """Say why nothing is known: every server is away; None = some is not."""
        if not self.servers or not all(server in self.lost for server in self.servers):
            return None
        return self.lost[self.servers[0]].code

    def per_minute(self, status_class: int) -> float | None:
        """Return answers of a class per minute over all servers; None = no log tells."""
        if not self.windows:
            return None
        return sum(window.per_minute(status_class) for window in self.windows.values())

    def recent(self, now: float) -> Times | None:
        """Return the response times of the last visitors over all servers."""
        known = [times for times in self.times.values() if now - times.at <= TIMES_KEPT]
        count = sum(times.requests for times in known)
        if not count:
            return None
        mean = sum(times.mean * times.requests for times in known) / count
        at, p95 = max(times.at for times in known), max(times.p95 for times in known)
        return Times(at, mean, p95, count)

    @property
    def healthy(self) -> bool | None:
        """Tell whether every server that knows reaches an upstream; None = nobody knows."""
        known = [
            health.ok
            for server, health in self.health.items()
            if health.ok is not None and server not in self.lost
        ]
        return all(known) if known else None

    def upstreams(self) -> dict[str, Any]:
        """Return what was found of the upstreams, by server."""
        found: dict[str, Any] = {}
        for server, health in sorted(self.health.items()):
            answers: Mapping[str, Any] = {
                answer.upstream: answer.error or answer.status for answer in health.answers
            }
            found[server] = health.error or answers or ("ok" if health.ok else "failing")
        return found

    def _learn(self, server: str, sums: Sums, at: float) -> None:
        """Take response times, and without a check of its own the health, from visitors."""
        if sums.mean is not None and sums.p95 is not None:
            self.times[server] = Times(at, sums.mean, sums.p95, len(sums.seconds))
        if not self.spec.get("health_check") and sums.reached + sums.upstream_errors:
            self.health[server] = Health(at, sums.reached > 0)


def judge(answers: Sequence[Answer]) -> bool | None:
    """Tell whether one of the upstreams is well; None without any."""
    return any(answer.ok for answer in answers) if answers else None


def _asked_of(spec: Spec) -> tuple[Any, ...]:
    """Return what decides which upstreams are asked what."""
    fields = ("forward_scheme", "forward_host", "forward_port", "upstreams", "health_check")
    return tuple(spec.get(field) for field in (*fields, "upstream_host", "verify_tls"))
