"""One release: the files that are uploaded, what they should hash to, and what is in force."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.sdk import HubError, dumps
from integrations.proxy.deploying.seen import Drift, Manifest
from integrations.proxy.models import File, Part

MARK: Final = b"@release@"
"""Stands in rendered files where the release's id goes."""
HIDDEN: Final = ("nginx.conf",)
LARGEST_MANIFEST: Final = 24_000_000
"""Bytes of a manifest that `remote/look.sh` reads."""


class TooMuch(HubError):  # noqa: N818
    """More is placed on a server than can be managed there."""

    code = "too_much"
    http_status = 422


@dataclass(frozen=True, slots=True)
class Release:
    """What is sent to a server."""

    id: str
    manifest: Manifest
    files: Mapping[str, File] = field(repr=False)
    """By path; what is shared by releases lies below `files/`."""
    candidate: bytes = field(repr=False)
    """The main configuration that tests it."""

    @property
    def size(self) -> int:
        """Return how many bytes the files have."""
        return sum(len(file.data) for file in self.files.values())


def make(
    files: Mapping[str, File],
    parts: Mapping[str, Part],
    *,
    number: int,
    hub_id: str,
    previous: str | None,
    adopted: Mapping[str, str],
    instance: str,
    drop_ins: Mapping[str, tuple[str, str]],
    lying: Mapping[str, tuple[str, int]],
) -> tuple[str, Manifest, dict[str, File]]:
    """Return id, manifest and final files of a release.

    `drop_ins`: absolute path -> (name in the release, text) of what goes outside the hub's folder.
    `lying`: hash and mode of shared files that lie on the server and are not sent. The id holds a
    running number and a hash of all that is served: `r000012-1f3a09bc`.
    """
    found = dict(files)
    for path, text in adopted.items():
        if path in found:
            kept = found[path]
            found[path] = File(path, text.encode(), kept.mode, kept.part, kept.fields)
    for own, text in drop_ins.values():
        found[own] = File(own, text.encode())
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(f"{path}\0{hashlib.sha256(found[path].data).hexdigest()}\n".encode())
    name = f"r{number:06d}-{digest.hexdigest()[:8]}"
    for path, file in found.items():
        if MARK in file.data:
            data = file.data.replace(MARK, name.encode())
            found[path] = File(path, data, file.mode, file.part, file.fields)
    sums = {path: hashlib.sha256(file.data).hexdigest() for path, file in sorted(found.items())}
    outside = {path: sums.pop(own) for path, (own, _text) in drop_ins.items()}
    modes = {path: found[path].mode for path in sums}
    manifest = Manifest(
        release=name,
        hub=hub_id,
        parts=dict(parts),
        sums={**sums, **{path: value for path, (value, _mode) in lying.items()}},
        modes={**modes, **{path: mode for path, (_value, mode) in lying.items()}},
        previous=previous,
        adopted={path: text for path, text in adopted.items() if path in found},
        instance=instance,
        drop_ins=outside,
    )
    return name, manifest, found


def pack(release: Release, before: Manifest | None, drift: Drift | None = None) -> bytes:
    """Return the tar archive for `remote/stage.sh`.

    Files that the release `before` was deployed with are not sent: `.keep` names those that the
    server copies, as they are now, `.more` what lies beside them; `.sums` proves the others.

    Raises `TooMuch`.
    """
    wanted = {**release.manifest.sums}
    gone = set() if drift is None else {*drift.missing}
    here: Mapping[str, str] = {}
    if before is not None:
        here = {path: value for path, value in before.sums.items() if path not in gone}
    keep = [
        path
        for path, value in wanted.items()
        if here.get(path) == value and not path.startswith("files/") and path not in HIDDEN
    ]
    kept = {*keep}
    shared = {
        path for path in wanted if path.startswith("files/") and here.get(path) == wanted[path]
    }
    sent = [path for path in release.files if path not in kept and path not in shared]
    more: list[str] = []
    if here and drift is not None:
        more = [path for path in drift.extra if not path.startswith("/")]
    lines = "".join(f"{wanted[path]}  {path}\n" for path in sent if path in wanted)
    names = "".join(f"{path[6:]}\n" for path in wanted if path.startswith("files/"))
    manifest = {
        "release": release.id,
        "hub": release.manifest.hub,
        "previous": release.manifest.previous,
        "instance": release.manifest.instance,
        "parts": {key: part.as_dict() for key, part in release.manifest.parts.items()},
        "sums": dict(release.manifest.sums),
        "modes": dict(release.manifest.modes),
        "drop_ins": dict(release.manifest.drop_ins),
        "adopted": dict(release.manifest.adopted),
    }
    written = dumps(manifest)
    if len(written) > LARGEST_MANIFEST:
        raise TooMuch(
            f"the manifest of {len(release.manifest.parts)} resources has {len(written)} bytes and"
            f" could not be read back, at most {LARGEST_MANIFEST} are: use more servers"
        )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sent:
            _add(archive, path, release.files[path].data, release.files[path].mode)
        _add(archive, "candidate.conf", release.candidate, 0o644)
        _add(archive, "manifest.json", written, 0o600)
        for name, paths in ((".keep", keep), (".more", more)):
            _add(archive, name, "".join(f"./{path}\n" for path in paths).encode(), 0o600)
        _add(archive, ".files", names.encode(), 0o600)
        _add(archive, ".sums", lines.encode(), 0o600)
    return out.getvalue()


def _add(archive: tarfile.TarFile, path: str, data: bytes, mode: int) -> None:
    info = tarfile.TarInfo(path)
    info.size = len(data)
    info.mode = mode
    archive.addfile(info, io.BytesIO(data))
