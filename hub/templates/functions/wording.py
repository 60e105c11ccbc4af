"""Texts: identifiers, versions, addresses."""

import re
from collections.abc import Callable, Mapping
from functools import total_ordering
from typing import Any, Final
from urllib.parse import urlencode

from hub.templates import texts
from hub.templates.limits import check_length
from hub.templates.proxies import MISSING, Proxy
from hub.util import text as words

_PART: Final = re.compile(r"\d+|[a-z]+")
_RANKS: Final = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1}


def slugify(value: Any, separator: str = "_") -> str:
    """Return a text as small letters, digits and separators."""
    value = texts.text(value)
    found = words.slugify(value, "unknown" if value else "")
    return found if separator == "_" else texts.replace(found, "_", separator)


def to_query(value: Mapping[str, Any]) -> str:
    """Return a mapping as the query of an address."""
    found = urlencode(dict(value), doseq=True)
    check_length(len(found))
    return found


@total_ordering
class Version(Proxy):
    """A version that compares by its numbers: `2024.10` is newer than `2024.9`, `1.0b1` older."""

    __slots__ = ("_parts", "_text")

    def __init__(self, value: str) -> None:
        """Read a version text."""
        self._text = value
        release = value.strip().lower().removeprefix("v").partition("+")[0][:200]
        parts = [
            (0, int(x)) if x.isdigit() else (_RANKS.get(x, 0), 0) for x in _PART.findall(release)
        ]
        while parts and parts[-1] == (0, 0):
            parts.pop()
        self._parts = parts

    def attribute(self, name: str) -> Any:
        """Return `major`, `minor`, `patch` or `string`."""
        if name == "string":
            return self._text
        if name not in ("major", "minor", "patch"):
            return MISSING
        numbers = [number for rank, number in self._parts if rank == 0]
        place = ("major", "minor", "patch").index(name)
        return numbers[place] if place < len(numbers) else 0

    def __eq__(self, other: object) -> bool:
        """Compare with a version or a text."""
        return self._padded(other) == self._padded(self, other)

    def __lt__(self, other: object) -> bool:
        """Compare with a version or a text."""
        return self._padded(self, other) < self._padded(other, self)

    def __hash__(self) -> int:
        """Go by the numbers."""
        return hash(tuple(self._parts))

    def __str__(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        """Show the text."""
        return f"<version {self._text}>"

    def _padded(self, one: object, other: object = None) -> list[tuple[int, int]]:
        mine = _version(one)._parts  # noqa: SLF001 - the same class
        theirs = _version(self if other is None else other)._parts  # noqa: SLF001
        return mine + [(0, 0)] * (len(theirs) - len(mine))


def _version(value: object) -> Version:
    return value if isinstance(value, Version) else Version(str(value))


def version(value: Any) -> Version:
    """Return a version to compare."""
    return Version(texts.text(value)[:200])


GLOBALS: Final[dict[str, Any]] = {"slugify": slugify, "urlencode": to_query, "version": version}
FILTERS: Final[dict[str, Callable[..., Any]]] = {"slugify": slugify, "version": version}
TESTS: Final[dict[str, Callable[..., Any]]] = {}
