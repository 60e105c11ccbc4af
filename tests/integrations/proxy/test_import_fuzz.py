"""Whatever is in a database or a configuration: an import, or a sentence, never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.proxy.importing.certificates import Mode
from integrations.proxy.importing.check import checked, flaw
from integrations.proxy.importing.nginx import read
from integrations.proxy.importing.npm import read as read_npm
from integrations.proxy.importing.npm_source import TABLES
from integrations.proxy.importing.npm_source import read as read_npm_source
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.own import look
from integrations.proxy.importing.own import read as read_own
from integrations.proxy.importing.result import Imported, Placement, Unreadable
from integrations.proxy.importing.sources import Folder

QUICK = settings(
    max_examples=150, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
WHOLE = {"release": "r", "hub": "h", "sums": {}, "modes": {}}
EDGE = Placement(("edge",))

WORDS = """
    server location if listen server_name proxy_pass return rewrite set upstream limit_req deny
    allow auth_basic auth_request add_header proxy_set_header ssl_certificate error_page include
    proxy_connect_timeout client_max_body_size map http stream events limit_req_zone
    443 ssl 80 a.test / /x ~ ~* = ^~ http://10.0.0.1 http://$a $a $host all off 301 404
    https://$host$request_uri zone=z rate=1r/s zone=z:1m ^(.*)$ permanent Host X-A keepalive
    weight=2 backup unix:/x [::]:80 udp @n -1 99999999999999999999 '' "a \\
    $binary_remote_addr *.b.test _ .c.test proxy_ssl_verify on http3 quic
""".split()  # noqa: SIM905 - read as words
PIECE = st.sampled_from([*WORDS, ";", ";", ";", "{", "}", "\n"])
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 70000), st.text(max_size=12), st.just([]),
    st.just({}), st.lists(st.one_of(st.text(max_size=6), st.integers(), st.none()), max_size=3),
    st.just("location / {"), st.just("deny all;"), st.just("a.test"), st.just(["a.test"]),
)  # fmt: skip
COLUMNS = st.sampled_from(
    (
        *("id", "domain_names", "forward_host", "forward_port", "forward_scheme", "locations"),
        *("access_list_id", "certificate_id", "ssl_forced", "advanced_config", "enabled", "meta"),
        *("items", "clients", "name", "provider", "incoming_port", "forwarding_host", "value"),
        *(
            "forward_http_code",
            "forward_domain_name",
            "is_deleted",
            "access_list",
            "owner",
            "email",
        ),
    )
)


def good(found: Imported) -> None:
    """Insist that what came out would be taken, and that the report can be told."""
    for name, spec in found.documents.items():
        assert flaw(name, spec) == ""
        assert json.dumps(spec)
    for item in found.findings:
        assert str(item)
        assert item.place


def tried(make: Callable[[], Imported], place: str) -> None:
    """Insist on an import that would be taken, or on a sentence that names the place."""
    try:
        found = make()
    except Unreadable as error:
        words = str(error)
    else:
        good(checked(found))
        words = place
    assert place in words


@QUICK
@given(st.lists(PIECE, max_size=60), st.sampled_from(list(Mode)))
def test_any_words_in_a_configuration(tmp_path: Path, pieces: list[str], mode: Mode) -> None:
    inner = " ".join(pieces)
    balanced = inner.replace("{", " { ").replace("}", "")
    balanced += " } " * balanced.count("{")
    main = tmp_path / "nginx.conf"
    for text in (inner, f"http {{ server {{ {balanced} }} }}", f"http {{ {balanced} }}",
                 f"stream {{ server {{ {balanced} }} }}"):  # fmt: skip
        main.write_text(text)
        tried(lambda: read(Folder(main), Options(EDGE, mode)), "nginx.conf")


ROWS = st.lists(st.one_of(st.dictionaries(COLUMNS, ODD, max_size=8), ODD), max_size=3)


@QUICK
@given(st.dictionaries(st.sampled_from(sorted(TABLES)), ROWS, min_size=1))
def test_any_rows_of_npm(tmp_path: Path, tables: dict[str, list[Any]]) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tables))
    tried(lambda: read_npm(read_npm_source(path), Options(EDGE)), "export.json")


IDS = ("proxy.host/a", "proxy.access_list/b", "proxy.certificate/c", "proxy.x/y", "light/x", "p")
FIELDS = ("items", "group", "domain_names", "servers", "chain", "key", "server")
SPECS = st.one_of(ODD, st.dictionaries(st.sampled_from(FIELDS), ODD))
PARTS = st.one_of(ODD, st.fixed_dictionaries({"revision": ODD, "spec": SPECS}))


@QUICK
@given(st.dictionaries(st.sampled_from(IDS), PARTS))
def test_any_manifest(tmp_path: Path, parts: dict[str, Any]) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**WHOLE, "parts": parts}))
    tried(lambda: read_own([look(path)], Options(EDGE)), "manifest.json")


@pytest.mark.parametrize("text", ["a {" * 20_000, "http {" * 3_000 + "}" * 3_000, "a;" * 300_000])
def test_depth_and_length_end_in_a_sentence(tmp_path: Path, text: str) -> None:
    main = tmp_path / "nginx.conf"
    main.write_text(text)
    tried(lambda: read(Folder(main), Options(EDGE)), "nginx.conf")
