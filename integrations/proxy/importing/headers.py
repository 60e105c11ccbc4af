"""Headers, web sockets and HSTS: what `proxy_set_header` and `add_header` mean as fields."""

import re
from dataclasses import dataclass, field
from typing import Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.result import Report, Spec
from integrations.proxy.importing.scopes import Scope, variables
from integrations.proxy.importing.tree import Directive

STANDARD: Final = frozenset(
    (
        *("host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"),
        *("x-forwarded-port", "x-forwarded-scheme", "x-forwarded-server", "x-forwarded-ssl"),
        *("x-original-url", "x-original-uri", "upgrade", "connection", "x-scheme"),
    )
)
"""Headers that every proxy sends and the hub sends too, when their value is a variable."""

OWN_HOST: Final = ("$host", "$http_host", "$server_name", "$host:$server_port")
_MAX_AGE: Final = re.compile(r"max-age\s*=\s*\"?(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class Headers:
    """What the headers of a block ask for."""

    request: dict[str, str] = field(default_factory=dict)
    response: dict[str, str] = field(default_factory=dict)
    websocket: bool = False
    upstream_host: str = ""
    """A fixed `Host`; empty = the one that was asked for."""
    hsts: Spec = field(default_factory=dict)
    other: list[Directive] = field(default_factory=list)
    """What has no field: values made of variables, or that nginx sends on some answers only."""

    def fields(self) -> Spec:
        """Return the fields of a host or a location."""
        found: Spec = {}
        headers = {
            name: dict(held)
            for name, held in (("request", self.request), ("response", self.response))
            if held
        }
        if headers:
            found["headers"] = headers
        if self.websocket:
            found["allow_websocket_upgrade"] = True
        return found


def headers(scope: Scope, report: Report, backend: str = "") -> Headers:
    """Return what is in force in a block; `backend` is what nginx would send as `Host`."""
    found = Headers(upstream_host=backend)
    for item in scope.all("proxy_set_header"):
        _request(item, scope, found, report)
    for item in scope.all("add_header"):
        _response(item, found, report)
    return found


def _request(item: Directive, scope: Scope, found: Headers, report: Report) -> None:
    name, value = item.arg(0), scope.filled(item.arg(1))
    small = name.lower()
    if small == "host":
        if value in OWN_HOST:
            found.upstream_host = ""
            if value in ("$http_host", "$host:$server_port"):
                report.note(item.place, "the port of the asked host is not passed on")
        elif not variables(value):
            found.upstream_host = value
        elif value != "$proxy_host":
            found.other.append(item)
    elif small == "upgrade":
        found.websocket = found.websocket or "http_upgrade" in variables(value)
    elif small in STANDARD and (variables(value) or not value or small == "connection"):
        return
    elif fits.header(name, value):
        found.request[name] = value
    else:
        found.other.append(item)


def _response(item: Directive, found: Headers, report: Report) -> None:
    name, value = item.arg(0), item.arg(1)
    if name.lower() == "strict-transport-security":
        match = _MAX_AGE.search(value)
        if match is None:
            found.other.append(item)
            return
        found.hsts = {
            "hsts_enabled": int(match[1]) > 0,
            "hsts_subdomains": "includesubdomains" in value.lower(),
        }
        if int(match[1]) > 0:
            found.hsts["hsts_max_age"] = int(match[1])
        if "preload" in value.lower():
            report.note(item.place, "the word preload of HSTS is not sent")
    elif name.lower() == "alt-svc":
        report.note(item.place, "Alt-Svc is sent by the hub where HTTP/3 is on")
    elif not fits.header(name, value):
        found.other.append(item)
    else:
        found.response[name] = value
        if item.arg(2) != "always":
            report.note(item.place, f"{name} is sent with errors too")
