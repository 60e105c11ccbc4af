"""Scenes: how some entities are to be, all at once."""

from typing import Final

from hub.resources import ResourceType

TYPES: Final[tuple[ResourceType, ...]] = ()
