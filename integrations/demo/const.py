"""Names of the demo."""

from typing import Final

DOMAIN: Final = "demo"
INTERVAL: Final = 5.0
"""Seconds between two steps of the pretended zone."""
