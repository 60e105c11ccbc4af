"""What the hub is told by its configuration: immutable, typed, complete with defaults."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from hub.errors import Problem


class Profile(StrEnum):
    """How strict the hub is with its own configuration."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class House:
    """`hub:`, the place the hub serves; degrees, metres, ISO codes."""

    name: str = "Home"
    hub_id: str = "home"
    latitude: float = 0.0
    longitude: float = 0.0
    elevation: float = 0.0
    time_zone: str = "UTC"
    language: str = "en"
    country: str | None = None
    currency: str = "EUR"
    unit_system: str = "metric"
    internal_url: str | None = None
    external_url: str | None = None
    profile: Profile = Profile.DEVELOPMENT
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Http:
    """`http:`, where the API and the page listen and whom they trust."""

    host: str = "127.0.0.1"
    port: int = 8123
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()


class Discovery(StrEnum):
    """How entities are announced to Home Assistant over MQTT."""

    DEVICE = "device"
    ENTITY = "entity"
    OFF = "off"


class Protocol(StrEnum):
    """Which MQTT version is spoken; `auto` tries 5 and falls back to 3.1.1."""

    AUTO = "auto"
    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """`mqtt: broker:`, an MQTT broker that somebody else runs; keepalive in seconds."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    tls_ca: Path | None = None
    tls_insecure: bool = False
    keepalive: int = 30


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """`mqtt:`; without `broker` the hub starts one of its own on 127.0.0.1:`managed_port`."""

    enabled: bool = True
    broker: BrokerSettings | None = None
    managed_port: int = 1883
    base: str = "hub"
    hub_id: str = "home"
    """As in `hub:`."""
    hub_name: str = "Home"
    """The `name` of `hub:`."""
    prefix: str = "homeassistant"
    discovery: Discovery = Discovery.DEVICE
    protocol: Protocol = Protocol.AUTO
    legacy_object_id: bool = False
    commands_role: str = "operator"
    """What commands over MQTT may do: `viewer` nothing, `operator` and `admin` as those roles."""
    user: str | None = None
    """The user name whose rights commands have instead."""

    @property
    def root(self) -> str:
        """Return the topic level under which everything of this hub lies."""
        return f"{self.base}/{self.hub_id}"


@dataclass(frozen=True, slots=True)
class Logger:
    """`logger:`, the least level that is written, for all and for single names, and its form."""

    level: str = "info"
    levels: dict[str, str] = field(default_factory=dict)
    format: str = "auto"
    """`console`, `json`, or `auto`: JSON in the production profile."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """`auth:`, after how many bad attempts an address is banned (0: never), and for how long."""

    ban_after: int = 20
    ban_minutes: float = 60.0


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """`audit:`, how many days a row is kept."""

    keep_days: float = 365.0


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """`metrics:`, whether `/metrics` answers, and with the states of entities."""

    enabled: bool = True
    entities: bool = False
    """One series for each entity with a number: many where there are many entities."""


@dataclass(frozen=True, slots=True)
class DiagnosticsSettings:
    """`diagnostics:`, whether a download shows the addresses of machines and devices."""

    show_addresses: bool = False


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """`recorder:`, where the memory lies and how large it may become."""

    enabled: bool = True
    url: str | None = field(default=None, repr=False)
    """None = SQLite in the data folder; may hold a password."""
    commit_interval: float = 2.0
    """Seconds between two flushes."""
    keep_days: float = 10.0
    """How long single changes are kept."""
    keep_short_days: float = 30.0
    """How long 5-minute statistics are kept."""
    keep_hour_days: float = 1825.0
    """How long hourly statistics are kept; daily ones are kept for ever."""
    max_size: int = 2048
    """MiB of the database; 0 = no limit."""
    min_free_disk: int = 500
    """MiB that must stay free; below it only statistics are kept."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything of hub.yaml; `integrations` holds each one's validated section."""

    hub: House = field(default_factory=House)
    http: Http = field(default_factory=Http)
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    logger: Logger = field(default_factory=Logger)
    auth: AuthSettings = field(default_factory=AuthSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    diagnostics: DiagnosticsSettings = field(default_factory=DiagnosticsSettings)
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    integrations: dict[str, Any] = field(default_factory=dict)
    secret_key: str | None = field(default=None, repr=False)
    """Wraps the sealing keys; always set in the production profile."""
    warnings: tuple[Problem, ...] = ()
    """What the production profile would refuse; told at the start and by `hub check-config`."""

    @property
    def profile(self) -> Profile:
        """Return the profile, development unless the configuration says otherwise."""
        return self.hub.profile
