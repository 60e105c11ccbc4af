"""Redirects, dead hosts, streams and what is switched off, in a real nginx."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread

import pytest

from integrations.proxy.models import Part
from tests.peers.ports import free_port_number
from tests.peers.rendered import Bench, Echo, certificate, host, make_pair, part


def secured(bench: Bench, *names: str) -> Part:
    bench.pairs["web"] = make_pair(bench.base, *names)
    return certificate("web", *names)


def redirect(**spec: object) -> Part:
    return part("proxy.redirect/old", **{"forward_domain_name": "new.test", **spec})


# --- redirects


@pytest.mark.parametrize("code", [300, 301, 302, 303, 307, 308])
def test_codes(bench: Bench, code: int) -> None:
    bench.serve(redirect(forward_http_code=code))
    answer = bench.ask("old.test", "/a?b=%0d")
    assert (answer.status, answer.headers["location"]) == (code, "http://new.test/a?b=%0d")


def test_where_to(bench: Bench) -> None:
    web = secured(bench, "old.test")
    spec = {"certificate_id": "web", "hsts_enabled": True, "ssl_forced": True}
    bench.serve(web, redirect(**spec, forward_domain_name="new.test:8443", preserve_path=False))
    forced = bench.ask("old.test", "/a")
    assert forced.headers["location"] == f"https://old.test:{bench.https}/a"
    answer = bench.ask("old.test", "/a", tls=True)
    assert answer.headers["location"] == "https://new.test:8443/"
    assert answer.headers["strict-transport-security"] == "max-age=63072000"
    bench.serve(web, redirect(forward_scheme="https"))
    assert bench.ask("old.test", "/a").headers["location"] == "https://new.test/a"


def test_redirects_have_snippets_and_refuse_exploits(bench: Bench) -> None:
    bench.serve(redirect(advanced_config="add_header X-Old 1 always;", block_exploits=True))
    assert bench.ask("old.test").headers["x-old"] == "1"
    assert bench.ask("old.test", "/.git/config").status == 403


def test_challenges_are_answered_first(bench: Bench) -> None:
    (bench.base / "acme" / ".well-known" / "acme-challenge" / "token").write_text("answer")
    bench.serve(redirect(), part("proxy.dead_host/gone"), host("off", enabled=False))
    for name in ("old.test", "gone.test", "off.test"):
        assert bench.ask(name, "/.well-known/acme-challenge/token").text == "answer"


# --- dead hosts


def test_dead(bench: Bench) -> None:
    web = secured(bench, "gone.test")
    snippet = "add_header X-Gone 1 always;"
    spec = {"certificate_id": "web", "advanced_config": snippet}
    bench.serve(web, part("proxy.dead_host/gone", **spec))
    for tls in (False, True):
        answer = bench.ask("gone.test", "/any", tls=tls)
        assert (answer.status, answer.headers["x-gone"]) == (404, "1")


# --- switched off


@pytest.mark.parametrize("site", ["close", "not_found", "none"])
@pytest.mark.parametrize("kind", ["host", "redirect", "dead_host"])
def test_off_is_never_another_hosts_content(bench: Bench, echo: Echo, site: str, kind: str) -> None:
    bench.server = replace(bench.server, spec={**bench.server.spec, "default_site": site})
    web = secured(bench, "a.test", "off.test")
    spec: dict[str, object] = {"enabled": False, "domain_names": ["off.test", "*.off.test"]}
    if kind == "host":
        spec |= {"forward_host": "127.0.0.1", "forward_port": echo.port}
    if kind == "redirect":
        spec |= {"forward_domain_name": "new.test"}
    on = host("a", forward_port=echo.port, certificate_id="web")
    for certificate_id in (None, "web"):
        off = part(f"proxy.{kind}/off", **spec, certificate_id=certificate_id)
        for parts in ([web, on, off], [off, on, web]):
            bench.serve(*parts)
            for name in ("off.test", "x.off.test"):
                assert bench.ask(name).status == 0
                assert bench.ask(name, tls=True).status == 0
            assert bench.ask("a.test", tls=True).status == 200


def test_off_in_an_old_nginx(bench: Bench, echo: Echo) -> None:
    web = secured(bench, "a.test", "off.test")
    on = host("a", forward_port=echo.port, certificate_id="web")
    bench.features = replace(bench.features, version=(1, 18, 0))
    bench.serve(web, on, host("off", enabled=False, certificate_id="web"))
    assert bench.ask("off.test", tls=True).status == 0
    rendered = bench.render(web, on, host("off", enabled=False))
    assert [(note.part, note.field) for note in rendered.notes] == [("proxy.host/off", "enabled")]


def test_off_gives_its_names_away(bench: Bench, echo: Echo) -> None:
    off = host("off", enabled=False, domain_names=["a.test", "b.test"])
    bench.serve(off, host("a", forward_port=echo.port))
    assert bench.ask("a.test").status == 200
    assert bench.ask("b.test").status == 0
    assert not bench.good(off, host("a"), host("b")).flaws


# --- streams


@pytest.fixture
def answering() -> Iterator[Callable[[], int]]:
    """Return a function that starts a TCP server: it tells what it read first, then ends."""
    servers: list[socket.socket] = []
    threads: list[Thread] = []

    def start() -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    line.settimeout(30)
                    line.sendall(b"got " + line.recv(4096))

        threads.append(Thread(target=run))
        threads[-1].start()
        return int(server.getsockname()[1])

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join()


def talk(port: int, source: str = "127.0.0.1") -> bytes:
    with socket.create_connection(("127.0.0.1", port), 30, (source, 0)) as line:
        line.settimeout(30)
        try:
            line.sendall(b"hello")
            return line.recv(4096)
        except ConnectionError:
            return b""


def stream(target: int, key: str = "db", **spec: object) -> Part:
    found = {"incoming_port": free_port_number(), "forwarding_host": "127.0.0.1"}
    return part(f"proxy.stream/{key}", **{**found, "forwarding_port": target, **spec})


def test_tcp(bench: Bench, answering: Callable[[], int]) -> None:
    db = stream(answering())
    bench.serve(db)
    assert talk(db.spec["incoming_port"]) == b"got hello"
    off = part("proxy.stream/db", **{**db.spec, "enabled": False})
    rendered = bench.serve(off)
    assert not [file for file in rendered.files if file.path.startswith("stream/")]


def test_udp(bench: Bench) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)
        dns = stream(server.getsockname()[1], tcp_forwarding=False, udp_forwarding=True)
        bench.serve(dns)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(30)
            client.sendto(b"ask", ("127.0.0.1", dns.spec["incoming_port"]))
            data, back = server.recvfrom(100)
            server.sendto(data + b"!", back)
            assert client.recv(100) == b"ask!"


def test_stream_doors(bench: Bench, answering: Callable[[], int]) -> None:
    db = stream(answering(), access=[{"address": "127.0.0.2", "directive": "allow"}])
    bench.serve(db)
    assert talk(db.spec["incoming_port"], "127.0.0.2") == b"got hello"
    assert talk(db.spec["incoming_port"]) == b""


def test_stream_tells_who_connected(bench: Bench, answering: Callable[[], int]) -> None:
    db = stream(answering(), proxy_protocol=True)
    bench.serve(db)
    assert talk(db.spec["incoming_port"]).startswith(b"got PROXY TCP4 127.0.0.1 ")


def test_stream_ends_tls(bench: Bench, answering: Callable[[], int]) -> None:
    web = secured(bench, "db.test")
    db = stream(answering(), certificate_id="web")
    bench.serve(web, db)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    port = db.spec["incoming_port"]
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="db.test") as line,
    ):
        line.sendall(b"hello")
        assert line.recv(100) == b"got hello"
    waiting = bench.render(db)
    assert [(flaw.part, flaw.field) for flaw in waiting.flaws] == [
        ("proxy.stream/db", "certificate_id")
    ]


def test_stream_times_and_groups(bench: Bench, answering: Callable[[], int]) -> None:
    first, second = answering(), answering()
    upstreams = [
        {"host": "127.0.0.1", "port": free_port_number(), "max_fails": 1},
        {"host": "127.0.0.1", "port": first},
        {"host": "127.0.0.1", "port": second, "down": True},
    ]
    spec = {"forwarding_host": None, "forwarding_port": None, "upstreams": upstreams}
    db = stream(1, **spec, timeouts={"connect": 2, "idle": 3})
    rendered = bench.serve(db)
    assert {talk(db.spec["incoming_port"]) for _ in range(4)} == {b"got hello"}
    text = bench.text(rendered, "stream/stream-db.conf")
    assert "proxy_connect_timeout 2s;" in text
    assert "proxy_timeout 3s;" in text


def test_a_stream_to_a_name_that_does_not_resolve_stops_nothing(
    bench: Bench, answering: Callable[[], int]
) -> None:
    db, lost = stream(answering()), stream(80, "lost", forwarding_host="no.such.name.test")
    bench.serve(db, lost)
    assert talk(db.spec["incoming_port"]) == b"got hello"


def test_streams_need_their_module(bench: Bench) -> None:
    db = stream(9)
    shared = {**bench.server.spec, "instance": "shared"}
    bench.server = replace(bench.server, spec=shared)
    flaws = bench.render(db).flaws
    assert [(flaw.part, flaw.field) for flaw in flaws] == [("proxy.stream/db", "servers")]
    assert "libnginx-mod-stream" in flaws[0].message
    bench.features = replace(bench.features, loaded=frozenset({"stream"}))
    assert not bench.render(db).flaws
    bench.features = replace(bench.features, loaded=frozenset(), dynamic=frozenset())
    bench.server = replace(bench.server, spec={**shared, "instance": "own"})
    assert bench.render(db).flaws
