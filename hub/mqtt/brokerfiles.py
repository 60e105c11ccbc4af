"""The files of the supervised broker: configuration, password file, and the hub's own password."""

import base64
import hashlib
import os
import pwd
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.errors import ServiceValidationError

HUB_USER: Final = "hub"
_ITERATIONS: Final = 101
_USER_NAME: Final = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_BROKER_ACCOUNT: Final = "mosquitto"


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged system user that the broker runs as when the hub is root."""

    name: str
    uid: int
    gid: int


class BrokerFiles:
    """Everything below `<data>/mqtt/`; secrets have mode 0600 and never pass a command line."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`; nothing is written before `prepare`."""
        self.folder = folder
        self.own = folder / "broker"
        self.config = self.own / "mosquitto.conf"
        self.passwords = self.own / "passwd"
        self.pid = folder / "broker.pid"
        self.secret = folder / "password"
        self.account: Account | None = None

    def prepare(self, port: int) -> str:
        """Write what is missing and the configuration for `port`; return the hub's password."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.own.mkdir(exist_ok=True)
        self.account = _account(self.folder)
        self.folder.chmod(0o711 if self.account else 0o700)
        self.own.chmod(0o700)
        password = self._hub_password()
        if HUB_USER not in self.users() or not self._matches(HUB_USER, password):
            self.put_user(HUB_USER, password)
        write_private(self.config, self._configuration(port), self.account)
        if self.account is not None:
            os.chown(self.own, self.account.uid, self.account.gid)
            for path in self.own.iterdir():
                os.chown(path, self.account.uid, self.account.gid)
        return password

    def users(self) -> list[str]:
        """Return the names in the password file."""
        return list(self._read())

    def put_user(self, name: str, password: str) -> None:
        """Add a user or change their password; raises `ServiceValidationError` for a bad name."""
        if not _USER_NAME.fullmatch(name):
            raise ServiceValidationError(
                f"MQTT user name {name[:64]!r} must be 1-64 letters, digits or any of _ . @ -"
            )
        self._write({**self._read(), name: hashed(password)})

    def drop_user(self, name: str) -> bool:
        """Remove a user other than the hub's own; False when there is none of that name."""
        users = self._read()
        if name == HUB_USER or users.pop(name, None) is None:
            return False
        self._write(users)
        return True

    def _hub_password(self) -> str:
        if self.secret.exists():
            return self.secret.read_text("ascii").strip()
        password = secrets.token_urlsafe(32)
        write_private(self.secret, password + "\n")
        return password

    def _read(self) -> dict[str, str]:
        if not self.passwords.exists():
            return {}
        lines = self.passwords.read_text("utf-8").splitlines()
        return {name: value for name, _, value in (line.partition(":") for line in lines) if value}

    def _write(self, users: dict[str, str]) -> None:
        text = "".join(f"{name}:{value}\n" for name, value in users.items())
        write_private(self.passwords, text, self.account)

    def _matches(self, name: str, password: str) -> bool:
        parts = self._read().get(name, "").split("$")
        salt = base64.b64decode(parts[3]) if len(parts) == 5 else b""
        return secrets.compare_digest("$".join(parts), hashed(password, salt))

    def _configuration(self, port: int) -> str:
        lines = [
            "# written by the hub at each start of the broker; changes are lost",
            f"listener {port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {self.passwords}",
            "persistence true",
            f"persistence_location {self.own}/",
            "autosave_interval 60",
            "max_queued_messages 100000",
            "max_inflight_messages 1000",
            "set_tcp_nodelay true",
            "log_dest stderr",
            "log_timestamp false",
            "connection_messages true",
        ]
        if os.geteuid() == 0 and self.account is None:
            lines.append("user root")
        return "\n".join(lines) + "\n"


def hashed(password: str, salt: bytes = b"") -> str:
    """Return mosquitto's `$7$` form: PBKDF2-SHA512 with a random salt."""
    salt = salt or secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    parts = ("", "7", str(_ITERATIONS), *(base64.b64encode(x).decode() for x in (salt, digest)))
    return "$".join(parts)


def write_private(path: Path, text: str, account: Account | None = None) -> None:
    """Replace a file atomically, readable only by its owner (the broker's account if given)."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - opened with its mode
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if account is not None:
        os.chown(draft, account.uid, account.gid)
    draft.replace(path)


def _account(folder: Path) -> Account | None:
    """Return the account to drop to: only for root, and only where that account can reach."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_BROKER_ACCOUNT)
    except KeyError:
        return None
    for parent in folder.resolve().parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
