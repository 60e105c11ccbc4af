"""Fields that several types share."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final

import voluptuous as vol

from hub.sdk import Reference, boolean, port, whole
from integrations.proxy.const import CERTIFICATE, GROUP, SERVER
from integrations.proxy.schema.names import domain_pattern, host
from integrations.proxy.schema.numbers import itself, listing, one_of, reference, seconds
from integrations.proxy.schema.snippets import server_snippet
from integrations.proxy.schema.texts import (
    copied_header,
    header_name,
    header_value,
    line,
    message,
    network,
    network_or_all,
    url,
)

Fields = dict[Any, Any]

NAME: Final = line(1, 100)

PLACED: Final[Fields] = {
    vol.Optional("enabled", default=True, description="Off: its names are refused"): boolean,
    vol.Optional("servers", default=list, description="Servers it is deployed to"): listing(
        Reference(SERVER), 0, 500, "servers", itself
    ),
    vol.Optional("group", default=None, description="Group of servers it is deployed to"): (
        reference(GROUP)
    ),
}
DOMAINS: Final[Fields] = {
    vol.Required("domain_names", description="Names it answers; *.example.com is one"): listing(
        domain_pattern, 1, 100, "domain names", itself
    ),
}
TLS: Final[Fields] = {
    vol.Optional("certificate_id", default=None, description="Certificate for https"): reference(
        CERTIFICATE
    ),
    vol.Optional("ssl_forced", default=False, description="Send http on to https"): boolean,
    vol.Optional(
        "hsts_enabled", default=False, description="Browsers never come back by http"
    ): boolean,
    vol.Optional("hsts_subdomains", default=False, description="Subdomains neither"): boolean,
    vol.Optional(
        "hsts_max_age",
        default=63072000,
        description={"description": "How long browsers remember it", "unit": "s"},
    ): seconds(0, 315360000),
    vol.Optional("http2_support", default=True, description="HTTP/2 over TLS"): boolean,
}
ADVANCED: Final[Fields] = {
    vol.Optional(
        "advanced_config",
        default="",
        description={"description": "Directives of nginx, each ended by ;", "multiline": True},
    ): server_snippet,
}
HEADERS: Final[Fields] = {
    vol.Optional("request", default=dict, description="Sent to the upstream; empty = removed"): {
        header_name: header_value
    },
    vol.Optional("response", default=dict, description="Added to each answer"): {
        header_name: header_value
    },
}
RATE_LIMIT: Final[Fields] = {
    vol.Optional("requests", description="Requests of one address in the time below"): whole(
        1, 1_000_000, "a number of requests"
    ),
    vol.Optional("per", default="second", description="The time"): one_of("second", "minute"),
    vol.Optional("burst", default=0, description="Requests that may wait"): whole(
        0, 100_000, "a number of requests"
    ),
    vol.Optional("nodelay", default=True, description="Serve the waiting ones at once"): boolean,
    vol.Optional("connections", description="Open requests of one address at once"): whole(
        1, 65_535, "a number of connections"
    ),
}
FORWARD_AUTH: Final[Fields] = {
    vol.Required("url", description="Asked about each request: 2xx lets it pass"): url,
    vol.Optional("sign_in_url", description="Where to go on 401; gets ?rd=address"): url,
    vol.Optional(
        "request_headers", default=list, description="Shown to it; empty = all there are"
    ): listing(copied_header, 0, 30, "headers", str.lower),
    vol.Optional(
        "response_headers", default=list, description="Of its answer, sent to the upstream"
    ): listing(copied_header, 0, 30, "headers", str.lower),
}
MAINTENANCE: Final[Fields] = {
    vol.Optional("enabled", default=False, description="Show the page instead"): boolean,
    vol.Optional("message", default="", description="Text of the page"): message,
    vol.Optional("retry_after", default=300, description="When to come again"): seconds(1, 2592000),
    vol.Optional("allow", default=list, description="Who sees the site all the same"): listing(
        network, 0, 200, "addresses", itself
    ),
}
UPSTREAM: Final[Fields] = {
    vol.Required("host", description="Address or name"): host,
    vol.Required("port", description="Port"): port,
    vol.Optional("weight", default=1, description="Share of requests"): whole(1, 1000, "a weight"),
    vol.Optional("backup", default=False, description="Only when all others are down"): boolean,
    vol.Optional("max_fails", default=1, description="Failures until it is passed over"): whole(
        0, 1000, "a number of failures"
    ),
    vol.Optional("fail_timeout", default=10, description="For how long"): seconds(1, 86400),
    vol.Optional("down", default=False, description="Not used"): boolean,
}
UPSTREAMS: Final = listing(UPSTREAM, 0, 100, "upstreams", lambda one: (one["host"], one["port"]))
CLIENT: Final[Fields] = {
    vol.Required("address", description="Address, network, or all"): network_or_all,
    vol.Required("directive", description="What it may"): one_of("allow", "deny"),
}
CLIENTS: Final = listing(CLIENT, 0, 1000, "clients", lambda one: one["address"])


def check_placed(spec: Mapping[str, Any]) -> None:
    """Insist on a place to be deployed to."""
    if not spec["servers"] and not spec["group"]:
        raise vol.Invalid("expected a server, or a group of them", path=["servers"])


def check_tls(spec: Mapping[str, Any]) -> None:
    """Refuse what needs a certificate and has none."""
    if spec["certificate_id"] is not None:
        if spec["hsts_enabled"] and not spec["ssl_forced"]:
            raise vol.Invalid("needs ssl_forced: without it http stays open", path=["hsts_enabled"])
        if spec["hsts_subdomains"] and not spec["hsts_enabled"]:
            raise vol.Invalid("needs hsts_enabled", path=["hsts_subdomains"])
        return
    for field in ("ssl_forced", "hsts_enabled", "hsts_subdomains", "http3_support"):
        if spec.get(field):
            raise vol.Invalid("needs a certificate: fill certificate_id", path=[field])


def check_headers(headers: Mapping[str, Any] | None, path: Sequence[Any]) -> None:
    """Refuse one header under two spellings, and those that have a field of their own."""
    for kind in ("request", "response"):
        seen: set[str] = set()
        for name in (headers or {}).get(kind, {}):
            if name.lower() in seen:
                raise vol.Invalid("is there twice, in other letters", path=[*path, kind, name])
            if name.lower() == "host":
                raise vol.Invalid("fill upstream_host instead", path=[*path, kind, name])
            if name.lower() == "strict-transport-security":
                raise vol.Invalid("fill hsts_enabled instead", path=[*path, kind, name])
            seen.add(name.lower())


def check_rate_limit(limit: Mapping[str, Any] | None, path: Sequence[Any]) -> None:
    """Insist on something that is limited."""
    if limit is not None and "requests" not in limit and "connections" not in limit:
        raise vol.Invalid("expected requests, or connections", path=[*path, "requests"])


def check_upstreams(upstreams: Sequence[Mapping[str, Any]]) -> None:
    """Insist on an upstream that is used when all is well."""
    if upstreams and all(one["backup"] or one["down"] for one in upstreams):
        raise vol.Invalid("expected one that is neither down nor a backup", path=["upstreams"])


def is_address(name: str) -> bool:
    """Tell an address from a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
