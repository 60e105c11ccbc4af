"""What a `proxy.host` shows: its switch, its upstreams, its traffic, where it is deployed."""

from collections.abc import Mapping
from typing import Any, Final

from hub.sdk import (
    Context,
    DeviceInfo,
    Entity,
    EntityCategory,
    Hub,
    NotFound,
    Phase,
    Resource,
    StateClass,
    Status,
    SwitchEntity,
)
from integrations.proxy.const import CERTIFICATE, HOST
from integrations.proxy.deploy import State
from integrations.proxy.fleet import Fleet
from integrations.proxy.watch.certificate import Issued
from integrations.proxy.watch.domains import Domains
from integrations.proxy.watch.entity import (
    Watched,
    WatchedFlag,
    WatchedSensor,
    device_of,
    moment,
    rounded,
    text,
)
from integrations.proxy.watch.host import HostWatch
from integrations.proxy.watch.names import State as Names

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
CLASSES: Final = ((2, "Successes"), (3, "Redirections"), (4, "Client errors"), (5, "Server errors"))


class EnabledSwitch(Watched, SwitchEntity):
    """Whether a host is served; writes its resource."""

    def __init__(self, watch: HostWatch, device: DeviceInfo) -> None:
        """Stand for the field `enabled`."""
        super().__init__(watch, watch.id, device, "enabled", "Enabled")
        self.watch = watch

    @property
    def is_on(self) -> bool:
        """Tell what the resource wants."""
        return bool(self.watch.spec.get("enabled", True))

    async def turn_on(self) -> None:
        """Serve the host; raises what a write of the resource raises."""
        await set_field(self.hub, self.watch.key, self._context, enabled=True)

    async def turn_off(self) -> None:
        """Take the host off its servers; raises what a write of the resource raises."""
        await set_field(self.hub, self.watch.key, self._context, enabled=False)


async def set_field(hub: Hub, key: str, context: Context | None, **fields: Any) -> int:
    """Change fields of a host's spec and return the new revision.

    Secrets stay as they are. Raises `NotFound`, `FileOwned`, `Unauthorized`, `InvalidSpec`,
    and `Conflict` when somebody else changed the host meanwhile.
    """
    resource = hub.resources.get(HOST, key)
    spec = {**hub.resources.as_dict(resource)["spec"], **fields}
    change = await hub.resources.put(
        HOST, key, spec, if_revision=resource.revision, context=context
    )
    return change.revision


def host_entities(
    hub: Hub, fleet: Fleet, watch: HostWatch, domains: Domains, name: str
) -> list[Entity]:
    """Return the entities of a host; what its spec does not ask for is left out."""
    device = device_of(watch.id, name, "Proxy host")
    found: list[Entity] = [
        EnabledSwitch(watch, device),
        _upstream(watch, device),
        _response_time(hub, watch, device),
        *(_rate(watch, device, number, words) for number, words in CLASSES),
        _deploy(hub, fleet, watch, device),
    ]
    if watch.spec.get("certificate_id"):
        found.append(_expiry(hub, watch, device))
    if watch.spec.get("name_servers"):
        found.append(_names(watch, domains, device))
    return found


def _upstream(watch: HostWatch, device: DeviceInfo) -> Entity:
    def attributes() -> Mapping[str, Any]:
        known = [health.at for health in watch.health.values()]
        return {
            "upstreams": watch.upstreams(),
            "checked_at": text(max(known)) if known else None,
        }

    return WatchedFlag(
        watch,
        watch.id,
        device,
        "upstream",
        "Upstream",
        lambda: watch.healthy,
        "connectivity",
        reason=lambda: watch.reason,
        attributes=attributes,
    )


def _response_time(hub: Hub, watch: HostWatch, device: DeviceInfo) -> Entity:
    def value() -> float | None:
        times = watch.recent(hub.clock.time())
        return None if times is None else round(times.mean * 1000, 1)

    def attributes() -> Mapping[str, Any]:
        times = watch.recent(hub.clock.time())
        if times is None:
            return {"p95": None, "measured_at": None}
        return {"p95": round(times.p95 * 1000, 1), "measured_at": text(times.at)}

    found = WatchedSensor(
        watch,
        watch.id,
        device,
        "response_time",
        "Response time",
        value,
        reason=lambda: watch.reason,
        attributes=attributes,
    )
    found.device_class, found.unit = "duration", "ms"
    found.state_class = StateClass.MEASUREMENT
    found.suggested_display_precision = 0
    return found


def _rate(watch: HostWatch, device: DeviceInfo, number: int, words: str) -> Entity:
    found = WatchedSensor(
        watch,
        watch.id,
        device,
        f"rate_{number}xx",
        words,
        lambda: rounded(watch.per_minute(number), 2),
        reason=lambda: watch.reason,
    )
    found.unit = "req/min"
    found.state_class = StateClass.MEASUREMENT
    found.suggested_display_precision = 1
    return found


def _deploy(hub: Hub, fleet: Fleet, watch: HostWatch, device: DeviceInfo) -> Entity:
    def value() -> str | None:
        try:
            resource = hub.resources.get(HOST, watch.key)
        except NotFound:
            return None
        status = hub.resources.status(HOST, watch.key)
        return deploy_state(resource, status, refused=_refused(fleet, watch, status))

    def attributes() -> Mapping[str, Any]:
        status = hub.resources.status(HOST, watch.key)
        served: dict[str, int | None] = {}
        for key in watch.servers:
            part = (fleet.site(key).parts or {}).get(watch.id)
            served[key] = None if part is None else part.revision
        return {"message": status.message[:500], "servers": served}

    found = WatchedSensor(
        watch, watch.id, device, "deploy_state", "Deploy state", value, attributes=attributes
    )
    found.device_class = "enum"
    found.options = DEPLOYS
    return found


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


def _refused(fleet: Fleet, watch: HostWatch, status: Status) -> bool:
    """Tell whether a server refused the configuration, the newest one that it was sent."""
    if any(item.type == "served" and item.reason == "rejected" for item in status.conditions):
        return True
    return any(fleet.site(key).outcome is State.REJECTED for key in watch.servers)


def _expiry(hub: Hub, watch: HostWatch, device: DeviceInfo) -> Entity:
    def issued() -> Issued:
        key = watch.spec.get("certificate_id")
        return Issued() if not key else Issued.of(hub.resources.status(CERTIFICATE, key))

    found = WatchedSensor(
        watch,
        watch.id,
        device,
        "certificate_expiry",
        "Certificate expiry",
        lambda: moment(issued().not_after),
        attributes=lambda: {"certificate": watch.spec.get("certificate_id")},
    )
    found.device_class = "timestamp"
    return found


def _names(watch: HostWatch, domains: Domains, device: DeviceInfo) -> Entity:
    def value() -> bool | None:
        states = [check.state for check in domains.of(watch.id)]
        if Names.MISMATCH in states:
            return True
        return False if Names.OK in states else None

    def attributes() -> Mapping[str, Any]:
        checks = domains.of(watch.id)
        return {
            "expected": list(watch.spec.get("name_servers") or ()),
            "actual": {check.domain: list(check.servers) for check in checks},
            "wrong": [check.domain for check in checks if check.state is Names.MISMATCH],
            "errors": {check.domain: check.error for check in checks if check.error},
            "checked_at": text(max((check.at or 0 for check in checks), default=0) or None),
        }

    found = WatchedFlag(
        watch,
        watch.id,
        device,
        "name_servers",
        "Name servers",
        value,
        "problem",
        attributes=attributes,
    )
    found.entity_category = EntityCategory.DIAGNOSTIC
    return found
