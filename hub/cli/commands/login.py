"""`hub login`: a user of a hub that is elsewhere, kept in a file of this user's own."""

import json
import sys
import time
from typing import Any, Final

import click

from hub.cli.client import SECONDS, Client, refuse
from hub.cli.errors import USAGE, CliError
from hub.cli.find import Login, Way, forget_login, load_login, parse, save_login
from hub.cli.output import note
from hub.cli.wire import Answer, quote

HANDLER: Final = ["homeassistant", None]
REASONS: Final = {
    "invalid_auth": "user name or password is wrong",
    "invalid_code": "the code is wrong",
    "too_many_retry": "too many wrong codes",
}

LABELS: Final = {"password": "Password", "code": "Code of the second factor"}
TRIES: Final = 3


@click.command()
@click.argument("url", required=False)
@click.option("--user", metavar="NAME", help="User name; asked when it is missing.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password, then the code, from standard input."
)
@click.option("--forget", is_flag=True, help="End the stored login and remove it.")
def login(url: str | None, user: str | None, password_stdin: bool, forget: bool) -> None:
    """Log in to the hub at URL; later commands go there. Without URL: say who is logged in."""
    if forget:
        _forget()
        return
    if url is None:
        _tell()
        return
    client = Client(way=Way(parse(url), chosen_by="the command line"))
    address = client.way.address
    if address.path is None and not address.tls and not _loopback(address.host):
        note(f"warning: {address} is not encrypted: others in the network can read the password")
    if not password_stdin and not sys.stdin.isatty():
        raise CliError(
            "there is no terminal to ask for a password", "use --password-stdin", status=USAGE
        )
    name = user or _ask("User name", password_stdin, hidden=False)
    _log_in(client, name, password_stdin)


def _log_in(client: Client, name: str, from_stdin: bool) -> None:
    """Go through the hub's forms and keep what comes out."""
    address = client.way.address
    client_id = f"{address}/" if address.path is None else "http://localhost/"
    redirect = f"{client_id}?auth_callback=1"
    body = {"client_id": client_id, "handler": HANDLER, "redirect_uri": redirect}
    form = _step(client, "/auth/login_flow", body)
    wrong = 0
    while form.get("type") == "form":
        if errors := form.get("errors"):
            reason = str(next(iter(errors.values())))
            told = f"the hub did not let {name!r} in: {REASONS.get(reason, reason)}"
            wrong += 1
            if from_stdin or wrong >= TRIES:
                raise CliError(told, "try again", code=reason)
            note(told)
        answers = {"client_id": client_id}
        for field in form["data_schema"]:
            asked = field["name"]
            answers[asked] = (
                name if asked == "username" else _ask(LABELS.get(asked, asked), from_stdin)
            )
        form = _step(client, f"/auth/login_flow/{quote(form['flow_id'])}", answers)
    if form.get("type") != "create_entry":
        reason = str(form.get("reason"))
        raise CliError(f"the hub ended the login: {REASONS.get(reason, reason)}", "try again")
    tokens = _form(
        client, {"grant_type": "authorization_code", "code": form["result"], "client_id": client_id}
    )
    path = save_login(
        Login(
            url=str(address),
            client_id=client_id,
            username=name,
            refresh_token=tokens["refresh_token"],
            access_token=tokens["access_token"],
            expires_at=time.time() + tokens["expires_in"],
        )
    )
    note(f"logged in to {address} as {name}; kept in {path}")


def _tell() -> None:
    stored = load_login()
    if stored is None:
        raise CliError("nobody is logged in", "log in with `hub login URL`")
    click.echo(f"{stored.username} at {stored.url}")


def _forget() -> None:
    """Revoke the refresh token where that is possible, and remove the file."""
    stored = load_login()
    if stored is None:
        note("nobody is logged in")
        return
    client = Client(way=Way(parse(stored.url), chosen_by="the stored login"))
    try:
        _form(client, {"token": stored.refresh_token}, "/auth/revoke")
    except CliError as error:
        note(f"the hub could not be told ({error.message}); the token ends by itself in 90 days")
    forget_login()
    note(f"logged out of {stored.url}")


def _step(client: Client, path: str, body: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    return _checked(client, _send(client, path, headers, json.dumps(body).encode()))


def _form(client: Client, form: dict[str, str], path: str = "/auth/token") -> dict[str, Any]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    text = "&".join(f"{key}={quote(value)}" for key, value in form.items())
    return _checked(client, _send(client, path, headers, text.encode()))


def _send(client: Client, path: str, headers: dict[str, str], body: bytes) -> Answer:
    return client.request("POST", path, body, headers=headers, seconds=SECONDS)


def _checked(client: Client, answer: Answer) -> dict[str, Any]:
    found = answer.json() or {}
    if not isinstance(found, dict):
        refuse(answer, client.way)
    return found


def _ask(label: str, from_stdin: bool, hidden: bool = True) -> str:
    """Ask at the terminal, or take the next line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt(label, hide_input=hidden, err=True))


def _loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
