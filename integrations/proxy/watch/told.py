"""Things that are watched tell the entities that show them."""

import logging
from collections.abc import Callable

_LOGGER = logging.getLogger(__name__)

Write = Callable[[], None]


class Told:
    """Holds who shows a thing, and lets them write."""

    def __init__(self) -> None:
        """Nobody shows it yet."""
        self._writes: list[Write] = []

    def follow(self, write: Write) -> Callable[[], None]:
        """Call `write()` when something changed; returns the unsubscribe."""
        self._writes.append(write)
        return lambda: self._writes.remove(write)

    def tell(self) -> None:
        """Let everybody write; one that fails touches no other."""
        for write in tuple(self._writes):
            try:
                write()
            except Exception:
                _LOGGER.exception("An entity was not updated")
