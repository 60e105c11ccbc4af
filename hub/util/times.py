"""Times as the wire wants them: epoch seconds inside, ISO 8601 with offset outside."""

from datetime import UTC, datetime

_fromtimestamp = datetime.fromtimestamp


def iso(epoch: float) -> str:
    """Write epoch seconds as `2026-11-21T03:52:19.762676+00:00` (always microseconds, UTC)."""
    return _fromtimestamp(epoch, UTC).isoformat(timespec="microseconds")
