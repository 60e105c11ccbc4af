"""Automations, scripts, scenes and template entities behind one object."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.hub import Hub


class Automations:
    """Runs what the resources of automations, scripts and scenes say."""

    def __init__(self, hub: "Hub") -> None:
        """Wait for `start`."""
        self._hub = hub

    async def start(self) -> None:
        """Register the services, add the entities, follow the resources, attach triggers."""

    async def stop(self) -> None:
        """Detach triggers and end what runs."""
