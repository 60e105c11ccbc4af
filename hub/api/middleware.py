"""What every request passes: host names, origins, who asks, and errors in words."""

import logging
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from hub.api import local
from hub.api.answers import add_security_headers, failure_answer, message_answer
from hub.api.denials import note_bad_token, note_denial
from hub.api.routes import (
    ADMIN,
    ANY_ORIGIN,
    DOORS,
    GATE,
    HUB,
    PAGE,
    PUBLIC,
    SESSION,
    Handler,
)
from hub.api.signing import signed_session
from hub.audit import ACTOR
from hub.errors import HubError, Unauthorized
from hub.events import ORIGIN

if TYPE_CHECKING:
    from hub.auth import Session

_LOGGER = logging.getLogger(__name__)

PUBLIC_BODY_BYTES: Final = 64 * 1024
"""The largest body that is read before the sender is known."""

BANNED: Final = "Too many bad attempts came from this address; try again later"

_CORS_METHODS: Final = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_CORS_HEADERS: Final = "Origin, Accept, X-Requested-With, Content-Type, Authorization"


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler when it may pass; turn failures into answers."""
    gate = request.app[GATE]
    near = local.is_local(request.transport)
    client = gate.client(request)
    ORIGIN.set(local.ORIGIN_NAME if near else client)
    if request.app[HUB].auth.bans.banned(client):
        return message_answer(BANNED, 403, "banned").response()
    named = near and local.plain(request.headers)
    if not named and not gate.host_allowed(request.headers.get(hdrs.HOST, "")):
        return message_answer("This host name is not in http.allowed_hosts", 400).response()
    origin = request.headers.get(hdrs.ORIGIN)
    shared = origin is not None and (
        request.path.startswith(ANY_ORIGIN) or gate.origin_allowed(origin)
    )
    if request.method == hdrs.METH_OPTIONS and origin is not None:
        return _preflight(origin, shared)
    try:
        response = await _pass(request, handler)
    except web.HTTPException as error:
        if shared and origin is not None:
            _allow(error, origin)
        raise
    except HubError as error:
        note_denial(
            request.app[HUB], error, f"{request.method} {request.path}", request.get(SESSION)
        )
        response = failure_answer(request.path, error).response()
    except Exception as error:  # noqa: BLE001 - every failure is answered and logged
        response = failure_answer(f"{request.method} {request.path}", error).response()
    if shared and origin is not None and not response.prepared:
        _allow(response, origin)
    return response


async def _pass(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks, and call the handler."""
    info = request.match_info
    if info.http_exception is not None:
        return request.app[PAGE].instead_of(request, info.http_exception)
    resource = info.route.resource
    path = "" if resource is None else resource.canonical
    if path in PUBLIC:
        client = request.app[GATE].client(request)
        ACTOR.set(None)
        return await handler(request.clone(client_max_size=PUBLIC_BODY_BYTES, remote=client))
    session = authenticate(request)
    if session is None:
        raise unauthenticated(request)
    ACTOR.set(session.user.id)
    request[SESSION] = session
    name = (request.method, path)
    if name in request.app[ADMIN] and not session.user.is_admin:
        raise Unauthorized
    verb = request.app[DOORS].get(name)
    if verb is not None and not session.user.may_ever(verb):
        raise Unauthorized
    return await handler(request)


def authenticate(request: web.Request) -> "Session | None":
    """Return who asks, by a bearer token or a signed path; a wrong token counts as an attempt."""
    auth = request.app[HUB].auth
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    address = request.app[GATE].client(request)
    session: Session | None = None
    if authorization is None:
        session = signed_session(request.app[HUB], request)
        if session is None:
            return local.local_session(request.app[HUB], request)
    elif authorization.startswith("Bearer "):
        session = auth.tokens.validate(authorization[7:])
        if session is None:
            auth.failed(address, authorization[7:])
            _LOGGER.warning("Refused a bad access token of %s", address)
            note_bad_token(request.app[HUB], "http")
    if session is not None and auth.refusal(session.user, address) is not None:
        return None
    return session


def unauthenticated(request: web.Request) -> web.HTTPUnauthorized:
    """Return the 401 that tells clients where to get a token."""
    where = f"{request.app[GATE].scheme(request)}://{request.host}"
    resource = f"{where}/.well-known/oauth-protected-resource"
    return web.HTTPUnauthorized(
        headers={hdrs.WWW_AUTHENTICATE: f'Bearer resource_metadata="{resource}"'}
    )


async def add_common_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what every answer carries, whoever made it."""
    del request
    add_security_headers(response)


def _preflight(origin: str, shared: bool) -> web.Response:
    """Tell a browser whether a page of another origin may ask."""
    if not shared:
        raise web.HTTPForbidden(text="403: Forbidden: this origin is not in http.cors_origins")
    response = web.Response()
    _allow(response, origin)
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = _CORS_METHODS
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _CORS_HEADERS
    response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = "600"
    return response


def _allow(response: web.StreamResponse, origin: str) -> None:
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers.add(hdrs.VARY, "Origin")
