"""The audit log over REST: a page of rows, the proof, and all of it as JSON lines."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from aiohttp import web

from hub.api.answers import json_answer
from hub.api.routes import HUB, Route
from hub.api.signing import PARAMETER
from hub.api.websocket.commands.audit import FILTER
from hub.audit import Entry
from hub.errors import InvalidFormat
from hub.schema import explain

_NUMBERS: Final = ("after", "before", "since", "until", "limit")
_SCHEMA: Final = vol.Schema(FILTER)


async def rows(request: web.Request) -> web.Response:
    """Return rows, newest first."""
    found = await request.app[HUB].audit.query(**_wanted(request.query))
    return json_answer(found).response()


async def verify(request: web.Request) -> web.Response:
    """Prove every row; 200 also when some are not what was written, see `ok`."""
    return json_answer((await request.app[HUB].audit.verify()).as_dict()).response()


async def export(request: web.Request) -> web.StreamResponse:
    """Send every row with its hash as a line of JSON, oldest first; `after` leaves out rows."""
    audit = request.app[HUB].audit
    after = _wanted(request.query).get("after", 0)
    audit.note(Entry("audit.export", "audit", data={"after": after}))
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/x-ndjson",
            "Content-Disposition": 'attachment; filename="audit.jsonl"',
        }
    )
    await response.prepare(request)
    async for page in audit.export(after):
        await response.write(page)
    await response.write_eof()
    return response


def _wanted(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the filter of a query; raises `InvalidFormat`."""
    values: dict[str, Any] = {}
    for key, value in query.items():
        if key == PARAMETER:
            continue
        if key in _NUMBERS:
            if not (value.isascii() and value.isdecimal() and len(value) < 19):
                raise InvalidFormat(f"{key}: expected a number")
            values[key] = int(value)
        else:
            values[key] = value
    try:
        checked: dict[str, Any] = _SCHEMA(values)
    except vol.Invalid as error:
        raise InvalidFormat(explain(error)) from None
    return checked


ROUTES = (
    Route("GET", "/api/audit", rows, admin=True, verb="read"),
    Route("GET", "/api/audit/verify", verify, admin=True, verb="read"),
    Route("GET", "/api/audit/export", export, admin=True, verb="read"),
)
