"""Getting back into a hub whose owner is locked out, on its data folder, while it does not run."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.cli.errors import USAGE, CliError

if TYPE_CHECKING:
    from hub.audit import Audit
    from hub.auth import Auth, User
    from hub.storage import Database

ORIGIN_NAME: Final = "recovery"
"""Where the audit log says that it came from."""


def recover(
    data: Path, username: str | None, password: Callable[[], str], revoke_tokens: bool
) -> dict[str, Any]:
    """Let a user in again; `password` is asked when all else is known to be well.

    Raises `CliError`.
    """
    from hub.errors import HubError
    from hub.storage.lock import Held

    if not (data / "hub.db").is_file():
        raise CliError(f"{data} is no data folder of a hub", "name it with --data", status=USAGE)
    try:
        return asyncio.run(_recover(data, username, password, revoke_tokens))
    except Held as error:
        hint = "stop the hub first; while it runs, `hub users password` on its machine does it"
        raise CliError(error.message, hint) from None
    except HubError as error:
        raise CliError(error.message) from None


async def _recover(
    data: Path, username: str | None, password: Callable[[], str], revoke_tokens: bool
) -> dict[str, Any]:
    from hub.auth import Auth
    from hub.events import ORIGIN
    from hub.storage import Database
    from hub.storage.lock import locked

    ORIGIN.set(ORIGIN_NAME)
    with locked(data):
        database = Database(data / "hub.db")
        await database.open()
        try:
            auth = Auth(database)
            await auth.load()
            audit = await _audit(database, data, auth)
            user = _wanted(auth, username)
            done = await _let_in(auth, user, password(), revoke_tokens)
            await auth.flush()
            if audit is not None:
                await audit.close()
        finally:
            await database.close()
    return {**done, "audited": audit is not None}


async def _let_in(auth: "Auth", user: "User", password: str, revoke_tokens: bool) -> dict[str, Any]:
    """Set the password and clear what stands in the way."""
    await auth.users.set_password(user.id, password)
    if not user.is_active:
        await auth.users.update(user.id, is_active=True)
    return {
        "user_id": user.id,
        "username": user.username,
        "role": user.role.value,
        "second_factor_removed": await auth.totp.disable(user),
        "bans_lifted": await auth.bans.lift_all(),
        "tokens_revoked": await auth.tokens.revoke_all(user.id) if revoke_tokens else 0,
    }


def _wanted(auth: "Auth", username: str | None) -> "User":
    """Return who shall get in; raises `CliError`."""
    if username is not None:
        user = auth.users.by_username(username)
        if user is None:
            names = ", ".join(it.username for it in auth.users.all() if it.username) or "none"
            raise CliError(f"there is no user {username!r}", f"user names: {names}")
        return user
    for user in auth.users.all():
        if user.is_owner and user.username is not None:
            return user
    raise CliError("this hub has no owner with a password", "make one with `hub init`")


async def _audit(database: "Database", data: Path, auth: "Auth") -> "Audit | None":
    """Let the audit log hear of it; None when its key is lost, for the way in must stay open."""
    from hub.audit import Audit, watch
    from hub.cli.commands.secrets import key_path, secret_key
    from hub.errors import HubError
    from hub.storage.secrets import Keyring
    from hub.util.clock import SystemClock

    try:
        keyring = Keyring(database, key_path(data), secret_key())
        await keyring.load()
    except (HubError, CliError):
        return None
    audit = Audit(database, SystemClock(), keyring.derive("audit"))
    auth.witness.tell = watch.teller(audit)
    auth.witness.add = watch.adder(audit)
    return audit
