"""Where requests go: `proxy_pass` with its variables and `upstream` blocks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.proxy.importing.result import Report, Spec
from integrations.proxy.importing.scopes import Scope, variables
from integrations.proxy.importing.tree import Directive

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_TARGET: Final = re.compile(
    r"(?:(?P<scheme>\w+)://)?(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]/:$\s]+)(?::(?P<port>\d+))?(?P<path>/.*)?"
)
_WHOLE: Final = ("$request_uri", "$uri$is_args$args", "$uri")
"""Endings that pass the request's own path on."""
_BALANCE: Final = {"least_conn": "least_conn", "ip_hash": "ip_hash"}
_UNHEARD: Final = ("zone", "keepalive_timeout", "keepalive_requests", "keepalive_time")


@dataclass(frozen=True, slots=True)
class Backend:
    """One target of requests."""

    scheme: str
    host: str
    port: int
    path: str | None = None
    """What takes the place of the matched part of the path; None = the path goes on as it is."""
    upstreams: tuple[Mapping[str, Any], ...] = ()
    balance: str = "round_robin"
    keepalive: int = 0
    name: str = ""
    """The host as nginx sends it when nothing says otherwise (`$proxy_host`)."""

    @property
    def target(self) -> tuple[Any, ...]:
        """Return what makes two backends the same."""
        several = tuple(tuple(sorted(one.items())) for one in self.upstreams)
        return (self.scheme, self.host, self.port, several)

    def single(self) -> Spec:
        """Return the fields of one target, as locations have them."""
        found: Spec = {
            "forward_scheme": self.scheme,
            "forward_host": self.host,
            "forward_port": self.port,
        }
        if self.path is not None:
            found["forward_path"] = self.path
        return found

    def fields(self) -> Spec:
        """Return the fields of a host."""
        if not self.upstreams:
            found = self.single()
            found.pop("forward_path", None)
            return found
        found = {"forward_scheme": self.scheme, "upstreams": [dict(it) for it in self.upstreams]}
        if self.balance != "round_robin":
            found["balance"] = self.balance
        if self.keepalive:
            found["keepalive"] = self.keepalive
        return found


class Backends:
    """Finds the targets of one tree."""

    def __init__(self, upstreams: Mapping[str, Directive], report: Report) -> None:
        """Know the `upstream` blocks by their names."""
        self._upstreams = upstreams
        self._report = report
        self.used: set[str] = set()

    def http(self, item: Directive, scope: Scope) -> Backend | None:
        """Return what a `proxy_pass` of http means; None (and a finding) when it can not be."""
        return self._read(item, scope, "")

    def stream(self, item: Directive, scope: Scope) -> Backend | None:
        """Return what a `proxy_pass` of stream means."""
        return self._read(item, scope, "tcp")

    def _read(self, item: Directive, scope: Scope, scheme: str) -> Backend | None:
        text = scope.filled(item.arg())
        whole = next((end for end in _WHOLE if text.endswith(end)), "")
        text = text.removesuffix(whole)
        if "unix:" in text:
            return self._refused(item, "a unix socket can not be named")
        match = _TARGET.fullmatch(text)
        if match is None or variables(text):
            return self._refused(item, "where it leads is only known per request")
        scheme = match["scheme"] or scheme
        if scheme not in ("http", "https", "tcp"):
            return self._refused(
                item, f"{scheme or 'a target without http://'} is not forwarded to"
            )
        host, path = match["host"], match["path"]
        if whole and path not in (None, "/"):
            return self._refused(item, "a path before the request's own path is not kept")
        path = None if whole else path
        if host in self._upstreams and match["port"] is None:
            return self._balanced(self._upstreams[host], scheme, path)
        if match["port"] is None and scheme == "tcp":
            return self._refused(item, "it names no port")
        port = int(match["port"] or DEFAULT_PORTS[scheme])
        shown = (
            host if match["port"] is None or port == DEFAULT_PORTS.get(scheme) else f"{host}:{port}"
        )
        return Backend(scheme, host.strip("[]"), port, path, name=shown)

    def _balanced(self, block: Directive, scheme: str, path: str | None) -> Backend | None:
        """Return the servers of an `upstream` block."""
        self.used.add(block.arg())
        servers, balance, keepalive = [], "round_robin", 0
        for item in block.inner:
            if item.name == "server":
                server = self._server(item)
                if server is None:
                    return None
                servers.append(server)
            elif item.name in _BALANCE:
                balance = _BALANCE[item.name]
            elif item.name == "keepalive":
                keepalive = int(item.arg()) if item.arg().isdecimal() else 0
            elif item.name in _UNHEARD:
                self._report.note(item.place, f"{item.words}: left to nginx's default")
            else:
                todo = "the servers are balanced by turns; choose with the field balance"
                self._report.left_out(item.place, item.words, todo)
        if not servers:
            return self._refused(block, "it has no server")
        first = servers[0]
        if len(servers) == 1 and not keepalive and set(first) == {"host", "port"}:
            return Backend(scheme, first["host"], first["port"], path, name=block.arg())
        return Backend(
            scheme,
            first["host"],
            first["port"],
            path,
            tuple(servers),
            balance,
            keepalive,
            block.arg(),
        )

    def _server(self, item: Directive) -> Spec | None:
        """Return one server; its port is 80 when none is named, whatever the scheme."""
        match = _TARGET.fullmatch(item.arg())
        if match is None or match["scheme"] or match["path"]:
            self._refused(item, "only names and addresses with a port can be named")
            return None
        found: Spec = {
            "host": match["host"].strip("[]"),
            "port": int(match["port"] or 80),
        }
        for word in item.args[1:]:
            name, _, value = word.partition("=")
            if name in ("weight", "max_fails") and value.isdecimal():
                found[name] = int(value)
            elif name == "fail_timeout" and (time := seconds(value)) is not None:
                found[name] = time
            elif word in ("backup", "down"):
                found[word] = True
            elif word == "resolve":
                self._report.note(item.place, "names are always resolved while nginx runs")
            else:
                self._report.left_out(item.place, f"{word} of {item.words}")
        return found

    def _refused(self, item: Directive, why: str) -> Backend | None:
        todo = "write the target into forward_host and forward_port by hand"
        self._report.left_out(item.place, f"{item.words}: {why}", todo)
        return None


_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "": 1}


def seconds(text: str) -> int | None:
    """Return a time of nginx in whole seconds, at least 1; None when it is none.

    Units as in nginx.org/en/docs/syntax.html; `1h 30m` is written `1h30m`.
    """
    parts = re.findall(r"(\d+)(ms|[smhdw]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return max(1, round(sum(int(number) * _UNITS[unit] for number, unit in parts)))
