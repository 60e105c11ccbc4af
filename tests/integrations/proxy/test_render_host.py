"""Every field of a host has the effect that it promises, seen in a real nginx."""

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from integrations.proxy.models import Part
from tests.peers.ports import free_port_number
from tests.peers.rendered import Answer, Bench, Echo, certificate, host, make_pair


def app(echo: Echo, key: str = "blog", **spec: object) -> Part:
    return host(key, forward_port=echo.port, **spec)


def secured(bench: Bench, *names: str) -> Part:
    names = names or ("blog.test",)
    bench.pairs["web"] = make_pair(bench.base, *names)
    return certificate("web", *names)


# --- where requests go


def test_a_request_reaches_the_upstream_as_it_is(bench: Bench, echo: Echo) -> None:
    bench.serve(app(echo, domain_names=["blog.test", "*.wild.test"]))
    seen = bench.ask("blog.test", "/a%20b?x=%2f&y", method="POST", body=b"hello").echo
    assert (seen["path"], seen["method"], seen["body"]) == ("/a%20b?x=%2f&y", "POST", "hello")
    headers = seen["headers"]
    assert headers["host"] == headers["x-forwarded-host"] == "blog.test"
    assert headers["x-real-ip"] == headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == headers["x-forwarded-scheme"] == "http"
    assert bench.ask("any.wild.test").status == 200
    assert bench.ask("other.test").status == 0
    assert bench.ask("blog.test", "/.well-known/acme-challenge/x").headers["server"] == "nginx"


def test_the_client_says_nothing_about_proxies_and_connections(bench: Bench, echo: Echo) -> None:
    bench.serve(app(echo))
    sent = {"Proxy": "http://evil.test", "Connection": "upgrade", "Upgrade": "websocket"}
    headers = bench.ask("blog.test", headers=sent).echo["headers"]
    assert not {"proxy", "upgrade", "connection"} & {*headers}


def test_websockets_pass_when_allowed(bench: Bench, echo: Echo) -> None:
    locations = [{"path": "/plain/", "allow_websocket_upgrade": False}]
    bench.serve(app(echo, allow_websocket_upgrade=True, locations=locations))
    sent = {"Connection": "upgrade", "Upgrade": "websocket"}
    headers = bench.ask("blog.test", headers=sent).echo["headers"]
    assert (headers["upgrade"], headers["connection"]) == ("websocket", "upgrade")
    assert "connection" not in bench.ask("blog.test").echo["headers"]
    assert "upgrade" not in bench.ask("blog.test", "/plain/", headers=sent).echo["headers"]


def test_a_name_that_does_not_resolve_stops_nothing(bench: Bench, echo: Echo) -> None:
    lost = host("lost", forward_host="no.such.name.test", forward_port=80)
    bench.serve(lost, app(echo))
    assert bench.ask("blog.test").status == 200
    start = time.monotonic()
    assert bench.ask("lost.test").status == 502
    assert time.monotonic() - start < 9


def test_localhost_needs_no_name_server(bench: Bench, echo: Echo) -> None:
    bench.serve(app(echo, forward_host="localhost"))
    assert bench.ask("blog.test").status == 200


def test_a_name_without_name_servers_is_a_flaw(bench: Bench) -> None:
    bench.server = replace(bench.server, spec={**bench.server.spec, "resolver": []})
    flaws = bench.render(host(forward_host="app.internal")).flaws
    assert (flaws[0].part, flaws[0].field) == ("proxy.host/blog", "forward_host")
    assert "resolver" in flaws[0].message


def test_groups_share_requests(bench: Bench, make_echo: Callable[[str], Echo], echo: Echo) -> None:
    first, second = make_echo("first"), make_echo("second")
    upstreams = [
        {"host": "127.0.0.1", "port": first.port, "weight": 3},
        {"host": "127.0.0.1", "port": second.port},
        {"host": "127.0.0.1", "port": echo.port, "down": True},
    ]
    bench.serve(host(upstreams=upstreams, keepalive=4))
    said = [bench.ask("blog.test").echo["by"] for _ in range(8)]
    assert (said.count("first"), said.count("second")) == (6, 2)


def test_a_backup_helps_out(bench: Bench, echo: Echo) -> None:
    upstreams = [
        {"host": "127.0.0.1", "port": free_port_number(), "max_fails": 1, "fail_timeout": 60},
        {"host": "127.0.0.1", "port": echo.port, "backup": True},
    ]
    bench.serve(host(upstreams=upstreams, balance="least_conn"))
    assert bench.ask("blog.test").echo["by"] == "app"


def test_ip_hash_stays_with_one(bench: Bench, make_echo: Callable[[str], Echo]) -> None:
    upstreams = [{"host": "127.0.0.1", "port": make_echo(name).port} for name in ("a", "b")]
    bench.serve(host(upstreams=upstreams, balance="ip_hash"))
    assert len({bench.ask("blog.test").echo["by"] for _ in range(6)}) == 1


def test_keepalive_keeps_one_connection(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        bench.serve(host(forward_port=server.getsockname()[1], keepalive=2))
        server.settimeout(30)
        raw = socket.create_connection(("127.0.0.1", bench.http))
        request = b"GET / HTTP/1.1\r\nHost: blog.test\r\n\r\n"
        with raw:
            raw.sendall(request)
            behind, _ = server.accept()
            with behind:
                behind.settimeout(30)
                for _ in range(3):
                    assert behind.recv(4096).endswith(b"\r\n\r\n")
                    behind.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    assert raw.recv(4096).endswith(b"ok")
                    raw.sendall(request)


def test_locations_go_elsewhere(bench: Bench, make_echo: Callable[[str], Echo], echo: Echo) -> None:
    other = make_echo("other")
    there = {"forward_host": "127.0.0.1", "forward_port": other.port}
    locations = [
        {"path": "/api/", "forward_path": "/v1/", **there},
        {"path": "/exact", "match": "exact", "forward_path": "/found", **there},
        {"path": "\\.(png|jpg)$", "match": "regex", **there},
        {"path": "/a.b+c", "forward_path": "/d"},
        {"path": "/same"},
    ]
    bench.serve(app(echo, locations=locations))

    def seen(path: str) -> tuple[str, str]:
        found = bench.ask("blog.test", path).echo
        return found["by"], found["path"]

    assert seen("/api/users?id=1") == ("other", "/v1/users?id=1")
    assert seen("/exact?x") == ("other", "/found?x")
    assert seen("/exactly") == ("app", "/exactly")
    assert seen("/img/a.png") == ("other", "/img/a.png")
    assert seen("/a.b+c/e") == ("app", "/d/e")
    assert seen("/aXb+c/e") == ("app", "/aXb+c/e")
    assert seen("/same/x") == ("app", "/same/x")
    assert seen("/") == ("app", "/")
    # a line end in the path would leave the part that is put in its place
    assert bench.ask("blog.test", "/api/a%0Ab").status == 400


def test_https_upstreams(bench: Bench, make_bench: Callable[..., Bench], echo: Echo) -> None:
    behind = make_bench()
    pair = make_pair(behind.base, "inner.test")
    behind.pairs["web"] = pair
    behind.serve(
        certificate("web", "inner.test"),
        host("inner", forward_port=echo.port, certificate_id="web"),
    )
    spec = {"forward_scheme": "https", "forward_port": behind.https, "upstream_host": "inner.test"}
    bench.serve(host(**spec))
    seen = bench.ask("blog.test").echo["headers"]
    assert (seen["host"], seen["x-forwarded-proto"]) == ("inner.test", "https")
    # nobody vouches for a certificate that signs itself, until it is among the trusted
    bundle = bench.base / "trusted.pem"
    bundle.write_bytes(make_pair(bench.base, "someone.else").chain)
    bench.server = replace(bench.server, spec={**bench.server.spec, "ca_bundle": str(bundle)})
    bench.serve(host(**spec, verify_tls=True))
    assert bench.ask("blog.test").status == 502
    bundle.write_bytes(pair.chain)
    bench.serve(host(**spec, verify_tls=True))
    assert bench.ask("blog.test").status == 200
    bench.serve(host(**{**spec, "upstream_host": "wrong.test"}, verify_tls=True))
    assert bench.ask("blog.test").status in (0, 502)


def test_upstream_host_is_told_and_taken_back(bench: Bench, echo: Echo) -> None:
    echo.headers, echo.status = {"Location": "https://inner.test:8080/next"}, 302
    bench.serve(app(echo, upstream_host="inner.test:8080"))
    answer = bench.ask("blog.test")
    assert answer.echo["headers"]["host"] == "inner.test:8080"
    assert answer.headers["location"] == f"http://blog.test:{bench.http}/next"


# --- headers


def test_headers_both_ways(bench: Bench, echo: Echo) -> None:
    echo.headers = {"X-Frame-Options": "DENY", "X-Gone": "1", "Set-Cookie": "a=1"}
    headers = {
        "request": {"X-Proto": "$scheme for $host", "Cookie": "", "X-Real-IP": "192.0.2.1"},
        "response": {
            "Content-Security-Policy": "default-src 'self'; img-src *",
            "X-Frame-Options": "SAMEORIGIN",
            "X-Gone": "",
        },
    }
    more = {"response": {"x-frame-options": "ALLOW", "X-Here": "yes"}, "request": {"X-Proto": "z"}}
    echo_locations = [{"path": "/sub/", "headers": more}]
    bench.serve(app(echo, headers=headers, locations=echo_locations))
    answer = bench.ask("blog.test", headers={"Cookie": "secret=1"})
    seen = answer.echo["headers"]
    assert seen["x-proto"] == "http for blog.test"
    assert seen["x-real-ip"] == "192.0.2.1"
    assert "cookie" not in seen
    assert answer.headers["content-security-policy"] == "default-src 'self'; img-src *"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["set-cookie"] == "a=1"
    assert "x-gone" not in answer.headers
    sub = bench.ask("blog.test", "/sub/")
    assert sub.headers["x-frame-options"] == "ALLOW"
    assert sub.headers["x-here"] == "yes"
    assert sub.headers["content-security-policy"].startswith("default-src")
    assert sub.echo["headers"]["x-proto"] == "z"


def test_snippets_take_effect_in_every_location(bench: Bench, echo: Echo) -> None:
    snippet = """
        # of the whole host
        add_header X-All "a \\"b\\" {c}; $host";
        proxy_set_header X-Sent 1;
        client_max_body_size 5;
        set $mine 'it is';
    """
    inner = 'add_header X-Mine $mine;\nreturn 418 "tea";'
    locations = [{"path": "/sub/", "advanced_config": inner}, {"path": "/x/"}]
    spec = {"headers": {"response": {"X-Field": "1"}}, "advanced_config": snippet}
    bench.serve(app(echo, locations=locations, **spec))
    for path in ("/", "/x/"):
        answer = bench.ask("blog.test", path)
        assert answer.headers["x-all"] == 'a "b" {c}; blog.test'
        assert answer.headers["x-field"] == "1"
        assert answer.echo["headers"]["x-sent"] == "1"
    assert bench.ask("blog.test", method="POST", body=b"123456").status == 413
    tea = bench.ask("blog.test", "/sub/")
    assert (tea.status, tea.text) == (418, "tea")


def test_a_header_of_a_snippet_is_sent_once(bench: Bench, echo: Echo) -> None:
    snippet = "proxy_set_header Host inner.test; proxy_set_header X-Real-IP 192.0.2.7;"
    bench.serve(app(echo, advanced_config=snippet))
    seen = bench.ask("blog.test").echo["headers"]
    assert (seen["host"], seen["x-real-ip"]) == ("inner.test", "192.0.2.7")


# --- limits


def test_bodies_have_a_limit(bench: Bench, echo: Echo) -> None:
    bench.serve(app(echo, max_body_size="1k"))
    assert bench.ask("blog.test", method="POST", body=b"x" * 1024).status == 200
    assert bench.ask("blog.test", method="POST", body=b"x" * 1025).status == 413
    bench.serve(app(echo, max_body_size="0"))
    assert bench.ask("blog.test", method="POST", body=b"x" * 2**21).status == 200


def test_timeouts(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        spec = {"timeouts": {"connect": 3, "read": 1, "send": 7}}
        rendered = bench.serve(host(forward_port=silent.getsockname()[1], **spec))
        start = time.monotonic()
        assert bench.ask("blog.test").status == 504
        assert time.monotonic() - start >= 0.9
    text = bench.text(rendered, "http/host-blog.conf")
    assert "proxy_connect_timeout 3s;" in text
    assert "proxy_send_timeout 7s;" in text


def test_without_buffering_the_first_byte_comes_at_once(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        bench.serve(host(forward_port=server.getsockname()[1], buffering=False))
        server.settimeout(30)
        with socket.create_connection(("127.0.0.1", bench.http)) as raw:
            raw.settimeout(30)
            raw.sendall(b"POST / HTTP/1.1\r\nHost: blog.test\r\nContent-Length: 4\r\n\r\nab")
            behind, _ = server.accept()
            with behind:
                behind.settimeout(30)
                got = b""
                while not got.endswith(b"ab"):
                    got += behind.recv(4096)
                raw.sendall(b"cd")
                assert behind.recv(10) == b"cd"
                behind.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nxy")
                told = b""
                while not told.endswith(b"xy"):
                    told += raw.recv(4096)


def test_rate_limits(bench: Bench, echo: Echo) -> None:
    locations = [
        {"path": "/free/", "rate_limit": {"requests": 1000, "burst": 100}},
        {"path": "/slow/", "rate_limit": {"requests": 1, "per": "minute", "burst": 2}},
    ]
    limit = {"requests": 1, "per": "minute"}
    bench.serve(app(echo, rate_limit=limit, locations=locations))
    assert [bench.ask("blog.test").status for _ in range(3)] == [200, 429, 429]
    assert bench.ask("blog.test", source="127.0.0.9").status == 200
    assert {bench.ask("blog.test", "/free/").status for _ in range(20)} == {200}
    assert [bench.ask("blog.test", "/slow/").status for _ in range(4)] == [200, 200, 200, 429]


def test_a_burst_may_have_to_wait(bench: Bench, echo: Echo) -> None:
    limit = {"requests": 5, "burst": 5, "nodelay": False}
    bench.serve(app(echo, rate_limit=limit))
    start = time.monotonic()
    assert [bench.ask("blog.test").status for _ in range(3)] == [200, 200, 200]
    assert time.monotonic() - start >= 0.3


def test_connections_have_a_limit(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        bench.serve(host(forward_port=silent.getsockname()[1], rate_limit={"connections": 1}))
        with socket.create_connection(("127.0.0.1", bench.http)) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: blog.test\r\n\r\n")
            behind, _ = silent.accept()
            with behind:
                assert bench.ask("blog.test").status == 429


# --- TLS


def test_tls(bench: Bench, echo: Echo) -> None:
    locations = [{"path": "/sub/", "headers": {"response": {"X-Sub": "1"}}}]
    hsts = {"ssl_forced": True, "hsts_enabled": True, "hsts_subdomains": True, "hsts_max_age": 99}
    bench.serve(secured(bench), app(echo, certificate_id="web", locations=locations, **hsts))
    answer = bench.ask("blog.test", tls=True)
    assert answer.echo["headers"]["x-forwarded-proto"] == "https"
    for path in ("/", "/sub/"):
        found = bench.ask("blog.test", path, tls=True).headers["strict-transport-security"]
        assert found == "max-age=99; includeSubDomains"
    sent = bench.ask("blog.test", "/a?b")
    assert (sent.status, sent.headers["location"]) == (301, f"https://blog.test:{bench.https}/a?b")
    assert "strict-transport-security" not in sent.headers
    folder = bench.base / "acme" / ".well-known" / "acme-challenge"
    (folder / "token").write_text("answer")
    assert bench.ask("blog.test", "/.well-known/acme-challenge/token").text == "answer"


def test_http_goes_on_when_tls_is_not_forced(bench: Bench, echo: Echo) -> None:
    bench.serve(secured(bench), app(echo, certificate_id="web"))
    assert bench.ask("blog.test").status == 200
    assert bench.ask("blog.test", tls=True).status == 200


def test_keys_are_for_their_owner_only(bench: Bench) -> None:
    rendered = bench.good(secured(bench), host(certificate_id="web"))
    modes = {file.path: file.mode for file in rendered.files}
    assert modes["files/web-1.key"] == 0o600
    assert modes["files/web-1.pem"] == 0o644
    assert all(b"PRIVATE" not in f.data for f in rendered.files if not f.path.endswith(".key"))


def test_without_a_certificate_it_is_http_and_a_note(bench: Bench, echo: Echo) -> None:
    rendered = bench.serve(app(echo, certificate_id="web", ssl_forced=True))
    assert bench.ask("blog.test").status == 200
    assert [(note.part, note.field) for note in rendered.notes] == [
        ("proxy.host/blog", "certificate_id")
    ]


def test_a_certificate_for_other_names_is_a_note(bench: Bench) -> None:
    names = ["blog.test", "www.blog.test", "a.b.test"]
    web = secured(bench, "blog.test", "*.b.test")
    rendered = bench.render(web, host(domain_names=names, certificate_id="web"))
    assert rendered.notes[0].message.endswith("does not stand for www.blog.test")


def test_a_pair_that_is_not_at_hand_lies_on_the_server(bench: Bench) -> None:
    web = secured(bench)
    bench.good(web, host(certificate_id="web"))
    bench.pairs.clear()
    rendered = bench.good(web, host(certificate_id="web"))
    assert not [file for file in rendered.files if file.path.startswith("files/")]


def test_http2_by_version(bench: Bench) -> None:
    web, blog = secured(bench), host(certificate_id="web")
    assert "ssl http2;" in bench.text(bench.good(web, blog), "http/host-blog.conf")
    off = host(certificate_id="web", http2_support=False)
    assert "http2" not in bench.text(bench.good(web, off), "http/host-blog.conf")
    bench.features = replace(bench.features, version=(1, 25, 1))
    text = bench.text(bench.render(web, blog), "http/host-blog.conf")
    assert "http2 on;" in text
    assert "ssl http2" not in text
    bench.features = replace(bench.features, modules=bench.features.modules - {"http_v2"})
    rendered = bench.render(web, blog)
    assert "http2" not in bench.text(rendered, "http/host-blog.conf")
    assert rendered.notes[0].field == "http2_support"


@pytest.mark.parametrize("site", ["close", "none"])
def test_the_newest_of_tls_and_http_is_spoken(bench: Bench, echo: Echo, site: str) -> None:
    """Also when the first server block of the port is one that only refuses."""
    bench.server = replace(bench.server, spec={**bench.server.spec, "default_site": site})
    bench.serve(secured(bench), app(echo, "a"), app(echo, certificate_id="web"))
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", bench.https)) as raw,
        context.wrap_socket(raw, server_hostname="blog.test") as line,
    ):
        assert line.selected_alpn_protocol() == "h2"
        assert line.version() == "TLSv1.3"


def test_http3_by_version(bench: Bench) -> None:
    web, blog = secured(bench), host(certificate_id="web", http3_support=True)
    rendered = bench.good(web, blog)
    assert "quic" not in bench.text(rendered, "http/host-blog.conf")
    assert [note.field for note in rendered.notes] == ["http3_support"]
    modules = bench.features.modules | {"http_v3"}
    bench.features = replace(bench.features, version=(1, 26, 0), modules=modules)
    rendered = bench.render(web, blog)
    text = bench.text(rendered, "http/host-blog.conf")
    assert f"listen 127.0.0.1:{bench.https} quic;" in text
    assert "http3 on;" in text
    assert f"add_header Alt-Svc 'h3=\":{bench.https}\"; ma=86400' always;" in text
    hub = bench.text(rendered, "http/00-hub.conf")
    assert hub.count("quic reuseport;") == 1
    assert not rendered.notes


def test_names_without_tls_show_no_other_host(bench: Bench, echo: Echo) -> None:
    bench.server = replace(bench.server, spec={**bench.server.spec, "default_site": "none"})
    web = secured(bench, "safe.test")
    bench.serve(web, app(echo, "safe", certificate_id="web"), app(echo, "plain"))
    assert bench.ask("safe.test", tls=True).status == 200
    assert bench.ask("plain.test", tls=True).status == 0
    assert bench.ask("plain.test").status == 200


# --- a proxy in front


def test_a_proxy_in_front_tells_the_scheme(bench: Bench, echo: Echo) -> None:
    spec = {"ssl_forced": True, "hsts_enabled": True, "trust_forwarded_proto": True}
    bench.serve(app(echo, **spec))
    secure = bench.ask("blog.test", headers={"X-Forwarded-Proto": "https"})
    assert secure.echo["headers"]["x-forwarded-proto"] == "https"
    assert secure.headers["strict-transport-security"].startswith("max-age=")
    plain = bench.ask("blog.test", "/a", headers={"X-Forwarded-Proto": "http"})
    assert (plain.status, plain.headers["location"]) == (301, f"https://blog.test:{bench.https}/a")
    other = bench.ask("blog.test", headers={"X-Forwarded-Proto": "javascript"})
    assert other.status == 301


def test_nobody_else_tells_the_scheme(bench: Bench, echo: Echo) -> None:
    bench.serve(app(echo))
    seen = bench.ask("blog.test", headers={"X-Forwarded-Proto": "https"}).echo["headers"]
    assert seen["x-forwarded-proto"] == "http"


# --- the rest


def test_maintenance(bench: Bench, echo: Echo) -> None:
    text = 'Back at 5 <b>"o\'clock"</b> $host \\ {x}; ü\nbye'
    spec = {"enabled": True, "message": text, "retry_after": 77, "allow": ["127.0.0.2"]}
    locations = [{"path": "/api/"}, {"path": "/x", "match": "exact"}]
    bench.serve(app(echo, maintenance=spec, locations=locations))
    for path in ("/", "/api/", "/x"):
        answer = bench.ask("blog.test", path)
        assert (answer.status, answer.headers["retry-after"]) == (503, "77"), path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "&lt;b&gt;" in answer.text
        assert "&#36;host &#92; {x}; ü<br>bye" in answer.text
        assert bench.ask("blog.test", path, source="127.0.0.2").status == 200
    assert bench.ask("blog.test", method="POST", body=b"x").status == 503
    bench.serve(app(echo, maintenance={**spec, "enabled": False}))
    assert bench.ask("blog.test").status == 200


def test_an_upstream_with_503_keeps_its_page(bench: Bench, echo: Echo) -> None:
    echo.status = 503
    bench.serve(app(echo, maintenance={"enabled": True, "allow": ["127.0.0.1"]}))
    assert bench.ask("blog.test").echo["by"] == "app"


@pytest.mark.parametrize(
    "path",
    [
        "/?q=<script>",
        "/?q=%3Cscript%3E",
        "/?id=1%27%20union%20select%201",
        "/?id=1%20UNION%20ALL%20SELECT%201",
        "/?f=../../etc/passwd",
        "/?f=..%2f..%2fetc",
        "/.git/config",
        "/app/.env",
        "/?x=base64_encode(1)",
        "/?GLOBALS[x]=1",
        "/?x=/proc/self/environ",
        "/?u=php://input",
    ],
)
def test_exploits_are_refused(bench: Bench, echo: Echo, path: str) -> None:
    bench.serve(app(echo, block_exploits=True), app(echo, "open"))
    assert bench.ask("blog.test", path).status == 403
    assert bench.ask("open.test", path).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/search?q=how+to+select+a+union",
        "/?next=https://x.test/a",
        "/?path=/a/b",
        "/.well-known/security.txt",
        "/environment",
        "/a..b?x=..",
        "/description?drop=1",
    ],
)
def test_plain_requests_are_no_exploits(bench: Bench, echo: Echo, path: str) -> None:
    bench.serve(app(echo, block_exploits=True))
    assert bench.ask("blog.test", path).status == 200


def test_caching(bench: Bench, echo: Echo) -> None:
    echo.headers = {"Cache-Control": "max-age=60"}
    bench.serve(app(echo, caching_enabled=True))

    def state(path: str, **headers: str) -> str:
        return bench.ask("blog.test", path, headers=headers).headers["x-cache-status"]

    assert [state("/a.css"), state("/a.css"), state("/a.css?2")] == ["MISS", "HIT", "MISS"]
    assert state("/page") == state("/page") == "BYPASS"
    assert state("/a.css", Authorization="Basic x") == "BYPASS"
    assert state("/b.js", Authorization="Basic x") == "BYPASS"
    assert state("/b.js") == "MISS"
    echo.headers["Set-Cookie"] = "me=1"
    assert [state("/c.png"), state("/c.png")] == ["MISS", "MISS"]
    echo.headers = {}
    assert [state("/d.png"), state("/d.png")] == ["MISS", "MISS"]
    assert [path for path in (bench.base / "cache" / "blog").rglob("*") if path.is_file()]


def test_caching_stays_behind_the_door(bench: Bench, echo: Echo) -> None:
    from tests.peers.rendered import part

    echo.headers = {"Cache-Control": "max-age=60"}
    lan = part("proxy.access_list/lan", clients=[{"address": "127.0.0.2", "directive": "allow"}])
    bench.serve(lan, app(echo, caching_enabled=True, access_list_id="lan"))
    assert bench.ask("blog.test", "/a.css", source="127.0.0.2").status == 200
    assert bench.ask("blog.test", "/a.css").status == 403


def test_the_log_names_the_host(bench: Bench, echo: Echo) -> None:
    bench.serve(app(echo))
    bench.ask("blog.test", '/a"b?x')
    (record,) = bench.log()
    assert record["h"] == "proxy.host/blog"
    assert (record["s"], record["us"], record["m"]) == ("200", "200", "GET")
    assert (record["u"], record["a"]) == ('/a"b?x', "127.0.0.1")
    assert record["ua"] == f"127.0.0.1:{echo.port}"
    assert record["b"] > 0
    assert float(record["ut"]) >= 0
    bench.server = replace(bench.server, spec={**bench.server.spec, "access_log": False})
    bench.serve(app(echo))
    bench.ask("blog.test")
    bench.stop()
    assert len(bench.log()) == 1


def test_each_name_is_one_host_only(bench: Bench, echo: Echo) -> None:
    long = "a" * 60 + "." + "b" * 60 + ".test"
    bench.serve(app(echo, domain_names=[long]), *(app(echo, f"h{n}") for n in range(600)))
    assert bench.ask(long).status == 200
    assert bench.ask("h599.test").status == 200


def test_keys_that_look_alike_share_nothing(bench: Bench) -> None:
    keys = ["a.b", "a-b", "a_b", "a_db", "a_ub", "a__b"]
    limit = {"requests": 1}
    spec = {"rate_limit": limit, "caching_enabled": True, "maintenance": {"enabled": True}}
    several = [{"host": "10.0.0.1", "port": 1}]
    hosts = [
        host(key, domain_names=[f"n{n}.test"], upstreams=several, **spec)
        for n, key in enumerate(keys)
    ]
    rendered = bench.good(*hosts)
    text = "".join(file.data.decode() for file in rendered.files)
    names = re.findall(r"^upstream (\S+) ", text, re.MULTILINE)
    assert len(set(names)) == len(keys)


def test_status_and_release(bench: Bench) -> None:
    import http.client

    bench.serve()
    line = http.client.HTTPConnection("127.0.0.1", bench.server.spec["status_port"])
    try:
        line.request("GET", "/hub/release")
        assert line.getresponse().read() == b"r1"
        line.request("GET", "/hub/status")
        assert line.getresponse().read().startswith(b"Active connections: ")
        line.request("GET", "/other")
        assert line.getresponse().status == 404
    finally:
        line.close()


@pytest.mark.parametrize(("site", "status"), [("close", 0), ("not_found", 404)])
def test_default_site(make_bench: Callable[..., Bench], echo: Echo, site: str, status: int) -> None:
    bench = make_bench(default_site=site)
    bench.serve(secured(bench), app(echo, certificate_id="web"))
    assert bench.ask("nobody.test").status == status
    assert bench.ask("nobody.test", tls=True) == Answer(0)
    folder = bench.base / "acme" / ".well-known" / "acme-challenge"
    (folder / "token").write_text("answer")
    assert bench.ask("nobody.test", "/.well-known/acme-challenge/token").text == "answer"
