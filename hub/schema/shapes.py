"""Validators made to measure: whole numbers of a range, networks, fields that follow a type."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

import voluptuous as vol

from hub.schema.render import described
from hub.schema.validators import text


def whole(low: int, high: int, what: str, unit: str = "") -> Callable[[object], int]:
    """Accept a whole number of a range, also as text; `what` names it in the message."""

    @described(type="integer", min=low, max=high, **({"unit": unit} if unit else {}))
    def validate(value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise vol.Invalid(f"expected {what} between {low} and {high}")
        return value

    return validate


@described(type="string")
def network(value: object) -> str:
    """Accept an IP address or network, as the network that it is."""
    try:
        return str(ipaddress.ip_network(text(value), strict=False))
    except ValueError:
        raise vol.Invalid("expected an address or a network such as 192.168.1.0/24") from None


def by_type(schemas: Mapping[str, vol.Schema], default: str) -> Callable[[object], dict[str, Any]]:
    """Accept the fields of the type that `type` names; without it, those of `default`."""

    @described(schema=vol.Any(*schemas.values()))
    def validate(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise vol.Invalid("expected a mapping with a type")
        kind = value.get("type", default)
        if not isinstance(kind, str) or kind not in schemas:
            raise vol.Invalid(f"expected one of {', '.join(schemas)}", path=["type"])
        checked: dict[str, Any] = schemas[kind](value)
        return checked

    return validate
