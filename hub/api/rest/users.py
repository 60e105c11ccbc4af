"""Users, tokens, policies and bans over REST; `{user}` is an id or a user name."""

from typing import Any, Final

import voluptuous as vol
from aiohttp import web

from hub.api.answers import NO_STORE, Answer, json_answer, parse_object
from hub.api.policies import shown
from hub.api.routes import HUB, Route, session_of
from hub.api.users import BY_ROLE, found, member
from hub.auth import User
from hub.auth.ranks import check_manages
from hub.errors import InvalidFormat, NotFound
from hub.schema import explain, text
from hub.util.json import dumps

_USER: Final = {
    vol.Optional("name"): vol.All(text, vol.Length(min=1, max=255)),
    vol.Optional("local_only"): bool,
    **BY_ROLE,
}
_NEW: Final = vol.Schema({**_USER, vol.Optional("username"): text, vol.Optional("password"): text})
_CHANGES: Final = vol.Schema({**_USER, vol.Optional("is_active"): bool})
_PASSWORD: Final = vol.Schema({vol.Required("password"): text})
_TOKEN: Final = vol.Schema(
    {
        vol.Required("client_name"): vol.All(text, vol.Length(min=1, max=255)),
        vol.Optional("lifespan", default=3650): vol.All(int, vol.Range(min=1, max=36500)),
    }
)
_POLICY: Final = vol.Schema(
    {vol.Required("rules"): object, vol.Optional("description", default=""): object}
)


async def list_users(request: web.Request) -> web.Response:
    """Return every user."""
    users = request.app[HUB].auth.users.all()
    return json_answer([user.as_dict() for user in users]).response()


async def create(request: web.Request) -> web.Response:
    """Make a user: `username` and `password`, `name`, `role`, `policies`, `local_only`."""
    values = await _body(request, _NEW)
    username, password = values.pop("username", None), values.pop("password", None)
    if (username is None) != (password is None):
        raise InvalidFormat("username and password come together")
    name = values.pop("name", username)
    if name is None:
        raise InvalidFormat("Message format incorrect: required key not provided at 'name'")
    user = await request.app[HUB].auth.users.create(
        name,
        **values,
        credentials=None if username is None else (username, password),
        actor=_actor(request),
    )
    return json_answer(user.as_dict(), 201).response()


async def get(request: web.Request) -> web.Response:
    """Return one user."""
    return json_answer(_member(request).as_dict()).response()


async def update(request: web.Request) -> web.Response:
    """Change what the body names of a user; `role` owner hands over the ownership."""
    user = _member(request)
    values = await _body(request, _CHANGES)
    users = request.app[HUB].auth.users
    changed = await users.update(user.id, **values, actor=_actor(request))
    return json_answer(changed.as_dict()).response()


async def remove(request: web.Request) -> web.Response:
    """Remove a user with his tokens."""
    await request.app[HUB].auth.users.remove(_member(request).id, _actor(request))
    return json_answer({}).response()


async def set_password(request: web.Request) -> web.Response:
    """Set a user's password."""
    user = _member(request)
    values = await _body(request, _PASSWORD)
    await request.app[HUB].auth.users.set_password(user.id, values["password"], _actor(request))
    return json_answer({}).response()


async def reset_second_factor(request: web.Request) -> web.Response:
    """Remove the second factor of a user who lost it."""
    if not await request.app[HUB].auth.totp.disable(_member(request), _actor(request)):
        raise NotFound("The user has no second factor")
    return json_answer({}).response()


async def tokens_of(request: web.Request) -> web.Response:
    """Return a user's tokens, without their secrets."""
    return _tokens(request, _member(request))


async def revoke_of(request: web.Request) -> web.Response:
    """End a user's token."""
    user = _member(request)
    check_manages(_actor(request), user)
    return await _revoke(request, user)


async def own_tokens(request: web.Request) -> web.Response:
    """Return the caller's tokens."""
    return _tokens(request, session_of(request).user)


async def create_token(request: web.Request) -> web.Response:
    """Make a long-lived token of the caller; it is shown this once."""
    values = await _body(request, _TOKEN)
    token = await request.app[HUB].auth.tokens.create_long_lived(
        session_of(request).user, values["client_name"], values["lifespan"]
    )
    body = {"token": token, "client_name": values["client_name"], "days": values["lifespan"]}
    return Answer(dumps(body), 201, headers=NO_STORE).response()


async def revoke_token(request: web.Request) -> web.Response:
    """End a token of the caller."""
    return await _revoke(request, session_of(request).user)


async def list_policies(request: web.Request) -> web.Response:
    """Return every policy and who refers to it."""
    hub = request.app[HUB]
    return json_answer([shown(hub, policy) for policy in hub.auth.policies.all()]).response()


async def put_policy(request: web.Request) -> web.Response:
    """Make or replace a policy: `rules`, `description`."""
    hub = request.app[HUB]
    values = await _body(request, _POLICY)
    policy = await hub.auth.policies.put(
        request.match_info["name"], values["rules"], values["description"]
    )
    return json_answer(shown(hub, policy)).response()


async def delete_policy(request: web.Request) -> web.Response:
    """Delete a policy that no user refers to."""
    await request.app[HUB].auth.policies.delete(request.match_info["name"])
    return json_answer({}).response()


async def list_bans(request: web.Request) -> web.Response:
    """Return the addresses that are refused at present."""
    return json_answer([ban.as_dict() for ban in request.app[HUB].auth.bans.all()]).response()


async def lift_ban(request: web.Request) -> web.Response:
    """End the ban of an address."""
    ban = await request.app[HUB].auth.bans.lift(request.match_info["address"])
    return json_answer(ban.as_dict()).response()


def _member(request: web.Request) -> User:
    return member(request.app[HUB], request.match_info["user"])


def _actor(request: web.Request) -> User | None:
    """Return who asks; None, the house itself, at the local socket of a hub without an owner."""
    user = session_of(request).user
    return user if user.id else None


async def _body(request: web.Request, schema: vol.Schema) -> dict[str, Any]:
    """Return the validated body; raises `InvalidFormat`."""
    try:
        values: dict[str, Any] = schema(parse_object(await request.read()))
    except vol.Invalid as error:
        raise InvalidFormat(explain(error)) from None
    return values


def _tokens(request: web.Request, user: User) -> web.Response:
    current = session_of(request).refresh_token_id
    tokens = request.app[HUB].auth.tokens.by_user(user.id)
    return json_answer([token.as_dict(current) for token in tokens]).response()


async def _revoke(request: web.Request, user: User) -> web.Response:
    hub = request.app[HUB]
    await hub.auth.tokens.revoke(found(hub, user, request.match_info["token_id"]).id)
    return json_answer({}).response()


_ONE: Final = "/api/users/{user}"
ROUTES = (
    Route("GET", "/api/users", list_users, admin=True, verb="read"),
    Route("POST", "/api/users", create, admin=True, verb="write"),
    Route("GET", _ONE, get, admin=True, verb="read"),
    Route("POST", _ONE, update, admin=True, verb="write"),
    Route("DELETE", _ONE, remove, admin=True, verb="write"),
    Route("PUT", f"{_ONE}/password", set_password, admin=True, verb="write"),
    Route("DELETE", f"{_ONE}/totp", reset_second_factor, admin=True, verb="write"),
    Route("GET", f"{_ONE}/tokens", tokens_of, admin=True, verb="read"),
    Route("DELETE", f"{_ONE}/tokens/{{token_id}}", revoke_of, admin=True, verb="write"),
    Route("GET", "/api/tokens", own_tokens, verb="own"),
    Route("POST", "/api/tokens", create_token, verb="own"),
    Route("DELETE", "/api/tokens/{token_id}", revoke_token, verb="own"),
    Route("GET", "/api/policies", list_policies, admin=True, verb="read"),
    Route("PUT", "/api/policies/{name}", put_policy, admin=True, verb="write"),
    Route("DELETE", "/api/policies/{name}", delete_policy, admin=True, verb="write"),
    Route("GET", "/api/bans", list_bans, admin=True, verb="read"),
    Route("DELETE", "/api/bans/{address}", lift_ban, admin=True, verb="write"),
)
