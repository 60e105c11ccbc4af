"""Writes nginx's language, and notes for each line which field caused it."""

import re
from collections.abc import Iterable
from typing import Final

from integrations.proxy.models import File

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:*@,=~+$?&%!|^()\[\]<>-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
LONGEST_WORD: Final = 4000


class UnsafeError(ValueError):
    """A value that can not be written: schemas refuse it, and this is the second fence."""


def word(value: object) -> str:
    """Return a value as one word, in quotes when it needs them; `$` keeps its meaning.

    Raises `UnsafeError` for what nginx can not hold: control characters, and 4,000 bytes and more.
    """
    text = str(value)
    if _PLAIN.fullmatch(text) is not None and len(text) < LONGEST_WORD and "${" not in text:
        return text
    if _CONTROL.search(text) is not None or len(text.encode()) >= LONGEST_WORD:
        raise UnsafeError("expected a shorter text without control characters")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(value: object) -> str:
    """Return a value in which `$` has no place, as one word; raises `UnsafeError`."""
    text = str(value)
    if "$" in text:
        raise UnsafeError("expected a text without $")
    return word(text)


class Page:
    """One configuration file that is being written."""

    __slots__ = ("_fields", "_lines", "_pad")

    def __init__(self, title: str) -> None:
        """Begin with a comment that says what the file is; never a date."""
        self._lines = [f"# {title}"]
        self._fields: list[str | None] = [None]
        self._pad = ""

    def add(self, field: str | None, *directives: str) -> None:
        """Write directives, without their `;`, that a field caused."""
        pad = self._pad
        self._lines += [f"{pad}{directive};" for directive in directives]
        self._fields += [field] * len(directives)

    def rows(self, rows: Iterable[tuple[str | None, str]]) -> None:
        """Write directives, without their `;`, each behind the field that caused it."""
        pad = self._pad
        for field, directive in rows:
            self._lines.append(f"{pad}{directive};")
            self._fields.append(field)

    def unless(self, field: str | None, condition: str, otherwise: str) -> None:
        """Write the one harmless kind of `if`: one that only returns."""
        self._lines.append(f"{self._pad}if ({condition}) {{ return {otherwise}; }}")
        self._fields.append(field)

    def open(self, field: str | None, head: str) -> None:
        """Begin a block."""
        self._lines.append(f"{self._pad}{head} {{")
        self._fields.append(field)
        self._pad += "    "

    def close(self) -> None:
        """End the block."""
        self._pad = self._pad[:-4]
        self._lines.append(f"{self._pad}}}")
        self._fields.append(None)

    def block(self, field: str | None, head: str, *directives: str) -> None:
        """Write a block of plain directives."""
        self.open(field, head)
        self.add(field, *directives)
        self.close()

    def file(self, path: str, part: str | None) -> File:
        """Return what was written."""
        data = "\n".join(self._lines) + "\n"
        return File(path, data.encode(), part=part, fields=tuple(self._fields))
