"""The hub's own releases as resources again: what lies on a server outlives the hub's data.

A manifest holds every part with its spec, but no secret: passwords are hashes, and keys of
certificates lie beside it.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from integrations.proxy.deploying.seen import Manifest, parse_manifest
from integrations.proxy.importing.certificates import Mode, acme, chain, custom, flaw
from integrations.proxy.importing.lists import unknown_password
from integrations.proxy.importing.options import Options
from integrations.proxy.importing.result import Imported, Report, Spec, Unreadable, arranged
from integrations.proxy.models import Part

LARGEST: Final = 64 * 1024 * 1024
SERVER: Final = "proxy.server"
GROUP: Final = "proxy.group"
ACCESS_LIST: Final = "proxy.access_list"
CERTIFICATE: Final = "proxy.certificate"


@dataclass(frozen=True, slots=True)
class Found:
    """One server's manifest."""

    place: str
    manifest: Manifest
    base: Path | None
    """The hub's folder, where its files can be read; None when only the manifest was given."""


def look(path: Path) -> Found:
    """Read a manifest: the file, a release's folder, or the hub's folder on the server.

    Raises `Unreadable`.
    """
    places = (
        (path / "current" / "manifest.json", path / "manifest.json") if path.is_dir() else (path,)
    )
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise Unreadable(f"{path}: there is no current/manifest.json; name the folder `base`")
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from None
    bases = (path, file.parent.parent.parent)
    base = next((place for place in bases if (place / "files").is_dir()), None)
    return Found(str(file), parsed(data, str(file)), base)


def parsed(data: bytes, place: str) -> Manifest:
    """Return the manifest in a text; raises `Unreadable`."""
    try:
        if len(data) > LARGEST:
            raise ValueError("it is too large")
        return parse_manifest(json.loads(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"{place}: this is no manifest of a release ({error})") from None


def read(found: Sequence[Found], options: Options) -> Imported:
    """Return the resources of one or more servers; of a part on several the newest counts."""
    report = Report()
    parts: dict[str, tuple[Part, Found]] = {}
    for item in found:
        for name, part in item.manifest.parts.items():
            known = parts.get(name)
            if known is None or known[0].revision < part.revision:
                parts[name] = (part, item)
        for path in sorted(item.manifest.adopted):
            words = f"{path} was changed by hand and kept: its text is not in the resources"
            report.do(item.place, words, "compare it after the first deploy")
    documents: dict[str, Spec] = {}
    for name, (part, item) in parts.items():
        spec = _spec(part, item, options, report)
        if spec is not None:
            documents[name] = spec
    return Imported(arranged(documents.items()), tuple(report.findings))


def _spec(part: Part, found: Found, options: Options, report: Report) -> Spec | None:
    spec: Spec = json.loads(json.dumps(dict(part.spec)))
    match part.type:
        case "proxy.server":
            if spec.get("server"):
                words = f"it is reached by host.server/{spec['server']}"
                report.do(found.place, words, "write that resource first", part.id)
            return spec
        case "proxy.access_list":
            return _access_list(spec, part, found, options, report)
        case "proxy.certificate":
            return _certificate(spec, part, found, options, report)
        case _:
            return _placed(spec, part, found, options, report)


def _placed(spec: Spec, part: Part, found: Found, options: Options, report: Report) -> Spec:
    """Place a host where it was, or where the person says."""
    wanted = options.placement.fields()
    if wanted:
        spec.pop("servers", None)
        spec.pop("group", None)
        return spec | wanted
    if spec.get("group"):
        group = spec.pop("group")
        here = [name.partition("/")[2] for name in found.manifest.parts if name.startswith(SERVER)]
        spec["servers"] = list(dict.fromkeys([*spec.get("servers", ()), *here]))
        words = f"it was placed by {GROUP}/{group}, which no manifest holds: now by its servers"
        report.do(found.place, words, "write the group, then fill the field group", part.id)
    return spec


def _access_list(spec: Spec, part: Part, found: Found, options: Options, report: Report) -> Spec:
    for item in spec.get("items", ()):
        item.pop("hash", None)
        known = options.passwords.get(item["username"])
        if known is None:
            report.do(found.place, *unknown_password(item["username"], part.id), part.id)
            known = secrets.token_urlsafe(24)
        item["password"] = known
    return spec


def _certificate(
    spec: Spec, part: Part, found: Found, options: Options, report: Report
) -> Spec | None:
    names: list[Any] = list(spec.get("domain_names", ()))
    if options.certificates is not Mode.ACME and found.base is not None:
        text, key = (_text(found.base, spec.get(name)) for name in ("chain", "key"))
        read_chain = chain(text)
        if read_chain is not None and not (wrong := flaw(read_chain, key)):
            words = f"taken over as it lies there, ends on {read_chain.ends}"
            report.do(found.place, words, "let the hub issue it: set provider acme", part.id)
            return custom(read_chain, key) | {"domain_names": names or list(read_chain.names)}
        if read_chain is not None:
            report.left_out(found.place, wrong, "", part.id)
    if any(str(name).startswith("*.") for name in names):
        todo = "write it with challenge dns-01, or give the folder `base` with its files"
        report.left_out(found.place, "a wildcard is proven by DNS alone", todo, part.id)
        return None
    report.do(found.place, "issued anew by ACME", "see provider and acme", part.id)
    return acme(names, options.email, options.directory)


def _text(base: Path, name: object) -> str:
    """Return a file below `files/`; nothing else of the server is read."""
    if not isinstance(name, str) or "/" in name.removeprefix("files/"):
        return ""
    try:
        with (base / "files" / name.removeprefix("files/")).open(errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""
