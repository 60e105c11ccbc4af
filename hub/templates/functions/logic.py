"""Choosing, types and functions of one's own."""

from collections.abc import Callable
from typing import Any, Final

from jinja2 import Undefined
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Macro

from hub.templates.current import CURRENT
from hub.templates.limits import checked
from hub.templates.proxies import Proxy

NO_DEFAULT: Final = object()


def missing_default(name: str, value: Any) -> ValueError:
    """Return what to raise for a value that can not be read when there is no default."""
    return ValueError(f"{name} got invalid input {str(value)[:80]!r} but no default was specified")


def iif(value: Any, if_true: Any = True, if_false: Any = False, if_none: Any = NO_DEFAULT) -> Any:
    """Return one of two values, or a third for none."""
    if value is None and if_none is not NO_DEFAULT:
        return if_none
    return if_true if value else if_false


def is_defined(value: Any) -> Any:
    """Return the value; raises for something undefined."""
    if isinstance(value, Undefined):
        raise UndefinedError(value._undefined_message)  # noqa: SLF001 - Jinja shows it nowhere else
    return value


def typeof(value: Any) -> str:
    """Return the name of a value's type."""
    return (
        type(value).__name__.removesuffix("Proxy").lower()
        if isinstance(value, Proxy)
        else (type(value).__name__)
    )


def bool_(value: Any, default: Any = NO_DEFAULT) -> Any:
    """Return yes or no for the words and numbers that mean it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _YES:
            return True
        if word in _NO:
            return False
    elif isinstance(value, int | float):
        return value != 0
    if default is NO_DEFAULT:
        raise missing_default("bool", value)
    return default


_YES: Final = frozenset({"1", "true", "yes", "on", "enable"})
_NO: Final = frozenset({"0", "false", "no", "off", "disable"})


def apply(value: Any, call: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what a function gives for the value and more."""
    return _called(call, value, *args, **kwargs)


def as_function(macro: Any) -> Callable[..., Any]:
    """Return a function of a macro that hands its result to `returns`."""
    if not isinstance(macro, Macro) or "returns" not in macro.arguments:
        raise TypeError("as_function takes a macro with a last argument called returns")

    def function(*args: Any, **kwargs: Any) -> Any:
        found: list[Any] = [None]

        def returns(value: Any) -> str:
            found[0] = value
            return ""

        macro(*args, **kwargs, returns=returns)
        return found[0]

    return function


def _called(call: Any, *args: Any, **kwargs: Any) -> Any:
    from hub.templates.environment import environment

    known = environment()
    if isinstance(call, str):
        if (found := known.filters.get(call)) is None or hasattr(found, "jinja_pass_arg"):
            raise TypeError(f"there is no filter {call!r} to apply")
        return found(*args, **kwargs)
    if not callable(call) or isinstance(call, type | Proxy):
        raise TypeError(f"{type(call).__name__!r} is not a function to apply")
    run = CURRENT.get()
    run.tick()
    return checked(run, call(*args, **kwargs))


def is_list(value: Any) -> bool:
    """Tell whether a value is a list."""
    return isinstance(value, list)


def is_set(value: Any) -> bool:
    """Tell whether a value is a set."""
    return isinstance(value, set | frozenset)


def is_tuple(value: Any) -> bool:
    """Tell whether a value is a tuple."""
    return isinstance(value, tuple)


def is_string_like(value: Any) -> bool:
    """Tell whether a value is a text or bytes."""
    return isinstance(value, str | bytes | bytearray)


GLOBALS: Final[dict[str, Any]] = {
    "apply": apply,
    "as_function": as_function,
    "bool": bool_,
    "iif": iif,
    "typeof": typeof,
}
FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "apply": apply,
    "as_function": as_function,
    "bool": bool_,
    "iif": iif,
    "is_defined": is_defined,
    "typeof": typeof,
}
TESTS: Final[dict[str, Callable[..., Any]]] = {
    "apply": apply,
    "list": is_list,
    "set": is_set,
    "string_like": is_string_like,
    "tuple": is_tuple,
}
