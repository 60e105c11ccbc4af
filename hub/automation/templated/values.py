"""From the result of a template to the value of an entity: what can not be read is unknown."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

NOTHING: Final = frozenset({"", "none", "unknown", "unavailable"})
"""Results that say that nothing is known."""

_ON: Final = frozenset({"true", "yes", "on", "enable", "1"})
_OFF: Final = frozenset({"false", "no", "off", "disable", "0"})
NUMERIC: Final = frozenset(
    {
        *("apparent_power", "aqi", "area", "atmospheric_pressure", "battery", "carbon_dioxide"),
        *("carbon_monoxide", "conductivity", "current", "data_rate", "data_size", "distance"),
        *("duration", "energy", "energy_distance", "energy_storage", "frequency", "gas"),
        *("humidity", "illuminance", "irradiance", "moisture", "monetary", "nitrogen_dioxide"),
        *("nitrogen_monoxide", "nitrous_oxide", "ozone", "ph", "pm1", "pm10", "pm25", "power"),
        *("power_factor", "precipitation", "precipitation_intensity", "pressure"),
        *("reactive_power", "signal_strength", "sound_pressure", "speed", "sulphur_dioxide"),
        *("temperature", "volatile_organic_compounds", "voltage", "volume", "volume_flow_rate"),
        *("volume_storage", "water", "weight", "wind_direction", "wind_speed"),
    }
)
"""Device classes of sensors whose values are numbers."""


def is_nothing(result: Any) -> bool:
    """Tell whether a result says that nothing is known."""
    return result is None or (isinstance(result, str) and result.strip().lower() in NOTHING)


def truth(result: Any) -> bool | None:
    """Return yes or no, None for nothing; raises `ValueError` for other words."""
    if is_nothing(result):
        return None
    if isinstance(result, bool):
        return result
    if isinstance(result, int | float):
        return result != 0
    word = str(result).strip().lower()
    if word in _ON or word in _OFF:
        return word in _ON
    raise ValueError(f"gave {str(result)[:60]!r}, expected on or off")


def number(result: Any) -> float | None:
    """Return a number, None for nothing; raises `ValueError` for other words."""
    if is_nothing(result):
        return None
    try:
        found = float(result)
    except (ValueError, TypeError):
        found = math.nan
    if isinstance(result, bool) or not math.isfinite(found):
        raise ValueError(f"gave {str(result)[:60]!r}, expected a number")
    return result if isinstance(result, int | float) else found


def text(result: Any, choices: Sequence[str] | None = None) -> str | None:
    """Return a text of at most 255 characters, one of `choices` if there are; None for nothing."""
    if is_nothing(result):
        return None
    found = str(result)
    if len(found) > 255:
        raise ValueError("gave more than 255 characters; put long texts into an attribute")
    if choices is not None and found not in choices:
        raise ValueError(f"gave {found[:60]!r}, which is none of the options")
    return found


def moment(result: Any, device_class: str) -> datetime | date | None:
    """Return a time with an offset (`timestamp`) or a day (`date`)."""
    if is_nothing(result):
        return None
    try:
        if device_class == "date":
            return date.fromisoformat(str(result)[:10])
        found = datetime.fromisoformat(str(result))
    except ValueError:
        words = f"gave {str(result)[:60]!r}, expected a {device_class} in ISO form"
        raise ValueError(words) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def options(result: Any) -> list[str]:
    """Return a list of texts; raises `ValueError`."""
    if not isinstance(result, list | tuple) or not result:
        raise ValueError(f"gave {str(result)[:60]!r}, expected a list of options")
    return [str(item) for item in result]
