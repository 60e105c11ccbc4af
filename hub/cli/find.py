"""Where the hub is, and who asks: command line, environment, stored login, data folder."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from hub.cli.errors import USAGE, CliError
from hub.cli.wire import Address

SOCKET: Final = "hub.sock"
DATA: Final = ".data"


@dataclass(slots=True)
class Login:
    """What `hub login` keeps: the hub's address and the tokens of one user."""

    url: str
    client_id: str
    username: str
    refresh_token: str
    access_token: str = ""
    expires_at: float = 0.0


@dataclass(slots=True)
class Way:
    """How to reach the hub: its address, and the token or login to show."""

    address: Address
    token: str | None = None
    login: Login | None = None
    chosen_by: str = ""
    """What decided, in words: for hints and `hub doctor`."""


def find(data: Path | None = None) -> Way:
    """Choose the hub to talk to; nothing is opened.

    In this order: `--data`, HUB_URL, HUB_DATA, the stored login, the folder .data. HUB_TOKEN is
    shown to whichever hub was chosen, before a stored login. Raises `CliError`.
    """
    token = os.environ.get("HUB_TOKEN", "").strip() or None
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise CliError("HUB_TOKEN does not hold a token", "it is one word of letters", status=USAGE)
    if data is not None:
        return Way(_socket(data), token, chosen_by=f"--data {data}")
    login = None
    if url := os.environ.get("HUB_URL"):
        address = parse(url)
        if token is None and (stored := load_login()) is not None and parse(stored.url) == address:
            login = stored
        return Way(address, token, login, "HUB_URL")
    if folder := os.environ.get("HUB_DATA"):
        return Way(_socket(Path(folder)), token, chosen_by="HUB_DATA")
    if (login := load_login()) is not None:
        if token is not None:
            return Way(parse(login.url), token, chosen_by="the stored login and HUB_TOKEN")
        return Way(parse(login.url), None, login, "the stored login")
    return Way(_socket(Path(DATA)), token, chosen_by=f"the data folder {DATA}")


def parse(url: str) -> Address:
    """Return the address of `http(s)://host[:port]` or `unix:/path`; raises `CliError`."""
    if url.startswith("unix:"):
        return Address(path=url[5:].removeprefix("//"))
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = parts.path in ("", "/") and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise CliError(
            f"{url!r} is not the address of a hub",
            "write it as http://host:port, https://host or unix:/path/to/hub.sock",
            status=USAGE,
        )
    tls = parts.scheme == "https"
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode()
    return Address(None, host, port or (443 if tls else 80), tls)


def _socket(data: Path) -> Address:
    return Address(path=str(data / SOCKET))


# --- the stored login


def login_file() -> Path:
    """Return where the login is kept."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return Path(base or Path("~/.config").expanduser(), "hub", "login.json")


def load_login() -> Login | None:
    """Return the stored login; raises `CliError` when others could read it or it is damaged."""
    path = login_file()
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}", "run `hub login` again") from None
    if mode & 0o077:
        raise CliError(
            f"{path} can be read by others (mode {mode:04o})",
            f"run `chmod 600 {path}`; if others may have read it, `hub login` again",
        )
    try:
        return Login(**json.loads(text))
    except (ValueError, TypeError):
        raise CliError(f"{path} is damaged", "remove it and run `hub login` again") from None


def save_login(login: Login) -> Path:
    """Keep a login, readable by its owner only; the old one is replaced as a whole."""
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(login), file)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path


def forget_login() -> None:
    """Remove the stored login."""
    login_file().unlink(missing_ok=True)
