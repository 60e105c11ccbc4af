"""The free text of Nginx Proxy Manager's hosts: kept as it is, or taken apart into fields."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from integrations.proxy.importing import fits
from integrations.proxy.importing.backends import Backend, Backends
from integrations.proxy.importing.headers import headers
from integrations.proxy.importing.hosts import locations, root_of, told_open, verify
from integrations.proxy.importing.keys import Keys
from integrations.proxy.importing.known import leftovers, snippet
from integrations.proxy.importing.limits import Zones, timeouts
from integrations.proxy.importing.lists import AccessLists
from integrations.proxy.importing.locations import Around, Host, differences, path_of
from integrations.proxy.importing.npm_source import Row
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Report, Spec, Unreadable
from integrations.proxy.importing.scopes import Scope
from integrations.proxy.importing.tree import Directive, parse

CUSTOM: Final = "nginx/custom"
"""Below NPM's data folder: texts for all hosts of a kind."""
LARGEST: Final = 1 << 20
FIELDS: Final = frozenset(
    (
        *("location", "proxy_set_header", "add_header", "client_max_body_size", "proxy_buffering"),
        *("proxy_connect_timeout", "proxy_read_timeout", "proxy_send_timeout", "limit_req"),
        *("limit_conn", "allow", "deny", "auth_basic", "auth_basic_user_file", "auth_request"),
        *("satisfy", "proxy_ssl_verify"),
    )
)
"""Directives that are never left in a text: the hub writes them itself."""


class _NoFiles:
    """A text has no folder: what it includes or names can not be read."""

    main = ""

    def text(self, path: str) -> str:
        raise FileNotFoundError(2, "it lies in NPM's container", path)

    def data(self, path: str) -> bytes:
        raise FileNotFoundError(2, "it lies in NPM's container", path)

    def matching(self, pattern: str) -> list[str]:
        del pattern
        return []

    def shown(self, path: str) -> str:
        return path


class Advanced:
    """Takes the texts of one Nginx Proxy Manager apart."""

    def __init__(self, data: Path | None, keys: Keys, report: Report, options: Options) -> None:
        """Read the texts for all hosts below `data`."""
        self._report = report
        self._data = data
        http = Scope((*self._custom("http_top"), *self._custom("http")))
        backends = Backends({item.arg(): item for item in http.own("upstream")}, report)
        self._lists = AccessLists(keys, report, options.passwords)
        self._http = http
        self._around = Around(_NoFiles(), report, backends, Zones(http), self._lists)
        for name in ("root_top", "root", "events", "stream", "server_stream", "server_stream_tcp",
                     "server_stream_udp"):  # fmt: skip
            for item in self._custom(name):
                report.left_out(item.place, item.words)
        for item in http.directives:
            if item.name not in ("upstream", "limit_req_zone", "limit_conn_zone"):
                report.left_out(item.place, item.words, "put it into the server's own main file")

    @property
    def documents(self) -> dict[str, Spec]:
        """Return the access lists that texts asked for."""
        return self._lists.documents

    def host(self, row: Row, spec: Spec, place: str, about: str, words: str) -> None:
        """Add NPM's own locations and the free text to the spec of a host."""
        text = self._parsed(row, place, about, "server_proxy")
        scope = Scope(text, self._http)
        backend = Backend(
            spec["forward_scheme"], spec["forward_host"], spec["forward_port"], None, name=""
        )
        made = Host(
            about, words, scope, backend, headers(scope, self._report), spec.get("access_list_id")
        )
        if (root := root_of(scope)) is not None:
            # NPM leaves its own location / out then.
            self._replaced(root, scope, made, spec)
        found = [*self._rows(row, made, place), *self._locations(scope, root, made)]
        if found:
            spec["locations"] = found
        if {item.name for item in text} & FIELDS:
            self._fields(spec, scope, made)
        elif text and not self._kept(spec, row, text, made):
            self._whole(spec, leftovers(text, self._report, about), made)
        if made.open_doors:
            spec["enabled"] = False
            self._report.do(place, *told_open(made.open_doors), about)

    def other(self, row: Row, spec: Spec, place: str, about: str, kind: str) -> None:
        """Add the free text to the spec of a redirect or dead host."""
        directives = self._parsed(row, place, about, f"server_{kind}")
        text, _ = snippet(directives, "server", self._report, about)
        if text:
            spec["advanced_config"] = text

    def _parsed(self, row: Row, place: str, about: str, custom: str) -> tuple[Directive, ...]:
        text = str(row.get("advanced_config") or "")
        try:
            own = parse(text, f"{place}, advanced_config") if text.strip() else ()
        except Unreadable as error:
            todo = "nginx refuses it too: NPM has this host off; write it anew"
            self._report.left_out(place, f"its free text can not be read ({error})", todo, about)
            own = ()
        return (*own, *self._custom(custom))

    def _custom(self, name: str) -> tuple[Directive, ...]:
        """Return the directives of a file below `data/nginx/custom`."""
        if self._data is None:
            return ()
        path = self._data / CUSTOM / f"{name}.conf"
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                return parse(file.read(LARGEST), f"{CUSTOM}/{name}.conf")
        except OSError:
            return ()
        except Unreadable as error:
            self._report.left_out(f"{CUSTOM}/{name}.conf", str(error))
            return ()

    def _replaced(self, root: Directive, scope: Scope, made: Host, spec: Spec) -> None:
        """Let the text's own `location /` stand for the host."""
        inner = Scope(root.inner, scope)
        backend = self._around.backends.http(inner.own("proxy_pass")[-1], inner)
        if backend is None:
            made.open_doors.append(root)
            return
        for field in ("forward_scheme", "forward_host", "forward_port"):
            spec.pop(field)
        spec |= backend.fields()
        made.scope, made.backend = inner, backend
        made.headers = headers(inner, self._report, backend.name)
        if made.headers.upstream_host:
            spec["upstream_host"] = made.headers.upstream_host

    def _rows(self, row: Row, made: Host, place: str) -> list[Spec]:
        """Return NPM's custom locations."""
        rows = row.get("locations")
        found = []
        for number, item in enumerate(rows if isinstance(rows, list) else ()):
            where = f"{place}, locations {number}"
            path = path_of(str(item.get("path") or "").split(None, 1) or ("/",))
            host, _, behind = str(item.get("forward_host") or "").partition("/")
            spec: Spec = {
                "path": path.path if path is not None else "",
                "match": path.match if path is not None else "prefix",
                "forward_scheme": item.get("forward_scheme") or "http",
                "forward_host": host,
                "forward_port": item.get("forward_port"),
            }
            if item.get("forward_path") or behind:
                spec["forward_path"] = item.get("forward_path") or f"/{behind}"
            text = str(item.get("advanced_config") or "")
            self._location_text(spec, text, made, where)
            if wrong := fits.location(spec):
                todo = "requests for it go to the host's upstream now"
                self._report.left_out(where, wrong, todo, made.id)
            else:
                found.append(spec)
        return found

    def _location_text(self, spec: Spec, text: str, made: Host, where: str) -> None:
        if not text.strip():
            return
        try:
            scope = Scope(parse(text, f"{where}, advanced_config"), made.scope)
        except Unreadable as error:
            self._report.left_out(where, f"its free text can not be read ({error})", "", made.id)
            return
        if any(item.name in FIELDS for item in scope.directives):
            differences(spec, scope, made, self._around, where, "")
            spec.pop("public", None)
        elif kept := snippet(scope.directives, "location", self._report, made.id)[0]:
            spec["advanced_config"] = kept

    def _locations(self, scope: Scope, root: Directive | None, made: Host) -> list[Spec]:
        """Return the locations of the text; those of NPM stand before its access list."""
        found = locations(scope, root, made, self._around, ())
        for spec in found:
            if spec.pop("public", None):
                words = f"{spec['path']} was open beside the access list of the host"
                todo = "it is behind it now; set public in the location to open it again"
                self._report.do(made.id, words, todo, made.id)
        return found

    def _fields(self, spec: Spec, scope: Scope, made: Host) -> None:
        """Lift the fields out of the text, and keep the rest of it."""
        within = made.scope
        spec |= made.headers.fields()
        spec["timeouts"] = {**spec["timeouts"], **timeouts(within, self._report)}
        if size := within.word("client_max_body_size"):
            spec["max_body_size"] = size.lower()
        if within.word("proxy_buffering") == "off":
            spec["buffering"] = False
        if within.is_on("proxy_ssl_verify"):
            verify(spec, within, made.backend, made.headers, self._around)
        if limit := self._around.zones.limit(within, self._report):
            spec["rate_limit"] = limit
        asked = within.last("auth_request")
        if asked is not None and asked.arg() != "off":
            self._auth(spec, scope, made)
        key = self._lists.of(within, self._around.source, made.words)
        if key is not None and "access_list_id" in spec:
            made.open_doors += within.all("allow", "deny", "auth_basic")
        elif key is not None:
            spec["access_list_id"] = key
        self._whole(spec, leftovers(_own(scope, within), self._report, made.id), made)

    def _auth(self, spec: Spec, scope: Scope, made: Host) -> None:
        from integrations.proxy.importing.forward_auth import forward_auth

        found, _ = forward_auth(made.scope, scope, self._around.backends, self._report)
        if found:
            spec["forward_auth"] = found
        else:
            made.open_doors += made.scope.all("auth_request")

    def _kept(self, spec: Spec, row: Row, text: Sequence[Directive], made: Host) -> bool:
        """Keep the text letter by letter, comments and all, when the hub takes it so."""
        written = str(row.get("advanced_config") or "").strip()
        custom = any(item.file.startswith(CUSTOM) for item in text)
        if custom or made.headers.other or not written or not fits.is_snippet(written):
            return False
        spec["advanced_config"] = written
        return True

    def _whole(self, spec: Spec, directives: Sequence[Directive], made: Host) -> None:
        rest = [*directives, *(item for item in made.headers.other if item not in directives)]
        text, doors = snippet(rest, "server", self._report, made.id)
        made.open_doors += doors
        if text:
            spec["advanced_config"] = text


def _own(scope: Scope, within: Scope) -> list[Directive]:
    return [*scope.directives, *(within.directives if within is not scope else ())]
