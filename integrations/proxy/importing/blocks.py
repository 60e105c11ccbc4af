"""The `server` blocks of http: names, ports, and what they answer."""

import re
from dataclasses import dataclass, field
from typing import Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.result import Report
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.tree import Directive

CATCH_ALL: Final = ("_", "", "localhost", "default", "default_server", "*", "''", "invalid")
_PORT: Final = re.compile(r"(?:(?P<host>.+):)?(?P<port>\d+)")
_RETURN_TO_TLS: Final = re.compile(
    r"https://(?P<host>[^/$]+|\$(?:host|server_name|http_host|ssl_server_name))(?::443)?"
    r"(?P<path>\$request_uri|\$uri|\$1|/\$1|\$uri\$is_args\$args)?/?"
)


@dataclass(frozen=True, slots=True)
class Listen:
    """One `listen`."""

    port: int
    tls: bool
    default: bool
    http2: bool
    quic: bool
    proxy_protocol: bool
    unix: bool = False


@dataclass(slots=True)
class Block:
    """One `server` block."""

    item: Directive
    scope: Scope
    names: list[str]
    listens: list[Listen]
    forced: set[str] = field(default_factory=set)
    """Names that it sends from http on to https, under the same name."""
    redirects_all: bool = False
    """It does nothing else."""

    @property
    def place(self) -> str:
        """Return where it begins."""
        return self.item.place

    @property
    def tls(self) -> bool:
        """Tell whether it answers https."""
        return any(listen.tls for listen in self.listens)

    @property
    def plain(self) -> bool:
        """Tell whether it answers http."""
        return any(not listen.tls for listen in self.listens)

    @property
    def default(self) -> bool:
        """Tell whether it answers what no other block does."""
        return any(listen.default for listen in self.listens)

    @property
    def http2(self) -> bool:
        """Tell whether it speaks HTTP/2."""
        return self.scope.is_on("http2") or any(listen.http2 for listen in self.listens)

    @property
    def http3(self) -> bool:
        """Tell whether it speaks HTTP/3."""
        return any(listen.quic for listen in self.listens)


def block(item: Directive, http: Scope, report: Report) -> Block:
    """Return what a `server` block says of itself."""
    scope = Scope(item.inner, http)
    listens = [_listen(found, scope) for found in scope.own("listen")]
    found = Block(item, scope, _names(scope, report), listens or [Listen(80, *(False,) * 5)])
    for listen in scope.own("listen"):
        if "proxy_protocol" in listen.args:
            todo = "see that nothing before this server sends it, or leave the site as it is"
            report.left_out(listen.place, "proxy_protocol of a website is not known", todo)
    _find_forced(found)
    return found


def _listen(item: Directive, scope: Scope) -> Listen:
    words = item.args[1:]
    match = _PORT.fullmatch(item.arg())
    tls = "ssl" in words or "quic" in words or scope.is_on("ssl")
    return Listen(
        port=int(match["port"]) if match is not None else 80,
        tls=tls,
        default="default_server" in words or "default" in words,
        http2="http2" in words,
        quic="quic" in words,
        proxy_protocol="proxy_protocol" in words,
        unix=item.arg().startswith("unix:"),
    )


def _names(scope: Scope, report: Report) -> list[str]:
    """Return the names that the hub can keep; the others go to the report."""
    found: list[str] = []
    for item in scope.own("server_name"):
        for word in item.args:
            if word in CATCH_ALL:
                continue
            wanted = [word[1:], f"*{word}"] if word.startswith(".") else [word.lower()]
            for name in wanted:
                known = fits.domain(name)
                if known is None:
                    todo = "name each domain; *.example.com stands for all below one"
                    report.left_out(item.place, f"the name {name} can not be kept", todo)
                elif known not in found:
                    found.append(known)
    return found


def _find_forced(found: Block) -> None:
    """See whether a block does nothing but send its names on to https."""
    scope = found.scope
    for condition in scope.own("if"):
        names = _forced_if(condition, found)
        found.forced |= names
    main = _main_return(scope)
    if main is not None and _to_tls(main, found.names):
        found.forced |= set(found.names)
        found.redirects_all = True
    elif main is not None and found.forced and main.arg() in ("404", "444", "403"):
        # certbot: `if ($host = a) { return 301 https://$host$request_uri; } return 404;`
        found.redirects_all = True


def is_force(item: Directive, found: Block) -> bool:
    """Tell whether an `if` only sends http on to https."""
    return bool(_forced_if(item, found))


def _forced_if(item: Directive, found: Block) -> set[str]:
    if len(item.inner) != 1 or not _to_tls(item.inner[0], found.names):
        return set()
    words = item.args
    if words in (("$scheme", "=", "http"), ("$https", "=", ""), ("$scheme", "!=", "https"),
                 ("$server_port", "=", "80"), ("$ssl_protocol", "=", "")):  # fmt: skip
        return set(found.names)
    if len(words) == 3 and words[:2] == ("$host", "=") and not found.tls:
        known = fits.domain(words[2])
        return {known} if known is not None else set()
    return set()


def _main_return(scope: Scope) -> Directive | None:
    """Return what answers every path: of the server, or of `location /` alone."""
    found = scope.own("return", "rewrite")
    if found:
        return found[0]
    for location in scope.own("location"):
        if location.args == ("/",):
            inside = [item for item in location.inner if item.name in ("return", "rewrite")]
            return inside[0] if inside else None
    return None


def _to_tls(item: Directive, names: list[str]) -> bool:
    """Tell whether a `return` or `rewrite` goes to the same name and path by https."""
    if item.name == "return":
        target = item.last
        if item.arg() not in ("301", "302", "303", "307", "308") and len(item.args) > 1:
            return False
    elif item.name == "rewrite" and item.arg() in (
        "^",
        "^(.*)$",
        "^(.*)",
        "^/(.*)$",
        "^/(.*)",
        ".*",
    ):
        target = item.arg(1).removesuffix("?")
    else:
        return False
    match = _RETURN_TO_TLS.fullmatch(target)
    if match is None or match["path"] is None:
        return False
    host = match["host"]
    return host.startswith("$") or names == [host.lower()]
