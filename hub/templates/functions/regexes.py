"""Regular expressions, which end in time whatever they say."""

from collections.abc import Callable
from typing import Any, Final

import regex

from hub.templates import texts
from hub.templates.current import CURRENT
from hub.templates.limits import TooMuch, check_length

_MAX_PATTERN: Final = 1_000


def _compiled(find: Any, ignorecase: Any) -> "regex.Pattern[str]":
    pattern = texts.text(find)
    if len(pattern) > _MAX_PATTERN:
        raise TooMuch(f"A pattern of {len(pattern)} characters, the limit is {_MAX_PATTERN}")
    try:
        return regex.compile(pattern, regex.IGNORECASE if ignorecase else 0)
    except regex.error as error:
        raise ValueError(f"the pattern {pattern[:80]!r} is not valid: {error}") from None


def _limited(call: Callable[..., Any], *args: Any) -> Any:
    run = CURRENT.get()
    try:
        return call(*args, timeout=run.left())
    except TimeoutError:
        raise TooMuch(f"Exceeded maximum execution time of {run.seconds:g}s") from None


def match(value: Any, find: Any = "", ignorecase: Any = False) -> bool:
    """Tell whether a text begins with a pattern."""
    return _limited(_compiled(find, ignorecase).match, texts.text(value)) is not None


def search(value: Any, find: Any = "", ignorecase: Any = False) -> bool:
    """Tell whether a pattern is anywhere in a text."""
    return _limited(_compiled(find, ignorecase).search, texts.text(value)) is not None


def replace(value: Any = "", find: Any = "", replace: Any = "", ignorecase: Any = False) -> str:
    """Return a text with each place of a pattern replaced."""
    value, new = texts.text(value), texts.text(replace)
    run = CURRENT.get()
    references = new.count("\\")
    size = 0

    def put(match: "regex.Match[str]") -> str:
        nonlocal size
        run.tick()
        longest = max(map(len, filter(None, (match[0], *match.groups()))), default=0)
        check_length(size + len(new) + references * longest)
        made = match.expand(new)
        size += len(made)
        return made

    found: str = _limited(_compiled(find, ignorecase).sub, put, value)
    return found


def findall(value: Any, find: Any = "", ignorecase: Any = False) -> list[Any]:
    """Return every place of a pattern, or its groups."""
    found: list[Any] = _limited(_compiled(find, ignorecase).findall, texts.text(value))
    return found


def findall_index(value: Any, find: Any = "", index: int = 0, ignorecase: Any = False) -> Any:
    """Return one of the places of a pattern."""
    return findall(value, find, ignorecase)[index]


GLOBALS: Final[dict[str, Any]] = {}
FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "regex_findall": findall,
    "regex_findall_index": findall_index,
    "regex_match": match,
    "regex_replace": replace,
    "regex_search": search,
}
TESTS: Final[dict[str, Callable[..., Any]]] = {"match": match, "search": search}
