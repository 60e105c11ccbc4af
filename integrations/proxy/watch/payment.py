"""When the rent of a server is due; the day itself and the days after it are states too."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

SOON_DAYS: Final = 2


class Payment(StrEnum):
    """How far away the day is."""

    PAID = "paid"
    SOON = "soon"
    """Within two days."""
    DUE = "due"
    """Today."""
    OVERDUE = "overdue"


def due(spec: Mapping[str, Any]) -> date | None:
    """Return the day until which a `proxy.server` is paid; None when nobody says."""
    payment = spec.get("payment")
    return date.fromisoformat(payment["due"]) if payment else None


def state(day: date | None, today: date) -> Payment | None:
    """Compare the day with today."""
    if day is None:
        return None
    left = (day - today).days
    if left < 0:
        return Payment.OVERDUE
    if left == 0:
        return Payment.DUE
    return Payment.SOON if left <= SOON_DAYS else Payment.PAID


def today(now: float, zone: str) -> date:
    """Return the day in a time zone; one that nobody knows counts as UTC."""
    try:
        return datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    except (LookupError, OSError, ValueError):
        return datetime.fromtimestamp(now, UTC).date()
