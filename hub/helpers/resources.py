"""The resource types of helpers."""

from typing import Final

from hub.helpers.kinds import KINDS
from hub.resources import ResourceType

TYPES: Final[tuple[ResourceType, ...]] = tuple(kind.type() for kind in KINDS.values())
