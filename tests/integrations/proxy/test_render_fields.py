"""No field without effect: each changes what is rendered, or is told here to be for others."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import voluptuous as vol

from integrations.proxy import schema
from integrations.proxy.models import Part
from integrations.proxy.render import main, render
from tests.peers.rendered import Bench, certificate, host, make_pair, part

ELSEWHERE = {
    "host": {"name", "servers", "group", "name_servers", "health_check"},
    "redirect": {"name", "servers", "group"},
    "dead_host": {"name", "servers", "group"},
    "stream": {"name", "servers", "group"},
    "access_list": set(),
    "server": {
        *("name", "server", "nginx", "reload", "keep_releases", "take_over", "payment"),
        *("main_config", "drop_in", "stream_drop_in"),
    },
}
"""Read by placement, by what watches, and by what deploys."""

TLS = {"certificate_id": "web"}
HOST: dict[str, tuple[dict[str, Any], Any]] = {
    "enabled": ({}, False),
    "domain_names": ({}, ["other.test"]),
    "forward_scheme": ({}, "https"),
    "forward_host": ({}, "10.0.0.1"),
    "forward_port": ({}, 99),
    "upstreams": (
        {"forward_host": None, "forward_port": None, "upstreams": [{"host": "a", "port": 1}]},
        [{"host": "10.0.0.1", "port": 1, "weight": 2}],
    ),
    "balance": ({"keepalive": 1}, "least_conn"),
    "keepalive": ({}, 8),
    "locations": ({}, [{"path": "/x"}]),
    "access_list_id": ({}, "lan"),
    "certificate_id": ({}, "web"),
    "ssl_forced": (TLS, True),
    "hsts_enabled": ({**TLS, "ssl_forced": True}, True),
    "hsts_subdomains": ({**TLS, "ssl_forced": True, "hsts_enabled": True}, True),
    "hsts_max_age": ({**TLS, "ssl_forced": True, "hsts_enabled": True}, 7),
    "http2_support": (TLS, False),
    "http3_support": (TLS, True),
    "caching_enabled": ({}, True),
    "block_exploits": ({}, True),
    "allow_websocket_upgrade": ({}, True),
    "trust_forwarded_proto": ({}, True),
    "headers": ({}, {"response": {"X-A": "1"}}),
    "rate_limit": ({}, {"requests": 1}),
    "forward_auth": ({}, {"url": "http://10.0.0.1/"}),
    "maintenance": ({}, {"enabled": True}),
    "timeouts": ({}, {"read": 7}),
    "max_body_size": ({}, "7m"),
    "buffering": ({}, False),
    "verify_tls": ({"forward_scheme": "https", "upstream_host": "a.test"}, True),
    "upstream_host": ({}, "inner.test"),
    "advanced_config": ({}, "gzip on;"),
}
REDIRECT: dict[str, tuple[dict[str, Any], Any]] = {
    "forward_http_code": ({}, 308),
    "forward_scheme": ({}, "https"),
    "forward_domain_name": ({}, "third.test"),
    "preserve_path": ({}, False),
    **{
        name: HOST[name]
        for name in (
            *("enabled", "domain_names", "certificate_id", "ssl_forced", "hsts_enabled"),
            *("hsts_subdomains", "hsts_max_age", "http2_support", "block_exploits"),
            "advanced_config",
        )
    },
}
DEAD = {
    name: value
    for name, value in REDIRECT.items()
    if name in {str(key) for key in schema.DEAD_HOST.schema}
}
STREAM: dict[str, tuple[dict[str, Any], Any]] = {
    "enabled": ({}, False),
    "incoming_port": ({}, 77),
    "forwarding_host": ({}, "10.0.0.9"),
    "forwarding_port": ({}, 78),
    "upstreams": (
        {
            "forwarding_host": None,
            "forwarding_port": None,
            "upstreams": [{"host": "10.0.0.2", "port": 1}],
        },
        [{"host": "10.0.0.1", "port": 1}],
    ),
    "tcp_forwarding": ({"udp_forwarding": True}, False),
    "udp_forwarding": ({}, True),
    "certificate_id": ({}, "web"),
    "access": ({}, [{"address": "10.0.0.1", "directive": "allow"}]),
    "proxy_protocol": ({}, True),
    "timeouts": ({}, {"idle": 7}),
}
ACCESS: dict[str, tuple[dict[str, Any], Any]] = {
    "name": ({}, "Other"),
    "satisfy_any": ({}, True),
    "pass_auth": ({}, True),
    "items": ({}, [{"username": "eve", "password": "x"}]),
    "clients": ({}, [{"address": "10.0.0.1", "directive": "allow"}]),
}
SERVER: dict[str, Any] = {
    "instance": "shared",
    "base": "/srv/other",
    "http_port": 81,
    "https_port": 444,
    "addresses": ["192.0.2.1"],
    "status_port": 8300,
    "resolver": ["9.9.9.9"],
    "resolver_valid": 7,
    "default_site": "not_found",
    "worker_connections": 777,
    "access_log": False,
    "ca_bundle": "/etc/other.pem",
}


def made(kind: str, spec: Mapping[str, Any]) -> Part:
    if kind == "host":
        return host("x", **spec)
    usual = {
        "redirect": {"forward_domain_name": "new.test"},
        "dead_host": {},
        "stream": {"incoming_port": 7, "forwarding_host": "10.0.0.1", "forwarding_port": 8},
        "access_list": {"items": [{"username": "bob", "password": "x"}]},
    }[kind]
    key = "lan" if kind == "access_list" else "x"
    return part(f"proxy.{kind}/{key}", **{**usual, **spec})


def shown(bench: Bench, *parts: Part) -> dict[str, bytes]:
    """Return all files and notes."""
    rendered = bench.render(*parts)
    notes = "\n".join(map(str, [*rendered.notes, *rendered.flaws])).encode()
    return {"notes": notes, **{file.path: file.data for file in rendered.files}}


@pytest.fixture
def others(bench: Bench) -> list[Part]:
    bench.pairs["web"] = make_pair(bench.base, "x.test")
    return [
        certificate("web", "x.test"),
        part("proxy.access_list/lan", items=[{"username": "bob", "password": "x"}]),
    ]


@pytest.mark.parametrize(
    ("kind", "known", "table"),
    [
        ("host", schema.HOST, HOST),
        ("redirect", schema.REDIRECT, REDIRECT),
        ("dead_host", schema.DEAD_HOST, DEAD),
        ("stream", schema.STREAM, STREAM),
    ],
)
def test_parts(
    bench: Bench,
    others: list[Part],
    kind: str,
    known: vol.Schema,
    table: dict[str, tuple[dict[str, Any], Any]],
) -> None:
    assert {str(key) for key in known.schema} == {*table, *ELSEWHERE[kind]}
    for name, (around, value) in table.items():
        before = shown(bench, *others, made(kind, around))
        assert before == shown(bench, *others, made(kind, around))
        assert shown(bench, *others, made(kind, {**around, name: value})) != before, name


def test_access_lists(bench: Bench) -> None:
    assert {str(key) for key in schema.ACCESS_LIST.schema} == {*ACCESS}
    user = host("x", access_list_id="lan")
    for name, (around, value) in ACCESS.items():
        before = shown(bench, made("access_list", around), user)
        assert shown(bench, made("access_list", {**around, name: value}), user) != before, name


def test_servers(make_bench: Callable[..., Bench], bench: Bench, others: list[Part]) -> None:
    assert {str(key) for key in schema.SERVER.schema} == {*SERVER, *ELSEWHERE["server"]}
    spec = {"forward_scheme": "https", "forward_host": "app.test", "verify_tls": True}
    parts = [*others, host("x", **spec, certificate_id="web")]
    before = shown(bench, *parts)
    for name, value in SERVER.items():
        other = make_bench()
        other.pairs = bench.pairs
        other.server = replace(bench.server, spec={**bench.server.spec, name: value})
        assert shown(other, *parts) != before, name


def test_every_address_there_is(bench: Bench) -> None:
    bench.server = replace(bench.server, spec={**bench.server.spec, "addresses": []})
    text = bench.text(bench.good(host()), "http/host-blog.conf")
    assert f"    listen {bench.http};\n    listen [::]:{bench.http};\n" in text


def test_addresses_of_both_kinds(bench: Bench) -> None:
    addresses = ["192.0.2.1", "2001:db8::1"]
    bench.server = replace(bench.server, spec={**bench.server.spec, "addresses": addresses})
    text = bench.text(bench.render(host()), "http/host-blog.conf")
    assert f"listen 192.0.2.1:{bench.http};" in text
    assert f"listen [2001:db8::1]:{bench.http};" in text


def test_a_shared_nginx_keeps_its_own_ways(bench: Bench) -> None:
    spec = {**bench.server.spec, "instance": "shared"}
    bench.server = replace(bench.server, spec=spec)
    rendered = bench.render(host())
    paths = [file.path for file in rendered.files]
    assert "nginx.conf" not in paths
    hub = bench.text(rendered, "http/00-hub.conf")
    assert "default_server" not in hub
    assert "server_names_hash" not in hub
    long = bench.render(host(domain_names=["a" * 50 + ".test"]))
    assert "server_names_hash_bucket_size 512;" in bench.text(long, "http/00-hub.conf")


def test_what_the_main_file_says_is_not_said_again(bench: Bench) -> None:
    """nginx takes these directives once, and a distribution may have set them."""
    server = replace(bench.server, spec={**bench.server.spec, "instance": "shared"})
    parts = [host(domain_names=["a" * 50 + ".test"])]
    for text, there in (
        ("http { server_names_hash_bucket_size 1024; }", False),
        ("http { # server_names_hash_bucket_size 64;\n}", True),
        ("http {", True),
    ):
        rendered = render(server, bench.features, parts, {}, main_text=text)
        hub = bench.text(rendered, "http/00-hub.conf")
        assert ("server_names_hash_bucket_size" in hub) is there, text


def test_name_servers_of_the_server_itself(bench: Bench) -> None:
    server = replace(bench.server, spec={**bench.server.spec, "resolver": []})
    found = ["192.0.2.53", "2001:db8::53", "fe80::1%eth0"]
    rendered = render(server, bench.features, [host(forward_host="app")], {}, nameservers=found)
    text = bench.text(rendered, "http/host-blog.conf")
    assert "resolver 192.0.2.53 [2001:db8::53] valid=30s;" in text


def test_drop_ins_name_the_folder() -> None:
    assert "include /srv/hub/current/http/*.conf;" in main.drop_in("/srv/hub")
    assert "include /srv/hub/current/stream/*.conf;" in main.stream_drop_in("/srv/hub")
