"""Jinja's own functions and filters, those that could run away replaced."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, Final

from jinja2.filters import do_batch, do_indent, do_truncate, make_attrgetter, sync_do_slice
from jinja2.utils import Cycler, Joiner, pass_environment

from hub.templates import texts
from hub.templates.current import CURRENT
from hub.templates.environment import HubEnvironment
from hub.templates.limits import (
    MAX_RANGE,
    MAX_WIDTH,
    TooMuch,
    check_length,
    check_slow,
    check_width,
    collected,
)

_SLOW: Final = ("pprint", "striptags", "title", "urlize", "wordwrap", "xmlattr")
"""Filters whose time grows faster than their text."""

_LEFT_OUT: Final = frozenset({"safe", "forceescape"})


def fit(known: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return Jinja's filters, the slow ones with a limit of their own."""
    found = {name: call for name, call in known.items() if name not in _LEFT_OUT}
    found.update({name: _short(name, known[name]) for name in _SLOW})
    return found


def _short(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def short(*args: Any, **kwargs: Any) -> Any:
        for value in args:
            if isinstance(value, str):
                check_slow(value, name)
            elif isinstance(value, list | tuple | dict | set):
                check_slow(texts.text(value), name)
        return call(*args, **kwargs)

    return short


def range_(*numbers: Any) -> range:
    """Return whole numbers, at most 100,000 of them."""
    found = range(*map(int, numbers))
    try:
        size = len(found)
    except OverflowError:
        size = MAX_RANGE + 1
    if size > MAX_RANGE:
        raise TooMuch(f"A range of more than {MAX_RANGE} numbers")
    return found


def dict_(items: Any = (), /, **more: Any) -> dict[Any, Any]:
    """Return a mapping from pairs or another mapping."""
    if isinstance(items, Mapping):
        return {**items, **more}
    found = collected(CURRENT.get(), items, dict, lambda made, pair: made.update((pair,)))
    return {**found, **more}


def cycler(*items: Any) -> Cycler:
    """Return something whose `next()` goes round through the items."""
    return Cycler(*items)


def joiner(separator: str = ", ") -> Joiner:
    """Return something that is empty when called first and the separator from then on."""
    return Joiner(separator)


@pass_environment
def attr(environment: HubEnvironment, value: Any, name: str) -> Any:
    """Return an attribute, never an item."""
    return environment.getattr(value, name)


def batch(value: Iterable[Any], count: int, fill: Any = None) -> Iterator[list[Any]]:
    """Return lists of `count` items each."""
    if not 0 < count <= MAX_RANGE:
        raise TooMuch(f"Batches of {count}, expected 1 to {MAX_RANGE}")
    yield from do_batch(value, count, fill)


def slice_(value: Iterable[Any], slices: int, fill: Any = None) -> Iterator[list[Any]]:
    """Return `slices` lists of about the same number of items."""
    if not 0 < slices <= MAX_RANGE:
        raise TooMuch(f"Slices into {slices} parts, expected 1 to {MAX_RANGE}")
    yield from sync_do_slice(list(value), slices, fill)


def indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    """Return the lines of a text moved to the right."""
    value = texts.text(value)
    size = len(width) if isinstance(width, str) else abs(int(width))
    if size > MAX_WIDTH:
        raise TooMuch(f"A width of {size}, the limit is {MAX_WIDTH}")
    check_length(len(value) + (value.count("\n") + 1) * size)
    return do_indent(value, width, first, blank)


@pass_environment
def join(
    environment: HubEnvironment, value: Iterable[Any], separator: str = "", attribute: Any = None
) -> str:
    """Return the items, or an attribute of each, as one text."""
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    return texts.join(texts.text(separator), value)


@pass_environment
def sum_(
    environment: HubEnvironment, value: Iterable[Any], attribute: Any = None, start: Any = 0
) -> Any:
    """Return the sum of the items, or of an attribute of each."""
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    run = CURRENT.get()
    for item in value:
        run.tick()
        if isinstance(item, str):
            raise TypeError("sum takes numbers, this is a text; use join, or map('float') first")
        start = texts.calculate("+", start, item)
    return start


def replace(value: Any, old: Any, new: Any, count: int | None = None) -> str:
    """Return a text with one part replaced by another."""
    return texts.replace(
        texts.text(value), texts.text(old), texts.text(new), -1 if count is None else count
    )


def center(value: Any, width: int = 80) -> str:
    """Return a text in the middle of spaces."""
    return texts.text(value).center(check_width(width))


def format_(value: Any, *args: Any, **kwargs: Any) -> str:
    """Return `value % args`."""
    if args and kwargs:
        raise TypeError("format takes values by position or by name, not both")
    return texts.percent(texts.text(value), kwargs or args)


@pass_environment
def truncate(environment: HubEnvironment, value: Any, *args: Any, **kwargs: Any) -> str:
    """Return the beginning of a text."""
    return do_truncate(environment, texts.text(value), *args, **kwargs)


GLOBALS: Final[dict[str, Any]] = {
    "cycler": cycler,
    "dict": dict_,
    "joiner": joiner,
    "range": range_,
}
FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "attr": attr,
    "batch": batch,
    "center": center,
    "format": format_,
    "indent": indent,
    "join": join,
    "replace": replace,
    "safe": texts.text,
    "slice": slice_,
    "string": texts.text,
    "sum": sum_,
    "truncate": truncate,
}
TESTS: Final[dict[str, Callable[..., Any]]] = {}
