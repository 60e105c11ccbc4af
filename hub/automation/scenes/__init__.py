"""Scenes: how some entities are to be, all at once."""

from typing import TYPE_CHECKING, Any, Final

from hub.automation.scenes.schema import SCENE
from hub.resources import ResourceType

if TYPE_CHECKING:
    from hub.automation.scenes.scenes import Scenes

TYPES: Final[tuple[ResourceType, ...]] = (SCENE,)

__all__ = ["TYPES", "Scenes"]


def __getattr__(name: str) -> Any:
    """Import the running part when it is asked for: a check of files needs the types only."""
    if name == "Scenes":
        from hub.automation.scenes.scenes import Scenes

        return Scenes
    raise AttributeError(name)
