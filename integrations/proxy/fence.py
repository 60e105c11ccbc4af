"""Which directives of nginx a snippet may not hold, and why."""

import re
from collections.abc import Callable, Sequence
from typing import Final

Check = Callable[[Sequence[str], str], str | None]
"""Given a directive's arguments and the level, says what stands against it."""

_NAMED: Final = {
    **dict.fromkeys(("include", "load_module"), "would bring in what no one has looked at"),
    **dict.fromkeys(
        ("listen", "server_name", "http2", "http3"), "the hub writes it from the other fields"
    ),
    **dict.fromkeys(
        ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"),
        "where requests go is told by forward_host and locations",
    ),
    **dict.fromkeys(("ssl_reject_handshake", "ssl_password_file"), "fill certificate_id instead"),
    **dict.fromkeys(
        ("proxy_store", "dav_methods", "create_full_put_path", "proxy_cache_path"),
        "would let requests write files",
    ),
    **dict.fromkeys(
        (
            "client_body_temp_path",
            "proxy_temp_path",
            "fastcgi_temp_path",
            "uwsgi_temp_path",
            "scgi_temp_path",
            "fastcgi_cache_path",
            "uwsgi_cache_path",
            "scgi_cache_path",
        ),
        "would make nginx write elsewhere",
    ),
    **dict.fromkeys(
        (
            "user",
            "daemon",
            "pid",
            "env",
            "master_process",
            "lock_file",
            "working_directory",
            "debug_points",
            "thread_pool",
            "events",
            "http",
            "stream",
            "mail",
            "server",
            "location",
            "upstream",
            "if",
            "map",
            "geo",
            "types",
            "limit_except",
        ),
        "belongs to another place of the configuration",
    ),
}
_PATTERNS: Final = (
    (re.compile(r"ssl_certificate.*"), "fill certificate_id instead"),
    (re.compile(r"(worker|ssl_engine).*"), "belongs to the whole nginx"),
    (re.compile(r"lua_.*|.*_by_lua.*|perl.*|js_.*"), "would run a program inside nginx"),
)


def _off(arguments: Sequence[str], _level: str) -> str | None:
    undoes = [word.lower() for word in arguments] == ["off"]
    return "would undo an access list; use `public` of a location" if undoes else None


def _any(arguments: Sequence[str], _level: str) -> str | None:
    undoes = "any" in [word.lower() for word in arguments]
    return "would undo an access list; use its satisfy_any" if undoes else None


def _allow_all(arguments: Sequence[str], _level: str) -> str | None:
    undoes = {"all", "0.0.0.0/0", "::/0"} & {word.lower() for word in arguments}
    return "would undo an access list; use `public` of a location" if undoes else None


def _no_file(arguments: Sequence[str], _level: str) -> str | None:
    return None if list(arguments) == ["off"] else "only `off`: logs have their own place"


def _never(_arguments: Sequence[str], _level: str) -> str | None:
    return "logs have their own place"


def _early(_arguments: Sequence[str], level: str) -> str | None:
    early = "would come before the answer to certificate challenges; use it in a location"
    return early if level == "server" else None


def _own_variable(arguments: Sequence[str], _level: str) -> str | None:
    own = bool(arguments) and arguments[0].lower().startswith(("$hub_", "${hub_"))
    return "variables that begin with $hub_ are the hub's own" if own else None


_CHECKED: Final[dict[str, Check]] = {
    "auth_basic": _off,
    "auth_request": _off,
    "satisfy": _any,
    "allow": _allow_all,
    "access_log": _no_file,
    "error_log": _never,
    "return": _early,
    "rewrite": _early,
    "break": _early,
    "set": _own_variable,
    "auth_request_set": _own_variable,
}


def _below(path: str, trees: Sequence[str]) -> bool:
    return any(path == tree or path.startswith(f"{tree.rstrip('/')}/") for tree in trees)


def _served(arguments: Sequence[str], trees: Sequence[str]) -> str | None:
    """Say what stands against serving the files of a folder."""
    path = arguments[0] if len(arguments) == 1 else ""
    if not path.startswith("/") or "$" in path or ".." in path.split("/"):
        return "expected one absolute folder, without variables"
    folder = path.rstrip("/") or "/"
    inside = _below(folder, trees) or any(_below(tree, [folder]) for tree in trees)
    return "would serve configuration, keys or passwords" if inside else None


SECRET_TREES: Final = ("/etc", "/root", "/proc", "/sys", "/dev", "/run/secrets")
"""What no host serves; the hub's own tree comes beside."""


def against(name: str, arguments: Sequence[str], level: str, trees: Sequence[str]) -> str | None:
    """Say what stands against a directive; None = nothing."""
    if name in _NAMED:
        return _NAMED[name]
    if name in ("root", "alias"):
        return _served(arguments, (*SECRET_TREES, *trees))
    if name in _CHECKED:
        return _CHECKED[name](arguments, level)
    return next((told for pattern, told in _PATTERNS if pattern.fullmatch(name)), None)
