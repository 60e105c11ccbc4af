"""Rate limits, time-outs and sizes as fields."""

import re
from collections.abc import Mapping
from typing import Final

from integrations.proxy.importing.backends import seconds
from integrations.proxy.importing.result import Report, Spec
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.tree import Directive

TIMEOUTS: Final = {
    "proxy_connect_timeout": ("connect", 75),
    "proxy_read_timeout": ("read", 86400),
    "proxy_send_timeout": ("send", 86400),
}
"""Directive -> field and the longest it takes."""
_RATE: Final = re.compile(r"(\d+)r/([sm])")
_PER: Final = {"s": "second", "m": "minute"}
_CLIENT: Final = ("$binary_remote_addr", "$remote_addr")


class Zones:
    """The zones of `limit_req_zone` and `limit_conn_zone`, which stand outside of servers."""

    def __init__(self, http: Scope) -> None:
        """Know the zones of the `http` block."""
        self._requests = {_zone(item): item for item in http.own("limit_req_zone")}
        self._connections = {_zone(item): item for item in http.own("limit_conn_zone")}

    def limit(self, scope: Scope, report: Report) -> Spec:
        """Return the field `rate_limit` in force in a block; empty when there is none."""
        found: Spec = {}
        for item in scope.all("limit_req"):
            self._request(item, found, report)
        for item in scope.all("limit_conn"):
            zone = self._connections.get(item.arg(0))
            if zone is None or zone.arg(0) not in _CLIENT or "connections" in found:
                _refuse(item, report)
            elif item.arg(1).isdecimal():
                found["connections"] = int(item.arg(1))
        return found

    def _request(self, item: Directive, found: Spec, report: Report) -> None:
        words = _named(item.args)
        zone = self._requests.get(words.get("zone", ""))
        rate = _RATE.fullmatch(_named(zone.args).get("rate", "")) if zone is not None else None
        if zone is None or rate is None or zone.arg(0) not in _CLIENT or "requests" in found:
            _refuse(item, report)
            return
        found["requests"], found["per"] = int(rate[1]), _PER[rate[2]]
        if words.get("burst", "").isdecimal():
            found["burst"] = int(words["burst"])
        found["nodelay"] = "nodelay" in item.args
        if "delay" in words:
            report.left_out(item.place, f"delay={words['delay']} of {item.words}")


def timeouts(scope: Scope, report: Report) -> Spec:
    """Return the field `timeouts` in force in a block; empty when nothing is said."""
    found: Spec = {}
    for name, (field, most) in TIMEOUTS.items():
        item = scope.last(name)
        if item is None:
            continue
        time = seconds(item.arg())
        if time is None:
            report.left_out(item.place, item.words)
            continue
        found[field] = min(time, most)
        if time > most:
            report.note(item.place, f"{item.words}: {most} s is the longest")
    return found


def body_size(scope: Scope) -> str:
    """Return the field `max_body_size`; nginx's own default where nothing is said."""
    return scope.word("client_max_body_size").lower() or "1m"


def _zone(item: Directive) -> str:
    return _named(item.args).get("zone", "").partition(":")[0]


def _named(words: tuple[str, ...]) -> Mapping[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in words) if value}


def _refuse(item: Directive, report: Report) -> None:
    todo = "only one limit by the client's address is known: see the field rate_limit"
    report.left_out(item.place, item.words, todo)
