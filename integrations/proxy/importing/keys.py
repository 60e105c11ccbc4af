"""Keys of imported resources: made from domain names, the same each time, never twice."""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

LONGEST: Final = 63
"""As the hub allows (`hub.schema`)."""
_BAD: Final = re.compile(r"[^a-z0-9.-]+")


class Keys:
    """Gives keys, each once for a type."""

    def __init__(self, prefix: str = "") -> None:
        """Begin every key with `prefix`: two imports that know the same names can lie apart."""
        self._prefix = prefix
        self._given: dict[str, set[str]] = {}

    def of(self, type: str, words: str, again: str = "") -> str:
        """Return a key for a thing called `words`; `again` tells it from others of that name."""
        given = self._given.setdefault(type, set())
        key = fitted(self._prefix + words)
        mark = again or sha256(words.encode()).hexdigest()[:8]
        number = 1
        while key in given:
            key = fitted(f"{self._prefix}{words}-{mark}{'' if number == 1 else f'-{number}'}")
            number += 1
        given.add(key)
        return key


def fitted(words: str) -> str:
    """Reduce text to a key: `*.b.example` -> `wildcard.b.example`.

    Dots stay, so that `a.b.example` and `a-b.example` have keys of their own. What is too long
    ends in a hash of the whole.
    """
    text = words.strip().lower()
    if text.startswith(("*.", ".")):
        text = "wildcard." + text.lstrip("*.")
    if not text.isascii():
        text = ascii_of(text)
    found = _BAD.sub("-", text.replace("_", "-"))
    found = re.sub(r"-*\.[.-]*", ".", found)
    found = found.strip(".-") or "imported"
    if len(found) > LONGEST:
        found = found[: LONGEST - 9].rstrip(".-") + "-" + sha256(text.encode()).hexdigest()[:8]
    return found


def ascii_of(name: str) -> str:
    """Return a domain name as it is on the wire (IDNA); a text that is none transliterated."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        from hub.sdk import slugify

        return slugify(name).replace("_", "-")


def first_domain(names: Sequence[str], fallback: str) -> str:
    """Return the name that a key is made from: the first that is not a pattern."""
    plain = [name for name in names if not name.startswith(("~", "*"))]
    wild = [name for name in names if name.startswith("*.")]
    return next(iter(plain or wild), fallback)
