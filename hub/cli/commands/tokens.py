"""`hub tokens`: long-lived tokens and log-ins, one's own or, for administrators, another's."""

from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import complete, options
from hub.cli.errors import CliError
from hub.cli.group import DefaultGroup
from hub.cli.output import Columns, emit, note, write
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client

KINDS: Final = {"normal": "log-in", "long_lived_access_token": "long-lived"}
COLUMNS: Final[Columns] = {
    "ID": "id",
    "KIND": lambda row: KINDS.get(row["type"], row["type"]),
    "NAME": lambda row: row["client_name"] or row["client_id"],
    "MADE": "created_at",
    "USED": "last_used_at",
    "FROM": "last_used_ip",
    "ENDS": "expire_at",
}

of_user = click.option(
    "--user",
    metavar="USER",
    shell_complete=complete.user,
    help="Whose, for administrators.  [default: one's own]",
)


@click.group(cls=DefaultGroup, default="list")
def tokens() -> None:
    """Show, make and end tokens; without a command: list them."""


@tokens.command("list")
@of_user
@options.output
@options.hub
def list_tokens(client: "Client", user: str | None, output: str) -> None:
    """List tokens, without their secrets."""
    found = client.get(_path(user))
    if output == "table" and not found:
        note("no tokens")
        return
    emit(found, output, COLUMNS)


@tokens.command()
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 36500), default=3650, show_default=True)
@options.output
@options.hub
def create(client: "Client", name: str, days: int, output: str) -> None:
    """Make a long-lived token of one's own and print it; it is shown this once."""
    made = client.post("/api/tokens", {"client_name": name, "lifespan": days})
    if output != "table":
        emit(made, output)
        return
    write(made["token"])
    note("keep it like a password; `hub tokens revoke` ends it")


@tokens.command()
@click.argument("token")
@of_user
@options.hub
def revoke(client: "Client", token: str, user: str | None) -> None:
    """End a token, named by its id or name; connections that it opened end at once."""
    wanted = _one(client.get(_path(user)), token)
    client.delete(f"{_path(user)}/{quote(wanted['id'])}")
    note(f"token {wanted['client_name'] or wanted['id']} is ended")


def _one(found: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    """Return the token with this id, or the only one with this name."""
    for token in found:
        if token["id"] == wanted:
            return token
    named = [token for token in found if token["client_name"] == wanted]
    if len(named) == 1:
        return named[0]
    raise CliError(f"there is no token {wanted!r}", "`hub tokens list` shows ids and names")


def _path(user: str | None) -> str:
    return "/api/tokens" if user is None else f"/api/users/{quote(user)}/tokens"
