"""What the spec of a `proxy.host` holds."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import boolean, port, whole
from integrations.proxy.const import ACCESS_LIST
from integrations.proxy.schema.blocks import (
    ADVANCED,
    DOMAINS,
    FORWARD_AUTH,
    HEADERS,
    MAINTENANCE,
    NAME,
    PLACED,
    RATE_LIMIT,
    TLS,
    UPSTREAMS,
    check_headers,
    check_placed,
    check_rate_limit,
    check_tls,
    check_upstreams,
    is_address,
)
from integrations.proxy.schema.location import (
    LOCATION,
    check_forward,
    check_location,
    check_snippet,
    forged,
)
from integrations.proxy.schema.names import domain, host, host_header
from integrations.proxy.schema.numbers import (
    itself,
    listing,
    maybe,
    one_of,
    reference,
    seconds,
    size,
)
from integrations.proxy.schema.texts import request_path

_HEALTH: Final[dict[Any, Any]] = {
    vol.Optional("path", default="/", description="Path that is asked for"): request_path,
    vol.Optional(
        "interval", default=30, description={"description": "Between two looks", "unit": "s"}
    ): seconds(5, 86400),
    vol.Optional(
        "timeout", default=5, description={"description": "How long to wait", "unit": "s"}
    ): seconds(1, 60),
    vol.Optional("expect", default=list, description="Healthy answers; empty = 200 to 399"): (
        listing(whole(100, 599, "a status code"), 0, 50, "status codes", itself)
    ),
}
_TIMEOUTS: Final[dict[Any, Any]] = {
    vol.Optional(
        "connect", default=5, description={"description": "To connect", "unit": "s"}
    ): seconds(1, 75),
    vol.Optional(
        "read", default=60, description={"description": "Between two reads", "unit": "s"}
    ): seconds(1, 86400),
    vol.Optional(
        "send", default=60, description={"description": "Between two writes", "unit": "s"}
    ): seconds(1, 86400),
}

HOST: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): NAME,
        **PLACED,
        **DOMAINS,
        vol.Optional("forward_scheme", default="http", description="How it is asked"): one_of(
            "http", "https"
        ),
        vol.Optional("forward_host", description="Address or name of the upstream"): maybe(host),
        vol.Optional("forward_port", description="Port of the upstream"): maybe(port),
        vol.Optional("upstreams", default=list, description="Several, instead of one"): UPSTREAMS,
        vol.Optional("balance", default="round_robin", description="Who is next"): one_of(
            "round_robin", "least_conn", "ip_hash"
        ),
        vol.Optional("keepalive", default=0, description="Idle connections kept open"): whole(
            0, 1000, "a number of connections"
        ),
        vol.Optional("health_check", description="Watch the upstreams"): maybe(_HEALTH),
        vol.Optional("locations", default=list, description="Paths that go elsewhere"): listing(
            LOCATION, 0, 100, "locations", lambda one: (one["match"], one["path"])
        ),
        vol.Optional("access_list_id", default=None, description="Who may come in"): reference(
            ACCESS_LIST
        ),
        **TLS,
        vol.Optional("http3_support", default=False, description="HTTP/3 over QUIC"): boolean,
        vol.Optional(
            "caching_enabled", default=False, description="Keep pictures, styles and scripts"
        ): boolean,
        vol.Optional("block_exploits", default=False, description="Refuse known attacks"): boolean,
        vol.Optional(
            "allow_websocket_upgrade", default=False, description="Let websockets through"
        ): boolean,
        vol.Optional(
            "trust_forwarded_proto",
            default=False,
            description="A proxy in front tells whether it was https",
        ): boolean,
        vol.Optional(
            "headers", default=lambda: {"request": {}, "response": {}}, description="Headers"
        ): HEADERS,
        vol.Optional("rate_limit", description="Limit each address"): maybe(RATE_LIMIT),
        vol.Optional("forward_auth", description="Ask a sign-in service"): maybe(FORWARD_AUTH),
        vol.Optional("maintenance", description="Page while it is worked on"): maybe(MAINTENANCE),
        vol.Optional(
            "timeouts",
            default=lambda: {"connect": 5, "read": 60, "send": 60},
            description="How long the upstream is waited for",
        ): _TIMEOUTS,
        vol.Optional("max_body_size", default="2g", description="Largest upload; 0 = any"): size,
        vol.Optional("buffering", default=True, description="Buffer answers"): boolean,
        vol.Optional("verify_tls", default=False, description="Check its certificate"): boolean,
        vol.Optional("upstream_host", description="Host that the upstream is told"): maybe(
            host_header
        ),
        vol.Optional(
            "name_servers", default=list, description="Name servers its domains should have"
        ): listing(domain, 0, 20, "name servers", itself),
        **ADVANCED,
    }
)
"""Names that are answered by something behind the proxy."""


def check_host(spec: Mapping[str, Any]) -> None:
    """Refuse what the fields forbid together; raises `vol.Invalid`."""
    check_placed(spec)
    if not spec["trust_forwarded_proto"] or spec["http3_support"]:
        check_tls(spec)
    single, several = check_forward(spec, []), bool(spec["upstreams"])
    if single and several:
        raise vol.Invalid("expected forward_host or upstreams, not both", path=["upstreams"])
    if not single and not several:
        raise vol.Invalid("expected the upstream's name or address", path=["forward_host"])
    check_upstreams(spec["upstreams"])
    for index, one in enumerate(spec["upstreams"]):
        if one["backup"] and spec["balance"] == "ip_hash":
            raise vol.Invalid("ip_hash knows no backup", path=["upstreams", index, "backup"])
    check_headers(spec["headers"], ["headers"])
    check_rate_limit(spec.get("rate_limit"), ["rate_limit"])
    fenced = forged(spec)
    for index, location in enumerate(spec["locations"]):
        check_location(location, fenced, ["locations", index])
    for name in spec["headers"]["request"]:
        if name.lower() in fenced:
            raise vol.Invalid("comes from forward_auth", path=["headers", "request", name])
    check_snippet(spec["advanced_config"], fenced, ["advanced_config"])
    _check_verify(spec)
    if spec["caching_enabled"] and not spec["buffering"]:
        raise vol.Invalid(
            "needs buffering: nginx keeps only what it buffers", path=["caching_enabled"]
        )


def _check_verify(spec: Mapping[str, Any]) -> None:
    if not spec["verify_tls"]:
        return
    places = [spec, *spec["upstreams"], *spec["locations"]]
    if "https" not in {place.get("forward_scheme") for place in places}:
        raise vol.Invalid("needs forward_scheme https", path=["verify_tls"])
    hosts = [place.get("forward_host") or place.get("host") for place in places]
    if spec.get("upstream_host") is None and any(map(is_address, filter(None, hosts))):
        raise vol.Invalid(
            "needs the name that the certificate stands for: fill upstream_host",
            path=["verify_tls"],
        )
