"""Texts that end up in a configuration: nothing in them can end a line, a word or a block."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

import voluptuous as vol

from hub.sdk import described, text
from integrations.proxy.schema.names import host, ip, split_port

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""RFC 9110, section 5.6.2."""
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_VARIABLE: Final = re.compile(r"\$(\w*)")
VARIABLES: Final = frozenset(
    {
        *("host", "hostname", "http_host", "server_name", "server_addr", "server_port"),
        *("remote_addr", "remote_port", "remote_user", "proxy_add_x_forwarded_for"),
        *("scheme", "https", "ssl_protocol", "ssl_cipher", "ssl_server_name"),
        *("request_id", "request_uri", "request_method", "request_time", "server_protocol"),
        *("http_user_agent", "http_referer", "http_origin", "http_x_request_id"),
        *("http_x_forwarded_for", "http_x_forwarded_proto", "connection", "time_iso8601", "msec"),
        *("upstream_addr", "upstream_status", "upstream_response_time", "upstream_cache_status"),
    }
)
"""What a header may repeat; `$uri` and `$arg_...` are decoded and could hold a line end."""
_HOP: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"),
        *("content-length", "transfer-encoding"),
    }
)
"""Belong to one connection (RFC 9110, section 7.6.1): nginx writes them."""
_PATH: Final = re.compile(r"/[A-Za-z0-9._~!&()*+,=:@/-]*")
_TARGET: Final = re.compile(r"/(?:[A-Za-z0-9._~!&()*+,=:@/?-]|%[0-9A-Fa-f]{2})*")
_FILE: Final = re.compile(r"(?:/[A-Za-z0-9_.+@-]+)+")
_URL: Final = re.compile(r"https?://[A-Za-z0-9._~!&()*+,=:@/?%\[\]-]+")

LONGEST_VALUE: Final = 3000
"""A word in nginx's configuration ends at 4096 bytes (`NGX_CONF_BUFFER`)."""


def line(low: int, high: int) -> vol.All:
    """Accept a text for people: printable, on one line."""

    @described(type="string", min_length=low, max_length=high)
    def validate(value: object) -> str:
        written = text(value).strip()
        if not low <= len(written) <= high or not written.isprintable():
            raise vol.Invalid(f"expected {low} to {high} printable characters")
        return written

    return vol.All(validate)


@described(type="string", max_length=400, multiline=True)
def message(value: object) -> str:
    """Accept a text for people that may have several lines."""
    written = text(value).replace("\r\n", "\n")
    if len(written) > 400 or not written.replace("\n", "").replace("\t", "").isprintable():
        raise vol.Invalid("expected at most 400 printable characters")
    return written


@described(type="string", max_length=64)
def header_name(value: object) -> str:
    """Accept the name of a header (RFC 9110, section 5.6.2) that is not nginx's own business."""
    name = text(value)
    if len(name) > 64 or _TOKEN.fullmatch(name) is None or "$" in name or "'" in name:
        raise vol.Invalid("expected a header's name: letters, digits and hyphens, at most 64")
    if name.lower() in _HOP:
        raise vol.Invalid("expected a header of the message; this one belongs to the connection")
    return name


@described(type="string", max_length=64, pattern=f"^{_PLAIN_NAME.pattern}$")
def copied_header(value: object) -> str:
    """Accept the name of a header that nginx can look up: no sign but hyphens."""
    name = header_name(value)
    if _PLAIN_NAME.fullmatch(name) is None:
        raise vol.Invalid("expected a header's name: a letter, then letters, digits and hyphens")
    return name


@described(type="string", max_length=LONGEST_VALUE)
def header_value(value: object) -> str:
    """Accept a header's value; `$name` only of what can not break a line."""
    written = text(value)
    if len(written) > LONGEST_VALUE:
        raise vol.Invalid(f"expected at most {LONGEST_VALUE} characters")
    if _VALUE.fullmatch(written) is None or any(sign in written for sign in '"\\{}'):
        raise vol.Invalid(
            'expected printable ASCII without ", \\, { and }; advanced_config takes the rest'
        )
    for name in _VARIABLE.findall(written):
        if name not in VARIABLES:
            raise vol.Invalid("expected behind $ one of " + ", ".join(sorted(VARIABLES)))
    return written


@described(type="string", max_length=512)
def path(value: object) -> str:
    """Accept the path of a location, as a browser shows it decoded."""
    written = text(value)
    if len(written) > 512 or _PATH.fullmatch(written) is None:
        raise vol.Invalid("expected a path that begins with /, such as /api/")
    if "//" in written or {".", ".."} & set(written.split("/")):
        raise vol.Invalid("expected a path without //, /./ and /../: requests have none")
    return written


@described(type="string", max_length=512)
def request_path(value: object) -> str:
    """Accept a path as it stands in a request: encoded, maybe with a query."""
    written = text(value)
    if len(written) > 512 or _TARGET.fullmatch(written) is None:
        raise vol.Invalid("expected a path that begins with /, such as /health?full=1")
    return written


@described(type="string", max_length=200)
def file(value: object) -> str:
    """Accept the absolute path of a file or folder on the server."""
    written = text(value)
    if len(written) > 200 or _FILE.fullmatch(written) is None:
        raise vol.Invalid("expected an absolute path of letters, digits, and any of . _ + @ -")
    if {".", ".."} & set(written.split("/")):
        raise vol.Invalid("expected a path without /./ and /../")
    return written


@described(type="string", max_length=1000)
def url(value: object) -> str:
    """Accept an http or https address without user name, fragment and variables."""
    written = text(value)
    if len(written) > 1000 or _URL.fullmatch(written) is None:
        raise vol.Invalid("expected an address such as https://auth.example.com/verify")
    try:
        parts = urlsplit(written)
        name, _ = split_port(parts.netloc)
    except ValueError:
        raise vol.Invalid("expected an address such as https://auth.example.com/verify") from None
    if "@" in parts.netloc:
        raise vol.Invalid("expected an address without user name and password")
    found = host(name)
    if found != name.strip("[]").lower() or (":" in found) != name.startswith("["):
        raise vol.Invalid("expected the address's host in its normal form")
    return written


@described(type="string")
def address(value: object) -> str:
    """Accept an IP address."""
    if (found := ip(text(value))) is None:
        raise vol.Invalid("expected an IP address such as 192.0.2.10 or 2001:db8::10")
    return found


@described(type="string")
def network(value: object) -> str:
    """Accept an IP address or a network."""
    written = text(value)
    try:
        found = ipaddress.ip_network(written) if "%" not in written else None
    except ValueError:
        found = None
    if found is None:
        raise vol.Invalid("expected an address, or a network such as 192.168.1.0/24")
    return str(found.network_address) if found.num_addresses == 1 else str(found)


@described(type="string")
def network_or_all(value: object) -> str:
    """Accept an IP address, a network, or the word `all`."""
    return "all" if value == "all" else network(value)


@described(type="string")
def name_server(value: object) -> str:
    """Accept the address of a name server, with a port if it is not 53; normal form for nginx."""
    written = text(value)
    bare = ip(written)
    name, port = (bare, None) if bare else split_port(written)
    found = ip(name.strip("[]"))
    if found is None:
        raise vol.Invalid("expected the address of a name server, such as 9.9.9.9 or [2620:fe::fe]")
    shown = f"[{found}]" if ":" in found else found
    return shown if port is None else f"{shown}:{port}"
