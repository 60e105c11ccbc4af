"""`return` and `rewrite` that answer every request of a server: redirects and refusals."""

import re
from dataclasses import dataclass
from typing import Final

from integrations.proxy.importing.result import Report
from integrations.proxy.importing.scopes import Scope, variables
from integrations.proxy.importing.tree import Directive

CODES: Final = ("301", "302", "303", "307", "308")
REFUSALS: Final = ("400", "403", "404", "410", "444")
_ALL: Final = ("^", "^(.*)$", "^(.*)", "(.*)", "^/(.*)$", "^/(.*)", "^.*$", ".*")
_TARGET: Final = re.compile(
    r"(?P<scheme>https?|\$scheme)://(?P<name>[^/$\s]+)(?P<path>/[^$]*?)?"
    r"(?P<rest>\$request_uri|\$uri\$is_args\$args|\$uri|/?\$1)?"
)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a server sends all its visitors."""

    code: int
    scheme: str
    """`auto` = the one that was asked for."""
    name: str
    preserve_path: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server that has nothing."""

    code: int


Answer = Redirect | Refusal


def answer(item: Directive, scope: Scope, report: Report) -> Answer | None:
    """Return what a `return` or `rewrite` answers; None (and a finding) for what has no field."""
    if item.name == "rewrite":
        return _rewritten(item, scope, report)
    if len(item.args) == 1 and item.arg() in REFUSALS:
        return Refusal(int(item.arg()))
    code, target = ("302", item.arg()) if len(item.args) == 1 else (item.arg(0), item.arg(1))
    if code in CODES and (found := _redirect(int(code), scope.filled(target))) is not None:
        return found
    report.left_out(item.place, f"{item.words}: no resource answers this")
    return None


def _rewritten(item: Directive, scope: Scope, report: Report) -> Answer | None:
    flag = item.arg(2)
    code = {"permanent": 301, "redirect": 302, "": 302}.get(flag)
    target = scope.filled(item.arg(1))
    if item.arg(0) in _ALL and code is not None and "://" in target:
        found = _redirect(code, target.removesuffix("?"))
        if found is not None:
            return found
    report.left_out(item.place, f"{item.words}: no resource answers this")
    return None


def _redirect(code: int, target: str) -> Redirect | None:
    match = _TARGET.fullmatch(target)
    if match is None or variables(match["name"]):
        return None
    if match["path"] not in (None, "", "/"):
        return None
    scheme = "auto" if match["scheme"] == "$scheme" else match["scheme"]
    return Redirect(code, scheme, match["name"].lower(), match["rest"] is not None)
