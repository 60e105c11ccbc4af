"""`location` blocks as items of the field `locations`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.proxy.importing.backends import Backend, Backends
from integrations.proxy.importing.headers import Headers, headers
from integrations.proxy.importing.known import (
    CHALLENGE,
    CONTENT,
    STATUS,
    guards,
    leftovers,
    snippet,
)
from integrations.proxy.importing.limits import Zones
from integrations.proxy.importing.lists import AccessLists
from integrations.proxy.importing.result import Report, Spec
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.sources import Source
from integrations.proxy.importing.tree import Directive

LOCAL: Final = (
    *("client_max_body_size", "proxy_read_timeout", "proxy_send_timeout", "proxy_connect_timeout"),
    *("proxy_buffering", "rewrite"),
)
"""Fields of a host that a location only has as a snippet."""
NOT_WELL_KNOWN: Final = "/\\.(?!well-known"
DOT_FILES: Final = r"/\.([^w]|w[^e])"
"""What many sites deny by a pattern with a look-ahead, which the hub's patterns do not have."""


@dataclass(frozen=True, slots=True)
class Around:
    """What all blocks of a tree share."""

    source: Source
    report: Report
    backends: Backends
    zones: Zones
    lists: AccessLists


@dataclass(slots=True)
class Host:
    """The host that locations belong to, as far as it is known."""

    id: str
    words: str
    """What an access list of it is called."""
    scope: Scope
    """What is in force in its `location /`."""
    backend: Backend
    headers: Headers
    access: str | None
    open_doors: list[Directive] = field(default_factory=list)
    """What kept somebody out and could not be kept."""


@dataclass(frozen=True, slots=True)
class Path:
    """What a `location` matches."""

    match: str
    path: str

    @property
    def is_all(self) -> bool:
        """Tell whether it is `location /`."""
        return (self.match, self.path) == ("prefix", "/")


def path_of(args: Sequence[str]) -> Path | None:
    """Return what a `location` matches; None for a named one, and for one without words."""
    if not args:
        return None
    sign, words = ("", args[0]) if len(args) == 1 else (args[0], args[1])
    for known in ("=", "^~", "~*", "~"):
        if not sign and words.startswith(known) and len(words) > len(known):
            sign, words = known, words[len(known) :]
    if words.startswith("@"):
        return None
    if sign in ("~", "~*"):
        return Path("regex", DOT_FILES if words.startswith(NOT_WELL_KNOWN) else words)
    return Path("exact" if sign == "=" else "prefix", words)


def location(item: Directive, server: Scope, host: Host, around: Around) -> Spec | None:
    """Return the spec of one `location`; None (and a finding) when it forwards nothing."""
    report = around.report
    found = path_of(item.args)
    if found is None:
        report.left_out(item.place, item.words, "see the line that leads to it", host.id)
        return None
    if item.arg() == "~*" and re.search("[A-Za-z]", re.sub(r"\\.", "", found.path)):
        report.note(item.place, f"{found.path} now tells large from small letters", host.id)
    if item.arg() == "^~":
        report.note(item.place, "^~: patterns are asked before it now", host.id)
    scope = Scope(item.inner, server)
    spec: Spec = {"path": found.path, "match": found.match}
    passes = scope.own("proxy_pass")
    if not passes or scope.own("return"):
        if (deny := _denies_all(scope)) is not None:
            spec["access_list_id"] = around.lists.nobody()
            if deny.name == "return" and deny.arg() != "403":
                report.note(deny.place, f"answers 403, no longer {deny.arg()}", host.id)
            return spec
        _untold(item, found, report, host)
        return None
    backend = around.backends.http(passes[-1], scope)
    if backend is None:
        host.open_doors += [inner for inner in item.inner if guards(inner)]
        return None
    if backend.upstreams and backend.target == host.backend.target:
        # Left out, its target is that of the host with all its servers.
        spec |= {"forward_path": backend.path} if backend.path is not None else {}
        differences(spec, scope, host, around, item.place, backend.name)
        return spec
    if backend.upstreams:
        todo = "a location has one target: the first server of the upstream took its place"
        report.left_out(passes[-1].place, f"the other servers of {backend.name}", todo, host.id)
    spec |= backend.single()
    differences(spec, scope, host, around, item.place, backend.name)
    return spec


def differences(
    spec: Spec, scope: Scope, host: Host, around: Around, place: str, name: str
) -> None:
    """Add what a location does otherwise than its host; `name` is what it would send as Host."""
    report = around.report
    own = headers(scope, report, name)
    for kind in ("request", "response"):
        mine, theirs = getattr(own, kind), getattr(host.headers, kind)
        different = {key: value for key, value in mine.items() if theirs.get(key) != value}
        if different:
            spec.setdefault("headers", {})[kind] = different
        if more := sorted(set(theirs) - set(mine)):
            report.note(place, f"{', '.join(more)} of the host holds here too", host.id)
    if own.websocket:
        spec["allow_websocket_upgrade"] = True
    access = around.lists.of(scope, around.source, host.words)
    if access != host.access:
        spec |= {"public": True} if access is None else {"access_list_id": access}
    if scope.own("limit_req", "limit_conn") and (limit := around.zones.limit(scope, report)):
        spec["rate_limit"] = limit
    rest = leftovers(scope.directives, report, host.id)
    rest += scope.own(*LOCAL)
    rest += [other for other in own.other if other in scope.directives]
    if own.upstream_host != host.headers.upstream_host:
        words = ("Host", own.upstream_host or "$host")
        file, _, line = place.rpartition(":")
        number = int(line) if line.isdecimal() else 0
        rest.append(Directive("proxy_set_header", words, file, number))
    text, doors = snippet(rest, "location", report, host.id)
    host.open_doors += doors
    if text:
        spec["advanced_config"] = text


def _denies_all(scope: Scope) -> Directive | None:
    """Return what keeps everybody out of a location that does nothing else."""
    if scope.own("allow", *CONTENT):
        return None
    for item in scope.own("deny", "return"):
        if item.args in (("all",), ("403",), ("404",), ("444",)):
            return item
    return None


def _untold(item: Directive, found: Path, report: Report, host: Host) -> None:
    """Say why a location has no place in the spec."""
    names = {inner.name for inner in item.inner}
    if found.path.lstrip("/^").startswith(CHALLENGE):
        report.note(item.place, "the hub answers the CA's challenges by itself", host.id)
    elif names & set(STATUS):
        report.note(item.place, "the hub asks nginx for its status by itself", host.id)
    else:
        host.open_doors += [inner for inner in item.inner if guards(inner)]
        what = "answers from files or scripts" if names & set(CONTENT) else "forwards nothing"
        todo = "requests for it go to the upstream now: serve it there"
        report.left_out(item.place, f"{item.words} {what}", todo, host.id)
