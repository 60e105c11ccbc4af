"""All helpers of the house, kept equal to their resources."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.hub import Hub


class Helpers:
    """Gives every helper resource its entity."""

    def __init__(self, hub: "Hub") -> None:
        """Wait for `start`."""
        self._hub = hub

    async def start(self) -> None:
        """Register the services, add the entities with their last values, follow the resources."""

    async def stop(self) -> None:
        """Stop timers and keep last values."""
