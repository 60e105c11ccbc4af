"""One `server` block that forwards, as the spec of a `proxy.host`."""

from collections.abc import Sequence

from integrations.proxy.importing import fits
from integrations.proxy.importing.backends import Backend
from integrations.proxy.importing.blocks import Block, is_force
from integrations.proxy.importing.forward_auth import forward_auth
from integrations.proxy.importing.headers import Headers, headers
from integrations.proxy.importing.known import guards, leftovers, snippet
from integrations.proxy.importing.limits import body_size, timeouts
from integrations.proxy.importing.locations import Around, Host, location, path_of
from integrations.proxy.importing.result import Spec
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.tree import Directive
from integrations.proxy.schema.blocks import is_address

DEFAULT_BODY = "2g"
"""What a host of the hub takes when nothing is said."""


def root_of(server: Scope) -> Directive | None:
    """Return the `location /` of a server that forwards.

    A `return` comes before it, wherever it stands: nginx answers it in an earlier phase.
    """
    if server.own("return"):
        return None
    for item in server.own("location"):
        path = path_of(item.args)
        names = {inner.name for inner in item.inner}
        if path is not None and path.is_all and "proxy_pass" in names and "return" not in names:
            return item
    return None


def host(block: Block, root: Directive, id: str, words: str, around: Around) -> Spec | None:
    """Return the spec without names, placement and TLS; None (and a finding) when it can not be."""
    report, server = around.report, block.scope
    scope = Scope(root.inner, server)
    backend = around.backends.http(scope.own("proxy_pass")[-1], scope)
    if backend is None:
        return None
    own = headers(scope, report, backend.name)
    access = around.lists.of(scope, around.source, words)
    made = Host(id, words, scope, backend, own, access)
    spec: Spec = backend.fields() | own.fields() | _plain_fields(scope, around)
    if scope.is_on("proxy_ssl_verify"):
        verify(spec, scope, backend, own, around)
    if own.upstream_host:
        spec["upstream_host"] = own.upstream_host
    if access is not None:
        spec["access_list_id"] = access
    auth, used = forward_auth(scope, server, around.backends, report)
    if auth:
        spec["forward_auth"] = auth
        made.headers.other = [item for item in made.headers.other if item not in used]
    elif (asked := scope.last("auth_request")) is not None and asked.arg() != "off":
        made.open_doors.append(asked)
    below = locations(server, root, made, around, used)
    if backend.path not in (None, "/"):
        below.insert(0, {"path": "/", "match": "prefix", **backend.single()})
    if below:
        spec["locations"] = below
    _snippet(spec, block, scope, made, around, used)
    if made.open_doors:
        spec["enabled"] = False
        report.do(made.open_doors[0].place, *told_open(made.open_doors), id)
    return spec


def told_open(doors: Sequence[Directive]) -> tuple[str, str]:
    """Return why a host is off, and what to do."""
    names = ", ".join(dict.fromkeys(item.name for item in doors))
    return (
        f"off, because {names} kept visitors out and is lost",
        "find another way to keep them out, then set enabled",
    )


def verify(spec: Spec, scope: Scope, backend: Backend, own: Headers, around: Around) -> None:
    """Check the upstream's certificate as before, where the hub has a name to check it for."""
    hosts = [backend.host, *(one["host"] for one in backend.upstreams)]
    named = own.upstream_host or not any(map(is_address, hosts))
    if backend.scheme == "https" and named:
        spec["verify_tls"] = True
        return
    words = "proxy_ssl_verify: there is no name that the certificate could be checked for"
    todo = "fill upstream_host with the name in the certificate, then set verify_tls"
    place = scope.all("proxy_ssl_verify")[-1].place
    around.report.left_out(place, words, todo)


def _plain_fields(scope: Scope, around: Around) -> Spec:
    found: Spec = {}
    if times := timeouts(scope, around.report):
        found["timeouts"] = times
    if (size := body_size(scope)) != DEFAULT_BODY:
        found["max_body_size"] = size
    if scope.word("proxy_buffering") == "off":
        found["buffering"] = False
    if limit := around.zones.limit(scope, around.report):
        found["rate_limit"] = limit
    return found


def locations(
    server: Scope, root: Directive | None, made: Host, around: Around, used: Sequence[Directive]
) -> list[Spec]:
    """Return the locations of a server beside `root`; those that no spec can be are told."""
    found = []
    for item in server.own("location"):
        if item is root or item in used:
            continue
        if item.arg().startswith("@") and any(item.arg() in it.args for it in used):
            continue
        spec = location(item, server, made, around)
        if spec is None:
            continue
        if wrong := fits.location(spec):
            todo = "requests for it go to the host's upstream now"
            around.report.left_out(item.place, f"{item.words}: {wrong}", todo, made.id)
            made.open_doors += [inner for inner in (item, *item.inner) if guards(inner)]
        else:
            found.append(spec)
    return found


def _snippet(
    spec: Spec, block: Block, scope: Scope, made: Host, around: Around, used: Sequence[Directive]
) -> None:
    """Put what no field stands for into `advanced_config`, as far as it may be there."""
    rest = leftovers((*block.scope.directives, *scope.directives), around.report, made.id)
    rest += [item for item in made.headers.other if item not in rest]
    rest += scope.own("rewrite") + block.scope.own("rewrite")
    rest = [
        item
        for item in rest
        if item not in used and not (item.name == "if" and is_force(item, block))
    ]
    text, doors = snippet(rest, "server", around.report, made.id)
    made.open_doors += doors
    if text:
        spec["advanced_config"] = text
