"""Validators of register maps: every message says what to write instead."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

import voluptuous as vol

from hub.sdk import described

Validator = Callable[[object], Any]

LARGEST: Final = 1e15
"""Numbers that a double still holds with its units."""

_ON: Final = {True: "on", False: "off"}


def word(value: object) -> object:
    """Turn back what YAML 1.1 makes of a bare on or off; everything else stays."""
    return _ON[value] if isinstance(value, bool) else value


def integer(value: object) -> int | None:
    """Return a whole number, also from decimal or 0x text; None for anything else."""
    if isinstance(value, str) and len(value) <= 24:
        try:
            return int(value, 0 if value.lower().lstrip("-").startswith("0x") else 10)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def whole(low: int, high: int, what: str = "a whole number", unit: str = "") -> Validator:
    """Accept a whole number of a range; `what` names it in the message."""

    @described(type="integer", min=low, max=high, **({"unit": unit} if unit else {}))
    def validate(value: object) -> int:
        found = integer(value)
        if found is None or not low <= found <= high:
            raise vol.Invalid(f"expected {what} between {low} and {high}")
        return found

    return validate


def number(low: float = -LARGEST, high: float = LARGEST, unit: str = "") -> Validator:
    """Accept a finite number of a range."""
    limits = "" if (low, high) == (-LARGEST, LARGEST) else f" between {low:g} and {high:g}"
    shown = {"min": low, "max": high} if limits else {}

    @described(type="float", **shown, **({"unit": unit} if unit else {}))
    def validate(value: object) -> float:
        found = _float(value)
        if found is None:
            raise vol.Invalid(f"expected a number{limits}")
        if not math.isfinite(found) or not low <= found <= high:
            raise vol.Invalid(f"expected a finite number{limits or ' of at most 15 digits'}")
        return found

    return validate


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:
        return math.inf


def one_of(*options: str) -> Validator:
    """Accept one of some words; a bare on or off of YAML is one, too."""
    options = tuple(map(str, options))

    @described(type="select", options=list(options))
    def validate(value: object) -> str:
        found = word(value)
        if not isinstance(found, str) or found not in options:
            raise vol.Invalid(f"expected one of {', '.join(options)}")
        return str(found)

    return validate


def words(high: int, low: int = 1) -> Validator:
    """Accept a text of `low` to `high` characters without control characters."""

    @described(type="string", min_length=low, max_length=high)
    def validate(value: object) -> str:
        if not isinstance(value, str):
            raise vol.Invalid("expected a text; put it in quotes")
        if not low <= len(value) <= high or not value.isprintable():
            raise vol.Invalid(f"expected {low} to {high} printable characters")
        return value

    return validate


@described(type="string", min_length=1, max_length=100)
def label(value: object) -> str:
    """Accept a label; numbers become text, and a bare on or off stays what was written."""
    found = word(value)
    if isinstance(found, int | float) and abs(found) <= LARGEST:
        found = str(found)
    if not isinstance(found, str) or not 1 <= len(found) <= 100 or not found.isprintable():
        raise vol.Invalid("expected a label of 1 to 100 printable characters")
    return found


@described(schema=vol.Any(bool, float, str))
def shown(value: object) -> bool | float | str:
    """Accept a value as a register shows it: a number, a label, on or off."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= 2**64:  # neither NaN nor infinity is
        return value
    if isinstance(value, str) and 1 <= len(value) <= 250:
        return value
    raise vol.Invalid("expected a number, a label, true or false")


def listing(item: Any, low: int, high: int, what: str) -> Validator:
    """Accept a list of `low` to `high` items, or a single item; every mistake is told."""
    schema = vol.Schema(item)

    @described(schema=vol.All(list, vol.Length(min=low, max=high), [item]))
    def validate(value: object) -> list[Any]:
        items = value if isinstance(value, list) else [value]
        if not low <= len(items) <= high or value is None:
            raise vol.Invalid(f"expected a list of {low} to {high} {what}")
        return _all(enumerate(items), lambda _index, one: schema(one))

    return validate


def table(key: Validator, item: Any, high: int, what: str) -> Validator:
    """Accept a mapping of 1 to `high` items with free keys; every mistake is told at its key."""
    schema = vol.Schema(item)

    @described(schema=vol.Schema({key: item}))
    def validate(value: object) -> dict[str, Any]:
        if not isinstance(value, dict) or not 1 <= len(value) <= high:
            raise vol.Invalid(f"expected a mapping of 1 to {high} {what}")
        found: dict[str, Any] = {}

        def put(name: Hashable, inner: object) -> None:
            canonical = key(name)
            if canonical in found:
                raise vol.Invalid(f"{canonical} is given twice; keep one of them")
            found[canonical] = None
            found[canonical] = schema(inner)

        _all(value.items(), put)
        return found

    return validate


def _all(items: Iterable[tuple[Hashable, Any]], check: Callable[[Hashable, Any], Any]) -> list[Any]:
    """Return what `check` makes of each item; raises the problems of all, each below its key."""
    found: list[Any] = []
    errors: list[vol.Invalid] = []
    for key, item in items:
        try:
            found.append(check(key, item))
        except vol.Invalid as error:
            error.prepend([key])
            errors += error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    if errors:
        raise vol.MultipleInvalid(errors)
    return found


def record(fields: Mapping[Any, Any]) -> Validator:
    """Accept a mapping with these fields; a key that YAML took for on or off is turned back."""
    schema = vol.Schema(dict(fields))
    known = [str(key) for key in fields]

    @described(schema=schema)
    def validate(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise vol.Invalid(f"expected a mapping with {', '.join(known[:3])} ...")
        try:
            found: dict[str, Any] = schema({word(key): item for key, item in value.items()})
        except vol.MultipleInvalid as error:
            raise vol.MultipleInvalid([_told(one, known) for one in error.errors]) from None
        return found

    return validate


def _told(error: vol.Invalid, known: list[str]) -> vol.Invalid:
    """Say what to do about a missing or a foreign field."""
    if len(error.path) == 1 and isinstance(error, vol.RequiredFieldInvalid):
        return vol.Invalid("is missing; add it", error.path)
    if len(error.path) == 1 and error.msg == "extra keys not allowed":
        near = get_close_matches(str(error.path[0]), known, 1, 0.75)
        there = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return vol.Invalid(f"there is no such field; {there}", error.path)
    return error
