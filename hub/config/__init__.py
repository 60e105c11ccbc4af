"""Configuration: hub.yaml read with its lines, checked as a whole, turned into settings."""

from hub.config.check import check, load
from hub.config.settings import Profile, Settings

__all__ = ["Profile", "Settings", "check", "load"]
