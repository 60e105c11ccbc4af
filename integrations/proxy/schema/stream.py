"""What the spec of a `proxy.stream` holds."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import boolean, port
from integrations.proxy.const import CERTIFICATE
from integrations.proxy.schema.blocks import (
    CLIENTS,
    NAME,
    PLACED,
    UPSTREAMS,
    check_placed,
    check_upstreams,
)
from integrations.proxy.schema.names import host
from integrations.proxy.schema.numbers import maybe, reference, seconds

STREAM: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): NAME,
        **PLACED,
        vol.Required("incoming_port", description="Port to listen on"): port,
        vol.Optional("forwarding_host", description="Address or name of the upstream"): maybe(host),
        vol.Optional("forwarding_port", description="Port of the upstream"): maybe(port),
        vol.Optional("upstreams", default=list, description="Several, instead of one"): UPSTREAMS,
        vol.Optional("tcp_forwarding", default=True, description="Forward TCP"): boolean,
        vol.Optional("udp_forwarding", default=False, description="Forward UDP"): boolean,
        vol.Optional("certificate_id", default=None, description="End TLS here"): reference(
            CERTIFICATE
        ),
        vol.Optional("access", default=list, description="Who may connect, first match"): CLIENTS,
        vol.Optional(
            "proxy_protocol", default=False, description="Tell the upstream who connected"
        ): boolean,
        vol.Optional(
            "timeouts",
            default=lambda: {"connect": 5, "idle": 600},
            description="How long to wait",
        ): {
            vol.Optional(
                "connect", default=5, description={"description": "To connect", "unit": "s"}
            ): seconds(1, 75),
            vol.Optional(
                "idle", default=600, description={"description": "Without a byte", "unit": "s"}
            ): seconds(1, 86400),
        },
    }
)
"""A port that is forwarded."""


def check_stream(spec: Mapping[str, Any]) -> None:
    """Refuse what the fields forbid together; raises `vol.Invalid`."""
    check_placed(spec)
    name, number = spec.get("forwarding_host"), spec.get("forwarding_port")
    if (name is None) != (number is None):
        missing = "forwarding_host" if name is None else "forwarding_port"
        raise vol.Invalid("expected both, name and port", path=[missing])
    if (name is not None) == bool(spec["upstreams"]):
        raise vol.Invalid("expected either this or upstreams", path=["forwarding_host"])
    check_upstreams(spec["upstreams"])
    if not spec["tcp_forwarding"] and not spec["udp_forwarding"]:
        raise vol.Invalid("expected TCP, UDP or both", path=["tcp_forwarding"])
    if spec["udp_forwarding"]:
        for field in ("certificate_id", "proxy_protocol"):
            if spec[field]:
                raise vol.Invalid("is for TCP only: switch udp_forwarding off", path=[field])
