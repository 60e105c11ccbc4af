"""What the spec of a `proxy.server` holds: an nginx, and where it keeps its things."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from hub.sdk import Reference, boolean, described, port, text, whole
from integrations.proxy.const import SERVER as SERVER_TYPE
from integrations.proxy.schema.blocks import NAME
from integrations.proxy.schema.numbers import itself, listing, maybe, one_of, seconds
from integrations.proxy.schema.texts import address, file, line, name_server

NGINX: Final = (
    "nginx",
    "/usr/sbin/nginx",
    "/usr/local/sbin/nginx",
    "/usr/local/nginx/sbin/nginx",
    "/usr/bin/nginx",
)
"""Programs that the hub may start; the manifest's `commands` repeat them."""


@described(type="string", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
def _day(value: object) -> str:
    if isinstance(value, dt.date):
        value = value.isoformat()[:10]
    try:
        return dt.date.fromisoformat(text(value)).isoformat()
    except ValueError:
        raise vol.Invalid("expected a day such as 2027-03-31") from None


@described(type="string", max_length=80)
def _unit(value: object) -> str:
    written = text(value)
    if not 1 <= len(written) <= 80 or not all(
        sign.isascii() and (sign.isalnum() or sign in "_.@-") for sign in written
    ):
        raise vol.Invalid("expected the name of a service, such as nginx")
    if written.startswith("-"):
        raise vol.Invalid("expected a name that does not begin with -")
    return written


_RELOAD: Final[dict[Any, Any]] = {
    vol.Optional("method", default="signal", description="How nginx is told to reload"): one_of(
        "signal", "systemd", "service", "openrc"
    ),
    vol.Optional("unit", default="nginx", description="Name of the service"): _unit,
}
_PAYMENT: Final[dict[Any, Any]] = {
    vol.Optional("provider", default="", description="Who rents it out"): line(0, 100),
    vol.Required("due", description="Paid until, as YYYY-MM-DD"): _day,
}

SERVER: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): NAME,
        vol.Optional("server", description="Host it runs on; absent = this machine"): Reference(
            "host.server"
        ),
        vol.Optional(
            "instance", default="shared", description="The distribution's nginx, or one of its own"
        ): one_of("shared", "own"),
        vol.Optional("nginx", default="nginx", description="Program"): one_of(*NGINX),
        vol.Optional(
            "main_config",
            default="/etc/nginx/nginx.conf",
            description="Main file of the shared one",
        ): file,
        vol.Optional(
            "drop_in",
            default="/etc/nginx/conf.d/hub.conf",
            description="The one file beside it that takes the hub's hosts in",
        ): file,
        vol.Optional(
            "stream_drop_in",
            default="/etc/nginx/modules-enabled/99-hub-stream.conf",
            description="The one file that takes the hub's streams in",
        ): file,
        vol.Optional("base", default="/etc/nginx/hub", description="Folder of the hub"): file,
        vol.Optional(
            "reload",
            default=lambda: {"method": "signal", "unit": "nginx"},
            description="How a release comes into force",
        ): _RELOAD,
        vol.Optional("http_port", default=80, description="Port of http"): port,
        vol.Optional("https_port", default=443, description="Port of https"): port,
        vol.Optional("addresses", default=list, description="To listen on; empty = all"): listing(
            address, 0, 64, "addresses", itself
        ),
        vol.Optional(
            "status_port", default=8299, description="Port on 127.0.0.1 that tells the release"
        ): port,
        vol.Optional(
            "resolver", default=list, description="Name servers; empty = those of the server"
        ): listing(name_server, 0, 16, "name servers", itself),
        vol.Optional(
            "resolver_valid",
            default=30,
            description={"description": "How long an answer of theirs is kept", "unit": "s"},
        ): seconds(1, 86400),
        vol.Optional(
            "default_site", description="For names of no host; own: close, shared: none"
        ): maybe(one_of("close", "not_found", "none")),
        vol.Optional("keep_releases", default=5, description="Releases to go back to"): whole(
            2, 50, "a number of releases"
        ),
        vol.Optional(
            "worker_connections", default=4096, description="Connections of one process (own)"
        ): whole(64, 1_000_000, "a number of connections"),
        vol.Optional(
            "take_over", default=False, description="Take a folder that another hub has filled"
        ): boolean,
        vol.Optional("access_log", default=True, description="Log requests, as JSON"): boolean,
        vol.Optional(
            "ca_bundle",
            default="/etc/ssl/certs/ca-certificates.crt",
            description="Authorities that verify_tls trusts",
        ): file,
        vol.Optional("payment", description="When its rent is due"): maybe(_PAYMENT),
    }
)
"""An nginx."""

GROUP: Final = vol.Schema(
    {
        vol.Optional("name", description="What people call it"): NAME,
        vol.Required("servers", description="Its servers, the first ones go first"): listing(
            Reference(SERVER_TYPE), 1, 500, "servers", itself
        ),
        vol.Optional("canary", default=1, description="Servers that go first, alone"): whole(
            0, 50, "a number of servers"
        ),
        vol.Optional("wave", default=10, description="Servers at once, behind them"): whole(
            1, 100, "a number of servers"
        ),
        vol.Optional("failure_budget", default=0, description="Failures that do not stop"): whole(
            0, 500, "a number of servers"
        ),
        vol.Optional(
            "on_failure", default="rollback", description="What becomes of those already done"
        ): one_of("rollback", "hold"),
        vol.Optional(
            "pause", default=0, description={"description": "Between two waves", "unit": "s"}
        ): seconds(0, 86400),
    }
)
"""Servers that get the same hosts, in waves."""


def check_server(spec: Mapping[str, Any]) -> None:
    """Refuse ports and paths that stand in each other's way; raises `vol.Invalid`."""
    ports: dict[int, str] = {}
    for field in ("http_port", "https_port", "status_port"):
        if (other := ports.setdefault(spec[field], field)) != field:
            raise vol.Invalid(f"expected another port than {other}", path=[field])
    base = spec["base"]
    if base.count("/") < 2:
        raise vol.Invalid("expected a folder of its own, such as /etc/nginx/hub", path=["base"])
    for field in ("main_config", "drop_in", "stream_drop_in"):
        if spec["instance"] == "shared" and f"{spec[field]}/".startswith(f"{base}/"):
            raise vol.Invalid("expected a file outside base", path=[field])
    for field in ("drop_in", "stream_drop_in"):
        if spec[field] == spec["main_config"] or base.startswith(f"{spec[field]}/"):
            raise vol.Invalid("expected a file of the hub's own", path=[field])
    if spec["drop_in"] == spec["stream_drop_in"]:
        raise vol.Invalid("expected another file than drop_in", path=["stream_drop_in"])


def check_group(spec: Mapping[str, Any]) -> None:
    """Refuse waves that never end; raises `vol.Invalid`."""
    if spec["failure_budget"] >= len(spec["servers"]) > 1:
        raise vol.Invalid("expected fewer failures than servers", path=["failure_budget"])
