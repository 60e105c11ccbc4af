"""One location of a host as directives: the door first, then headers, then where it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from integrations.proxy.render import door
from integrations.proxy.render.context import FlawError, Here
from integrations.proxy.render.snippets import Rows, Snippet, without
from integrations.proxy.render.upstream import Target
from integrations.proxy.render.writer import literal, word
from integrations.proxy.schema.names import split_port

ADDED: Final = frozenset({"set-cookie", "link", "vary", "warning", "www-authenticate", "via"})
"""Answers may hold several of these; all others replace the upstream's."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is common to all locations of a host."""

    here: Here
    name: str
    """The key as part of variables and zones."""
    spec: Mapping[str, Any]
    fenced: frozenset[str]
    """Request headers that only a sign-in service fills."""
    proto: str
    """`$scheme`, or what a proxy in front tells."""
    snippet: Snippet
    doors: dict[str, door.Door] = field(default_factory=dict)

    def door(self, key: str, at: str) -> door.Door:
        """Return an access list; raises `FlawError` naming the field."""
        if key not in self.doors:
            try:
                self.doors[key] = door.door(self.here, key)
            except FlawError as error:
                raise FlawError(at, error.message) from None
        return self.doors[key]


@dataclass(frozen=True, slots=True)
class Location:
    """What one location is made of; fields left out are the host's."""

    head: str
    at: str
    """Its field, with a dot behind; empty for the host itself."""
    spec: Mapping[str, Any]
    target: Target
    auth: int | None
    """Which sign-in service is asked."""
    zone: str | None
    """Which rate limit holds."""
    snippet: Snippet


def rows(place: Place, location: Location, security: Sequence[tuple[str, str, str]]) -> Rows:
    """Return a location's directives; `security` is field, name and value of added headers."""
    spec, host, at = location.spec, place.spec, location.at
    found: Rows = list(location.snippet.early)
    stripped, copied = _entrance(place, location, found)
    limit = spec.get("rate_limit") or host["rate_limit"]
    if limit and location.zone is not None:
        where = f"{at}rate_limit" if spec.get("rate_limit") else "rate_limit"
        found += [(where, line) for line in door.limits(location.zone, limit)]
    found += _answers(place, location, security)
    found += _passing(place, location)
    found += _request_headers(place, location, stripped, copied)
    if host["caching_enabled"]:
        found += _cache(place.name)
    names = place.snippet.names | location.snippet.names
    return without(found, names) + place.snippet.repeated + location.snippet.rows


def _entrance(place: Place, location: Location, found: Rows) -> tuple[bool, dict[str, str]]:
    """Add who comes in; returns whether passwords are stripped, and headers of the sign-in."""
    spec, host, at = location.spec, place.spec, location.at
    if spec.get("public"):
        return False, {}
    opened: door.Door | None = None
    own = spec.get("access_list_id")
    key = own or host["access_list_id"]
    if key:
        where = f"{at if own else ''}access_list_id"
        opened = place.door(key, where)
        found += [(where, line) for line in opened.directives]
    copied: dict[str, str] = {}
    if location.auth is not None:
        auth = spec.get("forward_auth") or host["forward_auth"]
        where = f"{at if spec.get('forward_auth') else ''}forward_auth"
        lines, copied = door.forward_auth(location.auth, auth)
        found += [(where, line) for line in lines]
        found.append((where, f"add_header Set-Cookie $hub_auth_{location.auth}_cookie"))
        if auth.get("sign_in_url"):
            _no_circle(opened, f"{where}.sign_in_url")
            found.append((where, f"error_page 401 = @hub_sign_in_{location.auth}"))
            if (host["maintenance"] or {}).get("enabled"):
                found.append(("maintenance", "error_page 503 @hub_maintenance"))
    return opened is not None and opened.strips_password, copied


def _no_circle(opened: door.Door | None, field: str) -> None:
    """Refuse to send people away who would have to give a password here."""
    if opened is not None and opened.asks_password and "satisfy any" not in opened.directives:
        raise FlawError(
            field,
            "the access list asks for a password too, and who has none yet would be sent to the"
            " sign-in page for ever: leave sign_in_url out, or let satisfy_any hold",
        )


def _answers(place: Place, location: Location, security: Sequence[tuple[str, str, str]]) -> Rows:
    """Return the headers that are added to answers, all at this one level."""
    found: Rows = [(where, f"add_header {name} {value} always") for where, name, value in security]
    merged: dict[str, tuple[str, str, str]] = {}
    for where, spec in (("", place.spec), (location.at, location.spec)):
        for name, value in ((spec.get("headers") or {}).get("response") or {}).items():
            merged[name.lower()] = (f"{where}headers.response.{name}", name, value)
    for small, (where, name, value) in merged.items():
        if small not in ADDED:
            found.append((where, f"proxy_hide_header {literal(name)}"))
        if value:
            found.append((where, f"add_header {literal(name)} {word(value)} always"))
    if place.spec["caching_enabled"]:
        found.append(("caching_enabled", "add_header X-Cache-Status $upstream_cache_status"))
    return found


def _passing(place: Place, location: Location) -> Rows:
    """Return where requests go, with the path that the upstream is asked for."""
    spec, at, target = location.spec, location.at, location.target
    found: Rows = []
    where = f"{at}forward_host" if spec.get("forward_host") else "forward_host"
    if target.variable is not None:
        found.append((where, target.variable))
    if spec.get("forward_path"):
        # behind `set`: after `break` nginx reads no other directive of this kind
        found += [(f"{at}forward_path", line) for line in _rewrite(spec)]
    found.append((where, f"proxy_pass {target.url}"))
    if spec.get("forward_host"):
        found += [(where, line) for line in target.resolver]
        if target.url.startswith("https:"):
            found += tls_rows(place.here, place.spec, target, where)
    return found


def tls_rows(here: Here, host: Mapping[str, Any], target: Target, where: str) -> Rows:
    """Return how an upstream is spoken to over TLS."""
    name = split_port(host["upstream_host"])[0] if host["upstream_host"] else target.name
    found: Rows = [
        (where, "proxy_ssl_server_name on"),
        (where, f"proxy_ssl_name {literal(name) if name else '$host'}"),
        (where, "proxy_ssl_protocols TLSv1.2 TLSv1.3"),
    ]
    if host["verify_tls"]:
        found += [
            ("verify_tls", "proxy_ssl_verify on"),
            ("verify_tls", "proxy_ssl_verify_depth 3"),
            ("verify_tls", f"proxy_ssl_trusted_certificate {literal(here.spec['ca_bundle'])}"),
        ]
    return found


def _rewrite(spec: Mapping[str, Any]) -> list[str]:
    """Return the `rewrite` that puts `forward_path` in the path's place.

    Of a prefix the rest is kept; an exact path or a pattern is replaced whole.
    """
    path = literal(spec["forward_path"])
    if spec["match"] != "prefix":
        return [f"rewrite ^ {path} break"]
    pattern = "".join(f"\\{sign}" if sign in ".+*()^$|?[]" else sign for sign in spec["path"])
    return [
        f"rewrite {word(f'^{pattern}(.*)$')} {word(spec['forward_path'] + '$1')} break",
        "return 400",
    ]


def _request_headers(
    place: Place, location: Location, stripped: bool, copied: Mapping[str, str]
) -> Rows:
    """Return what the upstream is told; one line for each header."""
    spec, host, at = location.spec, place.spec, location.at
    websocket = spec.get("allow_websocket_upgrade")
    where = f"{at}allow_websocket_upgrade"
    if websocket is None:
        websocket, where = host["allow_websocket_upgrade"], "allow_websocket_upgrade"
    host_header = literal(host["upstream_host"]) if host["upstream_host"] else "$host"
    table: dict[str, tuple[str | None, str, str]] = {
        "host": ("upstream_host", "Host", host_header),
        "x-real-ip": (None, "X-Real-IP", "$remote_addr"),
        "x-forwarded-for": (None, "X-Forwarded-For", "$proxy_add_x_forwarded_for"),
        "x-forwarded-host": (None, "X-Forwarded-Host", "$host"),
        "x-forwarded-proto": ("trust_forwarded_proto", "X-Forwarded-Proto", place.proto),
        "x-forwarded-scheme": ("trust_forwarded_proto", "X-Forwarded-Scheme", place.proto),
        "proxy": (None, "Proxy", '""'),
        "upgrade": (where, "Upgrade", "$http_upgrade" if websocket else '""'),
        "connection": (where, "Connection", "$hub_connection" if websocket else '""'),
    }
    for level, source in (("", host), (at, spec)):
        for name, value in ((source.get("headers") or {}).get("request") or {}).items():
            field_ = f"{level}headers.request.{name}"
            table[name.lower()] = (field_, literal(name), word(value) if value else '""')
    for small in place.snippet.headers | location.snippet.headers:
        table.pop(small, None)
    given = {*table, *place.snippet.headers, *location.snippet.headers}
    if stripped and "authorization" not in given:
        table["authorization"] = ("access_list_id", "Authorization", '""')
    for small in sorted(place.fenced):
        table[small] = ("forward_auth.response_headers", small, '""')
        if "-" in small:
            loose = small.replace("-", "_")
            table[loose] = ("forward_auth.response_headers", loose, '""')
    for name, value in copied.items():
        table[name.lower()] = ("forward_auth.response_headers", literal(name), value)
    return [(where, f"proxy_set_header {name} {value}") for where, name, value in table.values()]


def _cache(name: str) -> Rows:
    """Return the cache of pictures, styles and scripts; what is personal is never kept."""
    at = "caching_enabled"
    return [
        (at, f"proxy_cache hub_cache_{name}"),
        (at, "proxy_cache_key $scheme$host$request_uri"),
        (at, "proxy_cache_bypass $hub_no_asset $http_authorization"),
        (at, "proxy_no_cache $hub_no_asset $http_authorization $upstream_http_set_cookie"),
        (at, "proxy_cache_lock on"),
        (at, "proxy_cache_revalidate on"),
        (at, "proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504"),
    ]
