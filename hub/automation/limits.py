"""Limits of numbers: fixed, or held by an entity."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.schema import entity_id, finite_float

LIMITS: Final = ("above", "below")


def limit(value: object) -> float | str:
    """Accept a number, or an entity that holds one."""
    try:
        return finite_float(value)
    except vol.Invalid:
        if not isinstance(value, str) or "." not in value:
            raise
    found = entity_id(value)
    if found.partition(".")[0] not in ("input_number", "number", "sensor"):
        raise vol.Invalid("expected a number, or an input_number, number or sensor")
    return found


def check_limits(config: Mapping[str, Any]) -> None:
    """Refuse a range that is missing or empty; raises `vol.Invalid`."""
    above, below = config.get("above"), config.get("below")
    if above is None and below is None:
        raise vol.Invalid("above or below is missing: the limit")
    if isinstance(above, float) and isinstance(below, float) and above >= below:
        raise vol.Invalid(
            f"no value is above {above:g} and below {below:g}: use two of them for two ranges",
            path=["above"],
        )
