"""How much one rendering may take, and the places where it is counted.

A template runs on the event loop, so every step that it can repeat or enlarge is counted: loops,
calls, filters, tests, sums, texts that are put together. Nothing here knows Jinja.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from time import perf_counter
from typing import Any, Final

MAX_SECONDS: Final = 0.25
"""Wall time of one rendering unless the caller says otherwise."""

MAX_CHARACTERS: Final = 262_144
"""The longest text, as a result or on the way to it."""

MAX_ITEMS: Final = 131_072
"""The largest list or mapping, everything nested in it counted where it stands."""

MAX_SPENT: Final = 8 << 20
"""What all texts and lists of one rendering may take together, in units of eight bytes."""

MAX_BITS: Final = 8192
"""The largest whole number, in binary digits."""

MAX_RANGE: Final = 100_000
MAX_WIDTH: Final = 999
"""The largest width, precision or indentation of a formatted value."""

MAX_SLOW: Final = 16_384
"""Characters for what takes more than linear time, such as `wordwrap`."""

MAX_TEMPLATE: Final = 65_536
"""Characters of a template."""

MAX_NODES: Final = 20_000
"""Parts of a template's syntax tree."""


class TooMuch(Exception):  # noqa: N818 - a limit, told as a TemplateError
    """A limit of rendering was reached."""


class Meter:
    """Counts what one rendering takes."""

    __slots__ = ("deadline", "seconds", "spent")

    def __init__(self, seconds: float) -> None:
        """Allow `seconds` of wall time from now on."""
        self.seconds = seconds
        self.deadline = perf_counter() + seconds
        self.spent = 0

    def tick(self) -> None:
        """Raise `TooMuch` when the time is over."""
        if perf_counter() > self.deadline:
            raise TooMuch(f"Exceeded maximum execution time of {self.seconds:g}s")

    def left(self) -> float:
        """Return the seconds that remain; raises `TooMuch` when there are none."""
        self.tick()
        return max(self.deadline - perf_counter(), 0.001)

    def spend(self, units: int) -> None:
        """Count memory that was taken."""
        self.spent += units
        if self.spent > MAX_SPENT:
            raise TooMuch("The template makes more texts and lists than its limit of 64 MiB")


def checked(meter: Meter, value: Any) -> Any:
    """Return a value that a step has made, measured; an iterator comes back counting."""
    kind = type(value)
    if kind is str:
        size = len(value)
        if size > 64:
            check_length(size)
            meter.spend(size >> 3)
        return value
    if kind is bool or kind is float or value is None:
        return value
    if kind is int:
        if value.bit_length() > MAX_BITS:
            raise TooMuch(f"A number of more than {MAX_BITS} binary digits")
        return value
    if kind in _CONTAINERS:
        meter.spend(len(value) + 8)
        weigh(meter, value)
        return value
    if isinstance(value, str):
        return checked(meter, str(value))  # markup is plain text here
    if isinstance(value, Iterator):
        return counting(meter, value)
    if isinstance(value, bytes | tuple | Mapping | AbstractSet):
        meter.spend(len(value))
        weigh(meter, value)
    return value


_CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})


def check_length(size: int) -> None:
    """Raise `TooMuch` for a text that is, or would be, too long."""
    if size > MAX_CHARACTERS:
        raise TooMuch(f"A text of {size} characters, the limit is {MAX_CHARACTERS}")


def check_width(width: object) -> int:
    """Return a width that a text may be filled to; raises `TooMuch`."""
    number = int(width)  # type: ignore[call-overload]
    if abs(number) > MAX_CHARACTERS:
        raise TooMuch(f"A width of {number}, the limit is {MAX_CHARACTERS}")
    return int(number)


def check_slow(text: str, what: str) -> None:
    """Raise `TooMuch` for a text that `what` would work on too long."""
    if len(text) > MAX_SLOW:
        raise TooMuch(f"{what} takes at most {MAX_SLOW} characters, this text has {len(text)}")


def weigh(meter: Meter, value: Any) -> None:
    """Count the items of a container, nested ones each time they stand there.

    Raises `TooMuch`: a list of lists that share each other has few parts and an endless text.
    """
    total = looked = 0
    stack = [value]
    while stack:
        item = stack.pop()
        looked += 1
        if not looked & 1023:
            meter.tick()
        if isinstance(item, Mapping):
            total += len(item)
            parts: Iterable[Any] = [part for pair in item.items() for part in pair]
        elif isinstance(item, bytes):
            total += len(item) >> 4
            parts = ()
        else:
            total += len(item)
            parts = item
        for part in parts:
            kind = type(part)
            if kind is str:
                if (size := len(part)) > 64:
                    total += size >> 6
            elif kind in _CONTAINERS or isinstance(part, tuple | bytes | Mapping):
                stack.append(part)
        if total > MAX_ITEMS:
            raise TooMuch(f"A list or mapping of more than {MAX_ITEMS} items")


def counting(meter: Meter, items: Iterator[Any]) -> Iterator[Any]:
    """Go through items, looking at the time at each."""
    tick = meter.tick
    for item in items:
        tick()
        yield item


def collected(
    meter: Meter, items: Iterable[Any], make: Callable[[], Any], put: Callable[[Any, Any], object]
) -> Any:
    """Fill a new container one by one: items whose hashes collide take time squared."""
    made = make()
    for item in items:
        meter.tick()
        put(made, item)
    return made
