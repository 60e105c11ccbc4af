"""A site before and after its import: real nginx answers the same requests in the same way."""

import asyncio
import http.client
import json
import re
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from integrations.proxy.deploying.features import read as read_features
from integrations.proxy.importing.certificates import Mode
from integrations.proxy.importing.check import checked
from integrations.proxy.importing.nginx import read
from integrations.proxy.importing.npm import read as read_npm
from integrations.proxy.importing.npm_source import read as read_npm_source
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Imported, Placement
from integrations.proxy.importing.sources import Folder
from integrations.proxy.models import Pair, Part
from integrations.proxy.passwords import salted
from integrations.proxy.render import render
from integrations.proxy.render.defaults import complete
from tests.integrations.proxy.npm import Npm, pair
from tests.peers.nginx import Backend, StartBackend
from tests.peers.ports import free_port_number, wait_for_port

NGINX = "/usr/sbin/nginx"
MAIN = """pid {0}/nginx.pid; error_log {0}/error.log; worker_processes 1;
events {{ }}
http {{
    access_log off; default_type text/plain;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
    {1}
}}
"""
EDGE = Placement(("edge",))
SEEN = ("Host", "X-Site", "Authorization", "Upgrade", "Remote-User")
"""What an upstream is told that must not change; the hub adds where the visitor came from."""
ANSWERED = ("Location", "X-Frame-Options", "X-One", "Strict-Transport-Security", "WWW-Authenticate")


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    """Answer what was asked."""
    heard = {name: request.headers[name] for name in SEEN if name in request.headers}
    body = await request.read()
    return web.json_response({"path": request.raw_path, "heard": heard, "bytes": len(body)})


@contextmanager
def running(folder: Path, main: Path, port: int) -> Iterator[None]:
    """Run an nginx that likes its configuration."""
    command = [NGINX, "-p", f"{folder}/", "-c", str(main)]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr.replace('[warn] the "user" directive', "")
    process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, alive=lambda: process.poll() is None)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def ask(
    port: int,
    host: str,
    path: str,
    *,
    tls: bool = False,
    method: str = "GET",
    body: bytes = b"",
    **headers: str,
) -> dict[str, Any]:
    """Ask an nginx and return what matters of its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sock = context.wrap_socket(plain, server_hostname=host)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body or None, {"Host": host, **sent})
        answer = connection.getresponse()
        text = answer.read().decode()
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return {"status": "closed"}
    finally:
        connection.close()
    found = {name: answer.headers[name] for name in ANSWERED if name in answer.headers}
    if "Location" in found:
        found["Location"] = re.sub(r"^(https?://[^/:]+):\d+", r"\1", found["Location"])
    if "WWW-Authenticate" in found:
        found["WWW-Authenticate"] = "Basic"
    known = text if not text.startswith("{") else json.loads(text)
    return {"status": answer.status, "headers": found, "body": known if answer.status < 300 else ""}


class After:
    """The hub's own rendering of an import."""

    def __init__(self, folder: Path, found: Imported) -> None:
        self.folder = folder
        self.port, self.tls = free_port_number(), free_port_number()
        version = subprocess.run([NGINX, "-V"], capture_output=True, text=True, check=True).stderr
        server = Part("proxy.server/edge", 1, {
            "instance": "own", "base": str(folder), "http_port": self.port,
            "https_port": self.tls, "status_port": free_port_number(),
            "addresses": ["127.0.0.1"], "nginx": NGINX, "resolver": ["127.0.0.1:1"],
        })  # fmt: skip
        pairs: dict[str, Pair] = {}
        parts = [self._part(name, spec, pairs) for name, spec in found.documents.items()]
        made = render(server, read_features(version), parts, pairs, nameservers=["127.0.0.1"])
        assert [str(flaw) for flaw in made.flaws] == []
        release = folder / "releases" / "one"
        for file in made.files:
            outside = file.path.startswith("files/") or file.path == "nginx.conf"
            path = (folder if outside else release) / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data.replace(b"@release@", b"one"))
        (folder / "current").symlink_to("releases/one")
        for name in ("log", "acme", "cache", "tmp", "run"):
            (folder / name).mkdir(exist_ok=True)
        self.main = folder / "nginx.conf"

    def _part(self, name: str, spec: Mapping[str, Any], pairs: dict[str, Pair]) -> Part:
        """Return a resource as it is deployed: no passwords, and certificates issued."""
        kind, _, key = name.partition("/")
        deployed = dict(spec)
        if kind == "proxy.access_list":
            deployed["items"] = [
                {"username": it["username"], "hash": salted(it["username"], it["password"], b"s")}
                for it in spec.get("items", ())
            ]
        elif kind == "proxy.certificate":
            chain, private = spec["certificate"], spec["certificate_key"]
            pairs[key] = Pair(chain.encode(), private.encode(), "01")
            deployed = {
                "serial": "01", "chain": f"files/{key}.pem", "key": f"files/{key}.key",
                "not_after": 4e9, "domain_names": spec["domain_names"],
            }  # fmt: skip
        part = Part(name, 1, deployed)
        return Part(name, 1, {**complete(part), **deployed})


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that workers may enter."""
    with tempfile.TemporaryDirectory(prefix="hub-import-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


Asked = list[tuple[bool, str, str, dict[str, Any]]]
"""By https, host, path, and the rest of the request."""


def answers(folder: Path, main: Path, port: int, tls: int, asked: Asked) -> list[dict[str, Any]]:
    """Run an nginx and return what it answers."""
    with running(folder, main, port):
        return [
            ask(tls if secure else port, host, path, tls=secure, **more)
            for secure, host, path, more in asked
        ]


async def compare(
    folder: Path, main: Path, port: int, tls: int, found: Imported, asked: Asked
) -> None:
    """Ask before and after, and insist on the same answers."""
    (folder / "after").mkdir()
    after = After(folder / "after", found)
    one = await asyncio.to_thread(answers, main.parent, main, port, tls, asked)
    two = await asyncio.to_thread(answers, after.folder, after.main, after.port, after.tls, asked)
    assert len({str(answer) for answer in one}) > 4, "they say different things"
    for request, first, second in zip(asked, one, two, strict=True):
        assert second == first, request


def hashed(password: str) -> str:
    """Return a password as Apache keeps it."""
    command = ["openssl", "passwd", "-apr1", password]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
async def backend(start_backend: StartBackend) -> Backend:
    return await start_backend(answer=echo)


async def test_a_tree_answers_as_before(folder: Path, backend: Backend) -> None:
    port, tls, up = free_port_number(), free_port_number(), f"127.0.0.1:{backend.port}"
    chain, key = pair("tls.test", "www.tls.test")
    (folder / "own.pem").write_text(chain)
    (folder / "own.key").write_text(key)
    (folder / "users").write_text(f"ada:{hashed('enigma')}")
    sites = f"""
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;
    upstream app {{ server {up} weight=2; server 127.0.0.1:1 backup; }}
    server {{ listen 127.0.0.1:{port} default_server; server_name _; return 444; }}
    server {{ listen 127.0.0.1:{port}; server_name plain.test *.wild.test;
        add_header X-Frame-Options SAMEORIGIN always;
        client_max_body_size 2k;
        location / {{ proxy_pass http://{up}; }}
        location /app/ {{ proxy_pass http://app/base/; proxy_set_header Host $host; }}
        location = /exact {{ proxy_pass http://{up}/other; proxy_set_header Host up.test; }}
        location ~ ^/u/[0-9]+$ {{ proxy_pass http://app; proxy_set_header X-Site regex; }}
        location ~ /\\. {{ deny all; }}
        location /slow/ {{ proxy_pass http://app; limit_req zone=slow; limit_req_status 429; }}
    }}
    server {{ listen 127.0.0.1:{port}; server_name full.test;
        location / {{ proxy_pass http://app; proxy_http_version 1.1;
            proxy_set_header Host $host; proxy_set_header X-Site full;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
            add_header X-One 1 always; }}
    }}
    server {{ listen 127.0.0.1:{port}; server_name users.test;
        auth_basic Family; auth_basic_user_file {folder}/users;
        location / {{ proxy_pass http://app; proxy_set_header Host $host; }}
        location /open/ {{ proxy_pass http://app; proxy_set_header Host $host; auth_basic off; }}
        location /lan/ {{ proxy_pass http://app; proxy_set_header Host $host; auth_basic off;
            allow 192.0.2.0/24; deny all; }}
        location /any/ {{ proxy_pass http://app; proxy_set_header Host $host; satisfy any;
            allow 127.0.0.1; deny all; }}
    }}
    server {{ listen 127.0.0.1:{port}; server_name blocked.test; deny 127.0.0.1;
        location / {{ proxy_pass http://app; proxy_set_header Host $host; }} }}
    server {{ listen 127.0.0.1:{port}; server_name notblocked.test; deny 192.0.2.1;
        location / {{ proxy_pass http://app; proxy_set_header Host $host; }} }}
    server {{ listen 127.0.0.1:{port}; server_name old.test;
        return 308 http://new.test$request_uri; }}
    server {{ listen 127.0.0.1:{port}; server_name short.test; return 302 https://new.test/; }}
    server {{ listen 127.0.0.1:{port}; server_name gone.test; return 404; }}
    server {{ listen 127.0.0.1:{port}; server_name tls.test www.tls.test;
        return 301 https://$host$request_uri; }}
    server {{ listen 127.0.0.1:{tls} ssl; server_name tls.test www.tls.test;
        ssl_certificate {folder}/own.pem; ssl_certificate_key {folder}/own.key;
        add_header Strict-Transport-Security "max-age=600; includeSubDomains" always;
        location / {{ proxy_pass http://app; proxy_set_header Host $host; }} }}
    server {{ listen 127.0.0.1:{port}; listen 127.0.0.1:{tls} ssl; server_name both.test;
        ssl_certificate {folder}/own.pem; ssl_certificate_key {folder}/own.key;
        location / {{ proxy_pass http://app; proxy_set_header Host $host; }} }}
"""
    (folder / "before").mkdir()
    main = folder / "before" / "nginx.conf"
    main.write_text(MAIN.format(folder / "before", sites))
    options = Options(EDGE, certificates=Mode.READ, passwords={"ada": "enigma"})
    found = checked(read(Folder(main), options))
    login = {"Authorization": "Basic YWRhOmVuaWdtYQ=="}
    wrong = {"Authorization": "Basic YWRhOndyb25n"}
    asked: Asked = [
        (False, "plain.test", "/", {}),
        (False, "plain.test", "/a%20b/?x=1&y=%2F", {}),
        (False, "a.wild.test", "/deep", {}),
        (False, "plain.test", "/app/x?y=1", {}),
        (False, "plain.test", "/app/", {}),
        (False, "plain.test", "/exact?z", {}),
        (False, "plain.test", "/exactly", {}),
        (False, "plain.test", "/u/12", {}),
        (False, "plain.test", "/u/x", {}),
        (False, "plain.test", "/.git/config", {}),
        (False, "plain.test", "/", {"method": "POST", "body": b"x" * 2000}),
        (False, "plain.test", "/", {"method": "POST", "body": b"x" * 3000}),
        (False, "plain.test", "/slow/1", {}),
        (False, "plain.test", "/slow/2", {}),
        (False, "full.test", "/", {}),
        (False, "full.test", "/socket", {"Upgrade": "thing", "Connection": "upgrade"}),
        (False, "users.test", "/", {}),
        (False, "users.test", "/", login),
        (False, "users.test", "/", wrong),
        (False, "users.test", "/open/", {}),
        (False, "users.test", "/lan/", login),
        (False, "users.test", "/any/", {}),
        (False, "blocked.test", "/", {}),
        (False, "notblocked.test", "/", {}),
        (False, "old.test", "/a?b=c", {}),
        (False, "short.test", "/a?b=c", {}),
        (False, "gone.test", "/", {}),
        (False, "tls.test", "/a?b", {}),
        (True, "tls.test", "/a?b", {}),
        (True, "www.tls.test", "/", {}),
        (False, "both.test", "/", {}),
        (True, "both.test", "/", {}),
        (False, "nobody.test", "/", {}),
    ]
    await compare(folder, main, port, tls, found, asked)


async def test_npm_answers_as_before(folder: Path, backend: Backend) -> None:
    """Against what NPM's own templates make of the same rows."""
    npm = Npm(folder / "data")
    users = npm.add("access_list", name="Family", pass_auth=0)
    npm.add("access_list_auth", access_list_id=users, username="ada", password="enigma")
    up = backend.port
    npm.host("a.test", forward_host="127.0.0.1", forward_port=up, allow_websocket_upgrade=1,
             locations=[{"path": "/api", "forward_scheme": "http",
                         "forward_host": "127.0.0.1/v2", "forward_port": up}])  # fmt: skip
    npm.host("users.test", forward_host="127.0.0.1", forward_port=up, access_list_id=users)
    npm.host("off.test", forward_host="127.0.0.1", forward_port=up, enabled=0)
    npm.add("redirection_host", domain_names=["old.test"], forward_domain_name="new.test",
            forward_scheme="https", forward_http_code=301, preserve_path=1)  # fmt: skip
    npm.add("dead_host", domain_names=["gone.test"])
    (folder / "users").write_text(f"ada:{hashed('enigma')}")
    port = free_port_number()
    proxied = """proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;
        proxy_pass $forward_scheme://$server:$port$request_uri;"""
    sites = f"""
    proxy_http_version 1.1;
    server {{ listen 127.0.0.1:{port} default_server; return 444; }}
    server {{ set $forward_scheme http; set $server "127.0.0.1"; set $port {up};
        listen 127.0.0.1:{port}; server_name a.test;
        location /api {{ proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;
            proxy_pass http://127.0.0.1:{up}/v2;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $http_connection; }}
        location / {{ proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $http_connection; {proxied} }} }}
    server {{ set $forward_scheme http; set $server "127.0.0.1"; set $port {up};
        listen 127.0.0.1:{port}; server_name users.test;
        location / {{ auth_basic "Authorization required"; auth_basic_user_file {folder}/users;
            proxy_set_header Authorization ""; satisfy all; {proxied} }} }}
    server {{ listen 127.0.0.1:{port}; server_name old.test;
        location / {{ return 301 https://new.test$request_uri; }} }}
    server {{ listen 127.0.0.1:{port}; server_name gone.test; location / {{ return 404; }} }}
"""
    (folder / "before").mkdir()
    main = folder / "before" / "nginx.conf"
    main.write_text(MAIN.format(folder / "before", sites))
    found = checked(read_npm(read_npm_source(npm.data), Options(EDGE)))
    login = {"Authorization": "Basic YWRhOmVuaWdtYQ=="}
    asked: Asked = [
        (False, "a.test", "/x?y=1", {}),
        (False, "a.test", "/api/x?y=1", {}),
        (False, "a.test", "/socket", {"Upgrade": "thing", "Connection": "upgrade"}),
        (False, "users.test", "/", {}),
        (False, "users.test", "/", login),
        (False, "off.test", "/", {}),
        (False, "old.test", "/x?y", {}),
        (False, "gone.test", "/x", {}),
    ]
    await compare(folder, main, port, 0, found, asked)
