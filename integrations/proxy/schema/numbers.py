"""Numbers with their limits, sizes, and what may be left out."""

import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import voluptuous as vol

from hub.sdk import Reference, described, whole

_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,8})([kmg]?)")


def seconds(low: int, high: int) -> Callable[[object], int]:
    """Accept whole seconds of a range."""
    return whole(low, high, "whole seconds", "s")


@described(type="string", pattern="^(0|[1-9][0-9]{0,8})[kmgKMG]?$")
def size(value: object) -> str:
    """Accept a size as nginx writes it: bytes, or with k, m, g behind."""
    written = str(value).lower() if isinstance(value, str | int) else ""
    if isinstance(value, bool) or (found := _SIZE.fullmatch(written)) is None:
        raise vol.Invalid("expected a size such as 512k, 100m or 2g; 0 = no limit")
    if found[2] == "g" and int(found[1]) > 1_000_000:
        raise vol.Invalid("expected at most 1000000g; 0 = no limit")
    return written


def one_of(*options: Any) -> Callable[[object], Any]:
    """Accept one of some values; the message lists them."""

    @described(type="select", options=list(options))
    def validate(value: object) -> Any:
        for option in options:
            if type(value) is type(option) and value == option:
                return option
        raise vol.Invalid(f"expected one of {', '.join(map(str, options))}")

    return validate


def maybe(validator: Any) -> Callable[[object], Any]:
    """Accept nothing (null) beside what the validator accepts."""
    schema = vol.Schema(validator)

    @described(schema=vol.Any(None, validator))
    def validate(value: object) -> Any:
        return None if value is None else schema(value)

    return validate


def reference(type: str) -> Callable[[object], str | None]:
    """Accept the key of another resource; nothing, `""` and 0 (as NPM writes it) mean none."""
    marker = Reference(type)

    @described(schema=vol.Any(None, marker))
    def validate(value: object) -> str | None:
        if value is None or value == "" or (value == 0 and not isinstance(value, bool)):
            return None
        return marker(value)

    return validate


def listing(
    item: Any, low: int, high: int, what: str, same: Callable[[Any], Hashable] | None = None
) -> vol.All:
    """Accept a list of `low` to `high` items; `same` names those that may not come twice."""

    def limited(items: list[Any]) -> list[Any]:
        if not low <= len(items) <= high:
            raise vol.Invalid(f"expected {low} to {high} {what}")
        return items

    def distinct(items: list[Any]) -> list[Any]:
        seen: set[Hashable] = set()
        for index, one in enumerate(items if same else ()):
            if (name := same(one)) in seen:  # type: ignore[misc]  # there is one, or no item
                raise vol.Invalid("expected each only once", path=[index])
            seen.add(name)
        return items

    return vol.All(_listed, limited, [item], distinct)


def _listed(value: object) -> Sequence[Any]:
    if not isinstance(value, list):
        raise vol.Invalid("expected a list")
    return value


def itself(value: Hashable) -> Hashable:
    """Return the value: items of a list that are their own name."""
    return value
