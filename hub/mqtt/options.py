"""What the MQTT room can be told: which broker, which topics, which form of discovery."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.config.settings import Settings


class Discovery(StrEnum):
    """How entities are announced to Home Assistant."""

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
    """Where a broker is and how to log in; times are seconds."""

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
    """The `mqtt:` section of hub.yaml; without `broker` the hub starts its own."""

    enabled: bool = True
    broker: BrokerSettings | None = None
    managed_port: int = 1883
    base: str = "hub"
    hub_id: str = "home"
    hub_name: str = "Hub"
    prefix: str = "homeassistant"
    discovery: Discovery = Discovery.DEVICE
    protocol: Protocol = Protocol.AUTO
    legacy_object_id: bool = False

    @property
    def root(self) -> str:
        """Return the topic level under which everything of this hub lies."""
        return f"{self.base}/{self.hub_id}"


def from_settings(settings: "Settings") -> MqttSettings:
    """Return what the configuration says to this room."""
    said = settings.mqtt
    broker = None
    if said.broker is not None:
        broker = BrokerSettings(
            said.broker.host,
            said.broker.port,
            said.broker.username,
            said.broker.password,
            said.broker.tls,
            said.broker.tls_ca,
            said.broker.tls_insecure,
            said.broker.keepalive,
        )
    return MqttSettings(
        said.enabled,
        broker,
        said.managed_port,
        said.base,
        settings.hub.hub_id,
        settings.hub.name,
        said.prefix,
        Discovery(said.discovery),
        Protocol(said.protocol),
        said.legacy_object_id,
    )
