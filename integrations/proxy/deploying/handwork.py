"""What was changed by hand on a server, as texts: what was deployed against what lies there now."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.sdk import Unavailable
from integrations.proxy.const import SERVER
from integrations.proxy.deploying.release import MARK
from integrations.proxy.deploying.unified import unified
from integrations.proxy.models import File
from integrations.proxy.render import main

if TYPE_CHECKING:
    from integrations.proxy.deploying.candidates import Candidate
    from integrations.proxy.deploying.seen import Manifest, Seen
    from integrations.proxy.deploying.target import Target

MOST_FILES: Final = 20
MOST_BYTES: Final = 256 << 10
"""Of one file that is read."""
MOST_OUTPUT: Final = 512 << 10
"""Of all differences together, in bytes."""
_SECONDS: Final = 30.0
_OF_A_RELEASE: Final = re.compile(r"(?:http|stream)/(?!\.)[^/]+\.conf")


@dataclass(frozen=True, slots=True)
class Touched:
    """One file that is not as it was deployed."""

    path: str
    how: str
    """`modified`, `missing` or `extra`."""
    part: str | None
    """The id of the part it was made from; None = of none, or not known."""
    diff: str | None
    """Unified, from what was deployed to what lies there; None = see the note."""
    note: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return the wire form."""
        return {name: getattr(self, name) for name in ("path", "how", "part", "diff", "note")}


@dataclass(frozen=True, slots=True)
class Handwork:
    """What was changed by hand on one server."""

    release: str | None
    files: Sequence[Touched] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"release": self.release, "files": [file.as_dict() for file in self.files]}


@dataclass(frozen=True, slots=True)
class Lying:
    """What the server says of a file."""

    kind: str
    """`file`, `gone`, `link`, `other` or `denied`."""
    mode: int = 0
    size: int = 0
    """In bytes."""
    data: bytes = b""
    """At most `MOST_BYTES` of it."""


async def handwork(target: "Target", seen: "Seen", deployed: "Candidate | None") -> Handwork:
    """Compare the files that drift with what was deployed, in one round trip.

    `seen` is a deep look; `deployed` renders the parts in force, None = that could not be done.
    Files with keys and passwords are named and never read. Raises what a script raises.
    """
    manifest, drift = seen.manifest, seen.drift
    if manifest is None or not drift:
        return Handwork(seen.current)
    names = [("modified", path) for path in drift.modified]
    names += [("missing", path) for path in drift.missing]
    names += [("extra", path) for path in drift.extra]
    shown = [name for name in names if _is_text(name[1], target)][:MOST_FILES]
    wanted = [path for _how, path in shown]
    lying = await _read(target, manifest.release, wanted) if wanted else {}
    before = _deployed(manifest, deployed)
    return await asyncio.to_thread(_compared, names, {*shown}, before, lying, manifest, target)


def _is_text(path: str, target: "Target") -> bool:
    outside = {*filter(None, target.drop_ins)}
    return path == "nginx.conf" or path in outside or bool(_OF_A_RELEASE.fullmatch(path))


async def _read(target: "Target", release: str, paths: Sequence[str]) -> dict[str, Lying]:
    mark = f"@hub:{secrets.token_hex(8)}"
    arguments = [mark, target.base, release, str(MOST_BYTES + 1), *paths]
    outcome = await target.script("hand", arguments, timeout=_SECONDS)
    found = outcome.check().stdout.split(f"\n{mark} ".encode())[1:]
    if len(found) != len(paths) + 1:
        raise Unavailable(f"proxy.server/{target.key}: the answer about its files is not whole")
    return {path: _lying(text) for path, text in zip(paths, found[:-1], strict=True)}


def _lying(text: bytes) -> Lying:
    head, _, data = text.partition(b"\n")
    _number, kind, *more = head.decode("ascii", "replace").split()
    if kind != "file" or len(more) != 2 or not more[1].isdigit():
        return Lying(kind if kind != "file" else "gone")
    return Lying(kind, int(more[0], 8), int(more[1]), data)


_DROP_INS: Final = {"drop_in": main.drop_in, "stream_drop_in": main.stream_drop_in}


def _deployed(manifest: "Manifest", candidate: "Candidate | None") -> dict[str, File]:
    """Return the texts that were deployed by path, as far as they can be made again."""
    found: dict[str, File] = {}
    if candidate is not None:
        release = manifest.release.encode()
        for file in candidate.rendered.files:
            if not file.path.startswith("files/"):
                data = file.data.replace(MARK, release)
                found[file.path] = File(file.path, data, file.mode, file.part)
    for path, text in manifest.adopted.items():
        part = None if path not in found else found[path].part
        found[path] = File(path, text.encode(), part=part)
    for own in manifest.parts.values():
        if own.type == SERVER and own.spec["instance"] != "own":
            for field, write in _DROP_INS.items():
                path = own.spec[field]
                if path in manifest.drop_ins:
                    found[path] = File(path, write(own.spec["base"]).encode(), part=own.id)
    return found


def _compared(
    names: Sequence[tuple[str, str]],
    shown: set[tuple[str, str]],
    before: Mapping[str, File],
    lying: Mapping[str, Lying],
    manifest: "Manifest",
    target: "Target",
) -> Handwork:
    files, left = [], MOST_OUTPUT
    for how, path in names:
        file = before.get(path)
        part = None if file is None else file.part
        if (how, path) not in shown:
            text = _is_text(path, target)
            why = f"the texts of {MOST_FILES} files are shown" if text else _why_not(path)
            files.append(Touched(path, how, part, None, why))
            continue
        lines, note = _difference(how, path, file, lying.get(path), manifest)
        if lines:
            diff, cut = _cut(lines, left)
            left -= len(diff.encode())
            note = "; ".join(filter(None, (note, cut))) or None
            files.append(Touched(path, how, part, diff or None, note))
        else:
            files.append(Touched(path, how, part, None, note))
    return Handwork(manifest.release, tuple(files))


def _why_not(path: str) -> str:
    if path.startswith("files/"):
        return "not read: keys and passwords lie there"
    return "not read: only *.conf files of http/ and stream/ are"


def _difference(
    how: str, path: str, file: File | None, lies: Lying | None, manifest: "Manifest"
) -> tuple[list[str], str | None]:
    """Return the lines of a difference, and what is to be said of it."""
    wanted = manifest.sums.get(path, manifest.drop_ins.get(path))
    old = None if file is None else file.data.decode()
    if how != "extra" and file is None:
        return [], "what was deployed can not be told: its text could not be made again"
    exact = file is None or hashlib.sha256(file.data).hexdigest() == wanted
    note = None if exact else "compared with what would be deployed today; that was another text"
    if how == "missing" and (lies is None or lies.kind == "gone"):
        return unified(path, old, None), note
    if lies is None or lies.kind != "file":
        return [], _KINDS.get("gone" if lies is None else lies.kind, "not read")
    if lies.size > MOST_BYTES or len(lies.data) > MOST_BYTES:
        size = -(-max(lies.size, len(lies.data)) // 1024)
        return [], f"not shown: it has {size} KiB, and up to {MOST_BYTES >> 10} are"
    if hashlib.sha256(lies.data).hexdigest() == wanted:
        return [], _same(path, lies, manifest)
    try:
        new = lies.data.decode()
    except UnicodeDecodeError:
        return [], "not shown: it is no text in UTF-8"
    if "\0" in new:
        return [], "not shown: it is no text"
    lines = unified(path, old, new)
    return lines, note if lines else "it is empty" if not new else note


_KINDS: Final = {
    "gone": "it is gone meanwhile; check again",
    "link": "not read: it is a symbolic link, or its folder is one",
    "other": "not read: it is no plain file",
    "denied": "not read: the user on the server may not read it",
}


def _same(path: str, lies: Lying, manifest: "Manifest") -> str:
    wanted = manifest.modes.get(path)
    if wanted is None or wanted == lies.mode:
        return "it is as it was deployed by now"
    return f"the text is as it was deployed; its rights are {lies.mode:o} instead of {wanted:o}"


def _cut(lines: Sequence[str], left: int) -> tuple[str, str | None]:
    """Return as many whole lines as `left` bytes hold, and what was cut off."""
    used = 0
    for number, line in enumerate(lines):
        used += len(line.encode()) + 1
        if used > left:
            said = f"cut: {number} of {len(lines)} lines of the difference are shown"
            return "".join(f"{item}\n" for item in lines[:number]), said
    return "".join(f"{item}\n" for item in lines), None
