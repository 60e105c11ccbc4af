"""The resource types of helpers."""

from typing import Final

from hub.resources import ResourceType

TYPES: Final[tuple[ResourceType, ...]] = ()
