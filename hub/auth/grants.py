"""The token endpoint: a code or a refresh token for an access token."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from hub.auth.clients import well_formed
from hub.auth.codes import Codes, proves
from hub.auth.errors import GrantError
from hub.auth.throttle import Throttle
from hub.auth.tokens import ACCESS_SECONDS, Tokens
from hub.auth.user import User

Refusal = Callable[[User, str | None], str | None]

_INVALID_REQUEST: Final = "invalid_request"


class Grants:
    """Answers the token endpoint's forms."""

    def __init__(self, codes: Codes, tokens: Tokens, throttle: Throttle, refusal: Refusal) -> None:
        """Ask `refusal(user, address)` why a user may not come in."""
        self._codes = codes
        self._tokens = tokens
        self._throttle = throttle
        self._refusal = refusal

    async def token(
        self, pairs: Iterable[tuple[str, object]], address: str | None
    ) -> dict[str, Any]:
        """Answer one form, given as all its (name, value) pairs; `{}` after `action=revoke`.

        Raises `GrantError`, whose `http_status` and `body` are the answer.
        """
        form = _form(pairs)
        if form.get("action") == "revoke":
            await self._tokens.revoke_secret(form.get("token", ""))
            return {}
        grant = form.get("grant_type")
        if grant == "authorization_code":
            return await self._by_code(form, address)
        if grant == "refresh_token":
            return self._by_refresh_token(form, address)
        raise GrantError("unsupported_grant_type")

    async def _by_code(self, form: dict[str, str], address: str | None) -> dict[str, Any]:
        client_id = form.get("client_id")
        if client_id is None or not well_formed(client_id):
            raise GrantError(_INVALID_REQUEST, "Invalid client id")
        code = self._codes.take(form.get("code", ""), client_id)
        if code is None:
            self._throttle.failed(address)
            raise GrantError(_INVALID_REQUEST, "Invalid code")
        self._check_verifier(form.get("code_verifier"), code.challenge, address)
        self._check_user(code.user, address)
        token, secret = await self._tokens.create_refresh_token(code.user, client_id)
        return {
            "access_token": self._tokens.create_access_token(token, address),
            "token_type": "Bearer",
            "refresh_token": secret,
            "expires_in": ACCESS_SECONDS,
            "ha_auth_provider": "homeassistant",
        }

    def _by_refresh_token(self, form: dict[str, str], address: str | None) -> dict[str, Any]:
        secret = form.get("refresh_token")
        if secret is None:
            raise GrantError(_INVALID_REQUEST)
        token = self._tokens.by_secret(secret)
        if token is None:
            self._throttle.failed(address, token=secret)
            raise GrantError("invalid_grant")
        if token.client_id != form.get("client_id"):
            raise GrantError(_INVALID_REQUEST)
        self._check_user(token.user, address)
        return {
            "access_token": self._tokens.create_access_token(token, address),
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
        }

    def _check_verifier(
        self, verifier: str | None, challenge: str | None, address: str | None
    ) -> None:
        if challenge is None:
            if verifier is not None:
                description = "Code verifier provided but no code challenge was present"
                raise GrantError(_INVALID_REQUEST, description)
        elif verifier is None:
            raise GrantError(_INVALID_REQUEST, "Code verifier required")
        elif not proves(verifier, challenge):
            self._throttle.failed(address)
            raise GrantError("invalid_grant", "Invalid code verifier")

    def _check_user(self, user: User, address: str | None) -> None:
        reason = self._refusal(user, address)
        if reason is not None:
            raise GrantError("access_denied", reason, status=403)


def _form(pairs: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Return the form's fields; one that comes twice or as a file is refused."""
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form or not isinstance(value, str):
            raise GrantError(_INVALID_REQUEST)
        form[name] = value
    return form
