"""What a template reaches by `object.name`: a list of names for each type, and nothing else."""

import dataclasses
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any, Final

from hub.events import Context, Event
from hub.states import State
from hub.templates import texts
from hub.templates.limits import TooMuch
from hub.templates.proxies import MISSING, ContextProxy, EventProxy, Proxy, StateProxy

_DATE: Final = (
    "year month day weekday isoweekday isocalendar isoformat toordinal ctime timetuple replace"
)
_TIME: Final = "hour minute second microsecond fold tzinfo utcoffset dst tzname isoformat replace"
_TEXT: Final = (
    "capitalize casefold count encode endswith find index isalnum isalpha isascii isdecimal "
    "isdigit isidentifier islower isnumeric isprintable isspace istitle isupper lower lstrip "
    "partition removeprefix removesuffix rfind rindex rpartition rsplit rstrip split splitlines "
    "startswith strip swapcase title upper"
)
_SET: Final = "union intersection difference symmetric_difference issubset issuperset isdisjoint"

_NAMES: Final[tuple[tuple[type, frozenset[str]], ...]] = tuple(
    (kind, frozenset(names.split()))
    for kind, names in (
        (
            str,
            _TEXT,
        ),
        (bytes, "decode hex startswith endswith find count split"),
        (bool, ""),
        (int, "bit_length bit_count real imag numerator denominator"),
        (float, "is_integer as_integer_ratio hex real imag"),
        (datetime, f"{_DATE} {_TIME} date time timetz timestamp astimezone utctimetuple"),
        (date, _DATE),
        (time, _TIME),
        (timedelta, "days seconds microseconds total_seconds"),
        (tzinfo, "key utcoffset dst tzname"),
        (range, "start stop step count index"),
        (tuple, "count index"),
        (list, "count index copy"),
        (Mapping, "get items keys values"),
        (AbstractSet, f"{_SET} copy"),
    )
)
_GUARDED: Final[dict[str, Callable[..., Any]]] = {
    "center": texts.center,
    "expandtabs": texts.expandtabs,
    "format": texts.format_,
    "format_map": texts.format_map,
    "join": texts.join,
    "ljust": texts.ljust,
    "replace": texts.replace,
    "rjust": texts.rjust,
    "zfill": texts.zfill,
}
"""Methods of texts that can make a huge one of a small one."""

_BY_TYPE: Final[dict[type, frozenset[str]]] = {}
"""The first type of `_NAMES` that a class belongs to, remembered."""

_LOOP: Final = (
    "index index0 revindex revindex0 first last length depth depth0 previtem nextitem cycle changed"
)
_STRUCT: Final = (
    "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst tm_zone tm_gmtoff"
)
_JINJA: Final[dict[str, frozenset[str]]] = {
    kind: frozenset(names.split())
    for kind, names in (
        ("LoopContext", _LOOP),
        ("Macro", "name arguments catch_kwargs catch_varargs caller"),
        ("Cycler", "current next reset"),
        ("_GroupTuple", "grouper list count index"),
        ("IsoCalendarDate", "year week weekday"),
        ("struct_time", _STRUCT),
    )
}
"""Names of the few types that Jinja and the library bring along."""


def attribute(obj: Any, name: str) -> Any:
    """Return `obj.name` for what a template may see, else `MISSING`."""
    if isinstance(obj, Proxy):
        return obj.attribute(name)
    kind = type(obj)
    names = _BY_TYPE.get(kind)
    if names is None:
        names = _names_of(kind)
    if name in names:
        return getattr(obj, name)
    if kind is str and name in _GUARDED:
        return partial(_GUARDED[name], obj)
    if name == "strftime" and isinstance(obj, date | time):
        return partial(texts.strftime, obj)
    return _of_ours(obj, name)


def item(obj: Any, key: Any) -> Any:
    """Return `obj[key]`, else `MISSING`; raises `TooMuch`, never what `obj` raises for itself."""
    if isinstance(obj, Proxy):
        return obj.item(key)
    if isinstance(obj, State | Event | Context):
        return attribute(obj, key) if isinstance(key, str) else MISSING
    try:
        return obj[key]
    except (TypeError, LookupError, AttributeError, ValueError):
        return MISSING


def exists(obj: Any, name: str) -> bool:
    """Tell whether there is such an attribute, seen or not, to say why it can not be had."""
    try:
        return hasattr(type(obj), name)
    except TooMuch:
        raise
    except Exception:  # noqa: BLE001 - only a better message depends on it
        return False


def _names_of(kind: type) -> frozenset[str]:
    """Find and remember what may be seen of a type."""
    names = _JINJA.get(kind.__name__)
    if names is None or not kind.__module__.startswith(("jinja2", "time", "datetime")):
        names = next((found for base, found in _NAMES if issubclass(kind, base)), frozenset())
    if len(_BY_TYPE) < 1000:
        _BY_TYPE[kind] = names
    return names


def _of_ours(obj: Any, name: str) -> Any:
    """Show the hub's own objects among the variables of an automation."""
    if isinstance(obj, State):
        return StateProxy(obj).attribute(name)
    if isinstance(obj, Event):
        return EventProxy(obj).attribute(name)
    if isinstance(obj, Context):
        return ContextProxy(obj).attribute(name)
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        for part in dataclasses.fields(obj):
            if part.name == name and not name.startswith("_"):
                value = getattr(obj, name)
                return MISSING if callable(value) else value
    return MISSING
