"""What clients call the configuration: `get_config`, the loaded components, the own addresses."""

from typing import TYPE_CHECKING, Any, Final

from hub.const import HA_VERSION

if TYPE_CHECKING:
    from hub.hub import Hub

METRIC: Final = {
    "length": "km",
    "accumulated_precipitation": "mm",
    "area": "m²",
    "mass": "g",
    "pressure": "Pa",
    "temperature": "°C",
    "volume": "L",
    "wind_speed": "m/s",
}
US_CUSTOMARY: Final = {
    "length": "mi",
    "accumulated_precipitation": "in",
    "area": "ft²",
    "mass": "lb",
    "pressure": "psi",
    "temperature": "°F",
    "volume": "gal",
    "wind_speed": "mph",
}

_ALWAYS: Final = ("api", "auth", "config", "frontend", "homeassistant", "http", "websocket_api")


def components(hub: "Hub") -> list[str]:
    """Return what is loaded: integrations, kinds of entities and `kind.integration` pairs."""
    loaded = {name for name, item in hub.integrations.items() if item.error is None}
    if hub.settings.mqtt.enabled:
        loaded.add("mqtt")
    return sorted(loaded.union(_ALWAYS, hub.entities.components()))


def core_config(hub: "Hub") -> dict[str, Any]:
    """Return `get_config`; the numbers are never null."""
    own = hub.settings.hub
    return {
        "allowlist_external_dirs": [],
        "allowlist_external_urls": [],
        "components": components(hub),
        "config_dir": str(hub.config_dir),
        "config_source": "yaml",
        "country": own.country,
        "currency": own.currency or "EUR",
        "debug": False,
        "elevation": int(own.elevation or 0),
        "external_url": own.external_url,
        "internal_url": own.internal_url,
        "language": own.language or "en",
        "latitude": float(own.latitude or 0.0),
        "location_name": own.name,
        "logging": {"log_file_disabled_reason": None},
        "longitude": float(own.longitude or 0.0),
        "radius": 100,
        "recovery_mode": False,
        "safe_mode": False,
        "state": hub.phase.value,
        "time_zone": own.time_zone or "UTC",
        "unit_system": US_CUSTOMARY if own.unit_system == "us_customary" else METRIC,
        "version": HA_VERSION,
        "whitelist_external_dirs": [],
    }
