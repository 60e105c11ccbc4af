"""What a person needs to find a fault; no secrets, and no addresses of visitors."""

from typing import Any

from integrations.proxy.fleet import Fleet
from integrations.proxy.watch.entity import text
from integrations.proxy.watch.house import Watch


def diagnostics(fleet: Fleet, watch: Watch) -> dict[str, Any]:
    """Return how each server was looked at, what is deployed there, and what is watched."""
    return {
        "servers": {site.key: _server(fleet, watch, site.key) for site in fleet.sites},
        "hosts": {
            key: {
                "servers": list(host.servers),
                "windows": {
                    server: {
                        "seconds": round(window.seconds, 1),
                        "share": round(window.share, 3),
                        "requests": window.sums.requests,
                        "upstream_errors": window.sums.upstream_errors,
                    }
                    for server, window in host.windows.items()
                },
                "upstreams": host.upstreams(),
                "away": {server: error.code for server, error in host.lost.items()},
            }
            for key, host in watch.hosts.items()
        },
        "resolvers": list(watch.domains.resolvers),
    }


def _server(fleet: Fleet, watch: Watch, key: str) -> dict[str, Any]:
    site, watched = fleet.site(key), watch.servers.get(key)
    seen = site.seen
    error = site.error or (None if watched is None else watched.error)
    return {
        "instance": site.spec["instance"],
        "base": site.spec["base"],
        "state": site.state.value,
        "message": site.message,
        "error": None if error is None else {"code": error.code, "message": error.message},
        "looked_at": None if watched is None else text(watched.at),
        "rubbish_lines": 0 if watched is None else watched.rubbish,
        "seen": None
        if seen is None
        else {
            "at": text(seen.at),
            "current": seen.current,
            "served": seen.served,
            "releases": list(seen.releases),
            "partial": list(seen.partial),
            "running": seen.running,
            "version": None if seen.features is None else seen.features.text,
            "modules": []
            if seen.features is None
            else sorted(seen.features.modules | seen.features.loaded),
            "nameservers": list(seen.nameservers),
            "lock": None if seen.lock is None else seen.lock[0],
            "drift": None if seen.drift is None else seen.drift.as_dict(),
            "parts": sorted(seen.manifest.parts) if seen.manifest is not None else [],
        },
    }
