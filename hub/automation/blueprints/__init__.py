"""Blueprints: automations and scripts with holes, filled when they are used."""

from typing import Final

from hub.resources import ResourceType

TYPES: Final[tuple[ResourceType, ...]] = ()
