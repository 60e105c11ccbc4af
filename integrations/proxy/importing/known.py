"""Directives by what becomes of them: fields, notes, or lines of the report."""

from collections.abc import Sequence
from typing import Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.result import Report
from integrations.proxy.importing.tree import Directive, walk

CHALLENGE: Final = ".well-known/acme-challenge"
CONTENT: Final = (
    *("root", "alias", "try_files", "index", "fastcgi_pass", "uwsgi_pass", "scgi_pass"),
    *("grpc_pass", "memcached_pass", "empty_gif", "autoindex", "mp4", "flv", "dav_methods"),
)
"""What answers from files or by another protocol."""
STATUS: Final = ("stub_status", "api", "status")

GUARDED: Final = (
    *("allow", "deny", "satisfy", "auth_basic", "auth_basic_user_file", "auth_request"),
    *("auth_jwt", "ssl_verify_client", "internal", "secure_link", "valid_referers", "limit_except"),
)
"""Directives that keep somebody out."""

TAKEN: Final = frozenset(
    (
        *("proxy_pass", "proxy_set_header", "add_header", "set", "location", "return", "rewrite"),
        *("allow", "deny", "satisfy", "auth_basic", "auth_basic_user_file", "auth_request"),
        *("auth_request_set", "limit_req", "limit_conn", "listen", "server_name", "http2", "ssl"),
        *("http3", "ssl_certificate", "ssl_certificate_key", "client_max_body_size"),
        *("proxy_connect_timeout", "proxy_read_timeout", "proxy_send_timeout", "proxy_buffering"),
        *("proxy_ssl_verify", "break"),
    )
)
"""Directives that become fields."""

NOTED: Final = {
    **dict.fromkeys(("access_log", "error_log", "log_not_found"), "the hub has a log of its own"),
    **dict.fromkeys(
        (
            *("ssl_protocols", "ssl_ciphers", "ssl_prefer_server_ciphers", "ssl_session_cache"),
            *("ssl_session_timeout", "ssl_session_tickets", "ssl_dhparam", "ssl_ecdh_curve"),
            *("ssl_stapling", "ssl_stapling_verify", "ssl_trusted_certificate", "ssl_buffer_size"),
            *("ssl_early_data", "ssl_conf_command"),
        ),
        "the hub sets TLS up by itself",
    ),
    **dict.fromkeys(
        (
            *("proxy_http_version", "proxy_cache_bypass", "proxy_no_cache", "server_tokens"),
            *("proxy_pass_request_headers", "limit_req_status", "limit_conn_status", "resolver"),
            *("resolver_timeout", "proxy_ssl_server_name", "proxy_ssl_name", "quic_retry"),
            *("ssl_reject_handshake", "http2_max_concurrent_streams"),
        ),
        "the hub sets it by itself",
    ),
    **dict.fromkeys(
        ("root", "index", "autoindex"), "a proxy serves no files; they stay where they are"
    ),
}
"""Directives that are not needed any more, with the reason."""


def leftovers(directives: Sequence[Directive], report: Report, about: str) -> list[Directive]:
    """Return the directives that no field stands for; what is not needed any more is noted."""
    found = []
    for item in directives:
        if item.name in NOTED:
            report.note(item.place, f"{item.name}: {NOTED[item.name]}", about)
        elif item.name not in TAKEN:
            found.append(item)
    return found


def snippet(
    directives: Sequence[Directive], level: str, report: Report, about: str
) -> tuple[str, list[Directive]]:
    """Return the text of a snippet, and those refused directives that kept somebody out."""
    text, refused = fits.snippet(directives, level, report, about)
    return text, [item for item in refused if guards(item)]


def guards(item: Directive) -> bool:
    """Tell whether a directive keeps somebody out, itself or by what is in its block."""
    if item.name == "if":
        return any(inner.name == "return" and inner.arg()[:1] == "4" for inner in walk(item.inner))
    off = item.arg() in ("off", "none")
    return (item.name in GUARDED and not off) or any(map(guards, item.inner))
