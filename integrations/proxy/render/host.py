"""A `proxy.host` as one configuration file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.proxy.models import RESOLVE_IN_UPSTREAM, File, Part
from integrations.proxy.render import door, location, upstream
from integrations.proxy.render.context import Certificate, Here
from integrations.proxy.render.listen import (
    begin,
    challenges,
    listen_http,
    listen_https,
    quic,
    refuse_https,
    variable,
)
from integrations.proxy.render.location import Location, Place
from integrations.proxy.render.snippets import FIELD, NOTHING, Rows, read, without
from integrations.proxy.render.upstream import Target
from integrations.proxy.render.writer import Page, literal
from integrations.proxy.schema.location import forged

FORCED = "301 https://$host"


@dataclass(frozen=True, slots=True)
class _Host:
    """A host that is being written."""

    here: Here
    part: Part
    spec: Mapping[str, Any]
    names: Sequence[str]
    certificate: Certificate | None
    place: Place
    locations: Sequence[Location]
    common: Rows
    """What both server blocks hold."""


def write(here: Here, part: Part, spec: Mapping[str, Any], names: Sequence[str]) -> File:
    """Return the file of a host that is switched on; raises `FlawError`."""
    page = Page(part.id)
    host = _prepare(here, page, part, spec, names)
    forced = spec["ssl_forced"] and host.certificate is not None
    if forced and not spec["trust_forwarded_proto"]:
        write_redirect(here, page, part, names)
    else:
        _server(page, host, None)
    if host.certificate is not None:
        _server(page, host, host.certificate)
    else:
        refuse_https(here, page, names)
    return page.file(f"http/host-{part.key}.conf", part.id)


def write_redirect(here: Here, page: Page, part: Part, names: Sequence[str]) -> None:
    """Write the server of port 80 that sends everything on to https but challenges."""
    page.open(None, "server")
    listen_http(here, page)
    begin(here, page, part, names)
    challenges(here, page)
    page.block("ssl_forced", "location /", f"return {forced_to(here)}")
    page.close()


def forced_to(here: Here) -> str:
    """Return code and address of the way to https."""
    port = here.spec["https_port"]
    return f"{FORCED}{'' if port == 443 else f':{port}'}$request_uri"


def _prepare(
    here: Here, page: Page, part: Part, spec: Mapping[str, Any], names: Sequence[str]
) -> _Host:
    """Write what goes before the server blocks, and find out what goes into them."""
    name = variable(part.key)
    snippet = read(spec["advanced_config"], "server", FIELD, here.base)
    proto = "$hub_proto" if spec["trust_forwarded_proto"] else "$scheme"
    place = Place(here, name, spec, forged(spec), proto, snippet)
    target = _target(here, page, part, spec, name)
    locations = _locations(here, page, place, target)
    if (maintenance := spec["maintenance"]) and maintenance.get("enabled"):
        door.write_guests(page, name, maintenance.get("allow") or ())
    if spec["caching_enabled"]:
        folder = literal(f"{here.base}/cache/{part.key}")
        page.add(
            "caching_enabled",
            f"proxy_cache_path {folder} levels=1:2 keys_zone=hub_cache_{name}:1m max_size=512m"
            " inactive=7d use_temp_path=off",
        )
    certificate = here.certificate(spec["certificate_id"])
    if spec["hsts_enabled"] and spec["trust_forwarded_proto"]:
        page.block("hsts_enabled", f"map $hub_proto $hub_hsts_{name}", f"https {_hsts(spec)}")
    common = without(_common(here, spec, target), snippet.names) + snippet.early + snippet.rows
    return _Host(here, part, spec, names, certificate, place, locations, common)


def _target(here: Here, page: Page, part: Part, spec: Mapping[str, Any], name: str) -> Target:
    """Return where the host's requests go; writes a group when it takes one."""
    scheme, keepalive = spec["forward_scheme"], spec["keepalive"]
    upstreams: Sequence[Mapping[str, Any]] = spec["upstreams"]
    if not upstreams:
        one = {"host": spec["forward_host"], "port": spec["forward_port"]}
        plain = upstream.reach(here, scheme, one["host"], one["port"], "forward_host")
        if not keepalive:
            return plain
        if plain.variable is not None and not here.features.at_least(RESOLVE_IN_UPSTREAM):
            here.note(
                part,
                "keepalive",
                f"nginx {here.features.text} keeps no connections open to a name; give an address,"
                " or update nginx to 1.27.3",
            )
            return plain
        upstreams = [one]
    field = "upstreams" if spec["upstreams"] else "forward_host"
    upstream.group(
        here,
        page,
        f"hub_{name}",
        upstreams,
        balance=spec["balance"],
        keepalive=keepalive,
        field=field,
    )
    named = next((one["host"] for one in upstreams if not upstream.fixed(one["host"])), None)
    return Target(f"{scheme}://hub_{name}", None, (), named)


def _locations(here: Here, page: Page, place: Place, target: Target) -> list[Location]:
    """Return the host's locations, `/` first; writes the zones of their limits."""
    spec = place.spec
    zone = None
    if spec["rate_limit"]:
        door.write_zones(page, place.name, spec["rate_limit"], "rate_limit")
        zone = place.name
    auth = 0 if spec["forward_auth"] else None
    found = []
    if all((one["match"], one["path"]) != ("prefix", "/") for one in spec["locations"]):
        found.append(Location("location /", "", {}, target, auth, zone, NOTHING))
    for index, one in enumerate(spec["locations"]):
        at = f"locations.{index}."
        own_zone = zone
        if one["rate_limit"]:
            own_zone = f"{place.name}_{index}"
            door.write_zones(page, own_zone, one["rate_limit"], f"{at}rate_limit")
        own_target = target
        if one["forward_host"]:
            scheme = one["forward_scheme"] or spec["forward_scheme"]
            port = one["forward_port"]
            own_target = upstream.reach(
                here, scheme, one["forward_host"], port, f"{at}forward_host"
            )
        own_auth = index + 1 if one["forward_auth"] else auth
        snippet = read(one["advanced_config"], "location", f"{at}{FIELD}", here.base)
        found.append(Location(_head(one), at, one, own_target, own_auth, own_zone, snippet))
    return found


def _head(one: Mapping[str, Any]) -> str:
    sign = {"prefix": "", "exact": "= ", "regex": "~ "}[one["match"]]
    if one["match"] == "regex":
        # `$` ends a pattern here and never begins a variable
        quoted = one["path"].replace("\\", "\\\\")
        return f'location ~ "{quoted}"'
    return f"location {sign}{literal(one['path'])}"


def _common(here: Here, spec: Mapping[str, Any], target: Target) -> Rows:
    """Return what holds for the whole host."""
    times = spec["timeouts"]
    found: Rows = [
        ("max_body_size", f"client_max_body_size {spec['max_body_size']}"),
        ("timeouts.connect", f"proxy_connect_timeout {times.get('connect', 5)}s"),
        ("timeouts.read", f"proxy_read_timeout {times.get('read', 60)}s"),
        ("timeouts.send", f"proxy_send_timeout {times.get('send', 60)}s"),
        (None, "proxy_http_version 1.1"),
    ]
    if not spec["buffering"]:
        found += [
            ("buffering", "proxy_buffering off"),
            ("buffering", "proxy_request_buffering off"),
        ]
    if spec["rate_limit"] or any(one["rate_limit"] for one in spec["locations"]):
        found += [("rate_limit", "limit_req_status 429"), ("rate_limit", "limit_conn_status 429")]
    found += [("forward_host", line) for line in target.resolver]
    if spec["forward_scheme"] == "https":
        found += location.tls_rows(here, spec, target, "forward_scheme")
    if spec["upstream_host"]:
        back = (
            literal(f"http://{spec['upstream_host']}/"),
            literal(f"https://{spec['upstream_host']}/"),
        )
        found += [("upstream_host", f"proxy_redirect {one} /") for one in back]
    if (spec["maintenance"] or {}).get("enabled"):
        found.append(("maintenance.enabled", "error_page 503 @hub_maintenance"))
    return found


def _server(page: Page, host: _Host, certificate: Certificate | None) -> None:
    here, spec, place = host.here, host.spec, host.place
    page.open(None, "server")
    if certificate is None:
        listen_http(here, page)
    else:
        listen_https(here, page, host.part, spec, certificate)
    begin(here, page, host.part, host.names)
    page.rows(host.common)
    challenges(here, page)
    security = _security(host, secure=certificate is not None)
    forced = spec["ssl_forced"] and certificate is None and spec["trust_forwarded_proto"]
    for one in host.locations:
        page.open("locations" if one.at else None, one.head)
        if spec["maintenance"] and spec["maintenance"].get("enabled"):
            page.unless("maintenance.enabled", f"$hub_closed_{place.name}", "503")
        if spec["block_exploits"]:
            page.unless("block_exploits", "$hub_exploit", "403")
        if forced:
            page.unless("ssl_forced", '$hub_proto = "http"', forced_to(here))
        page.rows(location.rows(place, one, security))
        page.close()
    _services(page, host)
    page.close()


def _services(page: Page, host: _Host) -> None:
    """Write the named and internal locations."""
    spec, proto = host.spec, host.place.proto
    if spec["forward_auth"]:
        door.write_sign_in(host.here, page, 0, spec["forward_auth"], "forward_auth", proto)
    for index, one in enumerate(spec["locations"]):
        if one["forward_auth"]:
            at = f"locations.{index}.forward_auth"
            door.write_sign_in(host.here, page, index + 1, one["forward_auth"], at, proto)
    if spec["maintenance"] and spec["maintenance"].get("enabled"):
        door.write_page(page, spec["maintenance"])


def _security(host: _Host, *, secure: bool) -> list[tuple[str, str, str]]:
    """Return the headers that are added because of TLS."""
    spec, here = host.spec, host.here
    found = []
    if spec["hsts_enabled"] and spec["trust_forwarded_proto"]:
        name = f"$hub_hsts_{host.place.name}"
        found.append(("hsts_enabled", "Strict-Transport-Security", _hsts(spec) if secure else name))
    elif spec["hsts_enabled"] and secure:
        found.append(("hsts_enabled", "Strict-Transport-Security", _hsts(spec)))
    if secure and spec["http3_support"] and quic(here):
        port = here.spec["https_port"]
        found.append(("http3_support", "Alt-Svc", f"'h3=\":{port}\"; ma=86400'"))
    return found


def _hsts(spec: Mapping[str, Any]) -> str:
    below = "; includeSubDomains" if spec["hsts_subdomains"] else ""
    return f'"max-age={int(spec["hsts_max_age"])}{below}"'
