"""A unified difference of two texts, in bounded time and with the ends of files told."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

MOST_LINES: Final = 2_000
"""Lines that are compared one by one: comparing takes as long as their number squared."""
CONTEXT: Final = 3
_NO_NEWLINE: Final = "\\ No newline at end of file"

Step = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]


def unified(path: str, old: str | None, new: str | None) -> list[str]:
    """Return the lines of a unified difference; None = there is no such file.

    What differs in more lines than can be compared one by one is told as replaced.
    """
    before, after = _lines(old), _lines(new)
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    middle = before[first : len(before) - last], after[first : len(after) - last]
    if not any(middle):
        return []
    if len(middle[0]) + len(middle[1]) > MOST_LINES:
        inner: Sequence[Step] = [("replace", 0, len(middle[0]), 0, len(middle[1]))]
    else:
        inner = difflib.SequenceMatcher(None, *middle).get_opcodes()
    steps: list[Step] = [
        ("equal", 0, first, 0, first),
        *((tag, a + first, b + first, c + first, d + first) for tag, a, b, c, d in inner),
        ("equal", len(before) - last, len(before), len(after) - last, len(after)),
    ]
    found = [
        f"--- {'/dev/null' if old is None else path}",
        f"+++ {'/dev/null' if new is None else path}",
    ]
    for group in _Known(steps).get_grouped_opcodes(CONTEXT):
        found += _hunk(group, before, after)
    return found


class _Known(difflib.SequenceMatcher[str]):
    """Groups steps that are known already."""

    def __init__(self, steps: list[Step]) -> None:
        """Take the steps from one text to the other."""
        super().__init__(None, "", "")
        self._steps = steps

    def get_opcodes(self) -> list[Step]:
        """Return the steps."""
        return self._steps


def _hunk(
    group: Sequence[tuple[str, int, int, int, int]], before: list[str], after: list[str]
) -> Iterable[str]:
    places = (group[0][1], group[-1][2]), (group[0][3], group[-1][4])
    # a hunk without lines names the line before it
    old, new = (f"{start + (end > start)},{end - start}" for start, end in places)
    yield f"@@ -{old} +{new} @@"
    for tag, a, b, c, d in group:
        if tag == "equal":
            yield from _signed(" ", before[a:b])
            continue
        yield from _signed("-", before[a:b])
        yield from _signed("+", after[c:d])


def _signed(sign: str, lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        yield sign + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield _NO_NEWLINE


def _lines(text: str | None) -> list[str]:
    """Split at line feeds alone, as nginx reads a file."""
    return [] if not text else re.findall(r"[^\n]*\n|[^\n]+", text)
