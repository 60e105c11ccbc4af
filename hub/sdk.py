"""The one page that integrations import: everything they may use of the hub."""

from hub.entities import Coordinator, DeviceInfo, Entity, EntityCategory
from hub.entities.kinds import (
    BinarySensorEntity,
    ButtonEntity,
    ClimateEntity,
    ClimateFeature,
    EventEntity,
    HVACAction,
    HVACMode,
    NumberEntity,
    SelectEntity,
    SensorEntity,
    StateClass,
    SwitchEntity,
    UpdateEntity,
    UpdateFeature,
)
from hub.errors import (
    ConfigError,
    HubError,
    NotAllowed,
    NotFound,
    NotSupported,
    ServiceValidationError,
    TimedOut,
    Unavailable,
)
from hub.events import Context, Event
from hub.hub import Hub
from hub.schema import boolean, finite_float, list_of, port, positive_seconds, slug, text
from hub.services import Description, Field, Response, ServiceCall
from hub.states import State
from hub.util.clock import Clock
from hub.util.json import dumps, loads
from hub.util.text import slugify

__all__ = [
    "BinarySensorEntity",
    "ButtonEntity",
    "ClimateEntity",
    "ClimateFeature",
    "Clock",
    "ConfigError",
    "Context",
    "Coordinator",
    "Description",
    "DeviceInfo",
    "Entity",
    "EntityCategory",
    "Event",
    "EventEntity",
    "Field",
    "HVACAction",
    "HVACMode",
    "Hub",
    "HubError",
    "NotAllowed",
    "NotFound",
    "NotSupported",
    "NumberEntity",
    "Response",
    "SelectEntity",
    "SensorEntity",
    "ServiceCall",
    "ServiceValidationError",
    "State",
    "StateClass",
    "SwitchEntity",
    "TimedOut",
    "Unavailable",
    "UpdateEntity",
    "UpdateFeature",
    "boolean",
    "dumps",
    "finite_float",
    "list_of",
    "loads",
    "port",
    "positive_seconds",
    "slug",
    "slugify",
    "text",
]
