"""Numbers: reading them, calculating, statistics, bits."""

import math
import random
import statistics
from collections.abc import Callable, Iterable
from typing import Any, Final

from jinja2.utils import pass_environment

from hub.templates.current import CURRENT
from hub.templates.environment import HubEnvironment
from hub.templates.functions.logic import NO_DEFAULT, missing_default

_PLACES: Final = 30
"""More decimals than a float has: beyond this rounding changes nothing."""


def float_(value: Any, default: Any = NO_DEFAULT) -> Any:
    """Return a number, or the default for what is none."""
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        if default is NO_DEFAULT:
            raise missing_default("float", value) from None
        return default


def int_(value: Any, default: Any = NO_DEFAULT, base: int = 10) -> Any:
    """Return a whole number, or the default for what is none."""
    try:
        if isinstance(value, str):
            if len(value) > 2_000:
                raise ValueError
            try:
                return int(value, base)
            except ValueError:
                return int(float(value))
        return int(value)
    except (ValueError, TypeError, OverflowError):
        if default is NO_DEFAULT:
            raise missing_default("int", value) from None
        return default


def round_(
    value: Any, precision: int = 0, method: str = "common", default: Any = NO_DEFAULT
) -> Any:
    """Return a number with fewer decimals: `common`, `ceil`, `floor` or `half` (steps of 0.5)."""
    try:
        number = float(value)
        places = max(-_PLACES, min(int(precision), _PLACES))
        if method == "half":
            return round(number * 2) / 2
        if method in ("ceil", "floor"):
            factor = 10**places
            rounded: float = (math.ceil if method == "ceil" else math.floor)(number * factor)
            rounded /= factor
        else:
            rounded = round(number, places)
        return int(rounded) if places <= 0 and precision == 0 else rounded
    except (ValueError, TypeError, OverflowError):
        if default is NO_DEFAULT:
            raise missing_default("round", value) from None
        return default


def is_number(value: Any) -> bool:
    """Tell whether a value can be read as a finite number."""
    try:
        return math.isfinite(float(value))
    except (ValueError, TypeError, OverflowError):
        return False


def _of_one(name: str, call: Callable[[float], float]) -> Callable[..., Any]:
    def function(value: Any, default: Any = NO_DEFAULT) -> Any:
        try:
            return call(float(value))
        except (ValueError, TypeError, OverflowError):
            if default is NO_DEFAULT:
                raise missing_default(name, value) from None
            return default

    function.__name__ = name
    return function


def log(value: Any, base: Any = math.e, default: Any = NO_DEFAULT) -> Any:
    """Return the logarithm, natural unless a base is given."""
    try:
        return math.log(float(value), float(base))
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        if default is NO_DEFAULT:
            raise missing_default("log", value) from None
        return default


def atan2(*args: Any) -> Any:
    """Return the angle of a point; takes `y, x` or one pair, then a default."""
    rest = args
    if args and isinstance(args[0], list | tuple):
        rest = (*args[0], *args[1:])
    default = rest[2] if len(rest) > 2 else NO_DEFAULT
    try:
        return math.atan2(float(rest[0]), float(rest[1]))
    except (ValueError, TypeError, IndexError):
        if default is NO_DEFAULT:
            raise missing_default("atan2", args) from None
        return default


def multiply(value: Any, amount: Any, default: Any = NO_DEFAULT) -> Any:
    """Return a number times another."""
    return _pair("multiply", lambda left, right: left * right, value, amount, default)


def add(value: Any, amount: Any, default: Any = NO_DEFAULT) -> Any:
    """Return a number plus another."""
    return _pair("add", lambda left, right: left + right, value, amount, default)


def _pair(
    name: str, call: Callable[[float, float], float], value: Any, amount: Any, default: Any
) -> Any:
    try:
        return call(float(value), float(amount))
    except (ValueError, TypeError, OverflowError):
        if default is NO_DEFAULT:
            raise missing_default(name, value) from None
        return default


def clamp(value: Any, low: Any, high: Any) -> float:
    """Return a number, at least `low` and at most `high`."""
    low, high, value = float(low), float(high), float(value)
    if low > high:
        raise ValueError("clamp takes a lower limit that is not above the upper one")
    return float(max(low, min(value, high)))


def wrap(value: Any, low: Any, high: Any) -> float:
    """Return a number led back into `low` <= x < `high`, as angles are."""
    low, high = float(low), float(high)
    if high <= low:
        return float(low)
    return float(low + (float(value) - low) % (high - low))


def remap(
    value: Any,
    in_min: Any,
    in_max: Any,
    out_min: Any,
    out_max: Any,
    *,
    steps: int = 0,
    edges: str = "none",
) -> float:
    """Return a number of one range at the same place of another; `edges` none, clamp or wrap."""
    in_min, in_max, out_min, out_max = map(float, (in_min, in_max, out_min, out_max))
    value = float(value)
    if in_min == in_max:
        raise ValueError("remap takes a range with two different ends")
    if edges == "clamp":
        value = clamp(value, min(in_min, in_max), max(in_min, in_max))
    elif edges == "wrap":
        value = wrap(value, min(in_min, in_max), max(in_min, in_max))
    elif edges != "none":
        raise ValueError("edges is none, clamp or wrap")
    share = (value - in_min) / (in_max - in_min)
    if steps > 0:
        share = math.floor(share * steps) / steps
    return float(out_min + share * (out_max - out_min))


def _listed(name: str, values: tuple[Any, ...]) -> list[Any]:
    if len(values) == 1 and not isinstance(values[0], str) and isinstance(values[0], Iterable):
        values = tuple(values[0])
    elif len(values) == 1:
        raise TypeError(f"{name} takes a list or several values")
    return list(values)


@pass_environment
def minimum(environment: HubEnvironment, *values: Any, **options: Any) -> Any:
    """Return the smallest of a list or of several values."""
    return environment.filters["min"](environment, _listed("min", values), **options)


@pass_environment
def maximum(environment: HubEnvironment, *values: Any, **options: Any) -> Any:
    """Return the largest of a list or of several values."""
    return environment.filters["max"](environment, _listed("max", values), **options)


def _statistic(name: str, call: Callable[[list[Any]], Any], *, numeric: bool) -> Callable[..., Any]:
    def function(*values: Any, default: Any = NO_DEFAULT) -> Any:
        given = values
        if (
            default is NO_DEFAULT
            and len(values) == 2
            and not isinstance(values[0], str)
            and isinstance(values[0], Iterable)
        ):
            given, default = values[:1], values[1]
        listed = _listed(name, given)
        CURRENT.get().tick()
        if not listed:
            if default is NO_DEFAULT:
                raise ValueError(f"{name} of no values, and no default was specified")
            return default
        try:
            return call([float(value) for value in listed] if numeric else listed)
        except (ValueError, TypeError, OverflowError, statistics.StatisticsError):
            if default is NO_DEFAULT:
                raise missing_default(name, listed) from None
            return default

    function.__name__ = name
    return function


def _most_common(values: list[Any]) -> Any:
    counts: dict[Any, int] = {}
    run = CURRENT.get()
    for value in values:
        run.tick()
        counts[value] = counts.get(value, 0) + 1
    return max(counts, key=counts.__getitem__)


average = _statistic("average", lambda values: math.fsum(values) / len(values), numeric=True)
median = _statistic("median", statistics.median, numeric=True)
statistical_mode = _statistic("statistical_mode", _most_common, numeric=False)


def bitwise_and(left: int, right: int) -> int:
    """Return the bits that both have."""
    return int(left) & int(right)


def bitwise_or(left: int, right: int) -> int:
    """Return the bits that either has."""
    return int(left) | int(right)


def bitwise_xor(left: int, right: int) -> int:
    """Return the bits that one of them has."""
    return int(left) ^ int(right)


def ordinal(value: Any) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th`."""
    number = int(value)
    ending = "th" if abs(number) % 100 in (11, 12, 13) else _ENDINGS.get(abs(number) % 10, "th")
    return f"{number}{ending}"


_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}


def random_(values: Iterable[Any]) -> Any:
    """Return one of the items; not followed, the next rendering may draw another."""
    found = list(values) if not isinstance(values, list | str | tuple | range) else values
    if not found:
        raise ValueError("random of nothing")
    return random.choice(found)  # noqa: S311 - no secret


_ONE: Final[dict[str, Callable[[float], float]]] = {
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "cos": math.cos,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}
_BOTH: Final[dict[str, Any]] = {
    **{name: _of_one(name, call) for name, call in _ONE.items()},
    "add": add,
    "atan2": atan2,
    "average": average,
    "bitwise_and": bitwise_and,
    "bitwise_or": bitwise_or,
    "bitwise_xor": bitwise_xor,
    "clamp": clamp,
    "float": float_,
    "int": int_,
    "is_number": is_number,
    "log": log,
    "median": median,
    "multiply": multiply,
    "ordinal": ordinal,
    "remap": remap,
    "round": round_,
    "statistical_mode": statistical_mode,
    "wrap": wrap,
}
GLOBALS: Final[dict[str, Any]] = {
    **_BOTH,
    "e": math.e,
    "inf": math.inf,
    "max": maximum,
    "min": minimum,
    "pi": math.pi,
    "tau": math.pi * 2,
}
FILTERS: Final[dict[str, Callable[..., Any]]] = {**_BOTH, "random": random_}
TESTS: Final[dict[str, Callable[..., Any]]] = {"is_number": is_number}
