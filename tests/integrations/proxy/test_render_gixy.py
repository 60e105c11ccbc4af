"""What a linter for nginx's security says of what is generated: nothing that matters."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.rendered import Bench, certificate, host, make_pair, part

BAD = """
events {}
http {
    server {
        listen 127.0.0.1:8099;
        location /files { alias /srv/files/; }
        location ~ ^/to/(.*)$ { proxy_pass http://$1; proxy_set_header Host $http_host; }
        location /go { return 302 https://$host$uri; }
    }
}
"""


def findings(main: Path) -> dict[str, list[tuple[str, str]]]:
    """Return what gixy-ng finds: file and kind, by severity."""
    gixy = Path(sys.executable).with_name("gixy")
    done = subprocess.run(
        [str(gixy), "-f", "json", str(main)], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, list[tuple[str, str]]] = {}
    for issue in json.loads(done.stdout or "[]"):
        told = (Path(issue.get("file") or main).name, issue["plugin"])
        found.setdefault(issue["severity"], []).append(told)
    return found


@pytest.fixture
def rich(bench: Bench) -> Bench:
    """A server with everything that hosts can have."""
    bench.pairs["web"] = make_pair(bench.base, "a.test", "b.test")
    auth = {
        "url": "https://auth.test/verify?x=1",
        "sign_in_url": "https://auth.test/in",
        "request_headers": ["Cookie"],
        "response_headers": ["Remote-User"],
    }
    tls = {"certificate_id": "web", "ssl_forced": True, "hsts_enabled": True}
    everything = {
        **tls,
        "access_list_id": "lan",
        "forward_auth": auth,
        "allow_websocket_upgrade": True,
        "block_exploits": True,
        "caching_enabled": True,
        "headers": {"request": {"X-A": "$host"}, "response": {"X-B": "b"}},
        "rate_limit": {"requests": 5, "burst": 5, "connections": 9},
        "maintenance": {"enabled": True, "allow": ["10.0.0.0/8"]},
        "locations": [
            {"path": "/api/", "forward_host": "api", "forward_port": 80, "forward_path": "/v1/"},
            {"path": "/open", "match": "exact", "public": True, "forward_path": "/x"},
            {
                "path": "\\.(png|jpg)$",
                "match": "regex",
                "rate_limit": {"requests": 1},
                "headers": {"response": {"X-C": "c"}},
            },
        ],
        "advanced_config": "gzip on;\nadd_header X-D d;",
        "upstream_host": "inner.test",
    }
    upstreams = [{"host": "10.0.0.1", "port": 80}, {"host": "10.0.0.2", "port": 80}]
    bench.good(
        certificate("web", "a.test", "b.test"),
        part(
            "proxy.access_list/lan",
            items=[{"username": "bob", "password": "x"}],
            clients=[{"address": "10.0.0.0/8", "directive": "allow"}],
            satisfy_any=True,
        ),
        host("a", forward_host="app", forward_scheme="https", verify_tls=True, **everything),
        host("b", trust_forwarded_proto=True, **{**everything, "upstream_host": None}),
        host("c", upstreams=upstreams, keepalive=4, balance="least_conn"),
        host("d", enabled=False),
        part("proxy.redirect/e", forward_domain_name="x.test", **tls),
        part("proxy.redirect/f", forward_domain_name="x.test", forward_http_code=300),
        part("proxy.dead_host/g", **tls),
    )
    return bench


def test_nothing_that_matters(rich: Bench) -> None:
    found = findings(rich.base / "nginx.conf")
    assert found.get("HIGH", []) == []
    # answers of our own say less than the content behind the door: 400, 403, 503, never a page;
    # a host without TLS has no HSTS
    known = {"return_bypasses_allow_deny", "hsts_header"}
    assert {kind for _, kind in found.get("MEDIUM", [])} <= known, found


def test_every_file_was_looked_at(rich: Bench) -> None:
    """A mistake put into any of the files is found: the includes are followed."""
    for name in ("host-a.conf", "host-b.conf", "redirect-e.conf", "dead-g.conf"):
        path = rich.base / "current" / "http" / name
        before = path.read_text()
        bad = "location ~ ^/to/(.*)$ { proxy_pass http://$1; }\n}"
        path.write_text(before.rstrip().removesuffix("}") + bad)
        assert (name, "ssrf") in findings(rich.base / "nginx.conf").get("HIGH", []), name
        path.write_text(before)


def test_the_check_can_fail(tmp_path: Path) -> None:
    main = tmp_path / "nginx.conf"
    main.write_text(BAD)
    kinds = {kind for _, kind in findings(main).get("HIGH", [])}
    assert {"ssrf", "alias_traversal"} <= kinds
