"""A `proxy.stream` as one configuration file, for the `stream` block."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.proxy.models import File, Part
from integrations.proxy.render import upstream
from integrations.proxy.render.context import FlawError, Here
from integrations.proxy.render.listen import listens, use, variable
from integrations.proxy.render.writer import Page, UnsafeError, literal


def write(here: Here, part: Part, spec: Mapping[str, Any]) -> File:
    """Return the file of a stream; raises `FlawError`."""
    page = Page(part.id)
    rows = _target(here, page, spec, variable(part.key))
    if spec["tcp_forwarding"]:
        _server(here, page, spec, rows, udp=False)
    if spec["udp_forwarding"]:
        _server(here, page, spec, rows, udp=True)
    return page.file(f"stream/stream-{part.key}.conf", part.id)


def _target(
    here: Here, page: Page, spec: Mapping[str, Any], name: str
) -> Sequence[tuple[str, str]]:
    """Return the directives that lead to the upstream; writes what goes before the servers."""
    if spec["upstreams"]:
        upstream.group(here, page, f"hub_{name}", spec["upstreams"])
        return [("upstreams", f"proxy_pass hub_{name}")]
    host, port, field = spec["forwarding_host"], spec["forwarding_port"], "forwarding_host"
    if upstream.fixed(host):
        host = "127.0.0.1" if host == upstream.LOCALHOST else upstream.bracketed(host)
        return [(field, f"proxy_pass {literal(host)}:{port}")]
    # a map, for `set` is in streams only since 1.19.3
    page.block(field, f"map $remote_addr $hub_target_{name}", f'default "{literal(host)}:{port}"')
    return [
        *((field, line) for line in here.resolver(field)),
        (field, f"proxy_pass $hub_target_{name}"),
    ]


def _server(
    here: Here,
    page: Page,
    spec: Mapping[str, Any],
    rows: Sequence[tuple[str, str]],
    *,
    udp: bool,
) -> None:
    page.open("udp_forwarding" if udp else "tcp_forwarding", "server")
    flags = " udp" if udp else ""
    if spec["certificate_id"] and not udp:
        certificate = here.certificate(spec["certificate_id"])
        if certificate is None:
            raise FlawError(
                "certificate_id",
                f"proxy.certificate/{spec['certificate_id']} is not issued yet, and without it"
                " the port would be open in the clear",
            )
        page.add("incoming_port", *listens(here, spec["incoming_port"], " ssl"))
        use(page, certificate, "hub_stream_tls")
    else:
        page.add("incoming_port", *listens(here, spec["incoming_port"], flags))
    for index, one in enumerate(spec["access"]):
        if one["directive"] not in ("allow", "deny"):
            raise UnsafeError("expected allow or deny")
        page.add(f"access.{index}", f"{one['directive']} {literal(one['address'])}")
    if spec["access"] and all(one["address"] != "all" for one in spec["access"]):
        page.add("access", "deny all")
    times = spec["timeouts"]
    page.add("timeouts.connect", f"proxy_connect_timeout {int(times.get('connect', 5))}s")
    page.add("timeouts.idle", f"proxy_timeout {int(times.get('idle', 600))}s")
    if spec["proxy_protocol"] and not udp:
        page.add("proxy_protocol", "proxy_protocol on")
    page.rows(rows)
    page.close()
