"""Things that are watched tell the entities that show them."""

import logging
from typing import Protocol

_LOGGER = logging.getLogger(__name__)


class Shows(Protocol):
    """Shows a thing that is watched; an entity does."""

    def write(self) -> None:
        """Show it as it is now."""


class Told:
    """Holds who shows a thing, and lets them write."""

    def __init__(self, id: str) -> None:
        """Nobody shows the resource `id` yet."""
        self.id = id
        self._shown: list[Shows] = []

    def follow(self, by: Shows) -> None:
        """Let `by` write when something changed."""
        self._shown.append(by)

    def unfollow(self, by: Shows) -> None:
        """Let `by` write no more."""
        if by in self._shown:
            self._shown.remove(by)

    def tell(self) -> None:
        """Let everybody write; one that fails touches no other."""
        for by in tuple(self._shown):
            try:
                by.write()
            except Exception:
                _LOGGER.exception("%r was not updated", by)
