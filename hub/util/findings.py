"""What an import gives: documents for the hub, and a report of all that is not in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Unreadable(Exception):  # noqa: N818 - what it is, not that it is one
    """What was given can not be imported at all; says what was expected."""


class Level(StrEnum):
    """What a line of the report asks of the reader."""

    LEFT_OUT = "left_out"
    """It was there and is not in the documents."""
    DO = "do"
    """It is in the documents, and somebody has to complete or decide something."""
    NOTE = "note"
    """It is done another way, or was never needed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: Level
    place: str
    """Where it stands: `sites-enabled/blog:12`, or `proxy_host 3`."""
    message: str
    todo: str = ""
    """What to do about it; empty = nothing."""
    about: str = ""
    """The document it belongs to (`proxy.host/blog.example.com`); empty = none."""

    def __str__(self) -> str:
        """Render as people read it."""
        about = f" ({self.about})" if self.about else ""
        todo = f"; {self.todo}" if self.todo else ""
        return f"{self.place}: {self.message}{about}{todo}"

    def as_dict(self) -> dict[str, str]:
        """Return the form for programs."""
        return {
            "level": self.level.value, "place": self.place, "about": self.about,
            "message": self.message, "todo": self.todo,
        }  # fmt: skip


class Report:
    """Collects findings in the order in which they are met."""

    def __init__(self) -> None:
        """Begin empty."""
        self._found: dict[Finding, None] = {}

    @property
    def findings(self) -> list[Finding]:
        """Return what was found, each line once."""
        return list(self._found)

    def left_out(self, place: str, message: str, todo: str = "", about: str = "") -> None:
        """Tell what is not in the documents."""
        self._add(Finding(Level.LEFT_OUT, place, message, todo, about))

    def do(self, place: str, message: str, todo: str, about: str = "") -> None:
        """Tell what somebody has to do."""
        self._add(Finding(Level.DO, place, message, todo, about))

    def note(self, place: str, message: str, about: str = "") -> None:
        """Tell what is done another way."""
        self._add(Finding(Level.NOTE, place, message, "", about))

    def _add(self, finding: Finding) -> None:
        self._found[finding] = None


@dataclass(frozen=True, slots=True)
class Imported:
    """The documents, and what is to be known about them."""

    documents: Mapping[str, dict[str, Any]] = field(repr=False)
    """`type/key` -> spec, secrets in the clear, in an order in which references come first."""
    findings: tuple[Finding, ...] = ()

    def count(self, type: str) -> int:
        """Return how many documents of a type there are."""
        return sum(name.startswith(f"{type}/") for name in self.documents)
