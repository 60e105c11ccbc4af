"""Who is told what of a device; whoever fails is logged and held against nobody."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

_LOGGER = logging.getLogger(__name__)

Told = Callable[[], None]


class Followers:
    """Those that wait for registers, for the health of a device, for its rounds."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.slots: Final[dict[int, dict[Told, None]]] = {}
        """By the place of a register."""
        self.health: Final[dict[Told, None]] = {}
        self.rounds: Final[dict[Told, None]] = {}

    def follow(self, slots: Iterable[int], told: Told) -> Callable[[], None]:
        """Call `told()` when registers changed; returns what ends it."""
        found = list(slots)
        for slot in found:
            self.slots.setdefault(slot, {})[told] = None

        def unfollow() -> None:
            for slot in found:
                self.slots.get(slot, {}).pop(told, None)

        return unfollow

    def tell_slots(self, slots: Iterable[int]) -> None:
        """Tell the followers of some registers, each once."""
        tell({told: None for slot in slots for told in self.slots.get(slot, ())})

    def tell_all(self) -> None:
        """Tell the followers of all registers, and of the health."""
        tell({told: None for group in self.slots.values() for told in group})
        tell(self.health)


def listed(followers: dict[Told, None], told: Told) -> Callable[[], None]:
    """Add a follower; returns what takes it out."""
    followers[told] = None
    return lambda: (followers.pop(told, None), None)[1]


def tell(followers: Mapping[Told, None]) -> None:
    """Call each of them."""
    for told in tuple(followers):
        try:
            told()
        except Exception:
            _LOGGER.exception("A follower of a Modbus device failed")
