"""Names of Home Assistant as keys and entity ids of the hub."""

import re
from typing import Final

from hub.sdk import slugify

_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d)")


def object_id(name: str) -> str:
    """Return the second half of the entity id that Home Assistant makes of a name."""
    return slugify(_THOUSANDS.sub("", name))


class Unique:
    """Gives every word once."""

    def __init__(self) -> None:
        """Have given none."""
        self._taken: set[str] = set()

    def __contains__(self, word: str) -> bool:
        """Tell whether a word was given."""
        return word in self._taken

    def take(self, wanted: str) -> str:
        """Return the wanted word as a key, with a number behind it when it is taken."""
        word = slugify(wanted)
        found, number = word, 1
        while found in self._taken:
            number += 1
            found = f"{word}_{number}"
        self._taken.add(found)
        return found
