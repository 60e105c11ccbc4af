"""Results as Home Assistant reads them: a text that is a Python literal becomes what it says.

Texts stay texts: with quotes around them, numbers such as `007`, `1_000` or `1e5`, and bytes.
"""

import re
from ast import literal_eval
from functools import lru_cache
from typing import Any, Final

_NUMBER: Final = re.compile(r"[+-]?(?!0\d)(?:\d+(?:\.\d*)?|\.\d+)")
_BEGINNINGS: Final = frozenset("([{+-.0123456789TFNs")
"""What a literal other than a text can begin with."""
_KINDS: Final = (int, float, list, tuple, dict, set, type(None))
_WORDS: Final[dict[str, bool | None]] = {"True": True, "False": False, "None": None}
_SHORT: Final = 1_000


def native(text: str) -> Any:
    """Return the number, boolean, list, mapping, set or none that a text stands for, else it."""
    text = text.strip()
    if not text or (text[0] not in _BEGINNINGS and "," not in text):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return _number(text)
    return _scalar(text) if len(text) < _SHORT else _literal(text)


def _number(text: str) -> Any:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text  # more digits than Python reads


@lru_cache(maxsize=512)
def _is_literal(text: str) -> bool:
    return _literal(text) is not text


def _scalar(text: str) -> Any:
    """Return what a short text says; that most are no literals is remembered."""
    return _literal(text) if _is_literal(text) else text


def _literal(text: str) -> Any:
    try:
        found = literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
    if not isinstance(found, _KINDS) or isinstance(found, bool | int | float):
        return text
    return found if _plain(found) else text


def _plain(value: Any) -> bool:
    """Tell whether a list or mapping holds nothing but what has a form in JSON."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += [*item, *item.values()]
        elif isinstance(item, list | tuple | set):
            stack += item
        elif not isinstance(item, str | int | float | None):
            return False
    return True
