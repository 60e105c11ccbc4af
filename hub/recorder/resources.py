"""The resource type of the recorder's policies."""

from typing import Final

from hub.resources import ResourceType

TYPES: Final[tuple[ResourceType, ...]] = ()
