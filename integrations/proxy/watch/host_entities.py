"""What a `proxy.host` shows: its upstreams, its traffic, where it is deployed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from hub.sdk import Entity, EntityCategory, NotFound, Phase, Resource, StateClass, Status
from integrations.proxy.const import CERTIFICATE, HOST
from integrations.proxy.deploying.deploy import State
from integrations.proxy.watch.certificate import Issued
from integrations.proxy.watch.entity import (
    Figure,
    Room,
    device_of,
    entities,
    moment,
    rounded,
    text,
)
from integrations.proxy.watch.host import HostWatch
from integrations.proxy.watch.names import State as Names
from integrations.proxy.watch.switch import EnabledSwitch

DEPLOYS: Final = (
    "deployed",
    "disabled",
    "pending",
    "deploying",
    "rejected",
    "failed",
    "drifted",
    "removing",
)


def host_entities(room: Room, watch: HostWatch, name: str) -> list[Entity]:
    """Return the entities of a host; what its spec does not ask for is left out."""
    device = device_of(watch.id, name, "Proxy host")
    figures = [*FIGURES]
    if watch.spec.get("certificate_id"):
        figures.append(EXPIRY)
    if watch.spec.get("name_servers"):
        figures.append(NAMES)
    return [EnabledSwitch(room, watch, device), *entities(room, watch, device, figures)]


def _away(_room: Room, watch: HostWatch) -> str | None:
    return watch.reason


# --- upstreams and traffic


def _upstreams(_room: Room, watch: HostWatch) -> Mapping[str, Any]:
    known = [health.at for health in watch.health.values()]
    return {"upstreams": watch.upstreams(), "checked_at": text(max(known)) if known else None}


def _response_time(room: Room, watch: HostWatch) -> float | None:
    times = watch.recent(room.hub.clock.time())
    return None if times is None else round(times.mean * 1000, 1)


def _times(room: Room, watch: HostWatch) -> Mapping[str, Any]:
    times = watch.recent(room.hub.clock.time())
    if times is None:
        return {"p95": None, "measured_at": None}
    return {"p95": round(times.p95 * 1000, 1), "measured_at": text(times.at)}


def _rate(number: int, name: str) -> Figure[HostWatch]:
    return Figure(
        key=f"rate_{number}xx",
        name=name,
        value=lambda _room, watch: rounded(watch.per_minute(number), 2),
        reason=_away,
        unit="req/min",
        state_class=StateClass.MEASUREMENT,
        precision=1,
    )


# --- deploys


def _deploy(room: Room, watch: HostWatch) -> str | None:
    resources = room.hub.resources
    try:
        resource = resources.get(HOST, watch.key)
    except NotFound:
        return None
    status = resources.status(HOST, watch.key)
    return deploy_state(resource, status, refused=_refused(room, watch, status))


def _served(room: Room, watch: HostWatch) -> Mapping[str, Any]:
    served: dict[str, int | None] = {}
    for key in watch.servers:
        part = (room.fleet.site(key).parts or {}).get(watch.id)
        served[key] = None if part is None else part.revision
    message = room.hub.resources.status(HOST, watch.key).message
    return {"message": message[:500], "servers": served}


def deploy_state(resource: Resource, status: Status, *, refused: bool = False) -> str | None:
    """Return how far a host is from its servers, one of `DEPLOYS`; None = not known."""
    if resource.deleting:
        return "removing"
    if status.phase is Phase.IN_SYNC and status.observed_revision != resource.revision:
        return "pending"  # written, and nobody has looked yet
    return {
        Phase.APPLYING: "deploying",
        Phase.IN_SYNC: "deployed" if resource.spec.get("enabled", True) else "disabled",
        Phase.PENDING: "pending",
        Phase.FAILED: "rejected" if refused else "failed",
        Phase.DRIFTED: "drifted",
        Phase.DELETING: "removing",
    }.get(status.phase)


def _refused(room: Room, watch: HostWatch, status: Status) -> bool:
    """Tell whether a server refused the configuration, the newest one that it was sent."""
    if any(item.type == "served" and item.reason == "rejected" for item in status.conditions):
        return True
    return any(room.fleet.site(key).outcome is State.REJECTED for key in watch.servers)


FIGURES: Final[tuple[Figure[HostWatch], ...]] = (
    Figure(
        key="upstream",
        name="Upstream",
        value=lambda _room, watch: watch.healthy,
        reason=_away,
        attributes=_upstreams,
        flag=True,
        device_class="connectivity",
    ),
    Figure(
        key="response_time",
        name="Response time",
        value=_response_time,
        reason=_away,
        attributes=_times,
        device_class="duration",
        unit="ms",
        state_class=StateClass.MEASUREMENT,
        precision=0,
    ),
    _rate(2, "Successes"),
    _rate(3, "Redirections"),
    _rate(4, "Client errors"),
    _rate(5, "Server errors"),
    Figure(
        key="deploy_state",
        name="Deploy state",
        value=_deploy,
        attributes=_served,
        device_class="enum",
        options=DEPLOYS,
    ),
)


# --- only for hosts that ask for it


def _expiry(room: Room, watch: HostWatch) -> datetime | None:
    key = watch.spec.get("certificate_id")
    if not key:
        return None
    return moment(Issued.of(room.hub.resources.status(CERTIFICATE, key)).not_after)


def _wrong(room: Room, watch: HostWatch) -> bool | None:
    states = [check.state for check in room.domains.of(watch.id)]
    if Names.MISMATCH in states:
        return True
    return False if Names.OK in states else None


def _checks(room: Room, watch: HostWatch) -> Mapping[str, Any]:
    checks = room.domains.of(watch.id)
    return {
        "expected": list(watch.spec.get("name_servers") or ()),
        "actual": {check.domain: list(check.servers) for check in checks},
        "wrong": [check.domain for check in checks if check.state is Names.MISMATCH],
        "errors": {check.domain: check.error for check in checks if check.error},
        "checked_at": text(max((check.at or 0 for check in checks), default=0) or None),
    }


EXPIRY: Final[Figure[HostWatch]] = Figure(
    key="certificate_expiry",
    name="Certificate expiry",
    value=_expiry,
    attributes=lambda _room, watch: {"certificate": watch.spec.get("certificate_id")},
    device_class="timestamp",
)
NAMES: Final[Figure[HostWatch]] = Figure(
    key="name_servers",
    name="Name servers",
    value=_wrong,
    attributes=_checks,
    flag=True,
    device_class="problem",
    category=EntityCategory.DIAGNOSTIC,
)
