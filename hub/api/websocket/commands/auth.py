"""The user's own account: who am I, my tokens, my signed links."""

from typing import Any, Final

import voluptuous as vol

from hub.api.signing import sign_path as signed
from hub.api.websocket.command import Message, Then, command
from hub.api.websocket.connection import Connection
from hub.auth.user import MODULE
from hub.errors import HubError, InvalidFormat
from hub.schema import text

MAX_SIGNED_SECONDS: Final = 365 * 86400


class InvalidTokenId(HubError):  # noqa: N818 - names the fact
    """The caller has no refresh token with this id."""

    code = "invalid_token_id"
    http_status = 400


@command("auth/current_user", verb="own")
def current_user(connection: Connection, message: Message) -> dict[str, Any]:
    """Return who is asking."""
    del message
    return connection.user.as_current()


@command(
    "auth/long_lived_access_token",
    {
        vol.Required("lifespan"): vol.All(int, vol.Range(min=1, max=36500)),
        vol.Required("client_name"): vol.All(text, vol.Length(min=1, max=255)),
        vol.Optional("client_icon"): vol.Any(None, text),
    },
    verb="own",
)
async def long_lived_token(connection: Connection, message: Message) -> str:
    """Make a token that lives `lifespan` days; it is shown this once."""
    return await connection.hub.auth.tokens.create_long_lived(
        connection.user,
        message["client_name"],
        message["lifespan"],
        client_icon=message.get("client_icon"),
    )


@command("auth/refresh_tokens", verb="own")
def refresh_tokens(connection: Connection, message: Message) -> list[dict[str, Any]]:
    """Return the caller's tokens, without their secrets."""
    del message
    current = connection.session.refresh_token_id
    tokens = connection.hub.auth.tokens.by_user(connection.user.id)
    return [token.as_dict(current) for token in tokens]


@command("auth/delete_refresh_token", {vol.Required("refresh_token_id"): text}, verb="own")
async def delete_refresh_token(connection: Connection, message: Message) -> Any:
    """End one of the caller's tokens; its own one only after the answer has left."""
    tokens = connection.hub.auth.tokens
    wanted = message["refresh_token_id"]
    if all(token.id != wanted for token in tokens.by_user(connection.user.id)):
        raise InvalidTokenId("Received invalid token")
    if wanted == connection.session.refresh_token_id:
        return Then({}, lambda: _end_own(connection))
    await tokens.revoke(wanted)
    return {}


@command(
    "auth/delete_all_refresh_tokens",
    {vol.Optional("token_type"): text, vol.Optional("delete_current_token", default=True): bool},
    verb="own",
)
async def delete_all_refresh_tokens(connection: Connection, message: Message) -> Any:
    """End the caller's tokens, of one type or all; its own one after the answer has left."""
    tokens = connection.hub.auth.tokens
    own = tokens.get(connection.session.refresh_token_id)
    wanted = message.get("token_type")
    keep = connection.session.refresh_token_id
    await tokens.revoke_all(connection.user.id, token_type=wanted, keep=keep)
    ends_own = own is not None and wanted in (None, own.type)
    if message["delete_current_token"] and ends_own:
        return Then({}, lambda: _end_own(connection))
    return {}


@command(
    "auth/refresh_token_set_expiry",
    {vol.Required("refresh_token_id"): text, vol.Required("enable_expiry"): bool},
    verb="own",
)
async def set_expiry(connection: Connection, message: Message) -> dict[str, Any]:
    """Switch the end after 90 days without use on or off for one of the caller's tokens."""
    tokens = connection.hub.auth.tokens
    wanted = message["refresh_token_id"]
    if all(token.id != wanted for token in tokens.by_user(connection.user.id)):
        raise InvalidTokenId("Received invalid token")
    await tokens.set_expiry(wanted, message["enable_expiry"])
    return {}


@command(
    "auth/setup_mfa",
    {
        vol.Exclusive("mfa_module_id", "asked"): text,
        vol.Exclusive("flow_id", "asked"): text,
        vol.Optional("user_input"): vol.Any(None, dict),
    },
    verb="own",
)
async def setup_mfa(connection: Connection, message: Message) -> dict[str, Any]:
    """Offer a secret for a second factor, or put it in force with a code of the app."""
    setups = connection.hub.auth.setups
    if "flow_id" in message:
        return await setups.answer(
            connection.user, message["flow_id"], message.get("user_input") or {}
        )
    if "mfa_module_id" not in message:
        raise InvalidFormat("must contain at least one of mfa_module_id, flow_id.")
    name = connection.hub.settings.hub.name
    return setups.start(connection.user, message["mfa_module_id"], name)


class DisableFailed(HubError):  # noqa: N818
    """There is no second factor to remove."""

    code = "disable_failed"
    http_status = 400


@command("auth/depose_mfa", {vol.Required("mfa_module_id"): text}, verb="own")
async def depose_mfa(connection: Connection, message: Message) -> str:
    """Remove the caller's second factor."""
    module, user = message["mfa_module_id"], connection.user
    known = module == MODULE["id"]
    if not known or not await connection.hub.auth.totp.disable(user, user):
        raise DisableFailed(f"Cannot disable MFA Module {module[:80]}: it is not set up")
    return "done"


def _end_own(connection: Connection) -> None:
    """Send what is queued, then end the token of this connection, which closes it."""
    connection.flush()
    hub = connection.hub
    ending = hub.auth.tokens.revoke(connection.session.refresh_token_id)
    hub.tasks.spawn(ending, "end own token", inherit=True)


@command(
    "auth/sign_path",
    {
        vol.Required("path"): vol.All(text, vol.Match(r"/[^/\\]"), vol.Length(max=2048)),
        vol.Optional("expires", default=30): vol.All(int, vol.Range(min=1, max=MAX_SIGNED_SECONDS)),
    },
    verb="own",
)
def sign_path(connection: Connection, message: Message) -> dict[str, str]:
    """Return a link that opens one path for `expires` seconds without a header."""
    own = connection.session.refresh_token_id
    return {"path": signed(connection.hub, message["path"], own, message["expires"])}
