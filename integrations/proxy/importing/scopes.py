"""What is in force in a block: its own directives, and those it inherits as nginx does."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from integrations.proxy.importing.tree import Directive

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Scope:
    """The directives of one block below the blocks around it."""

    def __init__(self, directives: Sequence[Directive], above: "Scope | None" = None) -> None:
        """Stand inside `above`."""
        self.directives = tuple(directives)
        self.above = above
        self._by_name: dict[str, list[Directive]] = {}
        for item in self.directives:
            self._by_name.setdefault(item.name, []).append(item)

    def own(self, *names: str) -> list[Directive]:
        """Return directives of this block alone, in their order."""
        there = [name for name in names if name in self._by_name]
        if len(there) < 2:
            return list(self._by_name[there[0]]) if there else []
        return [item for item in self.directives if item.name in there]

    def all(self, *names: str) -> list[Directive]:
        """Return directives by nginx's rule: those of the innermost block that has any."""
        found = self.own(*names)
        return found or (self.above.all(*names) if self.above is not None else [])

    def last(self, name: str) -> Directive | None:
        """Return the directive in force, None when there is none."""
        found = self.all(name)
        return found[-1] if found else None

    def word(self, name: str) -> str:
        """Return the first argument of the directive in force; empty when there is none."""
        found = self.last(name)
        return found.arg() if found is not None else ""

    def is_on(self, name: str) -> bool:
        """Tell whether a switch is on."""
        return self.word(name) == "on"

    def filled(self, text: str) -> str:
        """Return text with the variables that `set` gives a constant; others stay."""
        for _ in range(8):
            changed = _VARIABLE.sub(self._value, text)
            if changed == text:
                break
            text = changed
        return text

    def _value(self, match: "re.Match[str]") -> str:
        name = match[1] or match[2]
        for item in self.sets():
            if item.arg(0) == f"${name}":
                return item.arg(1)
        return match[0]

    def sets(self) -> Iterator[Directive]:
        """Return the `set` directives that hold here, the nearest first."""
        yield from reversed(self.own("set"))
        if self.above is not None:
            yield from self.above.sets()


def variables(text: str) -> list[str]:
    """Return the names of the variables in a text."""
    return [match[1] or match[2] for match in _VARIABLE.finditer(text)]
