"""A folder as the hub lays it out on a server, filled by the renderer, with a real nginx in it."""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from integrations.proxy import schema
from integrations.proxy.deploying import features
from integrations.proxy.models import Features, Pair, Part, Rendered
from integrations.proxy.passwords import sha512_crypt
from integrations.proxy.render import render
from tests.peers.nginx import wait_for_pid
from tests.peers.ports import free_port_number, require, wait_for
from tests.peers.sshd import public_folder

INSTALL = "apt-get install -y nginx-light libnginx-mod-stream"
_CHECKED = {
    "proxy.host": (schema.HOST, schema.check_host),
    "proxy.redirect": (schema.REDIRECT, schema.check_redirect),
    "proxy.dead_host": (schema.DEAD_HOST, schema.check_dead_host),
    "proxy.stream": (schema.STREAM, schema.check_stream),
}


def part(id: str, **spec: Any) -> Part:
    """Return a part whose spec the schema accepts; access lists have passwords in the clear."""
    kind, _, key = id.partition("/")
    if kind == "proxy.access_list":
        found = schema.ACCESS_LIST(spec)
        schema.check_access_list(found)
        salt = b"saltsaltsaltsalt"
        found["items"] = [
            {
                "username": item["username"],
                "hash": sha512_crypt(item["password"].encode(), salt),
            }
            for item in found["items"]
        ]
        return Part(id, 1, found)
    known, check = _CHECKED[kind]
    if kind != "proxy.stream":
        spec.setdefault("domain_names", [f"{key}.test"])
    found = known({"servers": ["web"], **spec})
    check(found)
    return Part(id, 1, found)


def host(key: str = "blog", **spec: Any) -> Part:
    """Return a host; its upstream is port 9 of this machine when none is told."""
    if "upstreams" not in spec:
        spec = {"forward_host": "127.0.0.1", "forward_port": 9, **spec}
    return part(f"proxy.host/{key}", **spec)


def this_nginx() -> Features:
    """Return what the installed nginx can do."""
    program = require("nginx", INSTALL)
    done = subprocess.run([program, "-V"], capture_output=True, text=True, check=True)
    return features.read(done.stderr)


def make_pair(folder: Path, *names: str) -> Pair:
    """Return a certificate for names that signs itself."""
    openssl = require("openssl", "apt-get install -y openssl")
    key, chain = folder / "made.key", folder / "made.pem"
    alternatives = ",".join(f"DNS:{name}" for name in names)
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={names[0]}", "-keyout", str(key)),
            *("-out", str(chain), "-addext", f"subjectAltName={alternatives}"),
        ],
        check=True,
        capture_output=True,
    )
    return Pair(chain.read_bytes(), key.read_bytes(), "01")


def certificate(key: str, *names: str) -> Part:
    """Return the part of an issued certificate."""
    spec = {
        "serial": "01",
        "chain": f"files/{key}-1.pem",
        "key": f"files/{key}-1.key",
        "not_after": 4e9,
        "domain_names": list(names),
    }
    return Part(f"proxy.certificate/{key}", 1, spec)


@dataclass
class Answer:
    """What nginx answered; status 0 = it closed the connection."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def echo(self) -> dict[str, Any]:
        """What the upstream was asked, as it tells."""
        found: dict[str, Any] = json.loads(self.text)
        return found


class Echo:
    """An upstream that tells what it was asked; `headers` go into its answers."""

    def __init__(self, name: str = "app") -> None:
        self.name = name
        self.headers: dict[str, str] = {}
        self.status = 200
        self.count = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

            def do_GET(self) -> None:
                outer.count += 1
                size = int(self.headers.get("Content-Length") or 0)
                seen: dict[str, list[str]] = {}
                for header, value in self.headers.items():
                    seen.setdefault(header.lower(), []).append(value)
                told = {
                    "by": outer.name,
                    "method": self.command,
                    "path": self.path,
                    "headers": {name: ",".join(values) for name, values in seen.items()},
                    "body": self.rfile.read(size).decode(),
                }
                data = json.dumps(told).encode()
                self.send_response(outer.status)
                for header, value in outer.headers.items():
                    self.send_header(header, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET  # noqa: N815 - http.server's name

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Bench:
    """One server: parts go in, a real nginx comes out."""

    def __init__(self, folder: Path, **spec: Any) -> None:
        self.program = require("nginx", INSTALL)
        self.base = folder / "base"
        self.features = this_nginx()
        self.pairs: dict[str, Pair] = {}
        fields = {
            "instance": "own",
            "base": str(self.base),
            "http_port": free_port_number(),
            "https_port": free_port_number(),
            "status_port": free_port_number(),
            "addresses": ["127.0.0.1"],
            "resolver": ["127.0.0.1:1"],
            **spec,
        }
        found = schema.SERVER(fields)
        schema.check_server(found)
        self.server = Part("proxy.server/web", 1, found)
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("files", "log", "run", "tmp", "cache", "acme/.well-known/acme-challenge"):
            (self.base / name).mkdir(parents=True, exist_ok=True)

    @property
    def http(self) -> int:
        """The port of http."""
        return int(self.server.spec["http_port"])

    @property
    def https(self) -> int:
        """The port of https."""
        return int(self.server.spec["https_port"])

    def render(self, *parts: Part) -> Rendered:
        """Render parts for this server."""
        return render(self.server, self.features, parts, self.pairs)

    def text(self, rendered: Rendered, name: str) -> str:
        """Return one file as text."""
        found = [file for file in rendered.files if file.path == name]
        assert found, [file.path for file in rendered.files]
        return found[0].data.decode()

    def put(self, rendered: Rendered) -> None:
        """Lay a release out and make it the current one."""
        release = self.base / "releases" / "r1"
        shutil.rmtree(release, ignore_errors=True)
        for name in ("http", "stream"):
            (release / name).mkdir(parents=True)
        for file in rendered.files:
            shared = file.path.startswith("files/") or file.path == "nginx.conf"
            path = (self.base if shared else release) / file.path
            path.write_bytes(file.data.replace(b"@release@", b"r1"))
            path.chmod(file.mode)
        current = self.base / "current"
        if not current.is_symlink():
            current.symlink_to("releases/r1")

    def test(self, main: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Let nginx test what lies there."""
        path = main or self.base / "nginx.conf"
        return subprocess.run(
            [self.program, "-t", "-q", "-p", str(self.base), "-c", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )

    def good(self, *parts: Part) -> Rendered:
        """Render parts without a flaw, and insist that nginx has nothing to say."""
        rendered = self.render(*parts)
        assert not rendered.flaws, list(map(str, rendered.flaws))
        self.put(rendered)
        done = self.test()
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return rendered

    def serve(self, *parts: Part) -> Rendered:
        """Render parts and serve them."""
        rendered = self.good(*parts)
        self.stop()
        process = self._process = subprocess.Popen(
            [
                *(self.program, "-p", str(self.base), "-c", str(self.base / "nginx.conf")),
                *("-g", "daemon off;"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_pid(self.base / "run" / "nginx.pid", process)
        return rendered

    def stop(self) -> None:
        """End nginx."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def errors(self) -> str:
        """What nginx wrote into its error log."""
        path = self.base / "log" / "error.log"
        return path.read_text() if path.exists() else ""

    def log(self, count: int = 1) -> list[dict[str, Any]]:
        """Return the records of the access log, when there are that many."""
        path = self.base / "log" / "access.json"
        wait_for(lambda: path.read_text().count("\n") >= count, f"{count} records")
        return [json.loads(line) for line in path.read_text().splitlines()]

    def ask(
        self,
        name: str,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        tls: bool = False,
        source: str = "127.0.0.1",
    ) -> Answer:
        """Ask nginx for a name, from any address of 127.0.0.0/8."""
        port = self.https if tls else self.http
        raw = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
        with raw:
            try:
                return _asked(raw, name, path, method, dict(headers or {}), body, tls=tls)
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
                return Answer(0)


def _asked(
    raw: socket.socket,
    name: str,
    path: str,
    method: str,
    headers: dict[str, str],
    body: bytes | None,
    *,
    tls: bool,
) -> Answer:
    line = raw
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        line = context.wrap_socket(raw, server_hostname=name)
    connection = http.client.HTTPConnection(name)
    connection.sock = line
    try:
        connection.request(method, path, body, {"Host": name, **headers})
        response = connection.getresponse()
        found = {key.lower(): value for key, value in response.getheaders()}
        return Answer(response.status, found, response.read().decode("utf-8", "replace"))
    finally:
        connection.close()


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    """Return a function that makes a server of the hub's own, on free ports."""
    made: list[tuple[Bench, Path]] = []

    def make(**spec: Any) -> Bench:
        folder = public_folder("hub-render-")
        bench = Bench(folder, **spec)
        made.append((bench, folder))
        return bench

    yield make
    for bench, folder in made:
        bench.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """A server of the hub's own."""
    return make_bench()


@pytest.fixture
def make_echo() -> Iterator[Callable[..., Echo]]:
    """Return a function that starts an upstream."""
    made: list[Echo] = []

    def make(name: str = "app") -> Echo:
        echo = Echo(name)
        made.append(echo)
        return echo

    yield make
    for echo in made:
        echo.close()


@pytest.fixture
def echo(make_echo: Callable[..., Echo]) -> Echo:
    """An upstream."""
    return make_echo()


def older(server: Features, *version: int, without: Sequence[str] = ()) -> Features:
    """Return the features of the same nginx in another version, without some modules."""
    major, minor, patch = version
    return replace(
        server, version=(major, minor, patch), modules=server.modules - frozenset(without)
    )
