"""Validators for fields that hold templates; they need no house."""

from typing import Any

import voluptuous as vol

from hub.schema import described
from hub.templates.errors import TemplateError

_MARKS = ("{{", "{%", "{#")


def is_template(value: object) -> bool:
    """Tell whether a value is a text with Jinja in it."""
    return isinstance(value, str) and any(mark in value for mark in _MARKS)


@described(schema=str)
def template(value: Any) -> str:
    """Return a text whose Jinja compiles; numbers and booleans become their text."""
    if isinstance(value, bool | int | float):
        return str(value)
    if not isinstance(value, str):
        raise vol.Invalid("expected a template text")
    check(value)
    return value


def check(value: str) -> None:
    """Raise `vol.Invalid` for a template that does not compile or calls what is not there."""
    if not is_template(value):
        return
    from hub.templates.compiled import compile_code
    from hub.templates.environment import environment

    try:
        compile_code(environment(), value)
    except TemplateError as error:
        raise vol.Invalid(f"not a valid template: {error.message}") from None


def templates(value: Any) -> Any:
    """Return a value as it is when every template inside it compiles; raises with its path."""
    _check(value, [], 64)
    return value


def _check(value: Any, path: list[Any], left: int) -> None:
    if isinstance(value, str):
        try:
            check(value)
        except vol.Invalid as error:
            error.path[:0] = path
            raise
    elif left and isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                _check(key, [*path, key], 0)
            _check(item, [*path, key], left - 1)
    elif left and isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, [*path, index], left - 1)
