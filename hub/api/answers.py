"""HTTP answers as plain values: the hot routes and aiohttp's full stack send equal bytes."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDict

from hub.errors import HubError, InvalidFormat
from hub.util.json import dumps, loads
from hub.util.ulid import ulid

_LOGGER = logging.getLogger(__name__)

JSON: Final = "application/json"

SECURITY_HEADERS: Final = (
    ("Server", ""),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
)
"""Sent with every answer; the empty Server header keeps the versions of the parts to ourselves."""

NO_STORE: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
"""For answers that carry a token or a code."""


_NOT_IN_REST: Final = frozenset(
    {"translation_key", "translation_placeholders", "translation_domain"}
)
"""What only the websocket's error object carries."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: status, body bytes and the headers beside the common ones."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = field(default=())

    def response(self) -> web.Response:
        """Return the answer as an aiohttp response."""
        headers = CIMultiDict(self.headers)
        headers["Content-Type"] = self.content_type
        return web.Response(body=self.body, status=self.status, headers=headers)


def add_security_headers(response: web.StreamResponse) -> None:
    """Add what every answer carries, keeping what the handler chose itself."""
    for name, value in SECURITY_HEADERS:
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)


def json_answer(value: Any, status: int = 200) -> Answer:
    """Answer with a value as JSON."""
    return Answer(dumps(value), status)


def message_answer(message: str, status: int = 200, code: str | None = None) -> Answer:
    """Answer `{"message"[,"code"]}`."""
    return json_answer({"message": message} | ({} if code is None else {"code": code}), status)


def failure_answer(what: str, error: Exception) -> Answer:
    """Answer a typed error with its status, message and code; anything else is a defect: 500.

    A defect is logged with its traceback under a reference, and only the reference goes out.
    """
    if isinstance(error, HubError):
        more = {key: value for key, value in error.as_dict().items() if key not in _NOT_IN_REST}
        body = {"message": error.message, "code": error.code, **more}
        answer = json_answer(body, error.http_status)
        seconds = getattr(error, "retry_after", None)
        if seconds is None:
            return answer
        return replace(answer, headers=(("Retry-After", str(round(seconds))),))
    reference = ulid()
    _LOGGER.error("%s failed (reference %s)", what, reference, exc_info=error)
    return message_answer(f"Unexpected error, reference {reference}", 500, "unknown_error")


def parse_object(
    body: bytes,
    *,
    invalid: str = "Invalid JSON specified.",
    other: str = "Message format incorrect: expected an object",
) -> dict[str, Any]:
    """Parse a JSON object; raises `InvalidFormat` with one of the two messages."""
    try:
        value = loads(body)
    except ValueError:
        raise InvalidFormat(invalid) from None
    if type(value) is not dict:
        raise InvalidFormat(other)
    return value


def required(data: Mapping[str, Any], *keys: str) -> list[str]:
    """Return the named texts of a body; raises `InvalidFormat` naming the first that is missing."""
    found = []
    for key in keys:
        if key not in data:
            raise InvalidFormat(f"Message format incorrect: required key not provided at '{key}'")
        if not isinstance(data[key], str):
            raise InvalidFormat(f"Message format incorrect: expected a text at '{key}'")
        found.append(data[key])
    return found
