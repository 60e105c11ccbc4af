"""Validators that triggers, conditions and actions share, and what their values become."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.errors import InvalidFormat
from hub.schema import entity_id, finite_float

if TYPE_CHECKING:
    from hub.automation.world import World

UNITS: Final = {
    "days": 86400.0,
    "hours": 3600.0,
    "minutes": 60.0,
    "seconds": 1.0,
    "milliseconds": 0.001,
}
"""Seconds in each unit of a time span."""

_CLOCK: Final = re.compile(r"([+-]?)(\d+):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?")
_EXPECTED: Final = 'expected a time span such as "00:05:00", 300 or {minutes: 5}'


def is_template(value: object) -> bool:
    """Tell whether a value is a text with Jinja in it."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value)


def has_template(value: object) -> bool:
    """Tell whether there is a template in a text, list or mapping."""
    if isinstance(value, Mapping):
        return any(has_template(item) for item in value.values())
    if isinstance(value, list):
        return any(has_template(item) for item in value)
    return is_template(value)


def template(value: object) -> str:
    """Accept a template, or a text or number that stands for itself."""
    from hub.templates.validators import template as checked

    if isinstance(value, bool | int | float):
        value = str(value)
    return checked(value)


def templates(value: Any) -> Any:
    """Check every template inside texts, lists and mappings; returns the value as it is."""
    _check(value, [])
    return value


def _check(value: Any, path: list[Any]) -> None:
    try:
        if is_template(value):
            template(value)
    except vol.Invalid as error:
        error.prepend(path)
        raise
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check(item, [*path, key])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, [*path, index])


def period(value: object) -> Any:
    """Accept a time span: seconds, "HH:MM[:SS]", or a mapping of units; 0 or more.

    Returns seconds; a template, or a mapping with templates in it, comes back as it is.
    """
    found = signed_period(value)
    if isinstance(found, float) and found < 0:
        raise vol.Invalid("expected a time span of 0 or more")
    return found


def signed_period(value: object) -> Any:
    """Accept a time span that may be negative, such as an offset."""
    if is_template(value):
        return template(value)
    if isinstance(value, Mapping):
        return _units(value)
    if isinstance(value, str) and (match := _CLOCK.fullmatch(value.strip())) is not None:
        sign, hours, minutes, seconds = match.groups()
        total = int(hours) * 3600.0 + int(minutes) * 60.0 + float(seconds or 0)
        return -total if sign == "-" else total
    try:
        return finite_float(value)
    except vol.Invalid:
        raise vol.Invalid(_EXPECTED) from None


def _units(value: Mapping[Any, Any]) -> Any:
    if not value or not UNITS.keys() >= value.keys():
        raise vol.Invalid(f"expected a mapping of {', '.join(UNITS)}")
    total, fixed = 0.0, True
    for unit, amount in value.items():
        if is_template(amount):
            template(amount)
            fixed = False
            continue
        try:
            total += finite_float(amount) * UNITS[unit]
        except vol.Invalid as error:
            error.prepend([unit])
            raise
    return total if fixed else dict(value)


def seconds(world: "World", value: Any, variables: Mapping[str, Any] | None = None) -> float:
    """Return a time span in seconds, its templates rendered; raises `HubError`."""
    if isinstance(value, float | int):
        return float(value)
    rendered = world.templates.render(value, variables)
    try:
        found = period(rendered)
    except vol.Invalid as error:
        raise InvalidFormat(f"{value!r} gave {rendered!r}: {error.msg}") from None
    if not isinstance(found, float):
        raise InvalidFormat(f"{value!r} gave {rendered!r}: {_EXPECTED}")
    return found


def texts(value: object) -> list[str]:
    """Accept a text or a list of texts."""
    found = value if isinstance(value, list) else [value]
    for index, item in enumerate(found):
        if not isinstance(item, str):
            raise vol.Invalid("expected a text or a list of texts", path=[index])
    return list(found)


def entity_ids(value: object) -> list[str]:
    """Accept an entity id, several divided by commas, or a list of them."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list) or not value:
        raise vol.Invalid("expected an entity id or a list of them")
    found = []
    for index, item in enumerate(value):
        try:
            found.append(entity_id(item))
        except vol.Invalid as error:
            error.prepend([index])
            raise
    return found


def enabled(value: object) -> bool | str:
    """Accept a boolean or a template of one."""
    if is_template(value):
        return template(value)
    from hub.schema import boolean

    return boolean(value)


def is_enabled(world: "World", value: object, variables: Mapping[str, Any] | None = None) -> bool:
    """Tell whether something is switched on, its template rendered; raises `HubError`."""
    if isinstance(value, bool):
        return value
    return truth(world.templates.render(value, variables))


def truth(value: object) -> bool:
    """Judge a rendered result: true, yes, on, enable and numbers but 0 count as true."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "yes", "on", "enable", "1")
    return isinstance(value, bool | int | float) and bool(value)
