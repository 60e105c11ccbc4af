"""Bodies and queries of REST, checked by schemas."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.api.signing import PARAMETER
from hub.errors import InvalidFormat
from hub.schema import described, explain
from hub.util.json import loads

if TYPE_CHECKING:
    from aiohttp import web

MOST: Final = 2**31


@described(type="boolean")
def flag(value: object) -> bool:
    """Accept what stands for yes (`?name`, `?name=1`, `?name=true`) and for no."""
    if isinstance(value, bool):
        return value
    if value in ("", "1", "true"):
        return True
    if value in ("0", "false"):
        return False
    raise vol.Invalid("expected 1 or 0")


def whole(least: int = 0, most: int = MOST) -> Callable[[object], int]:
    """Accept a whole number of a range, written in digits."""

    @described(type="integer", min=least, max=most)
    def number(value: object) -> int:
        text = str(value)
        found = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1
        if not least <= found <= most:
            raise vol.Invalid(f"expected a whole number from {least} to {most}")
        return found

    return number


def query_of(request: "web.Request", schema: vol.Schema) -> dict[str, Any]:
    """Return the checked parameters of a request's address, without its signature.

    Raises `InvalidFormat`.
    """
    try:
        asked = {key: value for key, value in request.query.items() if key != PARAMETER}
        checked: dict[str, Any] = schema(asked)
    except vol.Invalid as error:
        raise InvalidFormat(explain(error)) from None
    return checked


async def body_of(
    request: "web.Request", schema: vol.Schema, without: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the checked body, `without` for an empty one; raises `InvalidFormat`."""
    body = await request.read()
    if not body.strip() and without is not None:
        return dict(without)
    try:
        value = loads(body)
    except ValueError:
        raise InvalidFormat("The body should be valid JSON") from None
    try:
        checked: dict[str, Any] = schema(value)
    except vol.Invalid as error:
        raise InvalidFormat(explain(error)) from None
    return checked
