"""Templates over REST."""

from typing import Any, Final

import voluptuous as vol
from aiohttp import web

from hub.api.answers import Answer, message_answer, parse_object
from hub.api.routes import HUB, Route, session_of
from hub.errors import InvalidFormat
from hub.schema import explain
from hub.templates import TemplateError

_BODY: Final = vol.Schema({vol.Required("template"): str, vol.Optional("variables"): dict})


async def render(request: web.Request) -> web.Response:
    """Return the text that a template makes, for what the user may read."""
    try:
        body: dict[str, Any] = _BODY(parse_object(await request.read()))
    except vol.Invalid as error:
        raise InvalidFormat(explain(error)) from None
    try:
        text = (
            request.app[HUB]
            .templates.compile(body["template"])
            .render(body.get("variables"), reader=session_of(request).user, native=False)
        )
    except TemplateError as error:
        words = f"Error rendering template: {error.message}"
        return message_answer(words, error.http_status, error.code).response()
    return Answer(text.encode(), content_type="text/plain; charset=utf-8").response()


ROUTES = (Route("POST", "/api/template", render, admin=True, verb="read", body=_BODY),)
