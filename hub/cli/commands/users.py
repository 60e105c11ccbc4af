"""`hub users`: who may come in and what they may do; and the way back in when all is lost."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from hub.cli import complete, options
from hub.cli.errors import USAGE, CliError
from hub.cli.group import DefaultGroup
from hub.cli.output import Columns, emit, note, write
from hub.cli.wire import quote

if TYPE_CHECKING:
    from hub.cli.client import Client

ROLES: Final = ("owner", "admin", "operator", "viewer")

COLUMNS: Final[Columns] = {
    "USER": lambda row: row["username"] or "-",
    "NAME": "name",
    "ROLE": "role",
    "ACTIVE": "is_active",
    "2FA": "second_factor",
    "POLICIES": "policies",
    "ID": "id",
}

password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)
policy = click.option(
    "--policy", "policies", metavar="NAME", multiple=True, help="A policy; may be repeated."
)


one = click.argument("user", shell_complete=complete.user)


@click.group(cls=DefaultGroup, default="list")
def users() -> None:
    """Show and change users; USER is a user name or an id. Without a command: list them."""


@users.command("list")
@options.output
@options.hub
def list_users(client: "Client", output: str) -> None:
    """List users."""
    emit(client.get("/api/users"), output, COLUMNS)


@users.command()
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES[1:]), default="operator", show_default=True)
@click.option("--name", help="What people call him.  [default: the user name]")
@click.option("--local-only", is_flag=True, help="May log in from the local network only.")
@policy
@password_stdin
@options.output
@options.hub
def add(
    client: "Client",
    username: str,
    role: str,
    name: str | None,
    local_only: bool,
    policies: tuple[str, ...],
    password_stdin: bool,
    output: str,
) -> None:
    """Make a user who logs in as USERNAME."""
    body: dict[str, Any] = {
        "username": username,
        "password": new_password(password_stdin),
        "role": role,
        "local_only": local_only,
        "policies": list(policies),
    }
    if name is not None:
        body["name"] = name
    _shown(client.post("/api/users", body), output)


@users.command()
@one
@options.yes
@options.hub
def remove(client: "Client", user: str, yes: bool) -> None:
    """Remove a user with all his tokens; open connections end at once."""
    if not yes:
        click.confirm(f"Remove {user} with all tokens?", abort=True)
    client.delete(_path(user))
    note(f"user {user} is removed")


@users.command()
@one
@click.argument("role", type=click.Choice(ROLES))
@options.yes
@options.output
@options.hub
def role(client: "Client", user: str, role: str, yes: bool, output: str) -> None:
    """Give a user another role; `owner` hands over the ownership."""
    if role == "owner" and not yes:
        click.confirm(f"Make {user} the owner? The present owner becomes admin.", abort=True)
    _shown(client.post(_path(user), {"role": role}), output)


@users.command()
@one
@click.argument("policy", nargs=-1)
@options.output
@options.hub
def policies(client: "Client", user: str, policy: tuple[str, ...], output: str) -> None:
    """Bind a user to these policies and no others; none at all leaves the role alone."""
    _shown(client.post(_path(user), {"policies": list(policy)}), output)


@users.command()
@one
@click.argument("state", type=click.Choice(("on", "off")))
@options.output
@options.hub
def active(client: "Client", user: str, state: str, output: str) -> None:
    """Let a user in, or keep him out and end his connections."""
    _shown(client.post(_path(user), {"is_active": state == "on"}), output)


@users.command()
@one
@password_stdin
@options.hub
def password(client: "Client", user: str, password_stdin: bool) -> None:
    """Set a user's password."""
    client.put(f"{_path(user)}/password", {"password": new_password(password_stdin)})
    note(f"{user} has a new password")


@users.command("totp-reset")
@one
@options.yes
@options.hub
def totp_reset(client: "Client", user: str, yes: bool) -> None:
    """Remove the second factor of a user who lost it."""
    if not yes:
        click.confirm(f"Let {user} log in with the password alone?", abort=True)
    client.delete(f"{_path(user)}/totp")
    note(f"{user} has no second factor any more")


@users.command()
@options.output
@options.hub
def bans(client: "Client", output: str) -> None:
    """List the addresses that are refused because too much was guessed from them."""
    found = client.get("/api/bans")
    if output == "table" and not found:
        note("nobody is banned")
        return
    columns: Columns = {
        "ADDRESS": "address",
        "ATTEMPTS": "attempts",
        "SINCE": "at",
        "UNTIL": "until",
    }
    emit(found, output, columns)


@users.command()
@click.argument("address")
@options.hub
def unban(client: "Client", address: str) -> None:
    """Let an address in again."""
    ban = client.delete(f"/api/bans/{quote(address)}")
    note(f"{ban['address']} may come in again")


@users.command()
@click.option("--user", metavar="NAME", help="Who shall get in.  [default: the owner]")
@click.option("--revoke-tokens", is_flag=True, help="End all tokens of the user as well.")
@password_stdin
@options.data
@options.output
def recover(
    data: Path, user: str | None, revoke_tokens: bool, password_stdin: bool, output: str
) -> None:
    """Get back in when password or second factor are lost; the hub must not run.

    Sets a new password for the owner, removes the second factor and lifts all bans. Who can read
    the data folder could do all that anyway; it stands in the audit log.
    """
    from hub.cli.recovery import recover as work

    done = work(data, user, lambda: new_password(password_stdin), revoke_tokens)
    if output != "table":
        emit(done, output)
        return
    write(f"{done['username']} ({done['role']}) has a new password")
    if done["second_factor_removed"]:
        note("the second factor is removed; set up a new one after logging in")
    if done["bans_lifted"]:
        note(f"{done['bans_lifted']} banned addresses may come in again")
    if revoke_tokens:
        note(f"{done['tokens_revoked']} tokens are ended")
    if not done["audited"]:
        note("warning: the sealing keys do not open, so the audit log could not be written")


def new_password(from_stdin: bool) -> str:
    """Return the first line of standard input, or ask twice at the terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CliError(
            "there is no terminal to ask for a password", "use --password-stdin", status=USAGE
        )
    return str(click.prompt("New password", hide_input=True, confirmation_prompt=True))


def _path(user: str) -> str:
    return f"/api/users/{quote(user)}"


def _shown(user: dict[str, Any], output: str) -> None:
    emit([user] if output == "table" else user, output, COLUMNS)
