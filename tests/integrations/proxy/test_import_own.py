"""The hub's own releases, read back when its data is lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.proxy.importing.certificates import Mode
from integrations.proxy.importing.check import checked, flaw
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.own import look, read
from integrations.proxy.importing.result import Imported, Level, Placement, Unreadable
from tests.integrations.proxy.npm import pair

HOST = {
    "domain_names": ["a.test"], "servers": ["edge"], "forward_host": "10.0.0.1",
    "forward_port": 80, "access_list_id": "family", "certificate_id": "a.test",
}  # fmt: skip


def base_of(folder: Path, parts: dict[str, tuple[int, dict[str, Any]]]) -> Path:
    """Write what a server has after a deploy."""
    release = folder / "releases" / "r000001-0123abcd"
    release.mkdir(parents=True)
    (folder / "files").mkdir()
    (folder / "current").symlink_to("releases/r000001-0123abcd")
    manifest = {
        "release": "r000001-0123abcd", "hub": "h", "previous": None, "instance": "own",
        "parts": {name: {"revision": rev, "spec": spec} for name, (rev, spec) in parts.items()},
        "sums": {}, "modes": {}, "drop_ins": {}, "adopted": {},
    }  # fmt: skip
    (release / "manifest.json").write_text(json.dumps(manifest))
    return folder


def whole(folder: Path) -> tuple[Path, str, str]:
    chain, key = pair("a.test")
    base = base_of(
        folder,
        {
            "proxy.server/edge": (1, {"instance": "own", "http_port": 8080, "server": "box"}),
            "proxy.host/a.test": (4, HOST),
            "proxy.access_list/family": (
                2,
                {"name": "Family", "items": [{"username": "ada", "hash": "$6$x$y"}]},
            ),
            "proxy.certificate/a.test": (
                3,
                {
                    "serial": "01", "chain": "files/a-1.pem", "key": "files/a-1.key",
                    "not_after": 4e9, "domain_names": ["a.test"],
                },
            ),
        },
    )  # fmt: skip
    (base / "files" / "a-1.pem").write_text(chain)
    (base / "files" / "a-1.key").write_text(key)
    return base, chain, key


def imported(*places: Path, **options: Any) -> Imported:
    given = {"placement": Placement(), **options}
    found = checked(read([look(place) for place in places], Options(**given)))
    assert [flaw(name, spec) for name, spec in found.documents.items() if flaw(name, spec)] == []
    return found


def said(found: Imported, level: Level) -> str:
    return "\n".join(str(it) for it in found.findings if it.level is level)


def test_a_server_gives_everything_back(tmp_path: Path) -> None:
    base, chain, key = whole(tmp_path / "base")
    found = imported(base)
    assert list(found.documents) == [
        "proxy.server/edge",
        "proxy.access_list/family",
        "proxy.certificate/a.test",
        "proxy.host/a.test",
    ]
    assert found.documents["proxy.host/a.test"] == HOST
    certificate = found.documents["proxy.certificate/a.test"]
    assert (certificate["certificate"], certificate["certificate_key"]) == (chain, key)
    [user] = found.documents["proxy.access_list/family"]["items"]
    assert user.keys() == {"username", "password"}
    assert len(user["password"]) > 20
    todo = said(found, Level.DO)
    assert "the password of ada is only known as a hash" in todo
    assert "host.server/box" in todo
    assert "set provider acme" in todo


def test_a_manifest_alone_has_certificates_issued_anew(tmp_path: Path) -> None:
    base, _, _ = whole(tmp_path / "base")
    file = tmp_path / "manifest.json"
    file.write_bytes((base / "current" / "manifest.json").read_bytes())
    found = imported(file, passwords={"ada": "enigma"}, email="a@b.test")
    assert found.documents["proxy.certificate/a.test"]["acme"]["email"] == "a@b.test"
    assert found.documents["proxy.access_list/family"]["items"][0]["password"] == "enigma"
    again = imported(base, certificates=Mode.ACME)
    assert again.documents["proxy.certificate/a.test"]["provider"] == "acme"


def test_of_two_servers_the_newer_spec_counts(tmp_path: Path) -> None:
    plain = {key: HOST[key] for key in ("domain_names", "servers", "forward_host", "forward_port")}
    one = base_of(tmp_path / "1", {"proxy.host/a": (1, plain), "proxy.host/b": (9, plain)})
    two = base_of(tmp_path / "2", {"proxy.host/a": (2, {**plain, "forward_port": 81})})
    found = imported(one, two)
    assert found.documents["proxy.host/a"]["forward_port"] == 81
    assert set(found.documents) == {"proxy.host/a", "proxy.host/b"}


def test_a_group_that_is_lost_becomes_its_servers(tmp_path: Path) -> None:
    spec = {"domain_names": ["a.test"], "group": "all", "forward_host": "a", "forward_port": 1}
    base = base_of(
        tmp_path, {"proxy.server/edge": (1, {"instance": "own"}), "proxy.host/a": (1, spec)}
    )
    found = imported(base)
    assert found.documents["proxy.host/a"]["servers"] == ["edge"]
    assert "group" not in found.documents["proxy.host/a"]
    assert "proxy.group/all" in said(found, Level.DO)
    placed = imported(base, placement=Placement((), "new"))
    assert placed.documents["proxy.host/a"]["group"] == "new"


def test_a_host_goes_with_its_access_list(tmp_path: Path) -> None:
    """A list that is broken takes its host with it: an open host would be worse than none."""
    base = base_of(
        tmp_path,
        {
            "proxy.host/a.test": (1, {**HOST, "certificate_id": None}),
            "proxy.access_list/family": (1, {"name": "Family", "items": []}),
        },
    )
    found = checked(read([look(base)], Options(Placement())))
    assert dict(found.documents) == {}
    assert "access_list_id: proxy.access_list/family is left out" in said(found, Level.LEFT_OUT)


def test_nothing_outside_the_files_is_read(tmp_path: Path) -> None:
    base, chain, key = whole(tmp_path / "base")
    (tmp_path / "stolen.pem").write_text(chain)
    (tmp_path / "stolen.key").write_text(key)
    file = base / "current" / "manifest.json"
    manifest = json.loads(file.read_text())
    spec = manifest["parts"]["proxy.certificate/a.test"]["spec"]
    spec |= {"chain": "files/../../stolen.pem", "key": "files/../../stolen.key"}
    file.write_text(json.dumps(manifest))
    assert imported(base).documents["proxy.certificate/a.test"]["provider"] == "acme"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parts": 1}', '{"parts": {"a": {}}}'])
def test_what_is_no_manifest(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(text)
    with pytest.raises(Unreadable, match="no manifest of a release"):
        look(file)
    with pytest.raises(Unreadable, match=r"no current/manifest\.json"):
        look(tmp_path / "none")
