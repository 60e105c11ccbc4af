"""The first steps: the owner, and what clients expect to be marked as done."""

from aiohttp import web

from hub.api.answers import NO_STORE, Answer, json_answer, parse_object
from hub.api.gate import host_name
from hub.api.middleware import unauthenticated
from hub.api.routes import GATE, HUB, Handler, Route, session_of
from hub.errors import InvalidFormat
from hub.util.json import dumps


async def steps(request: web.Request) -> web.Response:
    """Return the steps and whether each is done."""
    return json_answer(request.app[HUB].auth.onboarding.steps()).response()


async def create_owner(request: web.Request) -> web.Response:
    """Create the first user, and return a one-use code for tokens."""
    body = parse_object(await request.read(), invalid="Invalid JSON.")
    # Behind a proxy that is not listed nobody is local: an empty address needs the set-up code.
    address = request.remote if request.app[GATE].is_local(request) else ""
    onboarding = request.app[HUB].auth.onboarding
    answer = await onboarding.create_user(body, address, host=host_name(request.host))
    return Answer(dumps(answer), headers=NO_STORE).response()


def _complete(step: str) -> Handler:
    async def complete(request: web.Request) -> web.Response:
        """Mark a step as done."""
        await request.app[HUB].auth.onboarding.complete(step)
        return json_answer({}).response()

    return complete


async def finish(request: web.Request) -> web.Response:
    """Mark the last step as done, and return a code for the client that asked."""
    body = parse_object(await request.read(), invalid="Invalid JSON.")
    onboarding = request.app[HUB].auth.onboarding
    host = host_name(request.host)
    answer = await onboarding.integration(body, session_of(request), host=host)
    return Answer(dumps(answer), headers=NO_STORE).response()


async def installation_type(request: web.Request) -> web.Response:
    """Say what kind of installation this is, until the first step is done."""
    if request.app[HUB].auth.has_users:
        raise unauthenticated(request)
    return json_answer({"installation_type": "Home Assistant Core"}).response()


async def wait(request: web.Request) -> web.Response:
    """Say whether an integration is loaded."""
    domain = parse_object(await request.read(), invalid="Invalid JSON.").get("domain")
    if not isinstance(domain, str):
        raise InvalidFormat("Message format incorrect: required key not provided at 'domain'")
    found = request.app[HUB].integrations.get(domain)
    return json_answer({"integration_loaded": found is not None and not found.error}).response()


ROUTES = (
    Route("GET", "/api/onboarding", steps),
    Route("GET", "/api/onboarding/installation_type", installation_type),
    Route("POST", "/api/onboarding/users", create_owner),
    Route(
        "POST", "/api/onboarding/core_config", _complete("core_config"), admin=True, verb="write"
    ),
    Route("POST", "/api/onboarding/analytics", _complete("analytics"), admin=True, verb="write"),
    Route("POST", "/api/onboarding/integration", finish, verb="own"),
    Route("POST", "/api/onboarding/integration/wait", wait, verb="read"),
)
