"""`hub init`: the first owner without the page, for headless installs and tests."""

import asyncio
import json
import sys
from pathlib import Path

import click

from hub.cli import options
from hub.cli.errors import USAGE, CliError

TOKEN_NAME = "hub init"  # noqa: S105 - the name of a token
TOKEN_DAYS = 3650


@click.command()
@click.option("--owner", metavar="NAME", required=True, help="Name to log in with.")
@options.data
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def init(owner: str, data: Path, password_stdin: bool) -> None:
    """Make the owner and print `{"user_id", "token", ...}`; exit 1 when there is one already."""
    from hub.errors import HubError

    password = _password(password_stdin)
    try:
        made = asyncio.run(_make(data, owner, password))
    except HubError as error:
        raise CliError(error.message) from None
    click.echo(json.dumps(made))


def _password(from_stdin: bool) -> str:
    """Return the first line of standard input, or ask twice at the terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CliError(
            "there is no terminal to ask for a password",
            "use --password-stdin",
            status=USAGE,
        )
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


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
