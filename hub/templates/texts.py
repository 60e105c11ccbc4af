"""Operations on texts and numbers that could make something huge, each looking first."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from string import Formatter
from typing import Any, Final

from hub.templates.current import CURRENT
from hub.templates.limits import (
    MAX_BITS,
    MAX_ITEMS,
    MAX_WIDTH,
    TooMuch,
    check_length,
    check_width,
    checked,
    weigh,
)

_NUMBERS: Final = re.compile(r"\d+")
_PERCENT: Final = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(\*|\d+)?(?:\.(\*|\d+)?)?")
_MAX_FORMAT: Final = 1_000
"""Characters of a time format: each of them may become a long word."""


def text(value: Any) -> str:
    """Return what `{{ value }}` shows."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int or kind is float:
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, list | tuple | dict | set | frozenset | Mapping):
        weigh(CURRENT.get(), value)
    shown = str(value)
    check_length(len(shown))
    return shown


def joined(parts: Iterable[str]) -> str:
    """Return texts put together, counted first."""
    parts = list(parts)
    check_length(sum(map(len, parts)))
    found = "".join(parts)
    CURRENT.get().spend(len(found) >> 3)
    return found


def join(separator: str, items: Iterable[Any]) -> str:
    """Return `separator.join(items)`."""
    run = CURRENT.get()
    parts, size = [], 0
    for item in items:
        run.tick()
        part = text(item)
        size += len(part) + len(separator)
        check_length(size - len(separator))
        parts.append(part)
    return separator.join(parts)


def replace(value: str, old: str, new: str, count: int = -1) -> str:
    """Return `value.replace(old, new, count)`."""
    places = value.count(old)
    places = places if count < 0 else min(places, count)
    check_length(len(value) + places * (len(new) - len(old)))
    return value.replace(old, new, count)


def center(value: str, width: int, fill: str = " ") -> str:
    """Return `value.center(width, fill)`."""
    return value.center(check_width(width), fill)


def ljust(value: str, width: int, fill: str = " ") -> str:
    """Return `value.ljust(width, fill)`."""
    return value.ljust(check_width(width), fill)


def rjust(value: str, width: int, fill: str = " ") -> str:
    """Return `value.rjust(width, fill)`."""
    return value.rjust(check_width(width), fill)


def zfill(value: str, width: int) -> str:
    """Return `value.zfill(width)`."""
    return value.zfill(check_width(width))


def expandtabs(value: str, size: int = 8) -> str:
    """Return `value.expandtabs(size)`."""
    check_length(len(value) + value.count("\t") * check_width(size))
    return value.expandtabs(size)


def strftime(value: date | time, form: str) -> str:
    """Return a time in the form that `strftime` of the library knows."""
    check_format(form)
    return value.strftime(form)


def check_format(form: str) -> None:
    """Raise `TooMuch` for a time format that is long or fills to huge widths."""
    if len(form) > _MAX_FORMAT:
        raise TooMuch(f"A time format of {len(form)} characters, the limit is {_MAX_FORMAT}")
    _check_numbers(form)


def _check_numbers(spec: str) -> None:
    for number in _NUMBERS.findall(spec):
        if len(number) > 6 or int(number) > MAX_WIDTH:
            raise TooMuch(f"A width or precision of {number[:20]}, the limit is {MAX_WIDTH}")


class _Fields(Formatter):
    """`str.format` that reaches only what templates reach, and fills to bounded widths."""

    def __init__(
        self, reach: Callable[[Any, str], Any], element: Callable[[Any, Any], Any]
    ) -> None:
        self._reach = reach
        self._element = element
        self._size = 0

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
        from _string import formatter_field_name_split  # type: ignore[import-not-found]

        first, rest = formatter_field_name_split(field_name)
        found = self.get_value(first, args, kwargs)
        for by_attribute, name in rest:
            found = (self._reach if by_attribute else self._element)(found, name)
        return found, first

    def format_field(self, value: Any, format_spec: str) -> str:
        _check_numbers(format_spec)
        if not format_spec:
            made = text(value)
        else:
            if isinstance(value, date | time):
                check_format(format_spec)
            made = str(format(value, format_spec))
        self._size += len(made)
        check_length(self._size)
        CURRENT.get().tick()
        return made


def format_(value: str, /, *args: Any, **kwargs: Any) -> str:
    """Return `value.format(...)`."""
    return _fields().vformat(value, args, kwargs)


def format_map(value: str, mapping: Mapping[str, Any]) -> str:
    """Return `value.format_map(mapping)`."""
    return _fields().vformat(value, (), mapping)


def _fields() -> _Fields:
    from hub.templates.environment import environment

    known = environment()
    return _Fields(known.getattr, known.getitem)


def percent(form: str, values: Any) -> str:
    """Return `form % values`."""
    total = len(form)
    for width, precision in _PERCENT.findall(form):
        if "*" in (width, precision):
            raise TooMuch("A width given by * is not supported")
        _check_numbers(f"{width} {precision}")
        total += int(width or 0) + int(precision or 0)
    check_length(total)
    weigh(CURRENT.get(), values if isinstance(values, tuple | list | dict) else (values,))
    return str(form % values)


def calculate(symbol: str, left: Any, right: Any) -> Any:
    """Return `left symbol right`, refused when the result would be huge."""
    if symbol == "*":
        _check_product(left, right)
    elif symbol == "**":
        _check_power(left, right)
    elif symbol == "%" and isinstance(left, str):
        return percent(left, right)
    elif symbol == "+" and isinstance(left, str) and isinstance(right, str):
        check_length(len(left) + len(right))
    elif symbol == "+" and isinstance(left, list | tuple) and isinstance(right, list | tuple):
        CURRENT.get().tick()
    return checked(CURRENT.get(), _OPERATORS[symbol](left, right))


_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


def _check_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and not isinstance(right, float | int):
        left, right = right, left
    if not isinstance(right, int):
        return
    if isinstance(left, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise TooMuch(f"A number of more than {MAX_BITS} binary digits")
    elif isinstance(left, str | bytes):
        check_length(len(left) * max(right, 0))
    elif isinstance(left, list | tuple) and len(left) * max(right, 0) > MAX_ITEMS:
        raise TooMuch(f"A list or mapping of more than {MAX_ITEMS} items")


def _check_power(left: Any, right: Any) -> None:
    whole = isinstance(left, int) and isinstance(right, int)
    if whole and right > 0 and abs(left) > 1 and left.bit_length() * right > MAX_BITS:
        raise TooMuch(f"A number of more than {MAX_BITS} binary digits")
