"""`hub init`: the first owner without the page, for headless installs and tests."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.options import Data

TOKEN_NAME = "hub init"  # noqa: S105 - the name of a token
TOKEN_DAYS = 3650

Owner = Annotated[str, typer.Option("--owner", metavar="NAME", help="Name to log in with.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def init(owner: Owner, data: Data = Path(".data"), password_stdin: FromStdin = False) -> None:
    """Make the owner and print `{"user_id", "token", ...}`; exit 1 when there is one already."""
    from hub.errors import HubError

    password = _password(password_stdin)
    try:
        made = asyncio.run(_make(data, owner, password))
    except HubError as error:
        typer.echo(f"hub init: {error.message}", err=True)
        raise typer.Exit(1) from None
    typer.echo(json.dumps(made))


def _password(from_stdin: bool) -> str:
    """Return the first line of standard input, or ask twice at the terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        typer.echo("hub init: no terminal to ask for a password; use --password-stdin", err=True)
        raise typer.Exit(2)
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


async def _make(data: Path, owner: str, password: str) -> dict[str, str]:
    """Write the owner and a long-lived token to the database; raises `HubError`."""
    from hub.auth import Auth
    from hub.errors import NotAllowed
    from hub.storage import Database
    from hub.storage.lock import locked

    with locked(data):
        database = Database(data / "hub.db")
        await database.open()
        try:
            auth = Auth(database)
            await auth.load()
            if auth.has_users:
                raise NotAllowed(f"{data} has an owner already; log in with that account")
            user = await auth.create_owner(owner, owner, password)
            token = await auth.tokens.create_long_lived(user, TOKEN_NAME, TOKEN_DAYS)
            await auth.flush()
        finally:
            await database.close()
    return {"user_id": user.id, "username": owner, "token": token, "token_name": TOKEN_NAME}
