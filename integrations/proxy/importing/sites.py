"""From `server` blocks to hosts, redirects and dead hosts: those of one name belong together."""

from collections.abc import Sequence
from typing import Final

from integrations.proxy.importing.blocks import Block
from integrations.proxy.importing.headers import headers
from integrations.proxy.importing.hosts import host, root_of
from integrations.proxy.importing.keys import Keys, first_domain
from integrations.proxy.importing.known import leftovers, snippet
from integrations.proxy.importing.locations import Around, path_of
from integrations.proxy.importing.redirects import Redirect, answer
from integrations.proxy.importing.result import Placement, Report, Spec
from integrations.proxy.importing.tls import Tls
from integrations.proxy.importing.tree import Directive

HOST: Final = "proxy.host"
REDIRECT: Final = "proxy.redirect"
DEAD_HOST: Final = "proxy.dead_host"
USUAL: Final = (80, 443)


class Sites:
    """Makes the resources of all `server` blocks of http."""

    def __init__(
        self, blocks: Sequence[Block], around: Around, tls: Tls, keys: Keys, placement: Placement
    ) -> None:
        """Place them as told."""
        self.documents: dict[str, Spec] = {}
        self._blocks = blocks
        self._around = around
        self._tls = tls
        self._keys = keys
        self._placement = placement
        self._report = around.report
        self._forced: set[str] = set()
        self._plain = {
            name
            for block in blocks
            if block.plain and not block.redirects_all
            for name in block.names
        }
        """Names that something else than a redirect answers by http."""
        self._done: dict[str, Block] = {}
        """The block that a name is taken over from."""

    def make(self) -> None:
        """Make them all: https first, because what is left of http is often only a redirect."""
        for block in self._blocks:
            self._forced |= block.forced
        own = [block for block in self._blocks if not block.redirects_all]
        for block in sorted(own, key=lambda block: not block.tls):
            self._make(block)
        for block in self._blocks:
            if block.redirects_all:
                self._only_redirect(block)

    def _make(self, block: Block) -> None:
        names = self._new_names(block)
        if not names:
            return
        root = root_of(block.scope)
        if root is not None:
            self._host(block, names, root)
            return
        found = _whole_answer(block)
        told = None if found is None else answer(found, block.scope, self._report)
        if told is None:
            if found is None:
                todo = "it stays as it is; make a proxy.host when something can answer for it"
                what = f"{', '.join(names)}: / is not forwarded"
                self._report.left_out(block.place, what, todo)
            return
        if isinstance(told, Redirect) and told.name in names:
            todo = f"make a proxy.host for {told.name}, and redirect the other names to it"
            self._report.left_out(block.place, f"redirects {told.name} to itself", todo)
            return
        kind = REDIRECT if isinstance(told, Redirect) else DEAD_HOST
        made = self._id(kind, names)
        spec: Spec = {"domain_names": names, **self._placement.fields()}
        if isinstance(told, Redirect):
            spec |= {
                "forward_http_code": told.code,
                "forward_scheme": told.scheme,
                "forward_domain_name": told.name,
                "preserve_path": told.preserve_path,
            }
        elif told.code != 404:
            self._report.note(block.place, f"answers 404, no longer {told.code}", made)
        self._others(block, found, made)
        self._finish(block, names, made, spec)

    def _host(self, block: Block, names: list[str], root: Directive) -> None:
        made = self._id(HOST, names)
        words = first_domain(names, "site")
        spec = host(block, root, made, words, self._around)
        if spec is not None:
            self._finish(
                block,
                names,
                made,
                {"domain_names": names, **self._placement.fields(), **spec},
                root,
            )

    def _finish(
        self, block: Block, names: list[str], id: str, spec: Spec, root: Directive | None = None
    ) -> None:
        """Add TLS, and keep the resource."""
        for name in names:
            self._done[name] = block
        if block.tls:
            key = self._tls.of(block.scope, id)
            if key is not None:
                spec |= {"certificate_id": key, "http2_support": block.http2}
                self._https(block, names, id, spec, root)
            elif not block.scope.all("ssl_certificate"):
                self._report.note(block.place, "https without a certificate answers nothing", id)
        if block.http3 and "certificate_id" in spec and id.startswith(HOST):
            spec["http3_support"] = True
        odd = sorted({it.port for it in block.listens if it.port not in USUAL and not it.unix})
        if odd:
            ports = ", ".join(map(str, odd))
            todo = "the hub's servers answer on http_port and https_port of proxy.server"
            self._report.do(block.place, f"it listens on {ports}", todo, id)
        self.documents[id] = spec

    def _https(
        self, block: Block, names: list[str], id: str, spec: Spec, root: Directive | None
    ) -> None:
        plain = block.plain or any(name in self._plain for name in names)
        asked = bool(set(names) & self._forced)
        spec["ssl_forced"] = asked or not plain
        if not asked and not plain:
            self._report.note(block.place, "http is sent on to https; before, nothing answered", id)
        scope = block.scope
        if root is not None:
            from integrations.proxy.importing.scopes import Scope

            scope = Scope(root.inner, block.scope)
        hsts = headers(scope, Report()).hsts
        if hsts.get("hsts_enabled") and spec["ssl_forced"]:
            spec |= hsts
        elif hsts.get("hsts_enabled"):
            todo = "set ssl_forced and hsts_enabled when all answers by https"
            self._report.left_out(block.place, "Strict-Transport-Security", todo, id)

    def _new_names(self, block: Block) -> list[str]:
        """Return the names of a block that no other has answered for."""
        names = [name for name in block.names if name not in self._done]
        for name in block.names:
            if name in self._done and not self._same(block, self._done[name]):
                there = self._done[name].place
                words = f"{name} is answered otherwise than in {there}"
                self._report.left_out(block.place, words, f"{there} counts: compare the two")
        if not block.names:
            self._nameless(block)
        return names

    def _nameless(self, block: Block) -> None:
        """Tell about a server for names that no other has."""
        todo = "see default_site of proxy.server"
        if root_of(block.scope) is not None:
            todo = "make a proxy.host with the domain names that it answers"
        what = "answers every name" if block.default else "has no name that can be kept"
        self._report.left_out(block.place, f"the server {what}: it is not taken over", todo)

    def _same(self, block: Block, other: Block) -> bool:
        """Tell whether two blocks of one name (http and https) lead to the same place."""
        mine, theirs = root_of(block.scope), root_of(other.scope)
        if mine is None or theirs is None:
            return False
        first, second = ([(item.name, item.args) for item in root.inner] for root in (mine, theirs))
        return first == second

    def _only_redirect(self, block: Block) -> None:
        missing = [name for name in block.forced if name not in self._done]
        if missing:
            words = f"{', '.join(sorted(missing))}: sent on to https, where nothing is taken over"
            self._report.left_out(block.place, words)

    def _others(self, block: Block, main: Directive | None, id: str) -> None:
        """Tell what a redirect or dead host does beside its answer."""
        for item in block.scope.own("location"):
            path = path_of(item.args)
            if path is not None and path.is_all:
                continue
            if "acme-challenge" in item.words:
                self._report.note(item.place, "the hub answers the CA's challenges by itself", id)
            else:
                self._report.left_out(item.place, item.words, "", id)
        rest = [
            item
            for item in leftovers(block.scope.directives, self._report, id)
            if item is not main and item.name != "if"
        ]
        text, _ = snippet(rest, "server", self._report, id)
        if text:
            self._report.left_out(block.place, " ".join(text.split()), "", id)

    def _id(self, type: str, names: list[str]) -> str:
        return f"{type}/{self._keys.of(type, first_domain(names, 'site'))}"


def _whole_answer(block: Block) -> Directive | None:
    """Return the `return` or `rewrite` that answers every path of a server."""
    for item in block.scope.own("return", "rewrite"):
        return item
    for item in block.scope.own("location"):
        path = path_of(item.args)
        if path is not None and path.is_all:
            found = [inner for inner in item.inner if inner.name in ("return", "rewrite")]
            return found[0] if found else None
    return None
