"""The download for who looks for a fault: how the hub is, without its secrets."""

import asyncio
import dataclasses
import logging
import platform
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.const import HA_VERSION, VERSION
from hub.observe.redact import Redactor
from hub.util.json import dumps_lenient, loads

if TYPE_CHECKING:
    from hub.config.settings import Settings
    from hub.hub import Hub

_LOGGER = logging.getLogger(__name__)

PART_SECONDS: Final = 5.0
"""How long one part may take before the download goes on without it."""

MAX_RESOURCES: Final = 500
MAX_JOBS: Final = 50
MAX_ROWS: Final = 50
SERVICE: Final = "diagnostics"
"""An integration shows what it knows by a service of this name that returns a response."""

Part = Callable[[], Any]


class Diagnostics:
    """What the core knows of itself, and the parts that others add."""

    def __init__(self, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        """Start without parts; `secrets()` returns texts that must be found nowhere."""
        self._secrets = secrets
        self._parts: dict[str, Part] = {}

    def part(self, name: str, ask: Part) -> Callable[[], None]:
        """Add a part; `ask()` returns JSON or a coroutine that does. Returns what ends it."""
        self._parts[name] = ask

        def end() -> None:
            if self._parts.get(name) is ask:
                del self._parts[name]

        return end

    async def collect(self, hub: "Hub") -> dict[str, Any]:
        """Return the whole download, redacted; a part that fails says so in its place."""
        settings = hub.settings
        redact = Redactor(self._secrets(), show_addresses=settings.diagnostics.show_addresses)
        asked: dict[str, Part] = {
            "hub": lambda: _about(hub),
            "settings": lambda: _settings(settings),
            "health": lambda: [item.as_dict() for item in hub.health.items()],
            "registries": lambda: _registries(hub),
            "storage": lambda: _storage(hub),
            "event_loop": lambda: {"last_lag": hub.probe.lag, "worst_lag": hub.probe.worst},
            "resources": lambda: _resources(hub),
            "jobs": lambda: [record.as_dict() for record in hub.jobs.list(limit=MAX_JOBS)],
            "system_log": hub.system_log.list,
            **self._parts,
        }
        found = await asyncio.gather(*[_asked(name, ask) for name, ask in asked.items()])
        whole = dict(zip(asked, found, strict=True))
        whole["integrations"] = await _integrations(hub)
        redacted: dict[str, Any] = redact(loads(dumps_lenient(whole, "Diagnostics")))
        return redacted


async def _asked(name: str, ask: Part) -> Any:
    """Ask one part, for a limited time."""
    try:
        value = ask()
        if isinstance(value, Awaitable):
            async with asyncio.timeout(PART_SECONDS):
                value = await value
    except TimeoutError:
        return {"error": f"no answer within {PART_SECONDS:g} s"}
    except Exception as error:
        _LOGGER.exception("Diagnostics of %s failed", name)
        return {"error": f"{type(error).__name__}: {error}"}
    return value


def _about(hub: "Hub") -> dict[str, Any]:
    return {
        "version": VERSION,
        "protocol": HA_VERSION,
        "phase": hub.phase.value,
        "profile": hub.settings.profile.value,
        "python": sys.version,
        "system": platform.platform(),
        "machine": platform.machine(),
        "event_loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
        "libraries": _libraries(),
        "tasks": len(hub.tasks),
        "listeners": hub.bus.counts(),
    }


def _libraries() -> dict[str, str]:
    """Return the versions of what is imported and matters."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("aiohttp", "aiosqlite", "asyncssh", "cryptography", "paho-mqtt", "SQLAlchemy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def _settings(settings: "Settings") -> dict[str, Any]:
    """Return the settings; sections of integrations without what their schema marks secret."""
    plain = {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if field.name not in ("secret_key", "integrations")
    }
    shown = {
        name: value if isinstance(value, tuple) else dataclasses.asdict(value)
        for name, value in plain.items()
    }
    return {**shown, "integrations": settings.integrations, "secret_key": bool(settings.secret_key)}


def _registries(hub: "Hub") -> dict[str, Any]:
    return {
        "areas": len(hub.areas.all()),
        "floors": len(hub.floors.all()),
        "labels": len(hub.labels.all()),
        "devices": len(hub.devices.all()),
        "entities": Counter(entry.platform for entry in hub.entity_registry.all()),
        "states": Counter(item.partition(".")[0] for item in hub.states.entity_ids()),
        "users": Counter(user.role.value for user in hub.auth.users.all()),
    }


def _storage(hub: "Hub") -> dict[str, Any]:
    path = hub.database.path
    return {
        "bytes": path.stat().st_size if path.exists() else None,
        "rows_waiting": hub.database.rows.waiting,
        "degraded": hub.database.rows.degraded,
        "audit_written": hub.audit.written,
        "audit_waiting": hub.audit.waiting,
    }


def _resources(hub: "Hub") -> dict[str, Any]:
    found = hub.resources.list()
    shown = [hub.resources.as_dict(item) for item in found[:MAX_RESOURCES]]
    return {"count": len(found), "items": shown}


async def _integrations(hub: "Hub") -> dict[str, Any]:
    """Return each integration with what its own diagnostics tell."""

    async def one(domain: str) -> Mapping[str, Any]:
        entry = hub.integrations[domain]
        shown: dict[str, Any] = {
            "version": entry.manifest.get("version"),
            "error": entry.error,
            "setup_seconds": round(entry.setup_seconds, 3),
        }
        if hub.services.has(domain, SERVICE):
            call = hub.services.call(domain, SERVICE, return_response=True)
            shown["diagnostics"] = await _asked(domain, lambda: call)
        return shown

    domains = list(hub.integrations)
    found = await asyncio.gather(*[one(domain) for domain in domains])
    return dict(zip(domains, found, strict=True))
