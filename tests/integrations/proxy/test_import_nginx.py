"""An existing nginx tree: what forwards is taken over, and nothing is lost without a word."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from crossplane import analyzer

from integrations.proxy.importing.certificates import Mode
from integrations.proxy.importing.check import checked, flaw
from integrations.proxy.importing.nginx import read
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Imported, Level, Placement, Unreadable
from integrations.proxy.importing.sources import Dump, Folder, Source
from tests.integrations.proxy.npm import pair

EDGE = Placement(("edge",))


def imported(source: Source | Path, **options: Any) -> Imported:
    found = checked(
        read(
            Folder(source) if isinstance(source, Path) else source,
            Options(EDGE, **{"email": "a@b.test", **options}),
        )
    )
    assert {
        name: flaw(name, spec) for name, spec in found.documents.items() if flaw(name, spec)
    } == {}
    return found


def site(tmp_path: Path, text: str, http: str = "", stream: str = "", **options: Any) -> Imported:
    tmp_path.mkdir(exist_ok=True)
    main = tmp_path / "nginx.conf"
    stream = f"stream {{\n{stream}\n}}\n" if stream else ""
    main.write_text(f"events {{}}\nhttp {{\n{http}\n{text}\n}}\n{stream}")
    return imported(main, **options)


def said(found: Imported, level: Level | None = None) -> str:
    return "\n".join(str(it) for it in found.findings if level is None or it.level is level)


def host(found: Imported, key: str = "a.test") -> dict[str, Any]:
    return found.documents[f"proxy.host/{key}"]


PLAIN = (
    "server { listen 80; server_name a.test; location / { proxy_pass http://10.0.0.1:81; %s } %s }"
)


def test_a_pair_of_http_and_https_is_one_host(tmp_path: Path) -> None:
    found = site(
        tmp_path,
        """
server {
    listen 80; listen [::]:80;
    server_name a.test www.a.test;
    location ^~ /.well-known/acme-challenge/ { root /var/www/acme; }
    location / { return 301 https://$host$request_uri; }
}
server {
    listen 443 ssl http2;
    server_name a.test www.a.test;
    ssl_certificate /etc/letsencrypt/live/a.test/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/a.test/privkey.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    client_max_body_size 50m;
    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains; preload" always;
    add_header X-Frame-Options SAMEORIGIN always;
    location / {
        proxy_pass http://app;
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Site one;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_connect_timeout 3s; proxy_read_timeout 1h; proxy_send_timeout 2m;
        proxy_buffering off;
        limit_req zone=slow burst=20 nodelay;
        limit_conn open 15;
    }
    location ^~ /api/ { proxy_pass https://10.0.0.9:9443/v1/; proxy_set_header Host $host; }
    location = /health { proxy_pass http://app; proxy_set_header Host $host; }
    location ~ ^/u/[0-9]+$ { proxy_pass http://10.0.0.8; proxy_set_header Host $host; }
}""",
        """
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
limit_req_zone $binary_remote_addr zone=slow:10m rate=600r/m;
limit_conn_zone $binary_remote_addr zone=open:1m;
upstream app {
    least_conn;
    server 10.0.0.2:8080 weight=3 max_fails=2 fail_timeout=1m30s;
    server [fd00::2]:8080 backup;
    server app.lan down;
    keepalive 16;
}""",
    )
    assert found.documents["proxy.certificate/a.test"] == {
        "domain_names": ["a.test", "www.a.test"],
        "provider": "acme",
        "acme": {"challenge": "http-01", "email": "a@b.test"},
    }
    assert host(found) == {
        "domain_names": ["a.test", "www.a.test"],
        "servers": ["edge"],
        "forward_scheme": "http",
        "upstreams": [
            {"host": "10.0.0.2", "port": 8080, "weight": 3, "max_fails": 2, "fail_timeout": 90},
            {"host": "fd00::2", "port": 8080, "backup": True},
            {"host": "app.lan", "port": 80, "down": True},
        ],
        "balance": "least_conn",
        "keepalive": 16,
        "headers": {
            "request": {"X-Site": "one"},
            "response": {"X-Frame-Options": "SAMEORIGIN"},
        },
        "allow_websocket_upgrade": True,
        "timeouts": {"connect": 3, "read": 3600, "send": 120},
        "max_body_size": "50m",
        "buffering": False,
        "rate_limit": {
            "requests": 600,
            "per": "minute",
            "burst": 20,
            "nodelay": True,
            "connections": 15,
        },
        "locations": [
            {
                "path": "/api/",
                "match": "prefix",
                "forward_scheme": "https",
                "forward_host": "10.0.0.9",
                "forward_port": 9443,
                "forward_path": "/v1/",
            },
            {"path": "/health", "match": "exact"},
            {
                "path": "^/u/[0-9]+$",
                "match": "regex",
                "forward_scheme": "http",
                "forward_host": "10.0.0.8",
                "forward_port": 80,
            },
        ],
        "certificate_id": "a.test",
        "http2_support": True,
        "ssl_forced": True,
        "hsts_enabled": True,
        "hsts_subdomains": True,
        "hsts_max_age": 31536000,
    }
    assert said(found, Level.LEFT_OUT) == ""


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("proxy_pass http://10.0.0.1:81;", ("http", "10.0.0.1", 81)),
        ("proxy_pass https://10.0.0.1;", ("https", "10.0.0.1", 443)),
        ("proxy_pass http://10.0.0.1:81/;", ("http", "10.0.0.1", 81)),
        ("proxy_pass http://[fd00::1]:81;", ("http", "fd00::1", 81)),
        ("proxy_pass http://nas.lan$request_uri;", ("http", "nas.lan", 80)),
        ("set $up nas.lan; proxy_pass http://$up:81;", ("http", "nas.lan", 81)),
        ("set $p 81; set $up http://nas.lan:${p}; proxy_pass $up;", ("http", "nas.lan", 81)),
        ("set $p https; proxy_pass $p://nas.lan:81$request_uri;", ("https", "nas.lan", 81)),
    ],
)
def test_targets(tmp_path: Path, text: str, target: tuple[str, str, int]) -> None:
    found = site(tmp_path, f"server {{ server_name a.test; location / {{ {text} }} }}")
    spec = host(found)
    assert (spec["forward_scheme"], spec["forward_host"], spec["forward_port"]) == target
    assert "locations" not in spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("proxy_pass http://$host;", "only known per request"),
        ("proxy_pass http://unix:/run/app.sock;", "unix socket"),
        ("proxy_pass http://10.0.0.1/x$request_uri;", "before the request's own path"),
        ("grpc_pass grpc://10.0.0.1:81;", "/ is not forwarded"),
        ("root /srv/www;", "/ is not forwarded"),
        ("return 200 hello;", "no resource answers this"),
        ("proxy_pass http://down;", "unix:/run/x.sock"),
    ],
)
def test_what_can_not_be_is_told(tmp_path: Path, text: str, words: str) -> None:
    found = site(
        tmp_path,
        f"server {{ server_name a.test; location / {{ {text} }} }}",
        "upstream down { server unix:/run/x.sock; }",
    )
    assert dict(found.documents) == {}
    assert words in said(found, Level.LEFT_OUT)
    assert re.search(r"nginx\.conf:\d+: ", said(found, Level.LEFT_OUT))


def test_a_path_of_the_target_takes_the_place_of_the_root(tmp_path: Path) -> None:
    found = site(
        tmp_path, PLAIN.replace("http://10.0.0.1:81", "http://10.0.0.1:81/app/") % ("", "")
    )
    assert host(found)["locations"] == [
        {
            "path": "/",
            "match": "prefix",
            "forward_scheme": "http",
            "forward_host": "10.0.0.1",
            "forward_port": 81,
            "forward_path": "/app/",
        }
    ]


def test_the_upstream_hears_the_name_it_heard_before(tmp_path: Path) -> None:
    """Without a line for it nginx sends `$proxy_host`, the hub what the visitor asked for."""
    assert host(site(tmp_path, PLAIN % ("", "")))["upstream_host"] == "10.0.0.1:81"
    fixed = site(tmp_path, PLAIN % ("proxy_set_header Host b.test;", ""))
    assert host(fixed)["upstream_host"] == "b.test"
    assert "upstream_host" not in host(site(tmp_path, PLAIN % ("proxy_set_header Host $host;", "")))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("return 301 https://new.test$request_uri;", (301, "https", "new.test", True)),
        ("return 308 $scheme://new.test$request_uri;", (308, "auto", "new.test", True)),
        ("return 302 http://new.test/;", (302, "http", "new.test", False)),
        ("return https://new.test;", (302, "https", "new.test", False)),
        ("rewrite ^(.*)$ https://new.test$1 permanent;", (301, "https", "new.test", True)),
        ("rewrite ^/(.*) http://new.test/$1 redirect;", (302, "http", "new.test", True)),
        (
            "location / { return 301 https://new.test$request_uri; }",
            (301, "https", "new.test", True),
        ),
    ],
)
def test_redirects(tmp_path: Path, text: str, wanted: tuple[Any, ...]) -> None:
    found = site(tmp_path, f"server {{ server_name a.test; {text} }}")
    spec = found.documents["proxy.redirect/a.test"]
    fields = ("forward_http_code", "forward_scheme", "forward_domain_name", "preserve_path")
    assert tuple(spec[name] for name in fields) == wanted
    assert said(found, Level.LEFT_OUT) == ""


def test_a_site_that_has_nothing(tmp_path: Path) -> None:
    found = site(tmp_path, "server { server_name a.test; return 410; }")
    assert found.documents["proxy.dead_host/a.test"]["domain_names"] == ["a.test"]
    assert "answers 404, no longer 410" in said(found, Level.NOTE)


@pytest.mark.parametrize(
    "text",
    [
        "if ($host = a.test) { return 301 https://$host$request_uri; } return 404;",
        "return 301 https://$server_name$request_uri;",
        "return 301 https://a.test$request_uri;",
        "rewrite ^(.*)$ https://$host$1 permanent;",
        "rewrite ^ https://$http_host$request_uri? permanent;",
    ],
    ids=["certbot", "server_name", "literal", "rewrite", "whole"],
)
def test_the_ways_to_force_https(tmp_path: Path, text: str) -> None:
    found = site(
        tmp_path,
        f"server {{ listen 80; server_name a.test; {text} }}"
        "server { listen 443 ssl; server_name a.test; location / { proxy_pass http://10.0.0.1; }"
        " ssl_certificate /etc/letsencrypt/live/a/fullchain.pem;"
        " ssl_certificate_key /etc/letsencrypt/live/a/privkey.pem; }",
    )
    assert host(found)["ssl_forced"] is True
    assert said(found, Level.LEFT_OUT) == ""


def test_http_and_https_side_by_side_stay_so(tmp_path: Path) -> None:
    tls = (
        "listen 443 ssl; ssl_certificate /etc/letsencrypt/live/a/fullchain.pem;"
        " ssl_certificate_key /etc/letsencrypt/live/a/privkey.pem;"
    )
    one = site(tmp_path, PLAIN % ("", tls))
    assert host(one)["ssl_forced"] is False
    forced = site(
        tmp_path,
        PLAIN % ("", f"{tls} if ($scheme = http) {{ return 301 https://$host$request_uri; }}"),
    )
    assert host(forced)["ssl_forced"] is True
    two = site(tmp_path, PLAIN % ("", "") + (PLAIN % ("", tls)).replace("listen 80;", ""))
    assert host(two)["ssl_forced"] is False
    assert said(two, Level.LEFT_OUT) == ""
    other = site(
        tmp_path,
        PLAIN.replace(":81", ":99") % ("", "") + (PLAIN % ("", tls)).replace("listen 80;", ""),
    )
    assert "a.test is answered otherwise than in" in said(other, Level.LEFT_OUT)


def test_https_alone_sends_http_on(tmp_path: Path) -> None:
    """Before, nothing answered by http: the hub does, and never in the clear."""
    text = (PLAIN % ("", "")).replace(
        "listen 80;",
        "listen 443 ssl; ssl_certificate /etc/letsencrypt/live/a/fullchain.pem;"
        " ssl_certificate_key /etc/letsencrypt/live/a/privkey.pem;",
    )
    found = site(tmp_path, text)
    assert host(found)["ssl_forced"] is True
    assert "http is sent on to https; before, nothing answered" in said(found, Level.NOTE)


def test_a_report_repeats_no_secret(tmp_path: Path) -> None:
    text = 'if ($http_x_token = "hunter2") { return 200; } proxy_store "password=hunter2";'
    found = site(tmp_path, PLAIN % ("", text) + "proxy_set_header Authorization hunter2 more;")
    told = said(found)
    assert "hunter2" not in told
    assert told.count("it may hold a secret") >= 2


def test_access_lists(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("ada:$apr1$x$y\n# nobody\nbob:{SHA}zzz\n")
    found = site(
        tmp_path,
        f"""
server {{
    server_name a.test;
    satisfy any; allow 10.0.0.0/8; deny all;
    auth_basic "Family"; auth_basic_user_file {tmp_path}/users;
    location / {{ proxy_pass http://10.0.0.1; }}
    location /open/ {{ proxy_pass http://10.0.0.1; auth_basic off; allow all; }}
    location /admin/ {{ proxy_pass http://10.0.0.1; auth_basic off; allow 10.0.0.7; deny all; }}
    location ~ /\\. {{ deny all; }}
    location ~ /\\.(?!well-known).* {{ deny all; }}
}}
server {{ server_name b.test; deny 192.0.2.7; location / {{ proxy_pass http://10.0.0.1; }} }}""",
        passwords={"bob": "known one"},
    )
    lists = {name.partition("/")[2]: it for name, it in found.documents.items() if "access" in name}
    family = lists[host(found)["access_list_id"]]
    assert family["satisfy_any"] is True
    assert family["pass_auth"] is True
    assert family["clients"] == [
        {"address": "10.0.0.0/8", "directive": "allow"},
        {"address": "all", "directive": "deny"},
    ]
    ada, bob = family["items"]
    assert (ada["username"], bob) == ("ada", {"username": "bob", "password": "known one"})
    assert len(ada["password"]) > 20
    opened, admin, *hidden = host(found)["locations"]
    assert opened["public"] is True
    assert lists[admin["access_list_id"]]["clients"][0]["address"] == "10.0.0.7"
    assert [it["path"] for it in hidden] == ["/\\.", "/\\.([^w]|w[^e])"]
    assert {it["access_list_id"] for it in hidden} == {"nobody"}
    # What no rule named came in before, and the hub's lists refuse it: so it is allowed.
    assert lists[host(found, "b.test")["access_list_id"]]["clients"] == [
        {"address": "192.0.2.7", "directive": "deny"},
        {"address": "all", "directive": "allow"},
    ]
    assert "the password of ada is only known as a hash" in said(found, Level.DO)
    assert "$apr1" not in said(found)


def test_users_that_can_not_be_read_leave_the_door_closed(tmp_path: Path) -> None:
    found = site(tmp_path, PLAIN % ("auth_basic x; auth_basic_user_file /no/such;", ""))
    assert found.documents["proxy.access_list/a.test"]["items"][0]["username"] == "nobody"
    assert "the users of /no/such can not be read" in said(found, Level.DO)


@pytest.mark.parametrize(
    "text",
    [
        "if ($http_x_key != secret) { return 403; }",
        "auth_request /auth;",
        "limit_except GET { deny all; }",
        "location /admin/ { allow 10.0.0.1; deny all; root /srv; }",
    ],
)
def test_a_door_that_is_lost_switches_the_host_off(tmp_path: Path, text: str) -> None:
    found = site(tmp_path, PLAIN % ("", text))
    assert host(found)["enabled"] is False, said(found)
    assert "kept visitors out and is lost" in said(found, Level.DO)


def test_a_door_that_the_hub_has_no_field_for_stays_in_the_snippet(tmp_path: Path) -> None:
    found = site(tmp_path, PLAIN % ("", "auth_jwt realm;"))
    assert host(found)["advanced_config"] == "auth_jwt realm;"
    assert "enabled" not in host(found)


def test_forward_auth(tmp_path: Path) -> None:
    found = site(
        tmp_path,
        PLAIN
        % (
            """auth_request /authelia;
            auth_request_set $user $upstream_http_remote_user;
            proxy_set_header Remote-User $user;
            error_page 401 =302 https://auth.test/?rd=$scheme://$host$request_uri;""",
            """location = /authelia {
                internal; proxy_pass http://10.0.0.5:9091/api/verify;
                proxy_pass_request_body off; proxy_set_header Content-Length "";
            }""",
        ),
    )
    assert host(found)["forward_auth"] == {
        "url": "http://10.0.0.5:9091/api/verify",
        "response_headers": ["Remote-User"],
        "sign_in_url": "https://auth.test/",
    }
    assert host(found).get("enabled", True) is True
    assert "locations" not in host(found)


def test_inheritance_is_nginxs(tmp_path: Path) -> None:
    """Headers of a block take the place of all those above; other settings one by one."""
    found = site(
        tmp_path,
        PLAIN % ("proxy_set_header X-In 1;", "proxy_set_header X-Out 1; add_header X-A a always;"),
        "proxy_read_timeout 10s; proxy_send_timeout 20s; client_max_body_size 7m; add_header B b;",
    )
    assert host(found)["headers"] == {"request": {"X-In": "1"}, "response": {"X-A": "a"}}
    assert host(found)["timeouts"] == {"read": 10, "send": 20}
    assert host(found)["max_body_size"] == "7m"


def test_certificates_are_read_when_asked(tmp_path: Path) -> None:
    chain, key = pair("a.test", "*.a.test")
    (tmp_path / "own.pem").write_text(chain)
    (tmp_path / "own.key").write_text(key)
    text = (
        f"server {{ listen 443 ssl; server_name a.test; ssl_certificate {tmp_path}/own.pem;"
        f" ssl_certificate_key {tmp_path}/own.key; location / {{ proxy_pass http://10.0.0.1; }} }}"
    )
    told = site(tmp_path, text)
    assert "certificate_id" not in host(told)
    assert "own.pem is not taken over" in said(told, Level.DO)
    taken = site(tmp_path, text, certificates=Mode.READ)
    assert taken.documents["proxy.certificate/a.test"]["certificate_key"] == key
    assert taken.documents["proxy.certificate/a.test"]["domain_names"] == ["a.test", "*.a.test"]
    assert host(taken)["certificate_id"] == "a.test"
    assert key.splitlines()[1] not in said(taken)
    issued = site(tmp_path, text, certificates=Mode.ACME, directory="https://ca.test/dir")
    spec = issued.documents["proxy.certificate/a.test"]
    assert (spec["provider"], spec["acme"]["directory"]) == ("acme", "https://ca.test/dir")


def test_streams(tmp_path: Path) -> None:
    found = site(
        tmp_path,
        "",
        stream="""
upstream dns { server 10.0.0.1:53; server 10.0.0.2:53 backup; }
server { listen 53; proxy_pass dns; }
server { listen 53 udp; proxy_pass dns; proxy_timeout 5s; }
server { listen 3306; proxy_pass db.lan:3307; allow 10.0.0.0/8; deny all; proxy_protocol on;
         proxy_connect_timeout 2s; proxy_timeout 1d; }
server { listen 5000-5010; proxy_pass db.lan:1; }
server { listen 6000; ssl_preread on; proxy_pass $ssl_preread_server_name:443; }""",
    )
    dns = found.documents["proxy.stream/port-53"]
    assert (dns["tcp_forwarding"], dns["udp_forwarding"]) == (True, True)
    assert dns["upstreams"] == [
        {"host": "10.0.0.1", "port": 53},
        {"host": "10.0.0.2", "port": 53, "backup": True},
    ]
    assert found.documents["proxy.stream/port-3306"] == {
        "servers": ["edge"],
        "incoming_port": 3306,
        "tcp_forwarding": True,
        "udp_forwarding": False,
        "forwarding_host": "db.lan",
        "forwarding_port": 3307,
        "access": [
            {"address": "10.0.0.0/8", "directive": "allow"},
            {"address": "all", "directive": "deny"},
        ],
        "proxy_protocol": True,
        "timeouts": {"connect": 2, "idle": 86400},
    }
    lost = said(found, Level.LEFT_OUT)
    assert "5000-5010" in lost
    assert "$ssl_preread_server_name" in lost
    assert found.count("proxy.stream") == 2


def test_names(tmp_path: Path) -> None:
    found = site(
        tmp_path,
        "server { server_name .Wild.test www.a.* ~^x$ münchen.test; location / "
        "{ proxy_pass http://10.0.0.1; } }"
        "server { listen 80 default_server; server_name _; return 444; }",
    )
    [spec] = found.documents.values()
    assert spec["domain_names"] == ["wild.test", "*.wild.test", "xn--mnchen-3ya.test"]
    lost = said(found, Level.LEFT_OUT)
    assert "www.a.*" in lost
    assert "~^x$" in lost
    assert "default_site" in lost


def test_a_port_of_its_own_is_told(tmp_path: Path) -> None:
    found = site(tmp_path, PLAIN.replace("listen 80", "listen 8080") % ("", ""))
    assert "it listens on 8080" in said(found, Level.DO)


VALUES = {"proxy_buffering": "off", "proxy_ssl_verify": "on", "return": "404"}
ALONE = frozenset(
    (
        *("break", "set", "listen", "server_name", "ssl", "ssl_certificate"),
        *("ssl_certificate_key", "auth_basic_user_file", "auth_request_set", "satisfy"),
    )
)
"""Mean nothing, or nothing else, without another directive beside them."""


def test_no_directive_is_lost_without_a_word(tmp_path: Path) -> None:
    """Every directive that nginx knows, in a server and in a location: a field, or a line."""
    places = {
        "server": (analyzer.NGX_HTTP_SRV_CONF, analyzer.NGX_HTTP_MAIN_CONF),
        "location": (analyzer.NGX_HTTP_LOC_CONF,),
    }
    silent = []
    for name, masks in sorted(analyzer.DIRECTIVES.items()):
        for place, wanted in places.items():
            fits = [mask for mask in masks if any(mask & one for one in wanted)]
            if not fits or name in ("server", "location", "include", "types", "proxy_pass"):
                continue
            block = bool(fits[0] & analyzer.NGX_CONF_BLOCK)
            words = VALUES.get(name, "some other")
            line = f"{name} {words} {'{ }' if block else ';'}\n"
            text = PLAIN % (line, "") if place == "location" else PLAIN % ("", line)
            bare = site(tmp_path / "bare", PLAIN % ("", ""))
            found = site(tmp_path / "full", text)
            if found == bare and name not in ALONE:
                silent.append(f"{name} in {place}")
    assert " | ".join(silent) == ""


def test_the_tree_of_this_distribution(tmp_path: Path) -> None:
    """A real tree: links into sites-available, snippets, includes by pattern; nginx likes it."""
    root = tmp_path / "root"
    folder = root / "etc" / "nginx"
    shutil.copytree("/etc/nginx", folder, symlinks=True)
    (folder / "sites-available" / "a").write_text(
        "server { listen 80; server_name a.test; location / { proxy_pass http://10.0.0.1:81;"
        " include proxy_params; } }\n"
    )
    (folder / "sites-enabled" / "a").symlink_to("/etc/nginx/sites-available/a")
    (folder / "conf.d" / "loop.conf").write_text("include /etc/nginx/conf.d/*.conf;\n")
    found = imported(Folder(folder, root))
    assert list(found.documents) == ["proxy.host/a.test"]
    assert "upstream_host" not in host(found) or host(found)["upstream_host"] == ""
    told = said(found)
    assert "includes itself" in told
    assert "sites-enabled/default:" in told
    for line in told.splitlines():
        assert re.match(r"[\w./-]+:\d+: ", line), line


def test_a_copy_never_reads_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    folder = root / "etc" / "nginx"
    folder.mkdir(parents=True)
    (tmp_path / "secret.conf").write_text("server { server_name stolen.test; return 404; }")
    (folder / "out.conf").symlink_to(tmp_path / "secret.conf")
    (folder / "up.conf").symlink_to("../../../secret.conf")
    (folder / "nginx.conf").write_text(
        "events {}\nhttp { include out.conf; include up.conf; include ../../../secret.conf;"
        " include /etc/nginx/missing.conf; include /etc/nginx/*/none*.conf; }"
    )
    found = imported(Folder(folder, root))
    assert dict(found.documents) == {}
    assert "/etc/nginx/missing.conf is not there" in said(found)
    assert "stolen" not in said(found)


def test_what_nginx_prints(tmp_path: Path) -> None:
    """`nginx -T` of a machine: its files need not be here."""
    (tmp_path / "sites").mkdir()
    (tmp_path / "logs").mkdir()
    main = tmp_path / "nginx.conf"
    main.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/e.log;\nevents {{}}\nhttp {{\n"
        f" access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;"
        f" fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u;\n"
        f" scgi_temp_path {tmp_path}/s;\n"
        " include sites/*.conf;\n}\n"
    )
    (tmp_path / "sites" / "a.conf").write_text(PLAIN % ("", "") + "\n")
    done = subprocess.run(
        ["/usr/sbin/nginx", "-p", str(tmp_path), "-c", str(main), "-T"],
        capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = imported(Dump(done.stdout))
    assert host(printed) == host(imported(main))
    assert "sites/a.conf" not in said(printed, Level.LEFT_OUT)


@pytest.mark.parametrize(
    ("text", "words"),
    [("http {", r"nginx\.conf:\d: unexpected end of file"), ("}", r'unexpected "}"')],
    ids=["open", "close"],
)
def test_a_tree_that_is_broken(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "nginx.conf").write_text(text)
    with pytest.raises(Unreadable, match=words):
        imported(tmp_path)
    with pytest.raises(Unreadable, match="no such file"):
        imported(tmp_path / "none")
    with pytest.raises(Unreadable, match="nginx -T"):
        Dump("nothing")
