"""`server` blocks of stream, as `proxy.stream`."""

import re
from typing import Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.backends import Backend, Backends, seconds
from integrations.proxy.importing.keys import Keys
from integrations.proxy.importing.result import Placement, Report, Spec
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.tls import Tls
from integrations.proxy.importing.tree import Directive

TYPE: Final = "proxy.stream"
_PORT: Final = re.compile(r"(?:.+:)?(?P<first>\d+)(?:-(?P<last>\d+))?")
TIMEOUTS: Final = (("connect", "proxy_connect_timeout", 75), ("idle", "proxy_timeout", 86400))
_TAKEN: Final = (
    *("listen", "proxy_pass", "allow", "deny", "proxy_protocol", "proxy_connect_timeout"),
    *("proxy_timeout", "ssl_certificate", "ssl_certificate_key", "access_log", "error_log", "set"),
    *("ssl_protocols", "ssl_ciphers", "ssl_session_cache", "ssl_session_timeout", "resolver"),
    *("ssl_prefer_server_ciphers", "ssl_session_tickets", "ssl_dhparam", "resolver_timeout"),
)


class Streams:
    """Makes the streams of a tree; TCP and UDP of one port and target are one."""

    def __init__(
        self, backends: Backends, tls: Tls, keys: Keys, placement: Placement, report: Report
    ) -> None:
        """Place them as told."""
        self.documents: dict[str, Spec] = {}
        self._backends = backends
        self._tls = tls
        self._keys = keys
        self._placement = placement
        self._report = report
        self._made: dict[tuple[object, ...], Spec] = {}

    def add(self, item: Directive, above: Scope) -> None:
        """Take one `server` block over."""
        scope = Scope(item.inner, above)
        passes = scope.own("proxy_pass")
        if not passes:
            self._report.left_out(item.place, f"{item.words} forwards nothing")
            return
        backend = self._backends.stream(passes[-1], scope)
        if backend is None:
            return
        for listen in scope.own("listen"):
            self._listen(listen, scope, backend)

    def _listen(self, item: Directive, scope: Scope, backend: Backend) -> None:
        match = _PORT.fullmatch(item.arg())
        if match is None or match["last"]:
            todo = "make a proxy.stream for each port"
            self._report.left_out(item.place, f"{item.words}: one port is one stream", todo)
            return
        port, udp = int(match["first"]), "udp" in item.args
        same = (port, backend.target)
        known = self._made.get(same)
        plain = "ssl" not in item.args and not scope.is_on("proxy_protocol")
        if known is not None and plain and not known.keys() & {"certificate_id", "proxy_protocol"}:
            known["udp_forwarding" if udp else "tcp_forwarding"] = True
            return
        made = f"{TYPE}/{self._keys.of(TYPE, f'port-{port}', 'udp' if udp else 'tcp')}"
        spec = self._made[same] = self.documents[made] = self._spec(port, udp, scope, backend, made)
        if "ssl" in item.args and (key := self._tls.of(scope, made)) is not None:
            spec["certificate_id"] = key
        elif "ssl" in item.args:
            spec["enabled"] = False
            todo = "fill certificate_id, then set enabled"
            self._report.do(item.place, "off, because it has no certificate", todo, made)
        if "proxy_protocol" in item.args:
            self._report.left_out(item.place, "proxy_protocol of what comes in", "", made)

    def _spec(self, port: int, udp: bool, scope: Scope, backend: Backend, id: str) -> Spec:
        spec: Spec = self._placement.fields() | {
            "incoming_port": port,
            "tcp_forwarding": not udp,
            "udp_forwarding": udp,
        }
        if backend.upstreams:
            spec["upstreams"] = [dict(one) for one in backend.upstreams]
            if backend.balance != "round_robin":
                words = f"{backend.balance} of {backend.name}: the servers take turns"
                self._report.left_out(scope.own("proxy_pass")[-1].place, words, "", id)
        else:
            spec |= {"forwarding_host": backend.host, "forwarding_port": backend.port}
        rules = scope.all("allow", "deny")
        if rules:
            spec["access"] = [
                {"address": fits.network(item.arg()) or item.arg(), "directive": item.name}
                for item in rules
            ]
            if rules[-1].arg() != "all":
                spec["access"].append({"address": "all", "directive": "allow"})
        if scope.is_on("proxy_protocol"):
            spec["proxy_protocol"] = True
        times = {
            name: min(time, most)
            for name, directive, most in TIMEOUTS
            if (time := seconds(scope.word(directive))) is not None
        }
        if times:
            spec["timeouts"] = times
        for item in scope.directives:
            if item.name not in _TAKEN:
                self._report.left_out(item.place, item.words, "", id)
        return spec
