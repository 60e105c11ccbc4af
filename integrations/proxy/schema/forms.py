"""Which fields few people need: forms fold them away until one of them is set."""

from collections.abc import Iterable, Mapping
from typing import Final

import voluptuous as vol

from integrations.proxy.schema.access_list import ACCESS_LIST
from integrations.proxy.schema.certificate import CERTIFICATE
from integrations.proxy.schema.host import HOST
from integrations.proxy.schema.redirect import DEAD_HOST, REDIRECT
from integrations.proxy.schema.server import GROUP, SERVER
from integrations.proxy.schema.stream import STREAM

_TLS: Final = ("hsts_enabled", "hsts_subdomains", "hsts_max_age", "http2_support")

FURTHER: Final[tuple[tuple[vol.Schema, tuple[str, ...]], ...]] = (
    (
        SERVER,
        (
            "nginx",
            "main_config",
            "drop_in",
            "stream_drop_in",
            "reload",
            "addresses",
            "status_port",
            "resolver",
            "resolver_valid",
            "default_site",
            "keep_releases",
            "worker_connections",
            "take_over",
            "access_log",
            "ca_bundle",
            "payment",
        ),
    ),
    (GROUP, ("failure_budget", "on_failure", "pause")),
    (
        HOST,
        (
            "group",
            "upstreams",
            "balance",
            "keepalive",
            "health_check",
            *_TLS,
            "http3_support",
            "trust_forwarded_proto",
            "headers",
            "rate_limit",
            "forward_auth",
            "maintenance",
            "timeouts",
            "max_body_size",
            "buffering",
            "verify_tls",
            "upstream_host",
            "name_servers",
            "advanced_config",
        ),
    ),
    (REDIRECT, ("group", *_TLS, "block_exploits", "advanced_config")),
    (DEAD_HOST, ("group", *_TLS, "advanced_config")),
    (STREAM, ("group", "upstreams", "access", "proxy_protocol", "timeouts")),
    (ACCESS_LIST, ("pass_auth",)),
    (CERTIFICATE, ("servers", "group")),
)


def fold(schema: vol.Schema, names: Iterable[str]) -> None:
    """Mark fields of a schema as `advanced`; raises `KeyError` for a field that is not there."""
    markers = {key.schema: key for key in schema.schema}
    for name in names:
        marker = markers[name]
        told = marker.description
        marker.description = {
            **(told if isinstance(told, Mapping) else {"description": told or ""}),
            "advanced": True,
        }
