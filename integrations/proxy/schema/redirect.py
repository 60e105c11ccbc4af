"""What the specs of `proxy.redirect` and `proxy.dead_host` hold."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import boolean
from integrations.proxy.schema.blocks import (
    ADVANCED,
    DOMAINS,
    NAME,
    PLACED,
    TLS,
    check_placed,
    check_tls,
)
from integrations.proxy.schema.location import check_snippet
from integrations.proxy.schema.names import host_header
from integrations.proxy.schema.numbers import one_of

CODES: Final = (300, 301, 302, 303, 307, 308)
"""Answers that name another address (RFC 9110, section 15.4)."""

REDIRECT: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): NAME,
        **PLACED,
        **DOMAINS,
        vol.Optional("forward_http_code", default=301, description="Status code"): one_of(*CODES),
        vol.Optional("forward_scheme", default="auto", description="auto = as it came"): one_of(
            "auto", "http", "https"
        ),
        vol.Required("forward_domain_name", description="Where to, with a port if need be"): (
            host_header
        ),
        vol.Optional("preserve_path", default=True, description="Keep path and query"): boolean,
        **TLS,
        vol.Optional("block_exploits", default=False, description="Refuse known attacks"): boolean,
        **ADVANCED,
    }
)
"""Names that send on to another."""

DEAD_HOST: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): NAME,
        **PLACED,
        **DOMAINS,
        **TLS,
        **ADVANCED,
    }
)
"""Names that answer 404."""


def check_redirect(spec: Mapping[str, Any]) -> None:
    """Refuse what the fields forbid together; raises `vol.Invalid`."""
    check_placed(spec)
    check_tls(spec)
    if spec["forward_domain_name"] in spec["domain_names"]:
        raise vol.Invalid(
            "expected another name than its own; ssl_forced sends http on to https",
            path=["forward_domain_name"],
        )
    check_snippet(spec["advanced_config"], frozenset(), ["advanced_config"])


def check_dead_host(spec: Mapping[str, Any]) -> None:
    """Refuse what the fields forbid together; raises `vol.Invalid`."""
    check_placed(spec)
    check_tls(spec)
    check_snippet(spec["advanced_config"], frozenset(), ["advanced_config"])
