"""An nginx tree as resources: what forwards is taken over, all else is told with file and line."""

from typing import Final

from integrations.proxy.importing.backends import Backends
from integrations.proxy.importing.blocks import block
from integrations.proxy.importing.certificates import Certificates
from integrations.proxy.importing.keys import Keys
from integrations.proxy.importing.limits import Zones
from integrations.proxy.importing.lists import AccessLists
from integrations.proxy.importing.locations import Around
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Imported, Report, arranged
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.sites import Sites
from integrations.proxy.importing.sources import Source
from integrations.proxy.importing.streams import Streams
from integrations.proxy.importing.tls import Tls
from integrations.proxy.importing.tree import Directive, Reader

MAIN: Final = (
    *("user", "worker_processes", "pid", "events", "error_log", "load_module", "pcre_jit"),
    *("worker_rlimit_nofile", "daemon", "env", "worker_cpu_affinity", "timer_resolution"),
    *("worker_shutdown_timeout", "thread_pool", "worker_priority", "ssl_engine", "lock_file"),
)
INHERITED: Final = (
    *("proxy_set_header", "add_header", "client_max_body_size", "allow", "deny", "auth_basic"),
    *("auth_basic_user_file", "satisfy", "proxy_connect_timeout", "proxy_read_timeout"),
    *("proxy_send_timeout", "proxy_buffering", "limit_req", "limit_conn", "ssl_certificate"),
    *("ssl_certificate_key", "limit_req_zone", "limit_conn_zone", "server", "upstream", "set"),
    *("proxy_ssl_verify", "http2"),
)
"""Directives of `http` that count in each server below."""


def read(source: Source, options: Options) -> Imported:
    """Return the resources of a tree; raises `Unreadable` when it can not be read at all."""
    report = Report()
    tree = Reader(source, report).read()
    keys = Keys(options.prefix)
    lists = AccessLists(keys, report, options.passwords)
    certificates = Certificates(
        keys, report, options.certificates, options.email, options.directory
    )
    tls = Tls(source, certificates, report)
    http = Scope([item for part in tree if part.name == "http" for item in part.inner])
    stream = Scope([item for part in tree if part.name == "stream" for item in part.inner])
    backends = Backends({item.arg(): item for item in http.own("upstream")}, report)
    below = Backends({item.arg(): item for item in stream.own("upstream")}, report)
    # A folder of sites alone (conf.d, sites-enabled) has its servers at the top.
    bare = [item for item in tree if item.name in ("server", "upstream")]
    if bare and not http.directives:
        http = Scope(tree)
        backends = Backends({item.arg(): item for item in http.own("upstream")}, report)
    around = Around(source, report, backends, Zones(http), lists)
    blocks = [block(item, http, report) for item in http.own("server")]
    for found in blocks:
        tls.expect(found.scope, found.names)
    sites = Sites(blocks, around, tls, keys, options.placement)
    sites.make()
    streams = Streams(below, tls, keys, options.placement, report)
    for item in stream.own("server"):
        streams.add(item, stream)
    _rest(tree, http, stream, backends, below, report)
    documents = lists.documents | certificates.documents | sites.documents | streams.documents
    return Imported(arranged(documents.items()), tuple(report.findings))


def _rest(
    tree: tuple[Directive, ...],
    http: Scope,
    stream: Scope,
    backends: Backends,
    below: Backends,
    report: Report,
) -> None:
    """Tell what stands outside of servers."""
    for item in tree:
        if item.name in ("http", "stream", "server", "upstream"):
            continue
        if item.name in MAIN:
            report.note(item.place, f"{item.name}: stays in the server's own main file")
        else:
            report.left_out(item.place, item.words)
    for scope, used in ((http, backends.used), (stream, below.used)):
        for item in scope.directives:
            if item.name == "upstream" and item.arg() not in used:
                report.note(item.place, f"upstream {item.arg()}: no server leads to it")
            elif item.name not in INHERITED and item not in tree:
                report.note(item.place, f"{item.words}: stays in the server's own main file")
