"""Checks and texts that several kinds share."""

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from hub.errors import ServiceValidationError


def number_text(value: float) -> str:
    """Write a number as the shortest decimal text, never in exponent form."""
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def value_text(value: object) -> str | None:
    """Write a sensor's value; None, NaN and infinity are unknown."""
    if value is None:
        return None
    if isinstance(value, float):
        return number_text(value) if math.isfinite(value) else None
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value)


def check_range(entity_id: str, field: str, value: float, low: float, high: float) -> None:
    """Raise `ServiceValidationError`, naming the field and its range, for a value outside."""
    if not low <= value <= high:
        raise ServiceValidationError(
            f"Invalid {field} for {entity_id}: {number_text(value)} "
            f"(range {number_text(low)} - {number_text(high)})"
        )


def check_option(entity_id: str, field: str, value: str, options: Sequence[str]) -> None:
    """Raise `ServiceValidationError`, naming the field and the choices, for a foreign option."""
    if value not in options:
        raise ServiceValidationError(
            f"Invalid {field} for {entity_id}: {value[:80]!r} (choices: {', '.join(options)})"
        )
