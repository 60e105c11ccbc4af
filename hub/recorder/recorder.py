"""The recorder as one object."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.hub import Hub


class Recorder:
    """Keeps what happens; its failure degrades nothing but itself."""

    def __init__(self, hub: "Hub") -> None:
        """Prepare; the database is opened by `start`."""
        self._hub = hub

    async def start(self) -> None:
        """Listen at once, open the database beside; never raises for trouble with it."""

    async def stop(self) -> None:
        """Write what waits and let go of the database."""
