"""voluptuous validators whose messages name what is expected."""

import math
import re
from collections.abc import Callable
from typing import Any, Final

import voluptuous as vol

_SLUG: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


def text(value: object) -> str:
    """Accept a text as it is; numbers and booleans are a mistake in the file, not a text."""
    if not isinstance(value, str):
        raise vol.Invalid(f"expected a text, got {_kind(value)}")
    return value


def boolean(value: object) -> bool:
    """Accept a boolean, and the words YAML 1.1 knows for it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise vol.Invalid(f"expected true or false, got {_kind(value)}")


_BOOLEANS: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
}


def integer(value: object) -> int:
    """Accept a whole number; voluptuous' `int` lets booleans through."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise vol.Invalid(f"expected a whole number, got {_kind(value)}")
    return value


def finite_float(value: object) -> float:
    """Accept a number or a text of one; refuses NaN, infinity and booleans."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise vol.Invalid(f"expected a number, got {_kind(value)}")
    try:
        number = float(value)
    except ValueError:
        raise vol.Invalid(f"expected a number, got {value!r}") from None
    if not math.isfinite(number):
        raise vol.Invalid("expected a finite number")
    return number


def positive_seconds(value: object) -> float:
    """Accept a time span in seconds above 0."""
    seconds = finite_float(value)
    if seconds <= 0:
        raise vol.Invalid("expected seconds above 0")
    return seconds


def port(value: object) -> int:
    """Accept a TCP port, 1..65535."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise vol.Invalid("expected a port between 1 and 65535")
    return value


def slug(value: object) -> str:
    """Accept small letters, digits and single underscores."""
    if not isinstance(value, str) or _SLUG.fullmatch(value) is None:
        raise vol.Invalid("expected small letters, digits and single underscores")
    return value


def entity_id(value: object) -> str:
    """Accept `domain.object_id`, made small."""
    found = str(value).lower()
    domain, dot, name = found.partition(".")
    if not dot or _SLUG.fullmatch(domain) is None or _SLUG.fullmatch(name) is None:
        raise vol.Invalid(f"expected an entity id such as sensor.kitchen, got {value!r}")
    return found


def list_of(item: Any) -> Callable[[object], list[Any]]:
    """Accept one item or a list of items."""
    schema = vol.Schema([item])

    def validate(value: object) -> list[Any]:
        found: list[Any] = schema(value if isinstance(value, list) else [value])
        return found

    validate.schema = schema  # type: ignore[attr-defined]  # how forms and markers look inside
    return validate


def explain(error: vol.Invalid) -> str:
    """Say in one line what is wrong and where: `message for 'path'`.

    Values are not repeated: a message may end in a log, and a field may hold a secret.
    """
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    return "; ".join(_one(item) for item in errors)


def _one(error: vol.Invalid) -> str:
    path = ".".join(str(getattr(part, "schema", part)) for part in error.path)
    return f"{error.msg} @ data[{path!r}]" if path else str(error.msg)


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text"}
    names |= {list: "a list", dict: "a mapping", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)
