"""What parts of one server forbid each other, and that rendering is the same every time."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from integrations.proxy.models import Part
from integrations.proxy.render import render
from tests.peers.rendered import Bench, host, part


def flaws(bench: Bench, *parts: Part) -> list[tuple[str, str]]:
    return [(flaw.part, flaw.field) for flaw in bench.render(*parts).flaws]


def test_the_first_has_the_name(bench: Bench) -> None:
    first = host("z", domain_names=["a.test", "b.test"])
    second = host("a", domain_names=["c.test", "b.test"])
    third = part("proxy.redirect/r", domain_names=["c.test"], forward_domain_name="x.test")
    rendered = bench.render(first, second, third)
    found = [(flaw.part, flaw.field) for flaw in rendered.flaws]
    assert found == [("proxy.host/a", "domain_names.1"), ("proxy.redirect/r", "domain_names.0")]
    told = str(rendered.flaws[0])
    assert "b.test" in told
    assert "proxy.host/z" in told
    assert "proxy.host/a" in told
    assert [file.path for file in rendered.files if file.path.startswith("http/host")] == [
        "http/host-z.conf"
    ]
    assert flaws(bench, second, first)[0] == ("proxy.host/z", "domain_names.1")


def test_one_mistake_blocks_nobody_else(bench: Bench) -> None:
    rendered = bench.render(host("a"), host("bad", access_list_id="gone"), host("c"))
    paths = [file.path for file in rendered.files]
    assert "http/host-a.conf" in paths
    assert "http/host-c.conf" in paths
    assert "http/host-bad.conf" not in paths
    assert len(rendered.flaws) == 1


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"forward_host": "127.0.0.1", "forward_port": 80}, "forward_host"),
        ({"forward_host": "127.9.9.9", "forward_port": 443}, "forward_host"),
        ({"forward_host": "localhost", "forward_port": 80}, "forward_host"),
        ({"forward_host": "::1", "forward_port": 80}, "forward_host"),
        ({"forward_host": "::ffff:127.0.0.1", "forward_port": 80}, "forward_host"),
        ({"forward_host": "0.0.0.0", "forward_port": 80}, "forward_host"),  # noqa: S104
        ({"forward_host": "192.0.2.1", "forward_port": 443}, "forward_host"),
        ({"forward_host": "me.test", "forward_port": 80}, "forward_host"),
        ({"forward_host": "a.wild.test", "forward_port": 80}, "forward_host"),
        ({"forward_host": "127.0.0.1", "forward_port": 8299}, "forward_host"),
        ({"upstreams": [{"host": "127.0.0.1", "port": 80}]}, "upstreams.0.host"),
        (
            {"locations": [{"path": "/x", "forward_host": "127.0.0.1", "forward_port": 80}]},
            "locations.0.forward_host",
        ),
    ],
)
def test_ways_that_lead_back(bench: Bench, spec: dict[str, Any], field: str) -> None:
    ports = {"http_port": 80, "https_port": 443, "status_port": 8299, "addresses": ["192.0.2.1"]}
    bench.server = replace(bench.server, spec={**bench.server.spec, **ports})
    names = ["me.test", "*.wild.test"]
    assert flaws(bench, host(domain_names=names, **spec)) == [("proxy.host/blog", field)]


@pytest.mark.parametrize(
    "spec",
    [
        {"forward_host": "127.0.0.1", "forward_port": 8080},
        {"forward_host": "me.test", "forward_port": 8080},
        {"forward_host": "192.0.2.2", "forward_port": 80},
        {"forward_host": "other.test", "forward_port": 443},
    ],
)
def test_ways_that_do_not(bench: Bench, spec: dict[str, Any]) -> None:
    ports = {"http_port": 80, "https_port": 443, "addresses": ["192.0.2.1"]}
    bench.server = replace(bench.server, spec={**bench.server.spec, **ports})
    assert flaws(bench, host(domain_names=["me.test"], **spec)) == []


def stream(key: str, port: int, **spec: Any) -> Part:
    to = {"forwarding_host": "192.0.2.9", "forwarding_port": 1}
    return part(f"proxy.stream/{key}", incoming_port=port, **{**to, **spec})


def test_ports_have_one_owner(bench: Bench) -> None:
    spec = bench.server.spec
    for name in ("http_port", "https_port", "status_port"):
        assert flaws(bench, stream("a", spec[name])) == [("proxy.stream/a", "incoming_port")]
    udp = {"tcp_forwarding": False, "udp_forwarding": True}
    assert flaws(bench, stream("a", 53), stream("b", 53)) == [("proxy.stream/b", "incoming_port")]
    assert flaws(bench, stream("a", 53), stream("b", 53, **udp)) == []
    assert flaws(bench, stream("a", spec["http_port"], **udp)) == []
    assert flaws(bench, stream("a", 53, enabled=False), stream("b", 53)) == []


def test_a_stream_that_leads_back(bench: Bench) -> None:
    back = stream("a", 7777, forwarding_host="127.0.0.1", forwarding_port=7777)
    assert flaws(bench, back) == [("proxy.stream/a", "forwarding_host")]


def test_names_in_groups_by_version(bench: Bench) -> None:
    spec = {"upstreams": [{"host": "10.0.0.1", "port": 80}, {"host": "app", "port": 80}]}
    rendered = bench.render(host(**spec))
    assert rendered.flaws[0].field == "upstreams.1.host"
    for way in ("addresses", "forward_host", "1.27.3"):
        assert way in rendered.flaws[0].message
    bench.features = replace(bench.features, version=(1, 27, 3))
    text = bench.text(bench.render(host(**spec)), "http/host-blog.conf")
    assert "server app:80 max_fails=1 fail_timeout=10s resolve;" in text
    assert "zone hub_blog 64k;" in text
    assert re.search(r"^    resolver 127\.0\.0\.1:1 valid=30s;$", text, re.MULTILINE)


def test_keepalive_to_a_name_by_version(bench: Bench) -> None:
    one = host(forward_host="app", keepalive=8)
    rendered = bench.good(one)
    assert [note.field for note in rendered.notes] == ["keepalive"]
    assert "$hub_target" in bench.text(rendered, "http/host-blog.conf")
    bench.features = replace(bench.features, version=(1, 28, 0))
    rendered = bench.render(one)
    assert not rendered.notes
    assert "keepalive 8;" in bench.text(rendered, "http/host-blog.conf")


def test_forward_auth_needs_its_module(bench: Bench) -> None:
    modules = bench.features.modules - {"http_auth_request"}
    bench.features = replace(bench.features, modules=modules)
    auth = {"url": "http://127.0.0.1:9/"}
    assert flaws(bench, host(forward_auth=auth)) == [("proxy.host/blog", "forward_auth")]


def test_servers_of_folders_with_secrets_are_refused(bench: Bench) -> None:
    snippet = f"root {bench.base}/files;"
    found = bench.render(host(advanced_config=snippet)).flaws
    assert [(flaw.part, flaw.field) for flaw in found] == [("proxy.host/blog", "advanced_config")]


def test_what_no_schema_has_seen_is_a_flaw_and_not_a_line(bench: Bench) -> None:
    evil = "a.test; } server { listen 1"
    good = host()
    specs: list[dict[str, Any]] = [
        {"domain_names": [f"x\n{evil}"]},
        {"forward_host": f"\n{evil}"},
        {"headers": {"request": {f"X\n{evil}": "1"}, "response": {}}},
        {"headers": {"request": {}, "response": {"X": f"1\n{evil}"}}},
        {"domain_names": ["$host.test"]},
        {"locations": [{"path": f"/a\n{evil}"}]},
        {"domain_names": None},
        {"upstreams": "no list"},
        {"advanced_config": "} server {"},
    ]
    for spec in specs:
        bad = Part(good.id, 1, {**good.spec, **spec})
        assert [part_id for part_id, _ in flaws(bench, bad)] == [good.id], spec


def test_the_same_input_gives_the_same_bytes(bench: Bench) -> None:
    parts = [host(f"h{number}", block_exploits=number % 2 == 0) for number in range(5)]
    first = {file.path: file for file in bench.render(*parts).files}
    turned = [Part(one.id, 1, _reversed(one.spec)) for one in parts]
    assert {file.path: file for file in bench.render(*turned).files} == first


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        items.reverse()
        return {key: _reversed(item) for key, item in items}
    return value


def test_an_older_spec_means_the_same(bench: Bench) -> None:
    full = host(locations=[{"path": "/x"}])
    short = Part(
        full.id,
        1,
        {
            "domain_names": full.spec["domain_names"],
            "forward_host": "127.0.0.1",
            "forward_port": 9,
            "locations": [{"path": "/x"}],
        },
    )
    assert bench.render(short).files == bench.render(full).files


def test_each_line_has_its_field(bench: Bench) -> None:
    blog = host(
        max_body_size="7m",
        headers={"response": {"X-A": "1"}},
        locations=[{"path": "/x", "advanced_config": "expires 1h;"}],
    )
    (file,) = [one for one in bench.render(blog).files if one.path == "http/host-blog.conf"]
    lines = file.data.decode().splitlines()
    assert len(lines) == len(file.fields)
    fields = dict(zip((line.strip() for line in lines), file.fields, strict=True))
    assert fields["client_max_body_size 7m;"] == "max_body_size"
    assert fields["add_header X-A 1 always;"] == "headers.response.X-A"
    assert fields["expires 1h;"] == "locations.0.advanced_config"
    assert fields["server_name blog.test;"] == "domain_names"


def test_no_file_has_a_date(bench: Bench) -> None:
    year = str(time.localtime().tm_year)
    for file in bench.render(host()).files:
        assert year not in file.data.decode()


def test_ports_of_a_server_differ(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    spec = {**bench.server.spec, "status_port": bench.http}
    rendered = render(replace(bench.server, spec=spec), bench.features, [], {})
    assert [(flaw.part, flaw.field) for flaw in rendered.flaws] == [
        ("proxy.server/web", "status_port")
    ]
