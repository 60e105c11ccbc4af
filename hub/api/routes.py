"""The shape of a route, and the one list of those that need no token."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    import voluptuous as vol

    from hub.api.actions import Changes
    from hub.api.gate import Gate
    from hub.api.page import Page
    from hub.auth import Session
    from hub.hub import Hub

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HUB: Final[web.AppKey["Hub"]] = web.AppKey("hub")
GATE: Final[web.AppKey["Gate"]] = web.AppKey("gate")
CHANGES: Final[web.AppKey["Changes"]] = web.AppKey("changes")
PAGE: Final[web.AppKey["Page"]] = web.AppKey("page")
ADMIN: Final[web.AppKey[frozenset[tuple[str, str]]]] = web.AppKey("admin")
"""Method and path of the routes that ask for an administrator."""
DOORS: Final[web.AppKey[dict[tuple[str, str], str]]] = web.AppKey("doors")
"""The verb that a route's user must be able to use on something, by method and path."""

SESSION: Final[web.RequestKey["Session"]] = web.RequestKey("session")
"""Key of the request under which the middleware keeps who asks."""

PUBLIC: Final = frozenset(
    {
        "/",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/api/onboarding",
        "/api/onboarding/installation_type",
        "/api/onboarding/users",
        "/api/webhook/{webhook_id}",
        "/api/websocket",
        "/auth/authorize",
        "/auth/login_flow",
        "/auth/login_flow/{flow_id}",
        "/auth/providers",
        "/auth/revoke",
        "/auth/token",
        "/healthz",
        "/manifest.json",
        "/readyz",
    }
)
"""Every route that answers without a token; all others need one. The websocket asks inside.

Beside them only the files of the built page (`hub.api.page`) are public.
"""

ANY_ORIGIN: Final = ("/auth/token", "/auth/revoke", "/api/webhook/", "/.well-known/")
"""What pages of every origin may call; other paths only the configured origins."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path; `admin` asks for an administrator.

    `verb` says what it does, as for websocket commands: `own`, `read`, `control`, `edit`, `write`,
    `apply` or `call`; who can never use the verb is refused before the handler is asked.
    `body` and `query` are the schemas that the handler validates with, `headers` names those that
    it looks at; the documents of the API are written from them.
    """

    method: str
    path: str
    handler: Handler
    admin: bool = False
    verb: str | None = None
    body: "vol.Schema | None" = None
    query: "vol.Schema | None" = None
    headers: tuple[str, ...] = ()


def session_of(request: web.Request) -> "Session":
    """Return who asks; only for routes that are not public."""
    return request[SESSION]
