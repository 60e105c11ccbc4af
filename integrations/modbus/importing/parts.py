"""The mappings of a configuration: what they say, in which line, and what nobody asked for."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hub.sdk import Report

Keys = tuple[Any, ...]
Where = Callable[[Keys], str]
"""Takes the way to a value and returns `file:line`."""

_YES: Final = {"1", "true", "yes", "on", "enable"}
_NO: Final = {"0", "false", "no", "off", "disable"}
_WORDS: Final[dict[Any, str]] = {True: "on", False: "off"}
"""What YAML 1.1 makes of a bare on or off as a key."""
_MISSING: Final = object()


class Unfit(Exception):  # noqa: N818 - what it is, not that it is one
    """Something can not be taken over; the report says so already."""


class Part:
    """One mapping, asked key by key; `finish` tells what was never asked for."""

    def __init__(
        self, value: Mapping[Any, Any], keys: Keys, where: Where, report: Report, title: str
    ) -> None:
        """Know what to call it in the report."""
        self.keys = keys
        self.report = report
        self.title = title
        self._value = {_WORDS.get(key, key): item for key, item in value.items()}
        self._where = where
        self._left = dict.fromkeys(self._value)

    def place(self, key: str | None = None) -> str:
        """Return file and line of a key, or of the whole."""
        return self._where(self.keys if key is None else (*self.keys, key))

    def __contains__(self, key: str) -> bool:
        """Tell whether a key is given and not null."""
        return self._value.get(key) is not None

    def names(self) -> list[Any]:
        """Return all keys, in their order."""
        return list(self._value)

    def raw(self, key: str, default: Any = None) -> Any:
        """Return what stands there."""
        self._left.pop(key, None)
        found = self._value.get(key)
        return default if found is None else found

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; numbers become one."""
        found = self.raw(key, default)
        if isinstance(found, str | int | float) and not isinstance(found, bool) and found != "":
            return str(found)
        raise self.unfit(f"expected a text as {key}" if found is not None else f"{key} is missing")

    def word(self, key: str) -> str | None:
        """Return a text that may be missing."""
        return self.text(key) if key in self else self.raw(key)

    def whole(self, key: str, default: int | None = None, high: int = 0xFFFF) -> int:
        """Return a whole number from 0 to `high`."""
        found = whole(self.raw(key, default))
        if found is None:
            missing = key not in self
            raise self.unfit(f"{key} is missing" if missing else f"{key} is no whole number")
        if not 0 <= found <= high:
            raise self.unfit(f"{key} {found} is not between 0 and {high}")
        return found

    def wholes(self, key: str, default: Sequence[int] = (), high: int = 0xFFFF) -> list[int]:
        """Return whole numbers; a single one is a list."""
        given = self.raw(key)
        if given is None:
            return list(default)
        found = [whole(item) for item in (given if isinstance(given, list) else [given])]
        good = [item for item in found if item is not None and 0 <= item <= high]
        if not good or len(good) != len(found):
            raise self.unfit(f"{key}: expected whole numbers from 0 to {high}")
        return good

    def real(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        given = self.raw(key, default)
        try:
            found = float(given)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if not math.isfinite(found):
            raise self.unfit(f"{key} is missing" if given is None else f"{key} is no number")
        return found

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return yes or no, in all spellings."""
        found = str(self.raw(key, default)).lower()
        if found in _YES | _NO:
            return found in _YES
        raise self.unfit(f"{key}: expected true or false")

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """Return one of some words."""
        found = self.raw(key, default)
        if found not in options:
            known = ", ".join(options)
            raise self.unfit(f"{key} {found!r}: expected one of {known}")
        return str(found)

    def part(self, key: str) -> "Part | None":
        """Return a mapping inside; one that is given without content is empty."""
        found = self._value.get(key, _MISSING)
        self._left.pop(key, None)
        if found is _MISSING:
            return None
        if found is None:
            found = {}
        if not isinstance(found, Mapping):
            raise self.unfit(f"expected a mapping as {key}")
        return Part(found, (*self.keys, key), self._where, self.report, f"{self.title}: {key}")

    def unfit(self, message: str, todo: str = "") -> Unfit:
        """Tell that the whole can not be taken over, and return what to raise."""
        self.report.left_out(self.place(), f"{self.title}: {message}", todo)
        return Unfit(message)

    def left_out(self, key: str, message: str, todo: str = "") -> None:
        """Tell that a key is not taken over."""
        self._left.pop(key, None)
        self.report.left_out(self.place(key), f"{self.title}: {message}", todo)

    def do(self, key: str | None, message: str, todo: str) -> None:
        """Tell what is taken over with another meaning."""
        self.report.do(self.place(key), f"{self.title}: {message}", todo)

    def note(self, key: str | None, message: str) -> None:
        """Tell what is done another way, or was without effect."""
        self._left.pop(key, None)
        self.report.note(self.place(key), f"{self.title}: {message}")

    def ignored(self, *keys: str, why: str) -> None:
        """Tell of keys that have no effect in Home Assistant either."""
        for key in keys:
            if key in self._value:
                self.note(key, f"{key} {why}")

    def finish(self) -> None:
        """Tell which keys nobody knows."""
        for key in list(self._left):
            self.left_out(key, f"{key} is not a key of Home Assistant's modbus")


def whole(value: Any) -> int | None:
    """Return a whole number, also one in a text or behind a point of zeros; else None."""
    if isinstance(value, str):
        try:
            return int(value, 16 if value.strip().lower().startswith("0x") else 10)
        except ValueError:
            return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, int) else None
