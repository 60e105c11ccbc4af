"""`auth_request` with what belongs to it, as the field `forward_auth`."""

import re
from typing import Final

from integrations.proxy.importing.backends import Backends
from integrations.proxy.importing.result import Report, Spec
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.tree import Directive

_FROM_AUTH: Final = re.compile(r"\$upstream_http_(\w+)")
_SIGN_IN: Final = re.compile(r"(https?://[^?$\s]+).*")


def forward_auth(
    scope: Scope, server: Scope, backends: Backends, report: Report
) -> tuple[Spec, list[Directive]]:
    """Return the field and the directives that it stands for; empty when none is asked.

    A service that can not be found leaves an empty field and the directive in no list, so that
    the caller sees a door that is open.
    """
    asked = scope.last("auth_request")
    if asked is None or asked.arg() == "off":
        return {}, []
    inner = next(
        (item for item in server.own("location") if item.last.lstrip("=") == asked.arg()), None
    )
    passes = Scope(inner.inner, server).own("proxy_pass") if inner is not None else []
    if inner is None or not passes:
        report.left_out(asked.place, f"{asked.words}: no location {asked.arg()} forwards it")
        return {}, []
    within = Scope(inner.inner, server)
    backend = backends.http(passes[-1], within)
    if backend is None:
        return {}, []
    host = f"[{backend.host}]" if ":" in backend.host else backend.host
    path = backend.path or asked.arg()
    found: Spec = {"url": f"{backend.scheme}://{host}:{backend.port}{path}"}
    used = [asked, inner]
    given = {item.arg(0): item for item in scope.all("auth_request_set")}
    names = []
    for item in scope.all("proxy_set_header"):
        source = given.get(item.arg(1))
        match = _FROM_AUTH.fullmatch(source.arg(1)) if source is not None else None
        if source is not None and match is not None:
            names.append(item.arg(0))
            used += [item, source]
    if names:
        found["response_headers"] = names
    errors = [item for item in scope.all("error_page") if item.arg() == "401"]
    for item in errors:
        if (url := _sign_in(item.last, server)) is not None:
            found["sign_in_url"] = url
            used.append(item)
    return found, used


def _sign_in(target: str, server: Scope) -> str | None:
    """Return the page that `error_page 401` leads to, through a named location if need be."""
    for item in server.own("location"):
        if item.args == (target,):
            returns = [inner for inner in item.inner if inner.name == "return"]
            target = returns[0].last if returns else ""
    match = _SIGN_IN.fullmatch(server.filled(target))
    return match[1] if match is not None else None
