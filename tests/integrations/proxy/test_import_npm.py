"""Nginx Proxy Manager, from its database and from its API, field by field."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from integrations.proxy.importing.certificates import Mode
from integrations.proxy.importing.check import checked, flaw
from integrations.proxy.importing.npm import read
from integrations.proxy.importing.npm_source import read as read_source
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Imported, Level, Placement, Unreadable
from tests.integrations.proxy.npm import Npm, pair

EDGE = Placement(("edge",))


@pytest.fixture
def npm(tmp_path: Path) -> Npm:
    return Npm(tmp_path / "npm" / "data")


def imported(npm: Npm | Path, **options: Any) -> Imported:
    source = npm.path if isinstance(npm, Npm) else npm
    found = checked(read(read_source(source), Options(EDGE, **options)))
    assert [flaw(name, spec) for name, spec in found.documents.items()] == [""] * len(
        found.documents
    )
    return found


def said(found: Imported, level: Level | None = None) -> str:
    return "\n".join(str(it) for it in found.findings if level is None or it.level is level)


def test_every_field_of_a_host(npm: Npm) -> None:
    users = npm.add("access_list", name="The family", satisfy_any=1, pass_auth=0)
    npm.add("access_list_auth", access_list_id=users, username="ada", password="enigma 1")
    npm.add("access_list_client", access_list_id=users, address="10.0.0.0/8", directive="allow")
    npm.add("user", email="me@home.test", name="Me", nickname="me", avatar="", roles=["admin"])
    certificate = npm.add(
        "certificate", provider="letsencrypt", nice_name="blog", expires_on="2026-01-01 00:00:00",
        domain_names=["blog.home.test"], meta={"dns_challenge": False, "key_type": "ecdsa"},
    )  # fmt: skip
    npm.host(
        "blog.home.test", "www.home.test", forward_scheme="https", forward_host="nas.lan",
        forward_port=8443, access_list_id=users, certificate_id=certificate, ssl_forced=1,
        caching_enabled=1, block_exploits=1, allow_websocket_upgrade=1, http2_support=1,
        hsts_enabled=1, hsts_subdomains=1, trust_forwarded_proto=1, enabled=0,
        advanced_config="# as it was\ngzip_types text/css;",
        locations=[
            {"path": "/api", "forward_scheme": "http", "forward_host": "10.0.0.7",
             "forward_port": 9000, "advanced_config": ""},
            {"path": "= /ping", "forward_scheme": "http", "forward_host": "10.0.0.8/pong/",
             "forward_port": 80},
        ],
    )  # fmt: skip
    found = imported(npm)
    assert dict(found.documents) == {
        "proxy.access_list/the-family": {
            "name": "The family",
            "satisfy_any": True,
            "pass_auth": False,
            "items": [{"username": "ada", "password": "enigma 1"}],
            "clients": [{"address": "10.0.0.0/8", "directive": "allow"}],
        },
        "proxy.certificate/blog.home.test": {
            "domain_names": ["blog.home.test"],
            "provider": "acme",
            "acme": {"challenge": "http-01", "email": "me@home.test", "key_type": "ecdsa-p256"},
        },
        "proxy.host/blog.home.test": {
            "domain_names": ["blog.home.test", "www.home.test"],
            "servers": ["edge"],
            "enabled": False,
            "forward_scheme": "https",
            "forward_host": "nas.lan",
            "forward_port": 8443,
            "access_list_id": "the-family",
            "certificate_id": "blog.home.test",
            "ssl_forced": True,
            "caching_enabled": True,
            "block_exploits": True,
            "allow_websocket_upgrade": True,
            "http2_support": True,
            "hsts_enabled": True,
            "hsts_subdomains": True,
            "hsts_max_age": 63072000,
            "trust_forwarded_proto": True,
            "timeouts": {"connect": 75, "read": 90, "send": 90},
            "advanced_config": "# as it was\ngzip_types text/css;",
            "locations": [
                {
                    "path": "/api",
                    "match": "prefix",
                    "forward_scheme": "http",
                    "forward_host": "10.0.0.7",
                    "forward_port": 9000,
                },
                {
                    "path": "/ping",
                    "match": "exact",
                    "forward_scheme": "http",
                    "forward_host": "10.0.0.8",
                    "forward_port": 80,
                    "forward_path": "/pong/",
                },
            ],
        },
    }
    assert "enigma" not in said(found)
    assert said(found, Level.DO) == ""


def test_redirects_dead_hosts_and_streams(npm: Npm) -> None:
    chain, key = pair("old.test")
    own = npm.add(
        "certificate", provider="other", nice_name="Mine", expires_on="2026-01-01 00:00:00",
        domain_names=[], meta={"certificate": chain, "certificate_key": key},
    )  # fmt: skip
    npm.add(
        "redirection_host", domain_names=["old.test"], forward_domain_name="new.test",
        preserve_path=1, forward_http_code=308, forward_scheme="$scheme", certificate_id=own,
        ssl_forced=1, block_exploits=1, hsts_enabled=1, http2_support=1,
    )  # fmt: skip
    npm.add("dead_host", domain_names=["gone.test"])
    npm.add(
        "stream", incoming_port=5353, forwarding_host="dns.lan", forwarding_port=53,
        tcp_forwarding=1, udp_forwarding=1,
    )  # fmt: skip
    npm.add(
        "stream", incoming_port=8883, forwarding_host="10.0.0.3", forwarding_port=1883,
        tcp_forwarding=1, udp_forwarding=1, certificate_id=own,
    )  # fmt: skip
    documents = imported(npm).documents
    assert documents["proxy.redirect/old.test"] == {
        "domain_names": ["old.test"],
        "servers": ["edge"],
        "enabled": True,
        "forward_http_code": 308,
        "forward_scheme": "auto",
        "forward_domain_name": "new.test",
        "preserve_path": True,
        "block_exploits": True,
        "certificate_id": "old.test",
        "http2_support": True,
        "ssl_forced": True,
        "hsts_enabled": True,
        "hsts_subdomains": False,
        "hsts_max_age": 63072000,
    }
    assert documents["proxy.dead_host/gone.test"]["domain_names"] == ["gone.test"]
    assert documents["proxy.stream/port-5353"] == {
        "servers": ["edge"],
        "enabled": True,
        "incoming_port": 5353,
        "forwarding_host": "dns.lan",
        "forwarding_port": 53,
        "tcp_forwarding": True,
        "udp_forwarding": True,
    }
    tls, udp = documents["proxy.stream/port-8883"], documents["proxy.stream/port-8883-udp"]
    assert (tls["certificate_id"], tls["udp_forwarding"]) == ("old.test", False)
    assert (udp.get("certificate_id"), udp["tcp_forwarding"]) == (None, False)
    assert documents["proxy.certificate/old.test"]["certificate_key"] == key
    assert documents["proxy.certificate/old.test"]["name"] == "Mine"


def test_what_was_deleted_stays_away(npm: Npm) -> None:
    npm.host("kept.test")
    npm.host("gone.test", is_deleted=1)
    assert list(imported(npm).documents) == ["proxy.host/kept.test"]


def test_a_host_without_its_access_list_is_off(npm: Npm) -> None:
    npm.host("open.test", access_list_id=9)
    found = imported(npm)
    assert found.documents["proxy.host/open.test"]["enabled"] is False
    assert "off, because its access list 9 is not in the export" in said(found, Level.DO)


def test_an_empty_access_list_lets_everybody_in_as_before(npm: Npm) -> None:
    number = npm.add("access_list", name="Nothing")
    npm.host("a.test", access_list_id=number)
    found = imported(npm)
    assert "access_list_id" not in found.documents["proxy.host/a.test"]
    assert found.documents["proxy.host/a.test"]["enabled"] is True
    assert "lets everybody in" in said(found, Level.NOTE)


def test_certificates_from_the_folders(npm: Npm) -> None:
    """Custom ones always; those of Let's Encrypt only when asked."""
    chain, key = pair("own.test", "*.own.test")
    own = npm.add("certificate", provider="other", domain_names=[], expires_on="2026-01-01")
    folder = npm.data / "custom_ssl" / f"npm-{own}"
    folder.mkdir(parents=True)
    (folder / "fullchain.pem").write_text(chain + pair("above.test")[0])
    (folder / "privkey.pem").write_text(key)
    wild, wild_key = pair("*.le.test")
    number = npm.add(
        "certificate", provider="letsencrypt", domain_names=["*.le.test"], expires_on="2026-01-01",
        meta={"dns_challenge": True, "dns_provider": "cloudflare", "letsencrypt_email": "a@b.test",
              "dns_provider_credentials": "dns_cloudflare_api_token = 0123456789"},
    )  # fmt: skip
    live = npm.data.parent / "letsencrypt" / "live" / f"npm-{number}"
    live.mkdir(parents=True)
    (live / "fullchain.pem").write_text(wild)
    (live / "privkey.pem").write_text(wild_key)
    npm.host("x.le.test", certificate_id=number, ssl_forced=1)
    found = imported(npm)
    spec = found.documents["proxy.certificate/own.test"]
    assert spec["domain_names"] == ["own.test", "*.own.test"]
    assert spec["certificate"].count("BEGIN CERTIFICATE") == 1
    assert spec["intermediate_certificate"].count("BEGIN CERTIFICATE") == 1
    assert "proven by DNS at cloudflare" in said(found, Level.LEFT_OUT)
    assert "certificate_id" not in found.documents["proxy.host/x.le.test"]
    assert "ssl_forced" not in found.documents["proxy.host/x.le.test"]
    assert "fill certificate_id, then ssl_forced" in said(found, Level.DO)
    assert "0123456789" not in said(found)
    taken = imported(npm, certificates=Mode.READ)
    key_of_host = taken.documents["proxy.host/x.le.test"]["certificate_id"]
    assert taken.documents[f"proxy.certificate/{key_of_host}"]["certificate_key"] == wild_key
    assert "taken over as it is, ends on" in said(taken, Level.DO)


def test_a_key_of_another_certificate_is_refused(npm: Npm) -> None:
    meta = {"certificate": pair("a.test")[0], "certificate_key": pair("a.test")[1]}
    npm.add("certificate", provider="other", domain_names=[], expires_on="2026-01-01", meta=meta)
    found = imported(npm)
    assert dict(found.documents) == {}
    assert "its key belongs to another certificate" in said(found, Level.LEFT_OUT)


def test_dns_updates_go_on(npm: Npm) -> None:
    npm.add(
        "certificate", provider="letsencrypt", domain_names=["*.z.test"], expires_on="2026-01-01",
        meta={"dns_challenge": True, "dns_provider": "rfc2136", "letsencrypt_email": "a@b.test",
              "propagation_seconds": 30, "dns_provider_credentials": (
                  "# Target DNS server\ndns_rfc2136_server = 192.0.2.1\ndns_rfc2136_port = 5353\n"
                  "dns_rfc2136_name = keyname.\ndns_rfc2136_secret = 4q4wM/2I180UXoMyN4INVg==\n"
                  "dns_rfc2136_algorithm = HMAC-SHA512\n")},
    )  # fmt: skip
    [spec] = imported(npm).documents.values()
    assert spec["acme"]["challenge"] == "dns-01"
    assert spec["acme"]["dns"] == {
        "provider": "rfc2136",
        "server": "192.0.2.1",
        "port": 5353,
        "key_name": "keyname",
        "key_secret": "4q4wM/2I180UXoMyN4INVg==",
        "algorithm": "hmac-sha512",
        "propagation": 30,
    }


def test_a_free_text_is_taken_apart(npm: Npm) -> None:
    npm.host(
        "app.test",
        advanced_config="""client_max_body_size 10g;
proxy_read_timeout 1h;
add_header X-Robots-Tag noindex always;
proxy_set_header X-Api-Version 2;
location /socket/ {
  proxy_pass http://10.0.0.9:7000;
  proxy_set_header Upgrade $http_upgrade;
}
location ~ /\\.git { deny all; }
if ($http_user_agent ~ bot) { return 403; }
gzip off;""",
    )
    found = imported(npm)
    spec = found.documents["proxy.host/app.test"]
    assert spec["max_body_size"] == "10g"
    assert spec["timeouts"] == {"connect": 75, "read": 3600, "send": 90}
    assert spec["headers"] == {
        "request": {"X-Api-Version": "2"},
        "response": {"X-Robots-Tag": "noindex"},
    }
    socket, git = spec["locations"]
    assert (socket["forward_host"], socket["allow_websocket_upgrade"]) == ("10.0.0.9", True)
    assert git == {"path": "/\\.git", "match": "regex", "access_list_id": "nobody"}
    assert spec["advanced_config"] == "gzip off;"
    # The condition kept somebody out: without it the host must not go live by itself.
    assert spec["enabled"] is False
    assert "advanced_config:10" in said(found, Level.LEFT_OUT)
    assert "off, because if kept visitors out" in said(found, Level.DO)


def test_a_location_of_its_own_takes_the_place_of_the_host(npm: Npm) -> None:
    text = "location / { proxy_pass http://10.0.0.2:3000; proxy_set_header Host fixed.test; }"
    npm.host("a.test", advanced_config=text)
    spec = imported(npm).documents["proxy.host/a.test"]
    assert (spec["forward_host"], spec["forward_port"]) == ("10.0.0.2", 3000)
    assert spec["upstream_host"] == "fixed.test"
    assert "locations" not in spec


def test_texts_for_all_hosts(npm: Npm) -> None:
    folder = npm.data / "nginx" / "custom"
    folder.mkdir(parents=True)
    (folder / "http_top.conf").write_text(
        "limit_req_zone $binary_remote_addr zone=z:1m rate=5r/s;\ngeo $x { default 0; }\n"
    )
    (folder / "server_proxy.conf").write_text("limit_req zone=z burst=9;\n")
    npm.host("a.test")
    npm.host("b.test", advanced_config="gzip off;")
    found = imported(npm)
    limit = {"requests": 5, "per": "second", "burst": 9, "nodelay": False}
    assert found.documents["proxy.host/a.test"]["rate_limit"] == limit
    assert found.documents["proxy.host/b.test"]["rate_limit"] == limit
    assert found.documents["proxy.host/b.test"]["advanced_config"] == "gzip off;"
    assert "nginx/custom/http_top.conf:2: geo $x" in said(found, Level.LEFT_OUT)


def test_what_is_broken_is_told_and_the_rest_goes_on(npm: Npm) -> None:
    npm.host("bad host.test")
    npm.host("a.test", forward_host="semi;colon")
    npm.host("b.test", advanced_config="location {")
    npm.host("good.test")
    found = imported(npm)
    assert set(found.documents) == {"proxy.host/b.test", "proxy.host/good.test"}
    lost = said(found, Level.LEFT_OUT)
    assert "proxy_host 1: the name bad host.test can not be kept" in lost
    assert "proxy.host/a.test: " in lost
    assert "forward_host" in lost
    assert "its free text can not be read" in lost


def test_columns_of_a_newer_version_are_told(npm: Npm) -> None:
    with closing(sqlite3.connect(npm.path)) as connection:
        connection.execute("ALTER TABLE proxy_host ADD COLUMN teapot varchar(255)")
    npm.host("a.test", teapot="short and stout")
    npm.host("b.test")
    assert "proxy_host 1: the column teapot is not known" in said(imported(npm), Level.LEFT_OUT)


def test_an_older_database_without_newer_columns(npm: Npm) -> None:
    with closing(sqlite3.connect(npm.path)) as connection:
        for column in ("trust_forwarded_proto", "hsts_enabled", "hsts_subdomains", "locations"):
            connection.execute(f"ALTER TABLE proxy_host DROP COLUMN {column}")
        connection.execute("ALTER TABLE proxy_host RENAME COLUMN forward_host TO forward_ip")
        connection.execute("DROP TABLE access_list_client")
        connection.execute("DROP TABLE setting")
    npm.add("proxy_host", domain_names=["a.test"], forward_ip="10.0.0.1", forward_port=80)
    assert imported(npm).documents["proxy.host/a.test"]["forward_host"] == "10.0.0.1"


def test_keys_are_the_same_each_time_and_never_twice(npm: Npm) -> None:
    for name in ("a.b.test", "a_b.test", "*.a.test", "xn--mnchen-3ya.test", "x" * 60 + ".test"):
        npm.host(name)
    number = npm.host("a.b.test")
    first, second = imported(npm), imported(npm)
    assert list(first.documents) == list(second.documents)
    keys = {name.partition("/")[2] for name in first.documents}
    assert {"a.b.test", f"a.b.test-{number}", "wildcard.a.test", "xn--mnchen-3ya.test"} <= keys
    assert all(len(key) <= 63 for key in keys)
    for address in ("1", "2", "3"):
        npm.add("access_list_client", access_list_id=npm.add("access_list", name="Same"),
                address=f"10.0.0.{address}", directive="allow")  # fmt: skip
    lists = [name for name in imported(npm).documents if name.startswith("proxy.access_list/")]
    assert len(lists) == 3
    assert "proxy.host/old-a.b.test" in imported(npm, prefix="old-").documents


def test_the_answers_of_its_api(tmp_path: Path) -> None:
    """`/api/nginx/proxy-hosts?expand=access_list.clients,access_list.items,certificate`."""
    access = {
        "id": 3, "name": "Family", "satisfy_any": False, "pass_auth": True,
        "items": [{"id": 1, "username": "ada", "password": "", "hint": "e*******"}],
        "clients": [{"id": 1, "address": "10.0.0.0/8", "directive": "allow"}],
    }  # fmt: skip
    host = {
        "id": 1, "domain_names": ["a.test"], "forward_host": "10.0.0.1", "forward_port": 80,
        "access_list_id": 3, "certificate_id": 0, "ssl_forced": False, "enabled": True,
        "access_list": access, "certificate": None, "locations": None, "advanced_config": "",
        "forward_scheme": "http", "meta": {"nginx_online": True, "nginx_err": None},
    }  # fmt: skip
    one = tmp_path / "export.json"
    one.write_text(json.dumps({"proxy-hosts": [host]}))
    found = imported(one)
    assert found.documents["proxy.host/a.test"]["access_list_id"] == "family"
    [user] = found.documents["proxy.access_list/family"]["items"]
    assert len(user["password"]) >= 24  # nobody's, so that the list stays closed
    assert "items.username=ada.password" in said(found, Level.DO)
    known = imported(one, passwords={"ada": "enigma"})
    assert known.documents["proxy.access_list/family"]["items"] == [
        {"username": "ada", "password": "enigma"}
    ]
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "proxy-hosts.json").write_text(json.dumps([host | {"access_list": None}]))
    (folder / "access-lists.json").write_text(json.dumps([access]))
    (folder / "streams.json").write_text("[]")
    assert list(imported(folder).documents) == list(found.documents)


def test_the_database_is_only_read(npm: Npm) -> None:
    npm.host("a.test")
    before = npm.path.read_bytes(), npm.path.stat().st_mtime_ns, sorted(npm.data.iterdir())
    imported(npm)
    imported(npm.data)
    assert before == (
        npm.path.read_bytes(),
        npm.path.stat().st_mtime_ns,
        sorted(npm.data.iterdir()),
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"SQLite format 3\0 and no more", "not a database|malformed|disk image"),
        (b"[1]", "expected an object"),
        (b"{}", "none of the keys"),
        (b'{"proxy-hosts": 1}', "expected a list"),
        (b"\xff\xfe", "neither a SQLite database nor JSON"),
    ],
    ids=["cut", "list", "empty", "number", "bytes"],
)
def test_a_file_that_is_something_else(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "database.sqlite"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=words):
        read_source(path)


def test_a_foreign_database_and_a_folder_without_one(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIEW proxy_host AS SELECT 1 AS id")
    with pytest.raises(Unreadable, match="no table proxy_host"):
        read_source(path)
    with pytest.raises(Unreadable, match=r"neither database\.sqlite"):
        read_source(tmp_path)


def test_the_default_site_and_people_are_told(npm: Npm) -> None:
    npm.add("setting", id="default-site", name="", description="", value="444")
    npm.add("user", email="a@b.test", name="A", nickname="a", avatar="", roles=[])
    lost = said(imported(npm), Level.LEFT_OUT)
    assert "set default_site close in proxy.server" in lost
    assert "hub users" in lost
