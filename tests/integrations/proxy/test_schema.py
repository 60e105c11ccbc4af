"""What specs of reverse proxies may hold, and which field is named when they may not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

import integrations.proxy
from hub.schema import explain, form, openapi
from hub.schema.markers import Reference, Secret, markers
from integrations.proxy import schema

ALL = {
    "server": (schema.SERVER, schema.check_server, {}),
    "group": (schema.GROUP, schema.check_group, {"servers": ["a"]}),
    "host": (
        schema.HOST,
        schema.check_host,
        {"domain_names": ["a.test"], "servers": ["s"], "forward_host": "app", "forward_port": 80},
    ),
    "redirect": (
        schema.REDIRECT,
        schema.check_redirect,
        {"domain_names": ["a.test"], "servers": ["s"], "forward_domain_name": "b.test"},
    ),
    "dead_host": (
        schema.DEAD_HOST,
        schema.check_dead_host,
        {"domain_names": ["a.test"], "servers": ["s"]},
    ),
    "stream": (
        schema.STREAM,
        schema.check_stream,
        {
            "incoming_port": 5432,
            "servers": ["s"],
            "forwarding_host": "db",
            "forwarding_port": 5432,
        },
    ),
    "access_list": (
        schema.ACCESS_LIST,
        schema.check_access_list,
        {"items": [{"username": "bob", "password": "secret"}]},
    ),
    "certificate": (schema.CERTIFICATE, schema.check_certificate, {"domain_names": ["a.test"]}),
}


def accept(kind: str, **spec: Any) -> dict[str, Any]:
    """Return a checked spec; fields that are None are left out of the usual ones."""
    known, check, usual = ALL[kind]
    merged = {name: value for name, value in {**usual, **spec}.items() if value is not None}
    found: dict[str, Any] = known(merged)
    check(found)
    return found


def refused(kind: str, **spec: Any) -> str:
    with pytest.raises(vol.Invalid) as error:
        accept(kind, **spec)
    return explain(error.value)


@pytest.mark.parametrize("kind", ALL)
def test_the_usual_specs(kind: str) -> None:
    once = accept(kind)
    known, check, _ = ALL[kind]
    again = known(once)
    check(again)
    assert again == once


def test_defaults_are_those_of_the_documents() -> None:
    server = accept("server")
    wanted = {
        "instance": "shared",
        "nginx": "nginx",
        "main_config": "/etc/nginx/nginx.conf",
        "drop_in": "/etc/nginx/conf.d/hub.conf",
        "stream_drop_in": "/etc/nginx/modules-enabled/99-hub-stream.conf",
        "base": "/etc/nginx/hub",
        "reload": {"method": "signal", "unit": "nginx"},
        "http_port": 80,
        "https_port": 443,
        "status_port": 8299,
        "addresses": [],
        "resolver": [],
        "resolver_valid": 30,
        "keep_releases": 5,
        "worker_connections": 4096,
        "take_over": False,
        "access_log": True,
    }
    assert {name: server[name] for name in wanted} == wanted
    host = accept("host")
    assert host["max_body_size"] == "2g"
    assert host["timeouts"] == {"connect": 5, "read": 60, "send": 60}
    assert host["balance"] == "round_robin"
    assert (host["enabled"], host["buffering"], host["verify_tls"]) == (True, True, False)
    group = accept("group")
    assert (group["canary"], group["wave"], group["failure_budget"]) == (1, 10, 0)
    assert group["on_failure"] == "rollback"


# --- names

EVIL = [
    "a.test\n",
    "a.test\nb",
    "a.test;",
    "a{.test",
    "a}.test",
    'a".test',
    "a'.test",
    "a\x00.test",
    "a\x7f.test",
    "a b.test",
    "$host.test",
    "a\\.test",
    "a#.test",
    "",
    ".",
    "a..test",
    "-a.test",
    "a-.test",
    "a.test.",
    "x" * 64 + ".test",
    ".".join(["a" * 50] * 6),
    "p\u0430ypal.test",  # one Cyrillic letter
    "\u0430\u0440\u0440\u04cf\u0435.test",  # all of them look Latin
    "\uff41.test",
    "a\u3002test",
    "\u202ea.test",
    "\u200ba.test",
    "a\u0301\u0301\u0301.te\u00adst",
    "xn--a.test",
    "xn--80ak6aa92e.test",  # the same disguise, already encoded
    "1.2.3.4",
    "a.123",
    "http://a.test",
    "a.test/x",
    "a.test:80",
    "user@a.test",
]


@pytest.mark.parametrize("name", EVIL)
def test_names_that_are_refused(name: str) -> None:
    assert "domain_names" in refused("host", domain_names=["ok.test", name])
    assert "domain_names" in refused("certificate", domain_names=[name])
    if name != "1.2.3.4":
        assert "forward_host" in refused("host", forward_host=name)
    if name not in ("1.2.3.4", "a.test:80"):
        assert "forward_domain_name" in refused("redirect", forward_domain_name=name)
        assert "forwarding_host" in refused("stream", forwarding_host=name)


@pytest.mark.parametrize("name", ["*", "*.", "a.*.test", "*.*.test", "**.test", "*a.test", ".test"])
def test_wildcards_stand_in_front_only(name: str) -> None:
    assert "domain_names" in refused("host", domain_names=[name])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a.test", "a.test"),
        ("WWW.Example.COM", "www.example.com"),
        ("*.a.test", "*.a.test"),
        ("localhost", "localhost"),
        ("m\u00fcnchen.de", "xn--mnchen-3ya.de"),
        ("M\u00dcNCHEN.de", "xn--mnchen-3ya.de"),
        ("\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "xn--e1afmkfd.xn--p1ai"),
        ("*.\u65e5\u672c\u8a9e.jp", "*.xn--wgv71a119e.jp"),
        ("\u6771\u4eac\u30bf\u30ef\u30fc.jp", "xn--5ck2eqb538s34z.jp"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("a" * 63 + ".test", "a" * 63 + ".test"),
        ("a--b.test", "a--b.test"),
        ("1a.2b", "1a.2b"),
    ],
)
def test_names_that_are_accepted(written: str, meant: str) -> None:
    assert accept("host", domain_names=[written])["domain_names"] == [meant]


def test_a_name_is_there_once() -> None:
    assert "domain_names" in refused("host", domain_names=["a.test", "A.test"])
    assert "domain_names" in refused("host", domain_names=[])
    assert "domain_names" in refused("host", domain_names=[f"a{n}.test" for n in range(101)])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("fd00::0001", "fd00::1"),
        ("[FD00::1]", "fd00::1"),
        ("my_app", "my_app"),
        ("App.Internal", "app.internal"),
    ],
)
def test_upstreams(written: str, meant: str) -> None:
    assert accept("host", forward_host=written)["forward_host"] == meant
    assert accept("stream", forwarding_host=written)["forwarding_host"] == meant


@pytest.mark.parametrize("name", ["fe80::1%eth0", "[::1", "1.2.3", "10.0.0.1:80", "unix:/x", "a b"])
def test_upstreams_that_are_refused(name: str) -> None:
    assert "forward_host" in refused("host", forward_host=name)


# --- texts

BROKEN = ["a\nb", "a\rb", "a\x00b", 'a"b', "a\\b", "{", "}", "\u00fc", "\x7f"]


@pytest.mark.parametrize("value", [*BROKEN, "$uri", "$arg_x", "${host}", "a $ b", "$", "x" * 3001])
def test_header_values_that_are_refused(value: str) -> None:
    for kind in ("request", "response"):
        assert f"headers.{kind}.X-A" in refused("host", headers={kind: {"X-A": value}})


@pytest.mark.parametrize("value", ["", "a; b='c'", "$host:$server_port", "max-age=1, x", "~*^|#"])
def test_header_values(value: str) -> None:
    found = accept("host", headers={"response": {"X-A": value}})
    assert found["headers"]["response"] == {"X-A": value}


@pytest.mark.parametrize(
    "name",
    [
        *("", "a b", "a:b", "a;b", "a{b", "a\nb", 'a"b', "a'b", "$x", "\u00fc", "x" * 65),
        *("Connection", "upgrade", "Transfer-Encoding", "Content-Length", "Host"),
        "Strict-Transport-Security",
    ],
)
def test_header_names_that_are_refused(name: str) -> None:
    assert "headers.request" in refused("host", headers={"request": {name: "1"}})
    location = {"path": "/x", "headers": {"request": {name: "1"}}}
    assert "locations" in refused("host", locations=[location])


def test_a_header_in_two_spellings() -> None:
    assert "other letters" in refused("host", headers={"request": {"X-A": "1", "x-a": "2"}})


@pytest.mark.parametrize(
    "path",
    [
        *("", "x", "/a b", "/a;b", "/a{b", "/a}b", '/a"b', "/a'b", "/a\nb", "/a\x00b", "/$x"),
        *("/a#b", "/a?b", "/%41", "//", "/a/../b", "/./a", "/\u00fc", "/" + "x" * 512, "\\"),
        *("/.well-known/acme-challenge/x", "/.hub/auth/0", "/.hub"),
    ],
)
def test_paths_that_are_refused(path: str) -> None:
    assert "locations" in refused("host", locations=[{"path": path}])


@pytest.mark.parametrize("path", ["/", "/api/", "/a.b-c_d~e", "/a+b(c)*,=:@&!", "/.well-known/x"])
def test_paths(path: str) -> None:
    found = accept("host", locations=[{"path": path, "forward_path": path}])["locations"][0]
    assert (found["path"], found["forward_path"]) == (path, path)


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "(a+)+", "(a|b)*", "a{2}", "[", "(", ")", "*a", "a**", "^*", "(?P<x>a)", "(?=a)"),
        *("\\1", "a\nb", 'a"b', "a;b", "$x{", "[z-a]", "[[:alpha:]]", "a" * 201, "(*COMMIT)"),
        *("a+b+c+d+e+", "\u00fc", "\\", "\\x41", "[a&&b]", "(?i)a", "#"),
    ],
)
def test_patterns_that_are_refused(pattern: str) -> None:
    told = refused("host", locations=[{"path": pattern, "match": "regex"}])
    assert "locations" in told
    assert "path" in told


@pytest.mark.parametrize(
    "pattern", ["\\.(png|jpe?g)$", "^/u/[a-z0-9_-]+/?$", "^/(?:a|b)/\\d+", "[^/.]+", "^/a.*b$"]
)
def test_patterns(pattern: str) -> None:
    found = accept("host", locations=[{"path": pattern, "match": "regex"}])
    assert found["locations"][0]["path"] == pattern


@pytest.mark.parametrize("value", ["1", "512k", "100M", "2g", 1048576, 0])
def test_sizes(value: object) -> None:
    assert accept("host", max_body_size=value)["max_body_size"] == str(value).lower()


@pytest.mark.parametrize("value", ["", "1t", "-1", "1.5g", "g", True, [], "9" * 12, "2000000g"])
def test_sizes_that_are_refused(value: object) -> None:
    assert "max_body_size" in refused("host", max_body_size=value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("FD00::/8", "fd00::/8"),
        ("all", "all"),
    ],
)
def test_clients(written: str, meant: str) -> None:
    clients = [{"address": written, "directive": "allow"}]
    assert accept("access_list", clients=clients)["clients"][0]["address"] == meant
    assert accept("stream", access=clients)["access"][0]["address"] == meant


@pytest.mark.parametrize(
    "address", ["10.0.0.1/8", "10.0.0", "any", "fe80::%eth0/64", "10.0.0.0/33", "a;b", "", 7]
)
def test_clients_that_are_refused(address: object) -> None:
    clients = [{"address": address, "directive": "allow"}]
    assert "clients" in refused("access_list", clients=clients)


@pytest.mark.parametrize("name", ["a:b", "#a", "", " a", "a\nb", "a\x00", "x" * 101])
def test_users_that_are_refused(name: str) -> None:
    told = refused("access_list", items=[{"username": name, "password": "x"}])
    assert "username" in told


def test_snippets_are_linted() -> None:
    told = refused("host", advanced_config="gzip on;\nlocation /x { }")
    assert "advanced_config" in told
    assert "line 2" in told
    told = refused("host", locations=[{"path": "/x", "advanced_config": "include x;"}])
    assert "locations" in told
    assert "advanced_config" in told
    for kind in ("redirect", "dead_host"):
        assert "advanced_config" in refused(kind, advanced_config="}")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "auth.test",
            "ftp://a.test/",
            "http://",
            "http://a b/",
            "http://a.test/\n",
            "https://",
        ),
        *(
            "http://u:p@a.test/",
            "http://a.test/#x",
            "http://a.test/$x",
            'http://a.test/"',
            "http:///x",
        ),
        *("http://a.test:99999/", "http://1.2.3/", "http://[::1/", "http://a..test/"),
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    assert "forward_auth" in refused("host", forward_auth={"url": url})


@pytest.mark.parametrize("url", ["http://10.0.0.1:9091/api/verify?x=%20&y", "https://[fd00::1]/"])
def test_urls(url: str) -> None:
    assert accept("host", forward_auth={"url": url})["forward_auth"]["url"] == url


@pytest.mark.parametrize("path", ["", "x", "/", "/a b", "/a/../b", "/a;b", "/a\n", "/a$", "/" * 3])
def test_folders_that_are_refused(path: str) -> None:
    assert "base" in refused("server", base=path)
    assert "main_config" in refused("server", main_config=path) or path == "/"


@pytest.mark.parametrize("value", ["1.2.3", "dns.test", "9.9.9.9:0", "9.9.9.9;", ""])
def test_name_servers_that_are_refused(value: str) -> None:
    assert "resolver" in refused("server", resolver=[value])


def test_name_servers() -> None:
    given = ["9.9.9.9", "9.9.9.9:5353", "2620:fe::fe", "[2620:fe::fe]:53"]
    meant = ["9.9.9.9", "9.9.9.9:5353", "[2620:fe::fe]", "[2620:fe::fe]:53"]
    assert accept("server", resolver=given)["resolver"] == meant


# --- fields together


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("host", {"servers": []}, "servers"),
        ("redirect", {"servers": [], "group": ""}, "servers"),
        ("stream", {"servers": []}, "servers"),
        ("host", {"forward_port": None}, "forward_port"),
        ("host", {"forward_host": None}, "forward_host"),
        ("host", {"forward_host": None, "forward_port": None}, "forward_host"),
        ("host", {"upstreams": [{"host": "b", "port": 1}]}, "upstreams"),
        ("host", {"ssl_forced": True}, "ssl_forced"),
        ("host", {"hsts_enabled": True}, "hsts_enabled"),
        ("host", {"http3_support": True}, "http3_support"),
        ("host", {"certificate_id": "c", "hsts_enabled": True}, "hsts_enabled"),
        (
            "host",
            {"certificate_id": "c", "ssl_forced": True, "hsts_subdomains": True},
            "hsts_subdomains",
        ),
        ("host", {"verify_tls": True}, "verify_tls"),
        (
            "host",
            {"verify_tls": True, "forward_scheme": "https", "forward_host": "10.0.0.1"},
            "verify_tls",
        ),
        (
            "host",
            {
                "verify_tls": True,
                "forward_scheme": "https",
                "locations": [{"path": "/", "forward_host": "10.0.0.1", "forward_port": 1}],
            },
            "verify_tls",
        ),
        ("host", {"caching_enabled": True, "buffering": False}, "caching_enabled"),
        ("host", {"rate_limit": {}}, "rate_limit.requests"),
        ("host", {"locations": [{"path": "/a"}, {"path": "/a"}]}, "locations"),
        (
            "host",
            {"locations": [{"path": "/a", "public": True, "access_list_id": "x"}]},
            "locations.0.access_list_id",
        ),
        (
            "host",
            {"locations": [{"path": "/a", "public": True, "forward_auth": {"url": "http://a/"}}]},
            "locations.0.forward_auth",
        ),
        ("host", {"locations": [{"path": "/a", "forward_host": "b"}]}, "locations.0.forward_port"),
        (
            "host",
            {"locations": [{"path": "/a", "forward_scheme": "https"}]},
            "locations.0.forward_scheme",
        ),
        (
            "host",
            {
                "forward_auth": {"url": "http://a/", "response_headers": ["Remote-User"]},
                "headers": {"request": {"remote-user": "root"}},
            },
            "headers.request.remote-user",
        ),
        (
            "host",
            {
                "forward_auth": {"url": "http://a/", "response_headers": ["Remote-User"]},
                "advanced_config": "proxy_set_header remote_user root;",
            },
            "advanced_config",
        ),
        (
            "host",
            {
                "forward_auth": {"url": "http://a/", "response_headers": ["Remote-User"]},
                "locations": [
                    {"path": "/a", "advanced_config": "proxy_set_header Remote-User root;"}
                ],
            },
            "locations.0.advanced_config",
        ),
        ("redirect", {"forward_domain_name": "A.test"}, "forward_domain_name"),
        ("redirect", {"forward_http_code": 304}, "forward_http_code"),
        ("stream", {"tcp_forwarding": False}, "tcp_forwarding"),
        ("stream", {"udp_forwarding": True, "proxy_protocol": True}, "proxy_protocol"),
        ("stream", {"udp_forwarding": True, "certificate_id": "c"}, "certificate_id"),
        ("stream", {"forwarding_port": None}, "forwarding_port"),
        ("stream", {"upstreams": [{"host": "b", "port": 1}]}, "forwarding_host"),
        ("access_list", {"items": []}, "items"),
        ("server", {"http_port": 443}, "https_port"),
        ("server", {"status_port": 80}, "status_port"),
        ("server", {"base": "/srv"}, "base"),
        ("server", {"drop_in": "/etc/nginx/hub/x.conf"}, "drop_in"),
        ("server", {"drop_in": "/etc/nginx/nginx.conf"}, "drop_in"),
        ("server", {"nginx": "/tmp/nginx"}, "nginx"),
        ("server", {"payment": {"due": "31.12.2027"}}, "payment.due"),
        ("group", {"servers": ["a", "b"], "failure_budget": 2}, "failure_budget"),
        ("group", {"servers": []}, "servers"),
        ("certificate", {"domain_names": ["*.a.test"]}, "domain_names.0"),
        ("certificate", {"provider": "custom"}, "certificate"),
        ("certificate", {"acme": {"challenge": "dns-01"}}, "acme.dns"),
        (
            "certificate",
            {"acme": {"challenge": "dns-01", "dns": {"provider": "hook"}}},
            "acme.dns.script",
        ),
        ("certificate", {"acme": {"directory": "http://a.test/"}}, "acme.directory"),
    ],
)
def test_fields_together(kind: str, spec: dict[str, Any], field: str) -> None:
    known, check, usual = ALL[kind]
    merged = {name: value for name, value in {**usual, **spec}.items() if value is not None}
    with pytest.raises(vol.Invalid) as error:
        check(known(merged))
    one = error.value
    errors = one.errors if isinstance(one, vol.MultipleInvalid) else [one]
    paths = [".".join(str(getattr(part, "schema", part)) for part in e.path) for e in errors]
    assert any(path.startswith(field) for path in paths), (paths, explain(one))


def test_a_proxy_in_front_may_have_the_certificate() -> None:
    spec = {"trust_forwarded_proto": True, "ssl_forced": True, "hsts_enabled": True}
    assert accept("host", **spec)["ssl_forced"]


def test_ip_hash_and_backups() -> None:
    upstreams = [{"host": "a", "port": 1}, {"host": "b", "port": 1, "backup": True}]
    spec = {"forward_host": None, "forward_port": None, "upstreams": upstreams}
    assert accept("host", **spec)["upstreams"][1]["backup"]
    assert "backup" in refused("host", **spec, balance="ip_hash")
    upstreams[0]["down"] = True
    assert "upstreams" in refused("host", **spec)


def test_no_list_is_none_as_in_npm() -> None:
    for nothing in (None, 0, ""):
        known, _, usual = ALL["host"]
        assert known({**usual, "access_list_id": nothing})["access_list_id"] is None
    assert "access_list_id" in refused("host", access_list_id=3)
    assert "access_list_id" in refused("host", access_list_id=False)


@pytest.mark.parametrize("kind", ALL)
def test_unknown_fields_are_refused(kind: str) -> None:
    assert "no_such_field" in refused(kind, no_such_field=1)


# --- forms


def fields(found: list[dict[str, Any]], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for one in found:
        name = f"{prefix}{one.get('name', '[]')}"
        yield name, one
        yield from fields(one.get("fields", []), f"{name}.")
        if "item" in one:
            yield from fields([one["item"]], f"{name}.")


@pytest.mark.parametrize("kind", ALL)
def test_forms_know_every_field(kind: str) -> None:
    known = ALL[kind][0]
    boxes = [name for name, one in fields(form(known)) if one["type"] == "any"]
    assert boxes == (["acme.dns"] if kind == "certificate" else [])
    untold = [
        name
        for name, one in fields(form(known))
        if not name.endswith("[]") and "description" not in one
    ]
    assert untold == []
    assert openapi(known)["type"] == "object"


def test_references_and_secrets_are_marked() -> None:
    found = {
        ".".join(map(str, path)): marker for kind in ALL for path, marker in markers(ALL[kind][0])
    }
    kinds = {
        path: marker.type if isinstance(marker, Reference) else "secret"
        for path, marker in found.items()
    }
    assert kinds["access_list_id"] == kinds["locations.*.access_list_id"] == "proxy.access_list"
    assert kinds["certificate_id"] == "proxy.certificate"
    assert kinds["servers.*"] == "proxy.server"
    assert kinds["group"] == "proxy.group"
    assert kinds["server"] == "host.server"
    assert {path for path, marker in found.items() if isinstance(marker, Secret)} == {
        "items.*.password",
        "certificate_key",
        "acme.eab.hmac_key",
        "acme.dns.key_secret",
        "acme.dns.token",
    }


def test_every_field_has_a_word_for_people() -> None:
    folder = Path(integrations.proxy.__file__).parent / "strings"
    names: set[str] = set()
    for known, _, _ in ALL.values():
        found = list(form(known))
        while found:
            one = found.pop()
            names |= {one["name"]} if "name" in one else set()
            found += [*one.get("fields", []), *one.get("any_of", [])]
            found += [one["item"]] if "item" in one else []
    for language in ("en", "ar"):
        words = json.loads((folder / f"{language}.json").read_text())["config"]
        assert set(words) == names
