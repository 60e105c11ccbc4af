"""What a look says, read as hostile text."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.sdk import Unavailable, dumps
from integrations.proxy.deploying.seen import Drift, Manifest, Seen, parse_manifest, read
from integrations.proxy.models import Features, Part

MARK = "@hub:00112233"
NAME = "r000012-0a1b2c3d"
A, B = "a" * 64, "b" * 64


def manifest(**changes: object) -> Manifest:
    """Return what a release says of itself."""
    data = {
        "release": NAME,
        "hub": "hub",
        "parts": {"proxy.host/a": {"revision": 3, "spec": {"domain_names": ["a.test"]}}},
        "sums": {"http/host-a.conf": A, "files/a-1.pem": B},
        "modes": {"http/host-a.conf": 0o644, "files/a-1.pem": 0o644},
        "drop_ins": {"/etc/nginx/conf.d/hub.conf": A},
        **changes,
    }
    return parse_manifest(data)


def look(known: Manifest | None = None, **sections: str) -> Seen:
    """Read an answer made of sections, after a look that found a manifest."""
    before = None if known is None else replace(look(current="", end=""), manifest=known)
    text = "".join(f"\n{MARK} {name}\n{content}\n" for name, content in sections.items())
    return read(
        text.encode(), MARK, 1.0, before, lambda _version, _modules: Features((1, 22, 1)),
        ["/etc/nginx/conf.d/hub.conf"],
    )  # fmt: skip


def test_an_answer_that_is_cut_off_is_none() -> None:
    with pytest.raises(Unavailable):
        look(current=f"releases/{NAME}", served=NAME)


def test_an_empty_server() -> None:
    seen = look(current="", served="", lock="", end="")
    assert (seen.current, seen.served, seen.manifest, seen.drift) == (None, None, None, None)
    assert seen.lock is None
    assert seen.settled


@pytest.mark.parametrize(
    "link", ["/etc/passwd", "releases/../x", "releases/r1-zz", "releases/r000001-0a1b2c3d/x"]
)
def test_a_link_that_leads_elsewhere_is_no_release(link: str) -> None:
    assert look(current=link, end="").current is None


def test_a_manifest_that_is_damaged_is_none() -> None:
    for text in ("{", "[]", '{"release": 1}', '{"release":"x","parts":[]}'):
        assert look(current=f"releases/{NAME}", manifest=text, end="").manifest is None


def test_a_manifest_that_is_known_is_not_sent_again() -> None:
    known = manifest()
    assert look(known, current=f"releases/{NAME}", manifest="", end="").manifest is known
    assert look(known, current="releases/r000013-0a1b2c3d", manifest="", end="").manifest is None


def test_what_a_manifest_says_comes_back() -> None:
    written = dumps(
        {
            "release": NAME,
            "hub": "h",
            "parts": {"proxy.host/a": Part("proxy.host/a", 2, {"x": 1}).as_dict()},
            "sums": {},
            "modes": {},
            "adopted": {"http/a.conf": "text"},
            "previous": "r000011-0a1b2c3d",
        }
    ).decode()
    seen = look(current=f"releases/{NAME}", manifest=written, end="")
    assert seen.manifest is not None
    assert seen.manifest.parts["proxy.host/a"] == Part("proxy.host/a", 2, {"x": 1})
    assert seen.manifest.adopted == {"http/a.conf": "text"}


def test_an_impostor_of_the_mark_is_only_text() -> None:
    seen = look(main=f"x\n@hub:other current\nreleases/{NAME}", current="", end="")
    assert seen.current is None


DRIFTS = [
    ("", "", Drift(missing=("/etc/nginx/conf.d/hub.conf", "files/a-1.pem", "http/host-a.conf"))),
    (
        f"{A}  current/http/host-a.conf\n{B}  files/a-1.pem\n{A}  /etc/nginx/conf.d/hub.conf",
        "644 regular file current/http/host-a.conf\n640 regular file files/a-1.pem",
        Drift(modified=("files/a-1.pem",)),
    ),
    (
        (
            f"{B}  current/http/host-a.conf\n{B}  files/a-1.pem\n"
            f"{A}  /etc/nginx/conf.d/hub.conf\n{A}  current/http/x y.conf\n"
            f"{A}  files/other.pem\n{A}  current/manifest.json"
        ),
        "644 symbolic link current/http/link.conf",
        Drift(modified=("http/host-a.conf",), extra=("http/link.conf", "http/x y.conf")),
    ),
]


@pytest.mark.parametrize(("sums", "modes", "wanted"), DRIFTS)
def test_drift(sums: str, modes: str, wanted: Drift) -> None:
    files = f"{sums}\n{modes}"
    seen = look(manifest(), current=f"releases/{NAME}", files=files, end="")
    assert seen.drift == wanted
    assert bool(seen.drift) is bool(wanted.modified or wanted.missing or wanted.extra)


SECTIONS = (
    "current", "served", "releases", "partial", "lock", "program", "version", "main", "siblings",
    "modules", "running", "errors", "nameservers", "writable", "manifest", "files", "curl",
)  # fmt: skip
ANYTHING = st.text(max_size=60) | st.sampled_from(
    ["²", "-1", "1\n", f"releases/{NAME}", NAME, "r999999999-00000000", "link", "yes", A]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["release", "hub", "parts", "sums", "modes", "spec", "revision", "a"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@example({"lock": "²"})
@example({"lock": "9" * 5000})
@given(st.dictionaries(st.sampled_from(SECTIONS), ANYTHING))
def test_whatever_a_server_says_is_read_or_refused(said: dict[str, str]) -> None:
    found = look(manifest(), **said, end="")
    assert isinstance(found.settled, bool)


@given(JSON, st.sampled_from(["parts", "sums", "modes", "adopted", "drop_ins", "previous"]))
def test_whatever_lies_in_a_manifest_is_read_or_none(value: object, name: str) -> None:
    data = {"release": NAME, "hub": "h", "parts": {}, "sums": {}, "modes": {}, name: value}
    written = json.dumps(data)
    found = look(current=f"releases/{NAME}", manifest=written, files=f"{A}  current/a", end="")
    assert found.manifest is None or found.manifest.release == NAME


@given(st.text(alphabet="abr0./- \n\\é", min_size=1, max_size=12))
def test_a_name_of_a_file_says_nothing_else(name: str) -> None:
    """A file in a release, whatever it is called, hides no other and is no other."""
    lines = f"{B}  current/http/{name}\n644 regular file current/http/{name}"
    files = f"{A}  current/http/host-a.conf\n644 regular file current/http/host-a.conf\n{lines}"
    found = look(manifest(), current=f"releases/{NAME}", files=files, end="")
    assert found.drift is not None
    assert "http/host-a.conf" not in {*found.drift.modified, *found.drift.missing}


def test_a_manifest_of_another_release_is_none() -> None:
    written = json.dumps({"release": NAME, "hub": "h", "parts": {}, "sums": {}, "modes": {}})
    seen = look(current="releases/r000013-0a1b2c3d", manifest=written, end="")
    assert seen.manifest is None


def test_a_lock_from_the_future_is_a_lock() -> None:
    """The clock of the server went back."""
    assert look(lock="-30\nhub 1", end="").lock == (-30, "hub 1")
