"""Names on the wire: versions, reserved state texts and event types."""

from typing import Final

VERSION: Final = "0.1.0"
"""The hub's own version; it travels in `hub/info`, MQTT origins and the CLI."""

HA_VERSION: Final = "2026.1.0"
"""The Home Assistant protocol version that clients are told (`YYYY.M.P`, compared numerically).

Below 2026.2 on purpose: from there on clients expect the page to speak the companion apps' bridge.
"""

UNKNOWN: Final = "unknown"
UNAVAILABLE: Final = "unavailable"

MAX_STATE_LENGTH: Final = 255
MAX_ENTITY_ID_LENGTH: Final = 255
MAX_EVENT_TYPE_LENGTH: Final = 64

LOCAL: Final = "LOCAL"
REMOTE: Final = "REMOTE"

EVENT_AREA_REGISTRY_UPDATED: Final = "area_registry_updated"
EVENT_CALL_SERVICE: Final = "call_service"
EVENT_CATEGORY_REGISTRY_UPDATED: Final = "category_registry_updated"
EVENT_COMPONENT_LOADED: Final = "component_loaded"
EVENT_CORE_CONFIG_UPDATED: Final = "core_config_updated"
EVENT_DEVICE_REGISTRY_UPDATED: Final = "device_registry_updated"
EVENT_ENTITY_REGISTRY_UPDATED: Final = "entity_registry_updated"
EVENT_FINAL_WRITE: Final = "homeassistant_final_write"
EVENT_FLOOR_REGISTRY_UPDATED: Final = "floor_registry_updated"
EVENT_JOB_UPDATED: Final = "job_updated"
EVENT_LABEL_REGISTRY_UPDATED: Final = "label_registry_updated"
EVENT_RESOURCE_UPDATED: Final = "resource_updated"
EVENT_SERVICE_REGISTERED: Final = "service_registered"
EVENT_SERVICE_REMOVED: Final = "service_removed"
EVENT_START: Final = "homeassistant_start"
EVENT_STARTED: Final = "homeassistant_started"
EVENT_STATE_CHANGED: Final = "state_changed"
EVENT_STATE_REPORTED: Final = "state_reported"
EVENT_STOP: Final = "homeassistant_stop"
EVENT_SYSTEM_LOG: Final = "system_log_event"
