"""The root object: it holds the rooms' objects and does nothing itself."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from hub.util.packages import manifest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hub.audit import Audit
    from hub.auth import Auth
    from hub.automation.blueprints.library import Library
    from hub.automation.house import HouseAutomations
    from hub.automation.references import References
    from hub.automation.scenes import Scenes
    from hub.automation.webhooks import Webhooks
    from hub.automation.world import Messages
    from hub.config.settings import Settings
    from hub.entities import EntityIndex
    from hub.events import EventBus
    from hub.helpers import Helpers
    from hub.jobs import Jobs
    from hub.observe.diagnostics import Diagnostics
    from hub.observe.health import Health
    from hub.observe.loop import LoopProbe
    from hub.observe.metrics import Metrics
    from hub.observe.syslog import SystemLog
    from hub.recorder import Recorder
    from hub.registry import (
        AreaRegistry,
        DeviceRegistry,
        EntityRegistry,
        FloorRegistry,
        LabelRegistry,
    )
    from hub.resources import Resources
    from hub.runner import Runners
    from hub.services import ServiceRegistry
    from hub.states import StateMachine
    from hub.storage import Database, Documents
    from hub.storage.secrets import Keyring
    from hub.templates import Templates
    from hub.util.clock import Clock
    from hub.util.tasks import Tasks


class Phase(StrEnum):
    """Where the hub is in its life, as `get_config.state` tells it."""

    NOT_RUNNING = "NOT_RUNNING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    FINAL_WRITE = "FINAL_WRITE"
    STOPPED = "STOPPED"


@dataclass(slots=True)
class LoadedIntegration:
    """An integration of the configuration: set up, or failed with the reason in words."""

    domain: str
    manifest: dict[str, object]
    error: str | None = None
    unload: "Callable[[], Awaitable[None]] | None" = None
    setup_seconds: float = 0.0
    data: object = None
    """What the parts of the integration share in this hub; its own matter."""


@dataclass(slots=True)
class Hub:
    """Bus, states, services, registries, clock, tasks, settings: one of each."""

    settings: "Settings"
    config_dir: Path
    data_dir: Path
    clock: "Clock"
    tasks: "Tasks"
    bus: "EventBus"
    states: "StateMachine"
    services: "ServiceRegistry"
    database: "Database"
    documents: "Documents"
    secrets: "Keyring"
    areas: "AreaRegistry"
    floors: "FloorRegistry"
    labels: "LabelRegistry"
    devices: "DeviceRegistry"
    entity_registry: "EntityRegistry"
    entities: "EntityIndex"
    audit: "Audit"
    auth: "Auth"
    jobs: "Jobs"
    runners: "Runners"
    resources: "Resources"
    metrics: "Metrics"
    diagnostics: "Diagnostics"
    health: "Health"
    system_log: "SystemLog"
    probe: "LoopProbe"
    hub_id: str
    """32 hexadecimal digits, made once and kept in the database."""
    webhooks: "Webhooks"
    templates: "Templates" = field(init=False)
    recorder: "Recorder" = field(init=False)
    helpers: "Helpers" = field(init=False)
    blueprints: "Library" = field(init=False)
    scenes: "Scenes" = field(init=False)
    automations: "HouseAutomations" = field(init=False)
    references: "References" = field(init=False)
    messages: "Messages | None" = None
    """MQTT for automations; None where MQTT is off."""
    phase: Phase = Phase.NOT_RUNNING
    integrations: dict[str, LoadedIntegration] = field(default_factory=dict)

    def loaded(self, domain: str) -> LoadedIntegration:
        """Return the entry of an integration, listed from now on; raises `LookupError`."""
        found = self.integrations.get(domain)
        if found is None:
            found = self.integrations[domain] = LoadedIntegration(domain, manifest(domain))
        return found
