"""Log-in, tokens and the page that asks for the password, as `hub.auth` answers them."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from hub.api.answers import (
    NO_STORE,
    Answer,
    json_answer,
    message_answer,
    parse_object,
    required,
)
from hub.api.gate import host_name
from hub.api.page import page_headers
from hub.api.routes import GATE, HUB, PAGE, Route, session_of
from hub.errors import HubError
from hub.util.json import dumps

if TYPE_CHECKING:
    from multidict import MultiDictProxy


async def providers(request: web.Request) -> web.Response:
    """Return how one can log in here."""
    return json_answer(request.app[HUB].auth.flows.providers(_address(request))).response()


async def start_login(request: web.Request) -> web.Response:
    """Begin a log-in and return its first form."""
    body = parse_object(await request.read(), invalid="Invalid JSON.")
    flows = request.app[HUB].auth.flows
    answer = flows.start(body, _address(request), host=host_name(request.host))
    return _secret(answer)


async def step_login(request: web.Request) -> web.Response:
    """Answer a form of a log-in; ends with a one-use code."""
    body = parse_object(await request.read(), invalid="Invalid JSON.")
    flows = request.app[HUB].auth.flows
    return _secret(await flows.step(request.match_info["flow_id"], body, _address(request)))


async def no_such_page(request: web.Request) -> web.Response:
    """Refuse to show a log-in: it is only posted to."""
    del request
    raise web.HTTPNotFound


async def abort_login(request: web.Request) -> web.Response:
    """End a log-in."""
    flows = request.app[HUB].auth.flows
    return json_answer(flows.abort(request.match_info["flow_id"])).response()


async def token(request: web.Request) -> web.Response:
    """Change a code or a refresh token into an access token (form, not JSON)."""
    hub = request.app[HUB]
    pairs = await _form(request)
    if pairs is None:
        answer = Answer(dumps({"error": "invalid_request"}), 400, headers=NO_STORE)
        return answer.response()
    try:
        body = await hub.auth.grants.token(pairs, _address(request))
    except HubError as error:
        refused = getattr(error, "body", None)
        if refused is None:
            raise
        return Answer(dumps(refused), error.http_status, headers=NO_STORE).response()
    return Answer(dumps(body) if body else b"", headers=NO_STORE).response()


async def revoke(request: web.Request) -> web.Response:
    """End a refresh token and all its access tokens; always 200."""
    for name, value in await _form(request) or ():
        if name == "token":
            await request.app[HUB].auth.tokens.revoke_secret(value)
    return web.Response()


async def link_user(request: web.Request) -> web.Response:
    """Link the credentials behind a code to the caller, who has them already."""
    body = parse_object(await request.read(), invalid="Invalid JSON.")
    code, client_id = required(body, "code", "client_id")
    request.app[HUB].auth.link(session_of(request).user, code, client_id)
    return message_answer("User linked").response()


async def authorize(request: web.Request) -> web.StreamResponse:
    """Show the page that logs in for another program, or say what is wrong with its address."""
    client_id, redirect_uri = (request.query.get(key) for key in ("client_id", "redirect_uri"))
    problem: str | None = "The address lacks client_id or redirect_uri."
    if client_id and redirect_uri:
        flows = request.app[HUB].auth.flows
        problem = flows.authorize_problem(client_id, redirect_uri, host=host_name(request.host))
    if problem is None:
        return request.app[PAGE].shell(request)
    return web.Response(
        text=f"The log-in can not start. {problem}\nGo back to the program that sent you here.\n",
        status=400,
        headers=page_headers(request.path),
    )


async def authorization_server(request: web.Request) -> web.Response:
    """Describe the log-in to programs that look it up."""
    where = f"{request.app[GATE].scheme(request)}://{request.host}"
    return json_answer(
        {
            "issuer": where,
            "authorization_endpoint": f"{where}/auth/authorize",
            "token_endpoint": f"{where}/auth/token",
            "revocation_endpoint": f"{where}/auth/revoke",
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "client_id_metadata_document_supported": False,
            "service_documentation": f"{where}/",
        }
    ).response()


async def protected_resource(request: web.Request) -> web.Response:
    """Say where tokens for this API come from."""
    where = f"{request.app[GATE].scheme(request)}://{request.host}"
    return json_answer(
        {
            "resource": where,
            "authorization_servers": [where],
            "resource_documentation": f"{where}/",
        }
    ).response()


def _address(request: web.Request) -> str:
    return request.remote or ""


def _secret(answer: dict[str, Any]) -> web.Response:
    """Answer with something that no cache may keep."""
    return Answer(dumps(answer), headers=NO_STORE).response()


async def _form(request: web.Request) -> list[tuple[str, str]] | None:
    """Return the fields of a urlencoded or multipart form; None for a file or a broken form."""
    try:
        fields: MultiDictProxy[Any] = await request.post()
    except ValueError:
        return None
    pairs = list(fields.items())
    files = [value for _, value in pairs if not isinstance(value, str)]
    for file in files:
        file.file.close()
    return None if files else pairs


ROUTES = (
    Route("GET", "/auth/providers", providers),
    Route("POST", "/auth/login_flow", start_login),
    Route("GET", "/auth/login_flow/{flow_id}", no_such_page),
    Route("POST", "/auth/login_flow/{flow_id}", step_login),
    Route("DELETE", "/auth/login_flow/{flow_id}", abort_login),
    Route("POST", "/auth/token", token),
    Route("POST", "/auth/revoke", revoke),
    Route("POST", "/auth/link_user", link_user, verb="own"),
    Route("GET", "/auth/authorize", authorize),
    Route("GET", "/.well-known/oauth-authorization-server", authorization_server),
    Route("GET", "/.well-known/oauth-protected-resource", protected_resource),
)
