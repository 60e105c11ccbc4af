"""Which programs may ask for a login, and where they may be sent back to.

A client is known by its web address (IndieAuth): it may be sent back to the same scheme, host and
port, to a companion app's address, or to a pair from the settings. No foreign page is ever fetched.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from hub.auth.addresses import is_local, parse

MAX_LENGTH: Final = 2048

COMPANIONS: Final[Mapping[str, frozenset[str]]] = {
    "https://home-assistant.io/android": frozenset(
        {
            "homeassistant://auth-callback",
            "https://wear.googleapis.com/3p_auth/io.homeassistant.companion.android",
            "https://wear.googleapis-cn.com/3p_auth/io.homeassistant.companion.android",
        }
    ),
    "https://home-assistant.io/iOS": frozenset({"homeassistant://auth-callback"}),
}
"""The companion apps' client ids and where each may be sent back to."""

_HOSTILE: Final = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\]")
_DOMAIN: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")
_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host and port of a web address, ports written out."""

    scheme: str
    host: str
    port: int


def origin(address: str) -> Origin | None:
    """Return the origin of a plain http(s) address, None for anything that could mislead.

    Refused: other schemes, users and passwords, fragments, control and non-ASCII characters,
    backslashes, and hosts or ports that are none.
    """
    if len(address) > MAX_LENGTH or _HOSTILE.search(address) or "#" in address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or "@" in parts.netloc or not _is_host(host) or port == 0:
        return None
    return Origin(parts.scheme, host, _PORTS[parts.scheme] if port is None else port)


def well_formed(client_id: str) -> bool:
    """Tell whether a text has the form of a client id, whoever it is."""
    return origin(client_id) is not None and _plain_path(urlsplit(client_id).path)


def client_allowed(client_id: str, host: str | None = None) -> bool:
    """Tell whether a client id may ask; `host` is the Host header, our own name and port.

    An address in numbers must be local or our own.
    """
    found = origin(client_id)
    if found is None or not _plain_path(urlsplit(client_id).path):
        return False
    if parse(found.host) is None or is_local(found.host):
        return True
    return found.host == _host_only(host)


def redirect_allowed(
    client_id: str,
    redirect_uri: str,
    *,
    pkce: bool = False,
    extra: Mapping[str, Iterable[str]] | None = None,
) -> bool:
    """Tell whether a client may be sent back to `redirect_uri` with a code.

    Same scheme, host and port; a companion app's pair; a pair of `extra`; and with PKCE any port
    of the same loopback host.
    """
    if redirect_uri in COMPANIONS.get(client_id, ()):
        return True
    if extra is not None and redirect_uri in extra.get(client_id, ()):
        return True
    client, target = origin(client_id), origin(redirect_uri)
    if client is None or target is None:
        return False
    if client == target:
        return True
    return pkce and client[:2] == target[:2] and _is_loopback(client.host)


def _is_host(host: str) -> bool:
    """Tell whether a host is a domain name or an address in its usual writing."""
    if parse(host) is not None:
        return "%" not in host
    if len(host) > 253 or not _DOMAIN.fullmatch(host):
        return False
    # Browsers read a last part in digits as an address: 127.1, 0x7f000001, 2130706433.
    return _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) is None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain_path(path: str) -> bool:
    return not any(unquote(part) in {".", ".."} for part in path.split("/"))


def _host_only(host: str | None) -> str | None:
    """Return the host of a Host header, without port and brackets."""
    if not host:
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
