"""Names and defaults."""

from typing import Final

DOMAIN: Final = "template"
PORT: Final = 4001
INTERVAL: Final = 30.0
"""Seconds between two questions."""
