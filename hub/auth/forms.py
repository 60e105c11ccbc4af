"""Reading the JSON bodies of the login, with the protocol's words for what is wrong."""

from collections.abc import Collection
from typing import Any

from hub.errors import InvalidFormat


def fields(body: object, required: Collection[str], optional: Collection[str]) -> dict[str, Any]:
    """Return the body when it is an object with these fields.

    Raises `InvalidFormat` that names the field, never its value.
    """
    if not isinstance(body, dict):
        raise InvalidFormat("Message format incorrect: expected a dictionary")
    for name in required:
        if name not in body:
            raise InvalidFormat(f"Message format incorrect: required key not provided at '{name}'")
    for name in body:
        if name not in required and name not in optional:
            raise InvalidFormat("Message format incorrect: extra keys not allowed")
    return body


def text(values: dict[str, Any], name: str) -> str:
    """Return a field that must be text; raises `InvalidFormat`."""
    value = values[name]
    if not isinstance(value, str):
        raise InvalidFormat(f"Message format incorrect: expected str at '{name}'")
    return value


def optional_text(values: dict[str, Any], name: str) -> str | None:
    """Return a field that may be text, None or missing; raises `InvalidFormat`."""
    return None if values.get(name) is None else text(values, name)
