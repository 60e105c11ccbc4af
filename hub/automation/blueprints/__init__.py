"""Blueprints: automations and scripts with holes, filled when they are used."""

from typing import Final

from hub.automation.blueprints.resources import BLUEPRINT
from hub.automation.blueprints.substitute import substitute
from hub.resources import ResourceType

TYPES: Final[tuple[ResourceType, ...]] = (BLUEPRINT,)

__all__ = ["TYPES", "substitute"]
