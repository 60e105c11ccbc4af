"""Who comes in: access lists, sign-in services, rate limits, the page of maintenance."""

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from integrations.proxy.models import File
from integrations.proxy.render.context import FlawError, Here
from integrations.proxy.render.upstream import bracketed, reach
from integrations.proxy.render.writer import Page, UnsafeError, literal, word
from integrations.proxy.schema.names import split_port

_REALM: Final = re.compile(r"[^A-Za-z0-9 ._-]+")
_HASH: Final = re.compile(r"[\x21-\x39\x3b-\x7e]+")
DEFAULT_MESSAGE: Final = "This site is being worked on. Please come again in a while."


@dataclass(frozen=True, slots=True)
class Door:
    """An access list as directives."""

    directives: Sequence[str]
    asks_password: bool
    strips_password: bool
    """The upstream must not see what the browser sends as Authorization."""


def door(here: Here, key: str) -> Door:
    """Return the directives of an access list; raises `FlawError` rather than leave it open."""
    part, spec = here.access_list(key)
    lines: list[str] = []
    if spec["satisfy_any"]:
        lines.append("satisfy any")
    if spec["items"]:
        realm = _REALM.sub("", spec["name"] or "").strip()
        realm = realm if realm.lower() not in ("", "off") else "Restricted"
        file = _passwords(part.key, spec["items"])
        here.files[file.path] = file
        path = literal(f"{here.base}/{file.path}")
        lines += [f'auth_basic "{realm}"', f"auth_basic_user_file {path}"]
    for one in spec["clients"]:
        lines.append(f"{_verb(one['directive'])} {literal(one['address'])}")
    if spec["clients"] and all(one["address"] != "all" for one in spec["clients"]):
        lines.append("deny all")
    return Door(tuple(lines), bool(spec["items"]), bool(spec["items"]) and not spec["pass_auth"])


def _verb(directive: str) -> str:
    if directive not in ("allow", "deny"):
        raise UnsafeError("expected allow or deny")
    return directive


def _passwords(key: str, items: Sequence[Mapping[str, Any]]) -> File:
    lines = []
    for one in items:
        name, hashed = str(one["username"]), one.get("hash")
        if not isinstance(hashed, str) or _HASH.fullmatch(hashed) is None:
            raise FlawError("access_list_id", f"user {name!r} has no password to compare with")
        if ":" in name or not name.isprintable():
            raise UnsafeError("expected a user name without : and control characters")
        lines.append(f"{name}:{hashed}\n")
    data = "".join(lines).encode()
    digest = hashlib.sha256(data).hexdigest()[:16]
    return File(f"files/{key}-{digest}.htpasswd", data, mode=0o644)


# --- sign-in services


def auth_location(index: int) -> str:
    """Return the path that asks a sign-in service; only nginx itself may ask for it."""
    return f"/.hub/auth/{index}"


def write_sign_in(
    here: Here, page: Page, index: int, auth: Mapping[str, Any], field: str, proto: str
) -> None:
    """Write the internal location that asks a sign-in service, and where it sends people to."""
    if not here.features.has("http_auth_request"):
        raise FlawError(field, f"nginx {here.features.text} was built without auth_request")
    parts = urlsplit(auth["url"])
    name, number = split_port(parts.netloc)
    name = name.strip("[]").lower()
    port = number or (443 if parts.scheme == "https" else 80)
    target = reach(here, parts.scheme, name, port, f"{field}.url", "hub_auth_target")
    page.open(field, f"location = {auth_location(index)}")
    page.add(field, "internal", "auth_request off")
    if target.variable is not None:
        page.add(f"{field}.url", *target.resolver, target.variable)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    page.add(f"{field}.url", f"proxy_pass {word(target.url + path)}")
    if parts.scheme == "https":
        page.add(field, "proxy_ssl_server_name on", f"proxy_ssl_name {literal(name)}")
    page.add(field, "proxy_pass_request_body off", "proxy_http_version 1.1")
    host = f"{bracketed(name)}:{number}" if number else bracketed(name)
    headers = {
        "Host": literal(host),
        "Content-Length": '""',
        "Connection": '""',
        "Upgrade": '""',
        "Proxy": '""',
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-For": "$proxy_add_x_forwarded_for",
        "X-Forwarded-Proto": proto,
        "X-Forwarded-Host": "$host",
        "X-Forwarded-Uri": "$request_uri",
        "X-Forwarded-Method": "$request_method",
        "X-Original-URL": f"{proto}://$host$request_uri",
        "X-Original-URI": "$request_uri",
        "X-Original-Method": "$request_method",
    }
    if auth.get("request_headers"):
        page.add(f"{field}.request_headers", "proxy_pass_request_headers off")
        taken = {name.lower() for name in headers}
        for name in auth["request_headers"]:
            if name.lower() not in taken:
                headers[name] = f"$http_{name.lower().replace('-', '_')}"
    page.add(field, *(f"proxy_set_header {literal(n)} {value}" for n, value in headers.items()))
    page.close()
    if auth.get("sign_in_url"):
        url = auth["sign_in_url"]
        rd = f"{url}{'&' if '?' in url else '?'}rd={proto}://$host$request_uri"
        page.block(
            f"{field}.sign_in_url", f"location @hub_sign_in_{index}", f"return 302 {word(rd)}"
        )


def forward_auth(index: int, auth: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Return the directives that ask at each request, and the headers for the upstream."""
    lines = [f"auth_request {auth_location(index)}"]
    headers = {}
    for number, name in enumerate(auth.get("response_headers") or ()):
        variable = f"$hub_auth_{index}_{number}"
        source = f"$upstream_http_{name.lower().replace('-', '_')}"
        lines.append(f"auth_request_set {variable} {source}")
        headers[name] = variable
    lines.append(f"auth_request_set $hub_auth_{index}_cookie $upstream_http_set_cookie")
    return lines, headers


# --- limits


def write_zones(page: Page, name: str, limit: Mapping[str, Any], field: str) -> None:
    """Write the zones that count requests and connections of each address."""
    if limit.get("requests"):
        per = "m" if limit.get("per") == "minute" else "s"
        rate = f"rate={int(limit['requests'])}r/{per}"
        page.add(
            f"{field}.requests",
            f"limit_req_zone $binary_remote_addr zone=hub_rate_{name}:1m {rate}",
        )
    if limit.get("connections"):
        page.add(
            f"{field}.connections",
            f"limit_conn_zone $binary_remote_addr zone=hub_open_{name}:1m",
        )


def limits(name: str, limit: Mapping[str, Any]) -> list[str]:
    """Return the directives that hold a location to a limit."""
    lines = []
    if limit.get("requests"):
        burst = f" burst={int(limit['burst'])}" if limit.get("burst") else ""
        nodelay = " nodelay" if burst and limit.get("nodelay", True) else ""
        lines.append(f"limit_req zone=hub_rate_{name}{burst}{nodelay}")
    if limit.get("connections"):
        lines.append(f"limit_conn hub_open_{name} {int(limit['connections'])}")
    return lines


# --- maintenance


def write_guests(page: Page, name: str, allow: Sequence[str]) -> None:
    """Write who sees a site that is being worked on."""
    page.block(
        "maintenance.allow",
        f"geo $hub_closed_{name}",
        "default 1",
        *(f"{literal(one)} 0" for one in allow),
    )


def write_page(page: Page, maintenance: Mapping[str, Any]) -> None:
    """Write the page that everyone else sees, with status 503 and Retry-After."""
    message = html.escape(maintenance.get("message") or DEFAULT_MESSAGE)
    for sign, written in (("$", "&#36;"), ("\\", "&#92;"), ("\n", "<br>"), ("\t", " ")):
        message = message.replace(sign, written)
    text = (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Maintenance</title><p style='font:1.2em sans-serif;margin:20vh auto;"
        f"max-width:40em;padding:1em'>{message}</p>"
    )
    page.block(
        "maintenance.message",
        "location @hub_maintenance",
        "default_type text/html",
        "charset utf-8",
        f"add_header Retry-After {int(maintenance.get('retry_after') or 300)} always",
        "add_header Cache-Control no-store always",
        f"return 503 {word(text)}",
    )
