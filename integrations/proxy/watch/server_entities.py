"""What a `proxy.server` shows: connection, nginx, load, drift, deploys, rent."""

from collections.abc import Mapping
from typing import Any, Final

from hub.sdk import Entity, EntityCategory, StateClass
from integrations.proxy.deploying.deploy import State
from integrations.proxy.watch import payment
from integrations.proxy.watch.entity import Figure, Room, device_of, entities, rounded, text
from integrations.proxy.watch.payment import Payment
from integrations.proxy.watch.server import ServerWatch

_DIAGNOSTIC: Final = EntityCategory.DIAGNOSTIC


def server_entities(room: Room, watch: ServerWatch, name: str) -> list[Entity]:
    """Return the entities of a server; those of its rent only when somebody gave the day."""
    figures = (*SERVER, *PAYMENT) if watch.site.spec.get("payment") else SERVER
    return entities(room, watch, device_of(watch.id, name, "nginx"), figures)


# --- the connection


def _connection(_room: Room, watch: ServerWatch) -> Mapping[str, Any]:
    told: dict[str, Any] = {"last_seen": text(watch.at)}
    if watch.error is not None:
        told |= {"reason": watch.error.code, "message": watch.error.message}
    return told


# --- figures of each look


def _away(_room: Room, watch: ServerWatch) -> str | None:
    return watch.reason


def _measured(_room: Room, watch: ServerWatch) -> Mapping[str, Any]:
    return {"measured_at": text(watch.at)}


def _active(_room: Room, watch: ServerWatch) -> int | None:
    return None if watch.look is None or watch.look.stub is None else watch.look.stub.active


def _requests(_room: Room, watch: ServerWatch) -> float | None:
    return rounded(watch.requests, 2)


def _cpu(_room: Room, watch: ServerWatch) -> float | None:
    return rounded(watch.cpu)


def _memory(_room: Room, watch: ServerWatch) -> float | None:
    return rounded(None if watch.look is None else watch.look.memory)


def _disk(_room: Room, watch: ServerWatch) -> float | None:
    return rounded(None if watch.look is None else watch.look.disk)


def _load(key: str, name: str, value: Any, unit: str | None, precision: int = 0) -> Figure[Any]:
    return Figure(
        key=key,
        name=name,
        value=value,
        reason=_away,
        attributes=_measured,
        unit=unit,
        precision=precision,
        state_class=StateClass.MEASUREMENT,
    )


# --- what is deployed


def _no_files(room: Room, watch: ServerWatch) -> str | None:
    """Say why what a look at the files found is not known now; either look will do."""
    site = room.fleet.site(watch.key)
    if watch.error is not None:
        return watch.error.code
    if site.error is not None and watch.look is None:
        return site.error.code
    return "not_looked_yet" if site.seen is None and watch.look is None else None


def _version(room: Room, watch: ServerWatch) -> str | None:
    seen = room.fleet.site(watch.key).seen
    return None if seen is None or seen.features is None else seen.features.text


def _release(room: Room, watch: ServerWatch) -> str | None:
    if watch.served is not None:
        return watch.served
    seen = room.fleet.site(watch.key).seen
    return None if seen is None else seen.served


def _releases(room: Room, watch: ServerWatch) -> Mapping[str, Any]:
    seen = room.fleet.site(watch.key).seen
    return {} if seen is None else {"current": seen.current, "kept": list(seen.releases)}


def _drifted(room: Room, watch: ServerWatch) -> bool | None:
    seen = room.fleet.site(watch.key).seen
    return None if seen is None or seen.drift is None else bool(seen.drift)


def _drift(room: Room, watch: ServerWatch) -> Mapping[str, Any]:
    seen = room.fleet.site(watch.key).seen
    told: dict[str, Any] = {}
    if seen is not None and seen.drift is not None:
        for how, paths in seen.drift.as_dict().items():
            told[how] = len(paths)
            told[f"{how}_files"] = paths[:20]
    return told


def _deploy(room: Room, watch: ServerWatch) -> str:
    site = room.fleet.site(watch.key)
    if site.state is State.IDLE and site.outcome is not None:
        return site.outcome.value
    return site.state.value


def _message(room: Room, watch: ServerWatch) -> Mapping[str, Any]:
    return {"message": room.fleet.site(watch.key).message[:500]}


SERVER: Final[tuple[Figure[ServerWatch], ...]] = (
    Figure(
        key="connectivity",
        name="Connectivity",
        value=lambda _room, watch: watch.connected,
        attributes=_connection,
        flag=True,
        device_class="connectivity",
        category=_DIAGNOSTIC,
    ),
    _load("active_connections", "Active connections", _active, None),
    _load("requests", "Requests", _requests, "req/s", 1),
    _load("cpu", "Processor use", _cpu, "%"),
    _load("memory", "Memory use", _memory, "%"),
    _load("disk", "Disk use", _disk, "%"),
    Figure(
        key="version",
        name="nginx version",
        value=_version,
        reason=_no_files,
        category=_DIAGNOSTIC,
    ),
    Figure(
        key="release",
        name="Release",
        value=_release,
        reason=_no_files,
        attributes=_releases,
        category=_DIAGNOSTIC,
    ),
    Figure(
        key="configuration_drift",
        name="Configuration drift",
        value=_drifted,
        reason=_no_files,
        attributes=_drift,
        flag=True,
        device_class="problem",
    ),
    Figure(
        key="deploy",
        name="Deploy",
        value=_deploy,
        attributes=_message,
        device_class="enum",
        options=tuple(state.value for state in State),
    ),
)


# --- the rent


def _due(_room: Room, watch: ServerWatch) -> Any:
    return payment.due(watch.site.spec)


def _payment(room: Room, watch: ServerWatch) -> str | None:
    today = payment.today(room.hub.clock.time(), room.hub.settings.hub.time_zone)
    found = payment.state(payment.due(watch.site.spec), today)
    return None if found is None else found.value


def _provider(_room: Room, watch: ServerWatch) -> Mapping[str, Any]:
    return {"provider": (watch.site.spec.get("payment") or {}).get("provider")}


PAYMENT: Final[tuple[Figure[ServerWatch], ...]] = (
    Figure(
        key="payment_due",
        name="Payment due",
        value=_due,
        attributes=_provider,
        device_class="date",
    ),
    Figure(
        key="payment",
        name="Payment",
        value=_payment,
        attributes=_provider,
        device_class="enum",
        options=tuple(state.value for state in Payment),
    ),
)
