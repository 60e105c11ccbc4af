"""Validators for fields that hold templates; they need no house."""

from typing import Any

import voluptuous as vol

from hub.schema import described

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
    if is_template(value):
        import jinja2

        try:
            jinja2.Environment(autoescape=False).parse(value)  # noqa: S701 - no page
        except jinja2.TemplateSyntaxError as error:
            raise vol.Invalid(f"template line {error.lineno}: {error.message}") from None
    return value
