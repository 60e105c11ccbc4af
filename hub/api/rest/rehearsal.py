"""Replays, references and traces over REST, for the command line."""

from typing import Final

import voluptuous as vol
from aiohttp import web

from hub.api import rehearsal as work
from hub.api.answers import json_answer
from hub.api.query import body_of, query_of
from hub.api.routes import HUB, Route, session_of
from hub.events import Context

REPLAY: Final = vol.Schema(work.REPLAY)
RENAME: Final = vol.Schema(work.RENAME)
TRACE: Final = vol.Schema(work.TRACE)


async def replay(request: web.Request) -> web.Response:
    """Return what an automation would have done in a time that was recorded."""
    asked = await body_of(request, REPLAY)
    found = await work.replay(request.app[HUB], session_of(request).user, asked)
    return json_answer(found).response()


async def dead(request: web.Request) -> web.Response:
    """Return every name of what does not exist."""
    user = session_of(request).user
    return json_answer(await request.app[HUB].references.dead(user)).response()


async def of(request: web.Request) -> web.Response:
    """Return who names an entity."""
    user, entity_id = session_of(request).user, request.match_info["entity_id"]
    return json_answer(await request.app[HUB].references.of(entity_id, user)).response()


async def rename(request: web.Request) -> web.Response:
    """Write the new id of an entity wherever the old one is named."""
    asked, user = await body_of(request, RENAME), session_of(request).user
    found = await work.rename(request.app[HUB], user, asked, Context(user.id))
    return json_answer(found).response()


async def traces(request: web.Request) -> web.Response:
    """Return the kept runs of an automation or script, or one in full."""
    asked, user = query_of(request, TRACE), session_of(request).user
    return json_answer(work.traces(request.app[HUB], user, asked)).response()


ROUTES = (
    Route("POST", "/api/automation/replay", replay, verb="read", body=REPLAY),
    Route("GET", "/api/automation/traces", traces, verb="read", query=TRACE),
    Route("GET", "/api/references", dead, verb="read"),
    Route("GET", "/api/references/{entity_id}", of, verb="read"),
    Route("POST", "/api/references/rename", rename, verb="write", body=RENAME),
)
