"""The raw part of a spec, put where it takes effect.

nginx forgets `add_header` and `proxy_set_header` of a server in each location that has its own:
so those go into every location, and a header that a snippet sets is not set by the hub as well.
"""

from dataclasses import dataclass
from typing import Final

from integrations.proxy.render.context import FlawError
from integrations.proxy.syntax import MalformedError, lint, parse

FIELD: Final = "advanced_config"
_PER_LOCATION: Final = frozenset({"add_header", "proxy_set_header"})
_PROGRAM: Final = frozenset({"set", "rewrite", "return", "break"})

Rows = list[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Snippet:
    """Directives that a user wrote."""

    early: Rows
    """Those that nginx follows one after the other, as in a program: they come first."""
    rows: Rows
    """The others, for the block they were written for."""
    repeated: Rows
    """For every location."""
    names: frozenset[str]
    """Of all its directives."""
    headers: frozenset[str]
    """Request headers that it sets, in small letters."""


NOTHING: Final = Snippet([], [], [], frozenset(), frozenset())
OVERRIDDEN: Final = frozenset(
    {
        *("client_max_body_size", "proxy_connect_timeout", "proxy_read_timeout"),
        *("proxy_send_timeout", "proxy_buffering", "proxy_request_buffering", "access_log"),
        *("proxy_http_version", "proxy_ssl_server_name", "proxy_ssl_name", "proxy_ssl_verify"),
        *("proxy_ssl_trusted_certificate", "ssl_protocols", "ssl_session_cache", "resolver"),
        *("ssl_session_timeout", "ssl_session_tickets", "limit_req_status", "limit_conn_status"),
        *("proxy_cache", "proxy_cache_key", "proxy_cache_lock", "proxy_cache_revalidate"),
        *("proxy_cache_use_stale", "proxy_cache_background_update", "limit_req", "limit_conn"),
        *("proxy_ssl_verify_depth", "resolver_timeout", "ssl_ciphers"),
    }
)
"""What a snippet may say better than the hub; nginx takes each once in a block."""


def read(text: str, level: str, field: str, base: str) -> Snippet:
    """Return a snippet taken apart; raises `FlawError` for what may not stand in one."""
    if not text:
        return NOTHING
    if found := lint(text, level, [base]):
        raise FlawError(field, "; ".join(f"line {line}: {told}" for line, told in found[:5]))
    try:
        statements = parse(text)
    except MalformedError as error:
        raise FlawError(field, str(error)) from None
    early: Rows = []
    rows: Rows = []
    repeated: Rows = []
    for one in statements:
        kept = early if one.name in _PROGRAM else rows
        if level == "server" and one.name in _PER_LOCATION:
            kept = repeated
        kept.append((field, " ".join(map(_quoted, one.words))))
    return Snippet(
        early,
        rows,
        repeated,
        frozenset(one.name for one in statements),
        frozenset(
            one.words[1].lower()
            for one in statements
            if one.name == "proxy_set_header" and len(one.words) > 1
        ),
    )


def _quoted(word: str) -> str:
    if word and not set(word) & set(" \t;{}\"'\\#"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def without(rows: Rows, names: frozenset[str]) -> Rows:
    """Leave out what a snippet says better."""
    hidden = names & OVERRIDDEN
    return [row for row in rows if row[1].partition(" ")[0] not in hidden] if hidden else rows
