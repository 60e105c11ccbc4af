"""Archives that somebody else made: nothing in them is believed."""

import hashlib
import io
import json
import stat
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.storage.backup import BackupError
from hub.storage.backup.archive import Content, Manifest, manifest_of, packed, unpacked

FREE = 1 << 30


def entry(data: bytes, mode: int = 0o600) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "mode": mode}


def manifest(listed: dict[str, Any], **other: Any) -> bytes:
    raw = {
        "version": 1,
        "hub_version": "1.0",
        "schema": "0001",
        "created_at": "2026-11-21T00:00:00+00:00",
        "hub_id": "0" * 32,
        "rows": {},
        "files": listed,
    }
    return json.dumps(raw | other).encode()


def archive(path: Path, members: list[tuple[tarfile.TarInfo | str, bytes]]) -> Path:
    """Write a compressed tar with exactly these members."""
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            if info.isreg():
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def folder(tmp_path: Path) -> Path:
    found = tmp_path / "inside" / "target"
    found.mkdir(parents=True, exist_ok=True)
    return found


def files_of(place: Path) -> dict[str, str]:
    return {
        str(path.relative_to(place)): path.read_text()
        for path in place.rglob("*")
        if path.is_file()
    }


def test_what_was_packed_comes_out(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"0123456789" * 100_000)
    contents = {
        "hub.db": Content(big),
        "config/" + "långt/" * 50 + "hub.yaml": Content("ä: 1\n".encode(), 0o640),
        "config/empty": Content(b""),
        "config/.hidden": Content(b"x", 0o755),
        "config/..dots": Content(b"x"),
        "data/mqtt/password": Content(b"p"),
    }
    made = Manifest(
        hub_version="1",
        schema="0001",
        created_at="now",
        hub_id="x",
        files={name: content.entry() for name, content in contents.items()},
        rows={"users": 1},
    )
    path = tmp_path / "archive"
    path.write_bytes(b"".join(packed(made, contents)))
    target = folder(tmp_path)
    assert unpacked(path, target, FREE) == made
    for name, content in contents.items():
        assert (target / name).read_bytes() == b"".join(content.chunks())
        assert stat.S_IMODE((target / name).stat().st_mode) == content.mode
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["manifest.json", *contents]


def link(name: str, kind: bytes, target: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


NAMES = [
    "../evil",
    "config/../../evil",
    "config/../hub.db",
    "/evil",
    "//evil",
    "config//hub.yaml",
    "config/./hub.yaml",
    "config",
    "config/",
    "data",
    "keys/sealing.json",
    ".restore.json",
    "hub.db/x",
    "./hub.db",
    "archive",
    "config\\evil",
    "config/" + "x/" * 600 + "y",
    "",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    target = folder(tmp_path)
    path = archive(tmp_path / "a", [("manifest.json", manifest({name: entry(b"x")})), (name, b"x")])
    with pytest.raises(BackupError):
        unpacked(path, target, FREE)
    assert files_of(tmp_path / "inside") == {}


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
    ],
)
def test_only_files_are_taken(tmp_path: Path, kind: bytes) -> None:
    target = folder(tmp_path)
    name = "config/x"
    first = ("manifest.json", manifest({name: entry(b""), "config/x/y": entry(b"y")}))
    path = archive(tmp_path / "a", [first, (link(name, kind), b""), ("config/x/y", b"y")])
    with pytest.raises(BackupError):
        unpacked(path, target, FREE)
    assert list((tmp_path / "inside").rglob("*")) == [target]


def test_a_link_instead_of_the_list(tmp_path: Path) -> None:
    path = archive(tmp_path / "a", [(link("manifest.json", tarfile.SYMTYPE), b"")])
    with pytest.raises(BackupError, match="is no backup of a hub"):
        unpacked(path, folder(tmp_path), FREE)


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ([], "is no backup"),
        ([("hub.db", b"x"), ("manifest.json", manifest({}))], "is no backup"),
        ([("manifest.json", manifest({"hub.db": entry(b"x")}))], "'hub.db' is missing"),
        ([("manifest.json", manifest({})), ("hub.db", b"x")], "does not name"),
        ([("manifest.json", manifest({"hub.db": entry(b"x")})), ("hub.db", b"y")], "not what was"),
        ([("manifest.json", manifest({"hub.db": entry(b"x")})), ("hub.db", b"xx")], "not name"),
        (
            [("manifest.json", manifest({"hub.db": entry(b"x")})), *([("hub.db", b"x")] * 2)],
            "does not name",
        ),
        ([("manifest.json", manifest({"hub.db": entry(b"x") | {"size": FREE + 1}}))], "too small"),
        ([("manifest.json", manifest({"hub.db": entry(b"x") | {"size": -1}}))], "is damaged"),
        ([("manifest.json", manifest({"hub.db": entry(b"x", 0o4755)}))], "is damaged"),
        ([("manifest.json", manifest({"hub.db": entry(b"x") | {"x": 1}}))], "is damaged"),
        ([("manifest.json", manifest({}, files=[1]))], "is damaged"),
        ([("manifest.json", b"[]")], "is damaged"),
        ([("manifest.json", b"{")], "is damaged"),
        ([("manifest.json", manifest({}, version=2))], "newer hub"),
    ],
)
def test_lists_that_do_not_fit(tmp_path: Path, members: list[Any], match: str) -> None:
    with pytest.raises(BackupError, match=match):
        unpacked(archive(tmp_path / "a", members), folder(tmp_path), FREE)


def test_a_small_file_that_unpacks_to_a_large_one(tmp_path: Path) -> None:
    """Zeros behind the list, and an extended header without end."""
    for data in (endless_tail(), endless_header()):
        path = tmp_path / "bomb"
        path.write_bytes(data)
        assert len(data) < 200_000
        with pytest.raises(BackupError, match="more than its list names"):
            unpacked(path, folder(tmp_path), FREE)


def squeezed(parts: Callable[[], Any]) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join([*(deflate.compress(part) for part in parts()), deflate.flush()])


def endless_tail() -> bytes:
    def parts() -> Any:
        text = manifest({"hub.db": entry(b"x")})
        info = tarfile.TarInfo("manifest.json")
        info.size = len(text)
        yield info.tobuf() + text + b"\0" * (-len(text) % 512)
        info = tarfile.TarInfo("hub.db")
        info.size = 1 << 40
        info.type = tarfile.XHDTYPE
        yield info.tobuf(tarfile.GNU_FORMAT)
        for _ in range(64):
            yield bytes(1 << 20)

    return squeezed(parts)


def endless_header() -> bytes:
    def parts() -> Any:
        info = tarfile.TarInfo("manifest.json")
        info.size = 1 << 40
        info.type = tarfile.XHDTYPE
        yield info.tobuf(tarfile.GNU_FORMAT)
        for _ in range(64):
            yield bytes(1 << 20)

    return squeezed(parts)


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.booleans())
def test_any_damage_is_a_backup_error(tmp_path: Path, place: int, value: int, cut: bool) -> None:
    """Whatever happens to the compressed bytes, they come out as they were, or not at all."""
    text = bytes(range(256)) * 20
    members = [("manifest.json", manifest({"config/x": entry(text)})), ("config/x", text)]
    data = archive(tmp_path / "a", members).read_bytes()
    place %= len(data)
    data = data[:place] if cut else data[:place] + bytes([value]) + data[place + 1 :]
    (tmp_path / "a").write_bytes(data)
    target = folder(tmp_path) / str(len(list(folder(tmp_path).iterdir())))
    target.mkdir()
    try:
        unpacked(tmp_path / "a", target, FREE)
    except BackupError:
        return
    assert (target / "config" / "x").read_bytes() == text


@given(st.binary(max_size=300) | st.from_regex(rb"\{.*\}"))
def test_any_junk_is_no_list(data: bytes) -> None:
    with pytest.raises(BackupError):
        manifest_of(data)
