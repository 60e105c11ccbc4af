"""Everything about a fleet in one answer: what `proxy.status`, the page and the CLI show."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.sdk import Hub, Phase, Resource
from integrations.proxy.const import CERTIFICATE, HOST, SERVER
from integrations.proxy.fleet import Fleet
from integrations.proxy.models import Spec
from integrations.proxy.watch.certificate import Issued
from integrations.proxy.watch.entity import rounded
from integrations.proxy.watch.house import Watch

MayRead = Callable[[str, str], bool]
"""Tells whether a resource, by type and key, may be shown."""

_WHERE: Final = frozenset({"servers", "group"})


def overview(hub: Hub, fleet: Fleet, watch: Watch, may_read: MayRead) -> dict[str, Any]:
    """Return servers, hosts and certificates by key; None is what is not known."""
    readable = {
        kind: [item for item in hub.resources.list(kind) if may_read(kind, item.key)]
        for kind in (SERVER, HOST, CERTIFICATE)
    }
    return {
        "servers": {item.key: server(hub, fleet, watch, item) for item in readable[SERVER]},
        "hosts": {item.key: host(hub, fleet, watch, item) for item in readable[HOST]},
        "certificates": {item.key: certificate(hub, item) for item in readable[CERTIFICATE]},
    }


def server(hub: Hub, fleet: Fleet, watch: Watch, resource: Resource) -> dict[str, Any]:
    """Return one server."""
    site, seen = fleet.site(resource.key), fleet.site(resource.key).seen
    watched = watch.servers.get(resource.key)
    look = None if watched is None else watched.look
    error = site.error or (None if watched is None else watched.error)
    drift = None if seen is None or seen.drift is None else seen.drift.as_dict()
    return {
        "name": hub.resources.title(resource),
        "state": site.state.value,
        "outcome": None if site.outcome is None else site.outcome.value,
        "message": site.message,
        "phase": hub.resources.status(SERVER, resource.key).phase.value,
        "connected": None if watched is None else watched.connected,
        "version": None if seen is None or seen.features is None else seen.features.text,
        "release": None if seen is None else seen.current,
        "releases": [] if seen is None else list(seen.releases),
        "drift": drift,
        "active_connections": None if look is None or look.stub is None else look.stub.active,
        "cpu": None if watched is None else rounded(watched.cpu),
        "memory": None if look is None else rounded(look.memory),
        "disk": None if look is None else rounded(look.disk),
        "hosts": 0 if watched is None else len(watched.hosts),
        "error": None if error is None else error.message,
    }


def host(hub: Hub, fleet: Fleet, watch: Watch, resource: Resource) -> dict[str, Any]:
    """Return one host."""
    status, spec = hub.resources.status(HOST, resource.key), resource.spec
    watched = watch.hosts.get(resource.key)
    times = None if watched is None else watched.recent(hub.clock.time())
    certificate_id = spec.get("certificate_id")
    rates = None
    if watched is not None and watched.windows:
        rates = {f"rate_{n}xx": rounded(watched.per_minute(n), 2) for n in (2, 3, 4, 5)}
    return {
        "domains": list(spec["domain_names"]),
        "enabled": bool(spec.get("enabled", True)),
        "revision": resource.revision,
        "servers": {
            key: _deployed(fleet, resource, key, status.facts.get("servers") or {})
            for key in fleet.servers_of(spec)
        },
        "phase": status.phase.value,
        "message": status.message,
        "certificate": None
        if not certificate_id
        else {
            "key": certificate_id,
            "not_after": Issued.of(hub.resources.status(CERTIFICATE, certificate_id)).not_after,
        },
        "upstream": {
            "healthy": None if watched is None else watched.healthy,
            "response_time": None if times is None else round(times.mean * 1000, 1),
        },
        "requests": rates,
    }


def certificate(hub: Hub, resource: Resource) -> dict[str, Any]:
    """Return one certificate; times are seconds since 1970."""
    status = hub.resources.status(CERTIFICATE, resource.key)
    issued = Issued.of(status)
    return {
        "domains": list(resource.spec.get("domain_names") or ()),
        "issuer": issued.issuer,
        "not_after": issued.not_after,
        "next_renewal": issued.next_renewal,
        "serial": issued.serial,
        "phase": status.phase.value,
        "error": issued.error
        or (status.message if status.phase is Phase.UNKNOWN else None)
        or None,
    }


def _deployed(
    fleet: Fleet, resource: Resource, key: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what one server serves of a resource."""
    site = fleet.site(key)
    part = None if site.parts is None else site.parts.get(resource.id)
    message = (facts.get(key) or {}).get("error")
    if site.parts is None:
        state = "unknown"
    elif part is not None and _plain(part.spec) == _plain(resource.spec):
        state = "deployed"
    elif message:
        state = "failed"
    else:
        state = "missing" if part is None else "outdated"
    return {
        "state": state,
        "revision": None if part is None else part.revision,
        "release": None if site.seen is None else site.seen.current,
        "message": message,
    }


def _plain(spec: Spec) -> dict[str, Any]:
    """Leave out what changes nothing on a server."""
    return {name: value for name, value in spec.items() if name not in _WHERE}
