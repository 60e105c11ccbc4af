"""Signed paths: a link that opens one address for a short time, without a header."""

import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import web
from yarl import URL

from hub.auth import Session

if TYPE_CHECKING:
    from hub.hub import Hub

PARAMETER: Final = "authSig"
_FREE: Final = ("width", "height")
"""Query keys that may be added to a signed link."""


_KEY: Final = secrets.token_bytes(32)
"""Lives in memory only: a restart of the process ends all links."""


def sign_path(hub: "Hub", path: str, refresh_token_id: str, expires: int) -> str:
    """Return the path with a signature that holds for `expires` seconds."""
    import jwt

    url = URL(path)
    now = int(hub.clock.time())
    claims = {
        "iss": refresh_token_id,
        "path": url.path,
        "params": _params(url),
        "iat": now,
        "exp": now + expires,
    }
    signature = jwt.encode(claims, _KEY, algorithm="HS256")
    return str(url.extend_query({PARAMETER: signature}))


def signed_session(hub: "Hub", request: web.Request) -> Session | None:
    """Return who signed the address of this request; None when it is not well signed."""
    signature = request.query.get(PARAMETER)
    if signature is None or request.method not in ("GET", "HEAD"):
        return None
    import jwt

    try:
        claims = jwt.decode(
            signature,
            _KEY,
            algorithms=["HS256"],
            options={"require": ["iss", "exp"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        return None
    url = request.rel_url
    same = claims.get("path") == url.path and claims.get("params") == _params(url)
    if not same or claims["exp"] <= hub.clock.time():
        return None
    token = hub.auth.tokens.get(str(claims["iss"]))
    if token is None or not token.user.is_active:
        return None
    return Session(token.user, token.id)


def _params(url: URL) -> list[list[str]]:
    """Return the query that the signature covers, in its order."""
    skip = {PARAMETER, *_FREE}
    return [[key, value] for key, value in url.query.items() if key not in skip]
