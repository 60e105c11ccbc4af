"""Nginx Proxy Manager's rows as resources: its field names are the hub's."""

from typing import Any, Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.certificates import Certificates
from integrations.proxy.importing.keys import Keys, first_domain
from integrations.proxy.importing.npm_advanced import Advanced
from integrations.proxy.importing.npm_parts import AccessListsOfNpm, CertificatesOfNpm
from integrations.proxy.importing.npm_source import ODD, Npm, Row
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Imported, Report, Spec, arranged

HOST: Final = "proxy.host"
REDIRECT: Final = "proxy.redirect"
DEAD_HOST: Final = "proxy.dead_host"
STREAM: Final = "proxy.stream"

TIMEOUTS: Final = {"connect": 75, "read": 90, "send": 90}
"""NPM's own (`docker/rootfs/etc/nginx/nginx.conf`: 90 s each; nginx connects for 75 at most)."""

SWITCHES: Final = (
    *("caching_enabled", "block_exploits", "allow_websocket_upgrade", "trust_forwarded_proto"),
)
COMMON: Final = frozenset(
    (
        *("id", "created_on", "modified_on", "owner_user_id", "owner", "is_deleted", "meta"),
        *("enabled", "certificate", "certificate_id", "domain_names", "ssl_forced"),
        *("hsts_enabled", "hsts_subdomains", "http2_support", "advanced_config"),
    )
)
OWN: Final = {
    "proxy_host": (
        *("forward_host", "forward_ip", "forward_port", "forward_scheme", "access_list"),
        *("access_list_id", "locations", *SWITCHES),
    ),
    "redirection_host": (
        *("forward_domain_name", "forward_http_code", "forward_scheme", "preserve_path"),
        "block_exploits",
    ),
    "dead_host": (),
    "stream": (
        *("incoming_port", "forward_ip", "forwarding_host", "forwarding_port"),
        *("tcp_forwarding", "udp_forwarding"),
    ),
    "access_list": (
        *("name", "satisfy_any", "pass_auth", "items", "clients", "proxy_host_count"),
        "proxy_hosts",
    ),
    "certificate": (
        *("provider", "nice_name", "expires_on", "proxy_hosts", "redirection_hosts"),
        *("dead_hosts", "streams"),
    ),
}
"""Columns that are understood; others are told when they hold something."""


def read(npm: Npm, options: Options) -> Imported:
    """Return the resources of a Nginx Proxy Manager."""
    return _Import(npm, options).made()


class _Import:
    """One run."""

    def __init__(self, npm: Npm, options: Options) -> None:
        self._npm = npm
        self._placed = options.placement.fields()
        self._report = Report()
        self._keys = Keys(options.prefix)
        self._lists = AccessListsOfNpm(npm, self._keys, self._report, options)
        issued = Certificates(
            self._keys, self._report, options.certificates, options.email, options.directory
        )
        self._certificates = CertificatesOfNpm(npm, issued, self._report, options)
        self._advanced = Advanced(npm.data, self._keys, self._report, options)
        self._documents: dict[str, Spec] = {}
        self._issued = issued

    def made(self) -> Imported:
        """Return everything."""
        for row in self._npm.rows("proxy_host"):
            self._host(row)
        for row in self._npm.rows("redirection_host"):
            self._redirect(row)
        for row in self._npm.rows("dead_host"):
            self._dead_host(row)
        for row in self._npm.rows("stream"):
            self._stream(row)
        self._rest()
        documents = (
            self._lists.documents
            | self._advanced.documents
            | self._issued.documents
            | self._documents
        )
        return Imported(arranged(documents.items()), tuple(self._report.findings))

    def _host(self, row: Row) -> None:
        place = f"proxy_host {row['id']}"
        spec, about = self._named(row, place, HOST)
        if spec is None:
            return
        spec |= {
            "forward_scheme": row.get("forward_scheme") or "http",
            "forward_host": str(row.get("forward_host") or row.get("forward_ip") or ""),
            "forward_port": row.get("forward_port"),
        }
        spec |= {name: True for name in SWITCHES if row.get(name)}
        key, closed = self._lists.of(row.get("access_list_id"), place, about)
        if key is not None:
            spec["access_list_id"] = key
        if not closed:
            spec["enabled"] = False
        spec["timeouts"] = dict(TIMEOUTS)
        self._tls(row, place, about, spec)
        words = first_domain(spec["domain_names"], place)
        self._advanced.host(row, spec, place, about, words)
        self._documents[about] = spec

    def _redirect(self, row: Row) -> None:
        place = f"redirection_host {row['id']}"
        spec, about = self._named(row, place, REDIRECT)
        if spec is None:
            return
        scheme = str(row.get("forward_scheme") or "auto")
        spec |= {
            "forward_http_code": row.get("forward_http_code") or 302,
            "forward_scheme": "auto" if scheme == "$scheme" else scheme,
            "forward_domain_name": str(row.get("forward_domain_name") or ""),
            "preserve_path": bool(row.get("preserve_path")),
        }
        if row.get("block_exploits"):
            spec["block_exploits"] = True
        self._tls(row, place, about, spec)
        self._advanced.other(row, spec, place, about, "redirect")
        self._documents[about] = spec

    def _dead_host(self, row: Row) -> None:
        place = f"dead_host {row['id']}"
        spec, about = self._named(row, place, DEAD_HOST)
        if spec is not None:
            self._tls(row, place, about, spec)
            self._advanced.other(row, spec, place, about, "dead")
            self._documents[about] = spec

    def _stream(self, row: Row) -> None:
        place = f"stream {row['id']}"
        port = row.get("incoming_port")
        base: Spec = {
            **self._placed,
            "enabled": bool(row.get("enabled", 1)),
            "incoming_port": port,
            "forwarding_host": str(row.get("forwarding_host") or row.get("forward_ip") or ""),
            "forwarding_port": row.get("forwarding_port"),
        }
        tcp, udp = bool(row.get("tcp_forwarding")), bool(row.get("udp_forwarding"))
        about = f"{STREAM}/{self._keys.of(STREAM, f'port-{port}', str(row['id']))}"
        key = self._certificates.of(row.get("certificate_id"), place, about)
        if row.get("certificate_id") and key is None:
            base["enabled"] = False
        if key is not None and udp:
            # TLS is of TCP alone: NPM makes two servers of it.
            second = f"{STREAM}/{self._keys.of(STREAM, f'port-{port}-udp', str(row['id']))}"
            self._documents[second] = base | {"tcp_forwarding": False, "udp_forwarding": True}
            udp = False
        self._documents[about] = base | {"tcp_forwarding": tcp, "udp_forwarding": udp}
        if key is not None:
            self._documents[about]["certificate_id"] = key

    def _named(self, row: Row, place: str, type: str) -> tuple[Spec | None, str]:
        """Return what all types with domain names share, and the document's name."""
        wanted = row.get("domain_names")
        names: list[str] = []
        for name in wanted if isinstance(wanted, list) else []:
            known = fits.domain(name) if isinstance(name, str) else None
            if known is None:
                todo = "name each domain; *.example.com stands for all below one"
                self._report.left_out(place, f"the name {name} can not be kept", todo)
            elif known not in names:
                names.append(known)
        if not names:
            self._report.left_out(place, "it has no domain name that can be kept", "write it anew")
            return None, ""
        about = f"{type}/{self._keys.of(type, first_domain(names, place), str(row['id']))}"
        spec: Spec = {"domain_names": names, **self._placed}
        spec["enabled"] = bool(row.get("enabled", 1))
        return spec, about

    def _tls(self, row: Row, place: str, about: str, spec: Spec) -> None:
        """Add the certificate, and what NPM does only with one (its `_hsts.conf`)."""
        spec["http2_support"] = bool(row.get("http2_support"))
        key = self._certificates.of(row.get("certificate_id"), place, about)
        if key is None:
            return
        spec["certificate_id"] = key
        spec["ssl_forced"] = bool(row.get("ssl_forced"))
        if spec["ssl_forced"] and row.get("hsts_enabled"):
            spec |= {
                "hsts_enabled": True,
                "hsts_subdomains": bool(row.get("hsts_subdomains")),
                "hsts_max_age": 63_072_000,
            }

    def _rest(self) -> None:
        """Tell what has no resource, and columns that are not known."""
        for table, own in OWN.items():
            rows = self._npm.rows(table)
            for row in rows:
                for name in row.pop(ODD, ()):
                    words = f"{name} holds something that NPM does not write"
                    self._report.left_out(f"{table} {row['id']}", words)
            for name in sorted({name for row in rows for name in row} - COMMON - {*own}):
                held = [row["id"] for row in rows if row.get(name)]
                if held:
                    numbers = ", ".join(map(str, held[:5]))
                    self._report.left_out(f"{table} {numbers}", f"the column {name} is not known")
        if people := len(self._npm.rows("user")):
            words = f"{people} of NPM's own users"
            self._report.left_out("user", words, "make users of the hub with `hub users`")
        for row in self._npm.rows("setting"):
            if row.get("id") == "default-site":
                self._default_site(str(row.get("value")), row.get("meta"))
        if self._npm.rows("proxy_host"):
            self._report.note("proxy_host", "the header X-Served-By is not sent")

    def _default_site(self, value: str, meta: Any) -> None:
        match value:
            case "404":
                told = ("answers 404", "set default_site not_found in proxy.server")
            case "444":
                told = ("hangs up", "set default_site close in proxy.server")
            case "redirect":
                where = meta.get("redirect", "") if isinstance(meta, dict) else ""
                told = (f"redirects to {where}", "the hub's default site answers 404 or hangs up")
            case _:
                told = (f"shows a page ({value})", "the hub's default site answers 404 or hangs up")
        self._report.left_out("setting default-site", f"the default site {told[0]}", told[1])
