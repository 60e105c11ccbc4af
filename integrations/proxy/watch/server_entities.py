"""What a `proxy.server` shows: connection, nginx, load, drift, deploys, rent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.sdk import DeviceInfo, Entity, EntityCategory, Hub, StateClass
from integrations.proxy.deploy import State
from integrations.proxy.site import Site
from integrations.proxy.watch import payment
from integrations.proxy.watch.entity import (
    WatchedFlag,
    WatchedSensor,
    device_of,
    rounded,
    text,
)
from integrations.proxy.watch.payment import Payment
from integrations.proxy.watch.server import ServerWatch


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of each look."""

    key: str
    name: str
    value: Callable[[ServerWatch], float | None]
    unit: str | None = None
    precision: int | None = None


FIGURES: Final = (
    Figure(
        "active_connections",
        "Active connections",
        lambda watch: (
            None if watch.look is None or watch.look.stub is None else watch.look.stub.active
        ),
        precision=0,
    ),
    Figure("requests", "Requests", lambda watch: rounded(watch.requests, 2), "req/s", 1),
    Figure("cpu", "Processor use", lambda watch: rounded(watch.cpu), "%", 0),
    Figure(
        "memory",
        "Memory use",
        lambda watch: rounded(None if watch.look is None else watch.look.memory),
        "%",
        0,
    ),
    Figure(
        "disk",
        "Disk use",
        lambda watch: rounded(None if watch.look is None else watch.look.disk),
        "%",
        0,
    ),
)


def server_entities(hub: Hub, site: Site, watch: ServerWatch, name: str) -> list[Entity]:
    """Return the entities of a server; those of its rent only when somebody gave the day."""
    spec = site.spec
    device = device_of(watch.id, name, "nginx")
    found: list[Entity] = [_connection(watch, device)]
    found += [_figure(watch, device, figure) for figure in FIGURES]
    found += [
        _version(site, watch, device),
        _release(site, watch, device),
        _drift(site, watch, device),
        _deploy(site, watch, device),
    ]
    if spec.get("payment"):
        found += _payment(hub, site, watch, device)
    return found


def _connection(watch: ServerWatch, device: DeviceInfo) -> Entity:
    def attributes() -> Mapping[str, Any]:
        error = watch.error
        told: dict[str, Any] = {"last_seen": text(watch.at)}
        if error is not None:
            told |= {"reason": error.code, "message": error.message}
        return told

    found = WatchedFlag(
        watch,
        watch.id,
        device,
        "connectivity",
        "Connectivity",
        lambda: watch.connected,
        "connectivity",
        attributes=attributes,
    )
    found.entity_category = EntityCategory.DIAGNOSTIC
    return found


def _figure(watch: ServerWatch, device: DeviceInfo, figure: Figure) -> Entity:
    found = WatchedSensor(
        watch,
        watch.id,
        device,
        figure.key,
        figure.name,
        lambda: figure.value(watch),
        reason=lambda: watch.reason,
        attributes=lambda: {"measured_at": text(watch.at)},
    )
    found.unit = figure.unit
    found.state_class = StateClass.MEASUREMENT
    found.suggested_display_precision = figure.precision
    return found


def _version(site: Site, watch: ServerWatch, device: DeviceInfo) -> Entity:
    def value() -> str | None:
        seen = site.seen
        return None if seen is None or seen.features is None else seen.features.text

    found = WatchedSensor(
        watch,
        watch.id,
        device,
        "version",
        "nginx version",
        value,
        reason=lambda: _away(site, watch),
    )
    found.entity_category = EntityCategory.DIAGNOSTIC
    return found


def _release(site: Site, watch: ServerWatch, device: DeviceInfo) -> Entity:
    def value() -> str | None:
        if watch.look is not None and watch.look.served is not None:
            return watch.look.served
        return None if site.seen is None else site.seen.served

    def attributes() -> Mapping[str, Any]:
        seen = site.seen
        return {} if seen is None else {"current": seen.current, "kept": list(seen.releases)}

    found = WatchedSensor(
        watch,
        watch.id,
        device,
        "release",
        "Release",
        value,
        reason=lambda: _away(site, watch),
        attributes=attributes,
    )
    found.entity_category = EntityCategory.DIAGNOSTIC
    return found


def _drift(site: Site, watch: ServerWatch, device: DeviceInfo) -> Entity:
    def value() -> bool | None:
        seen = site.seen
        return None if seen is None or seen.drift is None else bool(seen.drift)

    def attributes() -> Mapping[str, Any]:
        seen = site.seen
        if seen is None or seen.drift is None:
            return {}
        told: dict[str, Any] = {}
        for how, paths in seen.drift.as_dict().items():
            told[how] = len(paths)
            told[f"{how}_files"] = paths[:20]
        return told

    return WatchedFlag(
        watch,
        watch.id,
        device,
        "configuration_drift",
        "Configuration drift",
        value,
        "problem",
        reason=lambda: _away(site, watch),
        attributes=attributes,
    )


def _deploy(site: Site, watch: ServerWatch, device: DeviceInfo) -> Entity:
    def value() -> str:
        if site.state is State.IDLE and site.outcome is not None:
            return site.outcome.value
        return site.state.value

    found = WatchedSensor(
        watch,
        watch.id,
        device,
        "deploy",
        "Deploy",
        value,
        attributes=lambda: {"message": site.message[:500]},
    )
    found.device_class = "enum"
    found.options = tuple(state.value for state in State)
    return found


def _payment(hub: Hub, site: Site, watch: ServerWatch, device: DeviceInfo) -> list[Entity]:
    def now() -> str | None:
        today = payment.today(hub.clock.time(), hub.settings.hub.time_zone)
        found = payment.state(payment.due(site.spec), today)
        return None if found is None else found.value

    def provider() -> Mapping[str, Any]:
        return {"provider": (site.spec.get("payment") or {}).get("provider")}

    day = WatchedSensor(
        watch,
        watch.id,
        device,
        "payment_due",
        "Payment due",
        lambda: payment.due(site.spec),
        attributes=provider,
    )
    day.device_class = "date"
    state = WatchedSensor(watch, watch.id, device, "payment", "Payment", now, attributes=provider)
    state.device_class = "enum"
    state.options = tuple(item.value for item in Payment)
    return [day, state]


def _away(site: Site, watch: ServerWatch) -> str | None:
    """Say why what a look at the files found is not known now; either look will do."""
    if watch.error is not None:
        return watch.error.code
    if site.error is not None and watch.look is None:
        return site.error.code
    return "not_looked_yet" if site.seen is None and watch.look is None else None
