"""What a look at a server found, read from the output of `remote/look.sh` as hostile text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.sdk import Unavailable, loads
from integrations.proxy.models import Features, Part

_SUM: Final = re.compile(r"([0-9a-f]{64})  (.+)")
_MODE: Final = re.compile(r"([0-7]{3,4}) ([a-z -]+?) ((?:current|files)/.+|nginx\.conf)")
_AGE: Final = re.compile(r"-?[0-9]{1,15}")
_RELEASE: Final = re.compile(r"r\d{6,9}-[0-9a-f]{8}")
_USER: Final = re.compile(r"^[ \t]*user[ \t]+[\"']?([A-Za-z0-9_.-]+)[\"']?[ \t;]", re.MULTILINE)
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a release says of itself; it lies in `manifest.json` of the release."""

    release: str
    hub: str
    """The id of the hub that wrote it."""
    parts: Mapping[str, Part]
    sums: Mapping[str, str]
    """SHA-256 by path: of the release's files, and of `files/...`."""
    modes: Mapping[str, int]
    previous: str | None = None
    adopted: Mapping[str, str] = field(default_factory=dict)
    """Texts that were changed by hand and are kept, by path."""
    instance: str = "shared"
    drop_ins: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the hub's files outside its folder, by absolute path."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the files in force differ from what was deployed; paths below the release."""

    modified: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.modified or self.missing or self.extra)

    def as_dict(self) -> dict[str, list[str]]:
        """Return the wire form."""
        return {
            "modified": list(self.modified),
            "missing": list(self.missing),
            "extra": list(self.extra),
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """One look; `at` in seconds since 1970."""

    at: float
    current: str | None
    """The release that the link names; None = none."""
    served: str | None
    """The release that nginx answers with; None = no answer."""
    releases: tuple[str, ...]
    """Whole releases on the server, oldest first."""
    partial: tuple[str, ...]
    """Uploads that were cut off: a sweep at the end of the next deploy takes them away."""
    running: bool
    features: Features | None
    version_text: str
    """What `nginx -V` printed: the reason when there are no features."""
    main: str
    siblings: tuple[str, ...]
    """Files beside the drop-ins."""
    nameservers: tuple[str, ...]
    error_log: str
    program: str
    """What tells this nginx from another version: inode, time and size of the program."""
    writable: bool
    linked: bool
    """Whether the base folder is a link or `current` is not one: never touched then."""
    lock: tuple[int, str] | None
    """Age in seconds and owner of a lock that is held."""
    manifest: Manifest | None
    drift: Drift | None
    """None = was not looked for."""
    curl: bool = True
    """Whether curl is there: without it nobody can ask nginx what it serves."""

    @property
    def worker(self) -> str | None:
        """Return whom nginx' workers run as; None = not told."""
        found = _USER.search(self.main)
        if found is not None:
            return found[1]
        return None if self.features is None else self.features.user

    @property
    def settled(self) -> bool:
        """Tell whether nginx serves what the link names."""
        return self.current == self.served or (self.current is None and self.served is None)


def read(
    output: bytes,
    mark: str,
    at: float,
    before: Seen | None,
    features: Any,
    drop_ins: Sequence[str],
) -> Seen:
    """Read the sections; `features` reads `nginx -V`. Raises `Unavailable` when it is cut off.

    What the look `before` found is not sent again: the manifest of the same release, and the
    version of the same program.
    """
    sections = _sections(output.decode("utf-8", "replace"), mark)
    if "end" not in sections:
        raise Unavailable("the answer about nginx is not whole")
    link = _first(sections, "current")
    current = _release(link.removeprefix("releases/")) if link else None
    known = None if before is None else before.manifest
    manifest = known if known is not None and known.release == current else None
    if manifest is None and current is not None:
        manifest = _manifest("\n".join(sections.get("manifest", [])))
        if manifest is not None and manifest.release != current:
            manifest = None
    lock = sections.get("lock") or []
    version = "\n".join(sections.get("version", []))
    program = _first(sections, "program")
    if not version and before is not None and program and before.program == program:
        version = before.version_text
    main = "\n".join(sections.get("main", []))
    modules = "\n".join(sections.get("modules", []))
    drift = None
    if "files" in sections and manifest is not None:
        drift = _drift(manifest, sections, drop_ins)
    return Seen(
        at=at,
        current=current,
        served=_release(_first(sections, "served")),
        releases=tuple(sorted(filter(_RELEASE.fullmatch, sections.get("releases", [])))),
        partial=tuple(sorted(filter(_RELEASE.fullmatch, sections.get("partial", [])))),
        running=_first(sections, "running") == "yes",
        features=features(version, modules),
        version_text=version,
        main=main,
        siblings=tuple(sections.get("siblings", [])),
        nameservers=tuple(filter(_ADDRESS.fullmatch, sections.get("nameservers", []))),
        error_log=_first(sections, "errors") or "/var/log/nginx/error.log",
        program=program,
        writable="yes" in sections.get("writable", []),
        linked="link" in sections.get("writable", []) or link == "not-a-link",
        lock=(int(lock[0]), lock[1] if len(lock) > 1 else "")
        if lock and _AGE.fullmatch(lock[0])
        else None,
        manifest=manifest,
        drift=drift,
        curl="yes" in sections.get("curl", []),
    )


def after_deploy(seen: Seen, manifest: Manifest, *, whole: bool) -> Seen:
    """Return what a look would find after a deploy; `whole`: nothing by hand was left."""
    drift = Drift()
    if seen.drift is not None and seen.manifest is not None and not whole:
        same = [path for path in seen.drift.modified if path in manifest.sums]
        drift = Drift(
            modified=tuple(item for item in same if item not in manifest.adopted),
            extra=seen.drift.extra,
        )
    releases = (*(name for name in seen.releases if name != manifest.release), manifest.release)
    return replace(
        seen,
        current=manifest.release,
        served=manifest.release,
        releases=releases,
        partial=(),
        running=True,
        manifest=manifest,
        drift=drift,
        lock=None,
    )


def parse_manifest(data: Mapping[str, Any]) -> Manifest:
    """Return a manifest from its JSON; raises `KeyError`, `TypeError`, `ValueError`."""
    parts = {
        str(name): Part(str(name), int(item["revision"]), dict(item["spec"]))
        for name, item in data["parts"].items()
    }
    return Manifest(
        release=str(data["release"]),
        hub=str(data["hub"]),
        parts=parts,
        sums={str(path): str(value) for path, value in data["sums"].items()},
        modes={str(path): int(value) for path, value in data["modes"].items()},
        previous=data.get("previous"),
        adopted=dict(data.get("adopted") or {}),
        instance=str(data.get("instance", "shared")),
        drop_ins=dict(data.get("drop_ins") or {}),
    )


def _manifest(text: str) -> Manifest | None:
    try:
        return parse_manifest(loads(text))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _sections(text: str, mark: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.split("\n"):
        if line.startswith(f"{mark} "):
            current = found.setdefault(line[len(mark) + 1 :].strip(), [])
        elif current is not None and line:
            current.append(line)
    return found


def _first(sections: Mapping[str, list[str]], name: str) -> str:
    lines = sections.get(name)
    return lines[0].strip() if lines else ""


def _release(text: str) -> str | None:
    return text if _RELEASE.fullmatch(text) else None


def _drift(manifest: Manifest, sections: Mapping[str, list[str]], outside: Sequence[str]) -> Drift:
    """Compare sums and modes with the manifest; files that other releases share are no extras."""
    sums: dict[str, str] = {}
    for line in sections.get("files", []):
        if (found := _SUM.fullmatch(line)) is not None:
            sums[found[2].removeprefix("current/")] = found[1]
    modes: dict[str, tuple[int, str]] = {}
    for line in sections.get("files", []):
        if (told := _MODE.fullmatch(line)) is not None:
            modes[told[3].removeprefix("current/")] = (int(told[1], 8), told[2])
    wanted = {**manifest.sums, **manifest.drop_ins}
    modified, missing = [], []
    for path, expected in wanted.items():
        if path not in sums and path not in modes:
            missing.append(path)
        elif sums.get(path) != expected or _opened(path, manifest, modes):
            modified.append(path)
    own = {"manifest.json", ".complete", ".sums", ".files", ".keep", ".more"}
    own |= {"drop_in.conf", "stream_drop_in.conf"}
    extra = [
        path
        for path in {**sums, **modes}
        if path not in wanted
        and path not in own
        and not path.startswith("files/")
        and path not in outside
        and path != "nginx.conf"
    ]
    extra += [path for path in outside if path in sums and path not in wanted]
    return Drift(tuple(sorted(modified)), tuple(sorted(missing)), tuple(sorted(extra)))


def _opened(path: str, manifest: Manifest, modes: Mapping[str, tuple[int, str]]) -> bool:
    """Tell whether a file has become another kind of file, or has other rights than it had."""
    wanted, found = manifest.modes.get(path), modes.get(path)
    if wanted is None or found is None:
        return False
    if "regular" not in found[1]:
        return True
    return not path.endswith(".htpasswd") and found[0] != wanted
