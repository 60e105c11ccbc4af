"""The reading of nginx's language against nginx itself, and what a snippet may not hold."""

import http.client
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.proxy.syntax import MalformedError, Statement, lint, parse, walk
from tests.peers.rendered import Bench, Echo, host

MAIN = """
pid {0}/x.pid; error_log {0}/x.log; events {{}} http {{
client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c;
uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;
types {{ include {0}/body; }} }}
"""


def shape(statements: tuple[Statement, ...]) -> list[object]:
    """Return words and blocks alone."""
    return [one.words if one.block is None else (one.words, shape(one.block)) for one in statements]


def test_words_and_blocks() -> None:
    text = """
# a comment ; {
a b 'c d' "e;f{g}h" i\\ j;
k { l; m "n\\"o\\\\p\\tq" ${r}s; } # end
t $u{v w; }
"""
    assert shape(parse(text)) == [
        ("a", "b", "c d", "e;f{g}h", "i\\ j"),
        (("k",), [("l",), ("m", 'n"o\\p\tq', "${r}s")]),
        (("t", "$u"), [("v", "w")]),
    ]


def test_lines_and_places() -> None:
    text = 'a;\n\n b\n  "x\ny";\nc {\n d;\n}'
    found = {one.name: one for one in walk(parse(text))}
    assert {name: one.line for name, one in found.items()} == {"a": 1, "b": 3, "c": 6, "d": 7}
    assert text[found["b"].start : found["b"].end] == 'b\n  "x\ny";'
    assert text[found["c"].start : found["c"].end] == "c {\n d;\n}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a", 1),
        ("a;\nb c", 2),
        ("a {", 1),
        ("a;\n}", 2),
        ("a }", 1),
        (";", 1),
        ("{ }", 1),
        ('a "b', 1),
        ("a 'b\n;", 1),
        ('\na "b"c;', 2),
        ("a \\", 1),
        ("a; b {\n c; d }", 2),
    ],
)
def test_what_nginx_can_not_read(text: str, line: int) -> None:
    with pytest.raises(MalformedError) as error:
        parse(text)
    assert error.value.line == line


def accepts(folder: Path, text: str) -> bool:
    """Tell whether nginx can read a text of simple directives: `types` takes any of them."""
    main = folder / "x.conf"
    main.write_text(MAIN.format(folder))
    (folder / "body").write_bytes(text.encode())
    done = subprocess.run(
        ["/usr/sbin/nginx", "-t", "-q", "-p", str(folder), "-c", str(main)],
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    return not any(
        sign in said
        for sign in (
            'unexpected "',
            "unexpected end of file",
            "directive is not terminated",
            "too long parameter",
        )
    )


@pytest.mark.parametrize("text", ["x ${{y}};", "x $y{;", "x a{;", "x '${';", "x ${y{z;"])
def test_braces_behind_a_dollar(tmp_path: Path, text: str) -> None:
    try:
        read = all(one.block is None for one in parse(text))
    except MalformedError:
        read = False
    assert accepts(tmp_path, text) is read


ALPHABET = "ab \t\r\n;{}\"'\\#$()~^"


@settings(max_examples=150)
@given(body=st.text(ALPHABET, min_size=1, max_size=14))
def test_as_nginx_reads(tmp_path_factory: pytest.TempPathFactory, body: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    text = f"x {body}\n;"
    try:
        found = parse(text)
    except MalformedError:
        assert not accepts(folder, text), text
        return
    blocks = any(one.block is not None for one in found)
    assert accepts(folder, text) is not blocks, text


WORDS = [
    "plain",
    "'single \"inside\"'",
    "\"double 'inside'\"",
    '"back\\\\slash"',
    '"quote\\"d"',
    "un\\'quoted",
    "un\\\\quoted",
    '"tab\\there"',
    '"other\\dhere"',
    '"semi;colon{brace}#hash"',
    "mid#hash",
    "mid'quote\"s",
    "${host}x",
    '"two  spaces"',
    "\\;",
    "a\\ b",
    '""',
]


@pytest.mark.parametrize("word", WORDS)
def test_words_mean_what_nginx_says(bench: Bench, echo: Echo, word: str) -> None:
    (statement,) = parse(f"return 200 {word};")
    locations = [{"path": "/x", "advanced_config": f"return 200 {word};"}]
    rendered = bench.render(host(forward_port=echo.port))
    (hub,) = [file for file in rendered.files if file.path == "http/00-hub.conf"]
    raw = f"server {{ listen 127.0.0.1:{bench.http}; server_name raw.test; return 200 {word}; }}"
    bench.put(bench.render(host(locations=locations, domain_names=["ours.test"])))
    (bench.base / "current" / "http" / "raw.conf").write_text(raw)
    assert hub.data
    assert bench.test().returncode == 0
    process = subprocess.Popen(
        [
            *(bench.program, "-p", str(bench.base), "-c", str(bench.base / "nginx.conf")),
            *("-g", "daemon off;"),
        ]
    )
    try:
        from tests.peers.ports import wait_for_port

        wait_for_port(bench.http)
        expected = bench.ask("raw.test").text
        assert statement.words[2].replace("${host}", "raw.test") == expected
        # and what goes through the hub comes out the same
        assert bench.ask("ours.test", "/x").text == expected.replace("raw.test", "ours.test")
    finally:
        process.terminate()
        process.wait()


# --- what a snippet may not hold


@pytest.mark.parametrize(
    "snippet",
    [
        "",
        "# only a comment",
        "gzip on;",
        "add_header X-A \"b; c {d}\";\nproxy_set_header X-B '$host';",
        "ssl_client_certificate /etc/ssl/ca.pem; ssl_verify_client on;",
        "auth_basic closed; auth_basic_user_file /srv/users;",
        "satisfy all; allow 10.0.0.0/8; deny all;",
        "access_log off;",
        "root /srv/www; index index.html;",
        "set $mine 1;",
        "proxy_cache_valid 200 1m;",
    ],
)
def test_good_snippets(snippet: str) -> None:
    assert lint(snippet) == []
    assert lint(snippet, "location") == []


@pytest.mark.parametrize(
    ("snippet", "line", "word"),
    [
        ("location / { }", 1, "block"),
        ("gzip on;\nif ($x) { return 403; }", 2, "block"),
        ("gzip on;\n}", 2, "unexpected"),
        ("} server { listen 1;", 1, "unexpected"),
        ("gzip on", 1, "unexpected end"),
        ('add_header X "a;', 1, "closed"),
        ("gzip on;\ninclude /etc/passwd;", 2, "include"),
        ("load_module x.so;", 1, "load_module"),
        ("content_by_lua 'x';", 1, "program"),
        ("lua_package_path x;", 1, "program"),
        ("perl x;", 1, "program"),
        ("perl_set $x y;", 1, "program"),
        ("js_import x;", 1, "program"),
        ("listen 81;", 1, "listen"),
        ("server_name x;", 1, "server_name"),
        ("ssl_certificate /a;", 1, "certificate_id"),
        ("ssl_certificate_key /a;", 1, "certificate_id"),
        ("proxy_pass http://x;", 1, "forward_host"),
        ("fastcgi_pass x;", 1, "forward_host"),
        ("satisfy any;", 1, "access list"),
        ('satisfy "any";', 1, "access list"),
        ("auth_basic off;", 1, "access list"),
        ("auth_basic 'o''ff';", 1, "closing quote"),
        ("auth_basic o\\\\ff; auth_basic off;", 1, "access list"),
        ("auth_request off;", 1, "access list"),
        ("allow all;", 1, "access list"),
        ("allow 0.0.0.0/0;", 1, "access list"),
        ("error_log /tmp/x;", 1, "log"),
        ("access_log /tmp/x;", 1, "log"),
        ("env X;", 1, "env"),
        ("user root;", 1, "user"),
        ("daemon off;", 1, "daemon"),
        ("pid /x;", 1, "pid"),
        ("worker_processes 1;", 1, "whole nginx"),
        ("proxy_store on;", 1, "write"),
        ("proxy_temp_path /x;", 1, "elsewhere"),
        ("root /etc;", 1, "passwords"),
        ("root /;", 1, "passwords"),
        ("root /etc/nginx/;", 1, "passwords"),
        ("root /srv/../etc;", 1, "absolute"),
        ("root $document_root;", 1, "absolute"),
        ("alias relative;", 1, "absolute"),
        ("return 200;", 1, "challenges"),
        ("rewrite ^ /x;", 1, "challenges"),
        ("set $hub_target evil;", 1, "own"),
        ("set $HUB_target evil;", 1, "own"),
        ("INCLUDE /x;", 1, "small letters"),
        ('"inc\\lude" /x;', 1, "small letters"),
        ('"include" /x;', 1, "include"),
        ("gzip on;\x00", 1, "control"),
        ("add_header X 'a\nb';", 1, "line ends"),
        ('add_header X "a\\nb";', 1, "line ends"),
        (f"add_header X {'a' * 5000};", 1, "bytes"),
    ],
)
def test_bad_snippets(snippet: str, line: int, word: str) -> None:
    found = lint(snippet)
    assert found, "nothing stood against it"
    assert found[0][0] == line
    assert any(word in told for _, told in found), found


def test_locations_may_answer_themselves() -> None:
    assert lint("return 204;", "location") == []
    assert lint("rewrite ^/a /b break;", "location") == []


def test_the_hubs_own_folder_is_never_served() -> None:
    assert lint("root /srv/hub/files;", "server", ["/srv/hub"])
    assert lint("alias /srv/;", "location", ["/srv/hub"])
    assert lint("alias /srv/www/;", "location", ["/srv/hub"]) == []


def test_every_bad_line_is_told() -> None:
    found = lint("listen 1;\ngzip on;\ninclude x;")
    assert [line for line, _ in found] == [1, 3]


def test_a_status_page_can_not_be_reached_by_a_name(bench: Bench) -> None:
    bench.serve(host())
    line = http.client.HTTPConnection("127.0.0.1", bench.http)
    try:
        line.request("GET", "/hub/release", headers={"Host": "hub.invalid"})
        with pytest.raises(http.client.RemoteDisconnected):
            line.getresponse()
    finally:
        line.close()
