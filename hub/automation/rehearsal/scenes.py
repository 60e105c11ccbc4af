"""Scenes of a rehearsal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.automation.rehearsal.world import RehearsalWorld


def load_scenes(world: "RehearsalWorld", specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Offer `scene.turn_on` for the scenes of a configuration."""
