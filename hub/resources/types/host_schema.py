"""What the spec of a `host.server` holds, and how it becomes a `Server`."""

import re
from collections.abc import Hashable, Mapping
from typing import Any, Final

import voluptuous as vol

from hub.runner.errors import InvalidCredential
from hub.runner.hostkeys import pin
from hub.runner.server import Server, Sudo
from hub.schema import Secret, described, port, text

_ADDRESS: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?")
_USER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.@\\-]{0,63}\$?")


@described(type="string", max_length=255)
def address(value: object) -> str:
    """Accept a host name, an IPv4 or an IPv6 address (without brackets)."""
    if isinstance(value, str) and (
        _ADDRESS.fullmatch(value) or (":" in value and _IPV6.fullmatch(value))
    ):
        return value
    raise vol.Invalid("expected a host name or an IP address, without port and brackets")


@described(type="string", max_length=65)
def user(value: object) -> str:
    """Accept a user name as it is on the host."""
    if isinstance(value, str) and _USER.fullmatch(value):
        return value
    raise vol.Invalid("expected a user name")


@described(type="string")
def host_key(value: object) -> str:
    """Accept a public host key or its SHA256 fingerprint."""
    if not isinstance(value, str):
        raise vol.Invalid("expected a text: a public host key or its fingerprint SHA256:...")
    try:
        return pin(value)
    except ValueError as error:
        raise vol.Invalid(str(error)) from None


SCHEMA: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): text,
        vol.Required("address", description="Host name or IP address"): address,
        vol.Optional("port", default=22, description="Port of its SSH server"): port,
        vol.Required("user", description="The user to log in as"): user,
        vol.Required("credential", description="A password, or a private key"): {
            vol.Optional("password"): Secret(max=1024),
            vol.Optional(
                "private_key",
                description={"description": "The whole text of the file", "multiline": True},
            ): Secret(),
            vol.Optional("passphrase", description="Opens the private key"): Secret(max=1024),
        },
        vol.Optional(
            "sudo", default=Sudo.NONE.value, description="How the user becomes root"
        ): vol.In([mode.value for mode in Sudo]),
        vol.Optional(
            "sudo_password", description="Without it, sudo gets the password of the login"
        ): Secret(max=200),
        vol.Optional(
            "host_keys",
            default=list,
            description="Trusted public keys of the host, or their SHA256 fingerprints",
        ): vol.All([host_key], vol.Length(max=8)),
    }
)


def check(spec: Mapping[str, Any]) -> None:
    """Refuse credentials that can not work: two at once, none, a key that can not be read."""
    credential = spec["credential"]
    password, key = credential.get("password"), credential.get("private_key")
    if (password is None) == (key is None):
        raise vol.Invalid("give either password or private_key", path=["credential"])
    passphrase = credential.get("passphrase")
    if passphrase is not None and key is None:
        raise vol.Invalid("only a private_key has one", path=["credential", "passphrase"])
    _check_password(password, ["credential", "password"])
    _check_password(spec.get("sudo_password"), ["sudo_password"])
    if spec["sudo"] == Sudo.PASSWORD and not (spec.get("sudo_password") or password):
        raise vol.Invalid(
            "sudo with a password needs it, as the login has none", path=["sudo_password"]
        )
    if isinstance(key, str) and not isinstance(passphrase, Mapping):
        _check_key(key, passphrase)


def _check_password(value: object, path: list[Hashable]) -> None:
    if isinstance(value, str) and any(char in value for char in "\0\r\n"):
        raise vol.Invalid("a password has no line breaks", path=path)


def _check_key(key: str, passphrase: str | None) -> None:
    from hub.runner.connect import read_key

    try:
        read_key(key, passphrase)
    except InvalidCredential as error:
        place = "passphrase" if "passphrase" in error.message else "private_key"
        raise vol.Invalid(error.message, path=["credential", place]) from None


def server(key: str, spec: Mapping[str, Any]) -> Server:
    """Return what the runner needs of an open spec."""
    credential = spec["credential"]
    return Server(
        key=key,
        address=spec["address"],
        port=spec["port"],
        user=spec["user"],
        password=credential.get("password"),
        private_key=credential.get("private_key"),
        passphrase=credential.get("passphrase"),
        sudo=Sudo(spec["sudo"]),
        sudo_password=spec.get("sudo_password"),
        host_keys=tuple(spec["host_keys"]),
    )
