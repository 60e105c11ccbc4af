"""No spec that the schema accepts breaks nginx's syntax, or adds a directive nobody meant.

Each text of a spec is made of signs that mean something to nginx. What the schema accepts is
rendered, tested by nginx, and compared with the same spec in plain words: names of directives and
their blocks must be the same.
"""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import voluptuous as vol
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.proxy import schema
from integrations.proxy.deploying.diagnose import diagnose
from integrations.proxy.models import Part
from integrations.proxy.schema import names, patterns, texts
from integrations.proxy.syntax import Statement, lint, parse
from tests.peers.rendered import Bench, host, part
from tests.peers.sshd import public_folder

HOSTILE = "aA0 .;:,/\\{}()[]<>\"'`$#%&*+-_=?!|^~@\n\r\t\x00\x7f\u00fc\u0430\u200b"
CORPUS = [
    "a;b",
    "a{b",
    "a}b",
    '"',
    '";',
    '"; return 200 "',
    "'; }",
    "} server { listen 1; ",
    "a\nb",
    "a\\",
    "a\\nb",
    "\\",
    "$host",
    "${host}",
    "$hub_target",
    "$",
    "#",
    "a #b",
    "a\x00b",
    "`id`",
    "$(id)",
    "../..",
    "{{ x }}",
    "@release@",
    "%0a",
    "off",
    "default",
    "*",
    "~",
    "~*x",
    "^~",
    "=",
    "unix:/x",
]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    folder = public_folder("hub-safe-")
    yield Bench(folder)
    shutil.rmtree(folder, ignore_errors=True)


def shape(statements: tuple[Statement, ...]) -> list[Any]:
    """Return names and blocks, and how many words the directives have that take a fixed number."""
    return [
        one.name if one.block is None else (one.name, len(one.words), shape(one.block))
        for one in statements
    ]


def hostile(accepts: Any, plain: str) -> st.SearchStrategy[str]:
    """Return texts that a validator accepts, as near to mischief as it lets them be."""
    found = [text for text in CORPUS if _accepted(accepts, text)]
    near = st.text(HOSTILE, max_size=12).map(lambda text: text if _accepted(accepts, text) else "")
    around = st.tuples(st.sampled_from([plain, "/", "x"]), near).map("".join)
    return st.one_of(
        st.just(plain),
        *([st.sampled_from(found)] if found else []),
        around.map(lambda text: text if _accepted(accepts, text) else plain),
    )


def _accepted(accepts: Any, text: str) -> bool:
    try:
        accepts(text)
    except vol.Invalid:
        return False
    return True


HEADERS = st.dictionaries(
    hostile(texts.header_name, "X-A").map(lambda name: f"X-{name}"[:64]),
    hostile(texts.header_value, "x").filter(bool),
    max_size=3,
).map(lambda found: {name.lower(): value for name, value in found.items()})

LOCATION = st.fixed_dictionaries(
    {
        "match": st.sampled_from(["prefix", "exact", "regex"]),
        "plain": hostile(texts.path, "/p"),
        "pattern": hostile(patterns.regex, "^/x"),
        "forward_path": st.none() | hostile(texts.path, "/f"),
        "headers": st.fixed_dictionaries({"request": HEADERS, "response": HEADERS}),
        "public": st.booleans(),
        "limited": st.booleans(),
    }
)
SPEC = st.fixed_dictionaries(
    {
        "domain_names": st.lists(
            hostile(names.domain_pattern, "d.test"), min_size=1, max_size=4, unique=True
        ),
        "forward_host": hostile(names.host, "app"),
        "headers": st.fixed_dictionaries({"request": HEADERS, "response": HEADERS}),
        "upstream_host": st.none() | hostile(names.host_header, "inner.test"),
        "message": hostile(texts.message, "soon"),
        "auth": st.none() | hostile(texts.url, "http://10.0.0.1/verify"),
        "realm": hostile(texts.line(1, 100), "LAN"),
        "locations": st.lists(LOCATION, max_size=4),
        "switches": st.fixed_dictionaries(
            {
                name: st.booleans()
                for name in (
                    "block_exploits",
                    "caching_enabled",
                    "allow_websocket_upgrade",
                    "trust_forwarded_proto",
                    "buffering",
                )
            }
        ),
        "maintained": st.booleans(),
        "guarded": st.booleans(),
    }
)


def _distinct(drawn: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Return the locations that the schema can accept together."""
    seen = set()
    for number, one in enumerate(drawn["locations"]):
        text = one["pattern"] if one["match"] == "regex" else one["plain"]
        if (one["match"], text) in seen or text.startswith(("/.hub", "/.well-known/acme")):
            continue
        seen.add((one["match"], text))
        yield number, one


def _location(one: dict[str, Any], number: int, headers: Any, *, plain: bool) -> dict[str, Any]:
    text = one["pattern"] if one["match"] == "regex" else one["plain"]
    word = "/" if (one["match"], text) == ("prefix", "/") else f"/p{number}/"
    location = {
        "path": word if plain else text,
        "match": one["match"],
        "forward_path": "/f" if plain and one["forward_path"] is not None else one["forward_path"],
        "headers": headers(one["headers"]),
        "public": one["public"],
    }
    if one["limited"]:
        location["rate_limit"] = {"requests": 5, "connections": 2}
    return location


def build(drawn: dict[str, Any], *, plain: bool) -> tuple[Part, Part] | None:
    """Return a host and its access list, as drawn or with plain words in place of each text."""

    def say(text: str | None, word: str) -> str | None:
        return word if plain and text is not None else text

    spellings: dict[str, str] = {}

    def headers(found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return {
            kind: {
                (spellings.setdefault(name, f"X-P{len(spellings)}") if plain else name): (
                    "x" if plain else value
                )
                for name, value in table.items()
            }
            for kind, table in found.items()
        }

    locations = [_location(one, number, headers, plain=plain) for number, one in _distinct(drawn)]
    named = drawn["forward_host"]
    fixed = names.ip(names.host(named)) is not None or names.host(named) == "localhost"
    spec: dict[str, Any] = {
        "domain_names": [f"n{n}.test" for n, _ in enumerate(drawn["domain_names"])]
        if plain
        else drawn["domain_names"],
        "forward_host": ("10.0.0.1" if fixed else "app") if plain else named,
        "upstream_host": say(drawn["upstream_host"], "inner.test"),
        "headers": headers(drawn["headers"]),
        "locations": locations,
        **drawn["switches"],
    }
    if drawn["maintained"]:
        spec["maintenance"] = {"enabled": True, "message": say(drawn["message"], "soon")}
    if drawn["auth"] is not None:
        url = drawn["auth"]
        same = re.match(r"https?://(\[[^]]*\]|[^/:?]*)", url)
        assert same is not None
        inner = names.ip(same[1].strip("[]")) or same[1] == "localhost"
        word = f"{url.partition(':')[0]}://{'10.0.0.1' if inner else 'auth'}/verify"
        spec["forward_auth"] = {
            "url": word if plain else url,
            "sign_in_url": "https://in.test/" if plain else url,
            "response_headers": ["Remote-User"],
        }
    if drawn["guarded"]:
        spec["access_list_id"] = "lan"
    lan = part(
        "proxy.access_list/lan",
        name=say(drawn["realm"], "LAN"),
        items=[{"username": "bob", "password": "x"}],
    )
    try:
        return host(**spec), lan
    except vol.Invalid:
        return None


@settings(max_examples=120)
@given(drawn=SPEC)
def test_what_is_accepted_is_only_what_was_meant(bench: Bench, drawn: dict[str, Any]) -> None:
    built = build(drawn, plain=False)
    if built is None:
        return
    rendered = bench.render(*built)
    if rendered.flaws:
        return
    bench.put(rendered)
    done = bench.test()
    assert (done.returncode, done.stderr) == (0, "")
    text = bench.text(rendered, "http/host-blog.conf")
    plain = build(drawn, plain=True)
    assert plain is not None
    meant = bench.text(bench.render(*plain), "http/host-blog.conf")
    assert shape(parse(text)) == shape(parse(meant))


SNIPPETS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "gzip on;",
                "add_header X-S 1;",
                "proxy_set_header X-S $host;",
                "client_max_body_size 1m;",
                "no_such_directive;",
                "proxy_read_timeout;",
                "expires 1h; # a comment",
                "set $mine 'a b';",
            ]
        ),
        st.sampled_from(CORPUS),
        st.text(HOSTILE, max_size=10),
    ),
    max_size=5,
).map("\n".join)


@settings(max_examples=120)
@given(snippet=SNIPPETS, inside=st.booleans())
def test_a_snippet_adds_its_own_directives_and_nothing_else(
    bench: Bench, snippet: str, inside: bool
) -> None:
    level = "location" if inside else "server"
    if lint(snippet, level):
        return
    wanted = [one.name for one in parse(snippet)]
    if inside:
        blog = host(locations=[{"path": "/", "advanced_config": snippet}])
    else:
        blog = host(advanced_config=snippet)
    rendered = bench.render(blog)
    assert not rendered.flaws
    text = bench.text(rendered, "http/host-blog.conf")
    without = host(locations=[{"path": "/"}]) if inside else host()
    meant = bench.text(bench.render(without), "http/host-blog.conf")
    before, after = _counted(meant), _counted(text)
    names_ = set(before) | set(after)
    more = {name: after.get(name, 0) - before.get(name, 0) for name in names_}
    replaced = {"client_max_body_size", "proxy_read_timeout"}
    for name in names_:
        if name in replaced and name in wanted and not inside:
            assert after[name] == wanted.count(name)
        else:
            assert more[name] == wanted.count(name), (name, text)
    bench.put(rendered)
    done = bench.test()
    if done.returncode:
        flaws = diagnose(done.stderr, rendered.files, str(bench.base), "r1")
        field = "locations.0.advanced_config" if inside else "advanced_config"
        assert {(flaw.part, flaw.field) for flaw in flaws} == {("proxy.host/blog", field)}, flaws


def _counted(text: str) -> dict[str, int]:
    found: dict[str, int] = {}

    def count(statements: tuple[Statement, ...]) -> None:
        for one in statements:
            found[one.name] = found.get(one.name, 0) + 1
            count(one.block or ())

    count(parse(text))
    return found


FIELDS: dict[str, Any] = {
    "domain_names": lambda evil: {"domain_names": [evil]},
    "forward_host": lambda evil: {"forward_host": evil},
    "upstream_host": lambda evil: {"upstream_host": evil},
    "header_name": lambda evil: {"headers": {"request": {evil: "x"}}},
    "header_value": lambda evil: {"headers": {"response": {"X-A": evil}}},
    "path": lambda evil: {"locations": [{"path": evil}]},
    "behind_path": lambda evil: {"locations": [{"path": f"/{evil}"}]},
    "pattern": lambda evil: {"locations": [{"path": evil, "match": "regex"}]},
    "forward_path": lambda evil: {"locations": [{"path": "/", "forward_path": f"/{evil}"}]},
    "message": lambda evil: {"maintenance": {"enabled": True, "message": evil}},
    "auth_url": lambda evil: {"forward_auth": {"url": f"http://10.0.0.1/{evil}"}},
    "auth_header": lambda evil: {
        "forward_auth": {"url": "http://10.0.0.1/", "response_headers": [evil]}
    },
    "max_body_size": lambda evil: {"max_body_size": evil},
    "upstream": lambda evil: {
        "upstreams": [{"host": evil, "port": 80}, {"host": "10.0.0.1", "port": 80}]
    },
    "guest": lambda evil: {"maintenance": {"enabled": True, "allow": [evil]}},
    "snippet": lambda evil: {"advanced_config": evil},
}
HARMLESS = {"auth_header": "User", "guest": "10.0.0.1", "max_body_size": "1m"}


@pytest.mark.parametrize("field", FIELDS)
def test_malice(bench: Bench, field: str) -> None:
    """Each text of the corpus is refused, or leaves what nginx reads as it was."""
    plain = HARMLESS.get(field, "/x" if field == "path" else "x.test")
    if field in ("pattern", "snippet"):
        plain = "x" if field == "pattern" else ""
    meant = (
        bench.text(bench.render(host(**FIELDS[field](plain))), "http/host-blog.conf")
        if (field != "upstream")
        else ""
    )
    accepted = 0
    for evil in CORPUS:
        try:
            blog = host(**FIELDS[field](evil))
        except vol.Invalid:
            continue
        accepted += 1
        rendered = bench.render(blog)
        if rendered.flaws:
            continue
        bench.put(rendered)
        done = bench.test()
        assert done.returncode == 0, (evil, done.stderr)
        text = bench.text(rendered, "http/host-blog.conf")
        assert shape(parse(text)) == shape(parse(meant)), evil
    if field not in ("message", "header_value", "forward_path", "behind_path", "pattern"):
        assert accepted <= 12, f"{accepted} of {len(CORPUS)}"


def test_the_comparison_can_fail(bench: Bench) -> None:
    good = bench.text(bench.render(host()), "http/host-blog.conf")
    bad = good.replace("blog.test;", "blog.test; return 403;")
    assert shape(parse(good)) != shape(parse(bad))
    assert shape(parse(good)) != shape(parse(good.replace("    }\n}", "    }\n}\nserver {\n}")))


def test_streams_and_redirects_hold_too(bench: Bench) -> None:
    for evil in CORPUS:
        for kind, spec in (
            ("redirect/x", {"forward_domain_name": evil}),
            ("stream/x", {"incoming_port": 1, "forwarding_host": evil, "forwarding_port": 1}),
            ("dead_host/x", {"domain_names": [evil]}),
        ):
            try:
                one = part(f"proxy.{kind}", **spec)
            except vol.Invalid:
                continue
            rendered = bench.render(one)
            assert rendered.flaws or not evil.strip("*@{} ofdeault"), (kind, evil)


def test_servers_hold_too() -> None:
    for evil in CORPUS:
        for field in ("base", "main_config", "drop_in", "stream_drop_in", "ca_bundle"):
            with pytest.raises(vol.Invalid):
                schema.SERVER({field: evil})
        for field in ("addresses", "resolver"):
            with pytest.raises(vol.Invalid):
                schema.SERVER({field: [evil]})
