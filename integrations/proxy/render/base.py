"""What no part owns: log format, shared maps, release id, default site, nginx.conf."""

from collections.abc import Iterable, Sequence
from typing import Final

from integrations.proxy.models import REJECT_HANDSHAKE, File
from integrations.proxy.render.context import Here
from integrations.proxy.render.listen import TLS, challenges, listens, quic
from integrations.proxy.render.writer import Page, literal
from integrations.proxy.syntax import MalformedError, parse

MARK: Final = "@release@"
"""Stands where the release's id goes, which is a hash of all this."""

_LOG: Final = (
    '{"t":$msec,"h":"$hub_host","s":"$status","rt":$request_time,"us":"$upstream_status",'
    '"ut":"$upstream_response_time","ua":"$upstream_addr","b":$bytes_sent,'
    '"m":"$request_method","u":"$request_uri","a":"$remote_addr"}'
)
_EXPLOITS: Final = (
    r"(<|%3c)[^>]*script",
    r"(;|<|>|'|%22|%3c|%3e|%27)[^&]*(insert|union|select|drop|declare|exec)([^a-z]|$)",
    r"union([^a-z]|%[0-9a-f][0-9a-f])+(all([^a-z]|%[0-9a-f][0-9a-f])+)?select",
    r"concat(\(|%28)",
    r"(globals|_request|_server|_session)(=|\[|%5b|%3d)",
    r"base64_(en|de)code(\(|%28)",
    r"proc/self/environ",
    r"mosconfig_[a-z_]+(=|%3d)",
    r"(=|%3d)(\.\.(/|%2f))",
    r"/\.(git|svn|hg|env|htpasswd)([/?.]|$)",
    r"(php|data|expect|file)://",
)
"""After nginx proxy manager's block-exploits.conf, without its rules that refuse plain links."""
_ASSETS: Final = r"\.(css|js|mjs|map|jpe?g|png|gif|webp|avif|ico|svg|woff2?|ttf|otf|eot)$"
LONGEST_PLAIN_NAME: Final = 46
"""A longer name does not fit into a bucket of 64 bytes, nginx's own size on most processors."""
MANY_NAMES: Final = 400


def write_hub(here: Here, names: Iterable[str], main_text: str, *, http3: bool) -> File:
    """Return `http/00-hub.conf`, read before all others.

    What the main configuration of a shared nginx says is not said again: nginx takes it once.
    """
    page = Page("What all hosts share")
    page.add(None, f"log_format hub_json escape=json '{_LOG}'")
    page.block(None, "map $http_upgrade $hub_connection", "default upgrade", "'' ''")
    page.block(
        None,
        "map $http_x_forwarded_proto $hub_proto",
        "default $scheme",
        "http http",
        "https https",
    )
    page.block(None, "map $uri $hub_no_asset", "default 1", f"'~*{_ASSETS}' ''")
    page.block(
        None,
        "map $request_uri $hub_exploit",
        "default ''",
        *(f'"~*{one}" 1' for one in _EXPLOITS),
    )
    if not here.own:
        wanted = hashes(names)
        known = _said(main_text) if wanted else frozenset()
        page.rows(("domain_names", one) for one in wanted if one.split()[0] not in known)
    _status(here, page)
    _default(here, page, http3=http3)
    return page.file("http/00-hub.conf", here.server.id)


def hashes(names: Iterable[str]) -> list[str]:
    """Return the directives that long or many names need."""
    found, longest, count = [], 0, 0
    for name in names:
        longest = max(longest, len(name))
        count += 1
    if longest > LONGEST_PLAIN_NAME:
        found.append("server_names_hash_bucket_size 512")
    if count > MANY_NAMES:
        size = 1 << (2 * count).bit_length()
        found.append(f"server_names_hash_max_size {size}")
    return found


def _said(main_text: str) -> frozenset[str]:
    """Return the directives in the http block of a main configuration."""
    try:
        blocks = [one.block for one in parse(main_text) if one.name == "http"]
    except MalformedError:
        return frozenset()
    return frozenset(one.name for block in blocks for one in block or ())


def _status(here: Here, page: Page) -> None:
    """Serve the release id to whoever is on the machine: the proof of a deploy."""
    page.open("status_port", "server")
    page.add("status_port", f"listen 127.0.0.1:{here.spec['status_port']}")
    page.add(None, "server_name hub.invalid", "access_log off", "set $hub_host -")
    page.block(None, "location = /hub/release", "default_type text/plain", f'return 200 "{MARK}"')
    if here.features.has("http_stub_status"):
        only_here = ("allow 127.0.0.1", "deny all")
        page.block(None, "location = /hub/status", "stub_status", *only_here)
    page.block(None, "location /", "return 404")
    page.close()


def _default(here: Here, page: Page, *, http3: bool) -> None:
    """Answer for names of no host."""
    site = here.default_site
    if http3 and quic(here):
        page.open("http3_support", "server")
        page.add(None, *listens(here, here.spec["https_port"], " quic reuseport"))
        page.add(None, "server_name hub-quic.invalid", *TLS, "ssl_reject_handshake on")
        page.close()
    if site == "none":
        return
    page.open("default_site", "server")
    page.add("default_site", *listens(here, here.spec["http_port"], " default_server"))
    page.add(None, "server_name _", "set $hub_host -", "access_log off")
    challenges(here, page)
    page.block("default_site", "location /", f"return {444 if site == 'close' else 404}")
    page.close()
    if here.tls and here.features.at_least(REJECT_HANDSHAKE):
        page.open("default_site", "server")
        flags = " ssl default_server"
        page.add("default_site", *listens(here, here.spec["https_port"], flags))
        page.add(None, "server_name _", *TLS, "ssl_reject_handshake on")
        page.close()


TEMPORARY: Final = "tmp"
"""Folder below the hub's own for bodies that do not fit into memory."""
_TYPES: Final = (
    "text/html html htm",
    "text/css css",
    "text/plain txt",
    "application/javascript js mjs",
    "application/json json map",
    "image/svg+xml svg",
    "image/png png",
    "image/jpeg jpg jpeg",
    "image/gif gif",
    "image/webp webp",
    "image/x-icon ico",
    "font/woff woff",
    "font/woff2 woff2",
    "application/pdf pdf",
)


def write_main(here: Here, names: Sequence[str], *, stream: bool) -> File:
    """Return `nginx.conf` of an instance of the hub's own."""
    base = here.base
    page = Page(f"{here.server.id}: an nginx of its own")
    if "stream" in here.features.dynamic and stream:
        folder = here.features.modules_path or "modules"
        page.add(None, f"load_module {literal(folder + '/ngx_stream_module.so')}")
    page.add(
        None,
        "worker_processes auto",
        f"pid {literal(base + '/run/nginx.pid')}",
        f"error_log {literal(base + '/log/error.log')} warn",
    )
    page.add("worker_connections", f"worker_rlimit_nofile {here.spec['worker_connections'] * 2}")
    page.open(None, "events")
    page.add("worker_connections", f"worker_connections {here.spec['worker_connections']}")
    page.close()
    page.open(None, "http")
    page.block(None, "types", *_TYPES)
    page.add(
        None,
        "default_type application/octet-stream",
        "server_tokens off",
        "sendfile on",
        "tcp_nopush on",
        "keepalive_timeout 65s",
        "variables_hash_max_size 4096",
        "variables_hash_bucket_size 128",
        "access_log off",
        *(
            f"{kind}_temp_path {literal(f'{base}/{TEMPORARY}/{kind}')}"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
        *hashes(names),
        f"include {literal(base + '/current/http')}/*.conf",
    )
    page.close()
    if stream:
        page.open(None, "stream")
        page.add(None, f"include {literal(base + '/current/stream')}/*.conf")
        page.close()
    return page.file("nginx.conf", here.server.id)
