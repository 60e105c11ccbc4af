"""From parts to a release: what a server would serve, and why some of it can not be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from integrations.proxy.const import ACCESS_LIST, CERTIFICATE, SERVER
from integrations.proxy.deploying import release as releases
from integrations.proxy.deploying.release import Release
from integrations.proxy.deploying.seen import Manifest, Seen
from integrations.proxy.models import File, Flaw, Pair, Part, Rendered
from integrations.proxy.render import main, render
from integrations.proxy.render.context import FlawError

Parts = Mapping[str, Part]
REFERENCES = ("access_list_id", "certificate_id")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that could be made, or what stands against it."""

    parts: Parts
    rendered: Rendered
    release: Release | None = field(repr=False)
    """None when there are flaws."""

    def made(self) -> Release:
        """Return the release; raises `ValueError` when there are flaws."""
        if self.release is None:
            raise ValueError("a candidate with flaws has no release")
        return self.release

    @property
    def texts(self) -> dict[str, str]:
        """Return the configuration files by path; keys and passwords are not among them."""
        return {
            file.path: file.data.decode("utf-8", "replace")
            for file in self.rendered.files
            if file.path.endswith(".conf")
        }


def references(part: Part) -> list[str]:
    """Return the ids of the access lists and certificates that a part refers to."""
    found: dict[str, None] = {}
    for spec in (part.spec, *part.spec.get("locations", ())):
        for name, kind in zip(REFERENCES, (ACCESS_LIST, CERTIFICATE), strict=True):
            if spec.get(name):
                found[f"{kind}/{spec[name]}"] = None
    return list(found)


def pruned(parts: Parts) -> dict[str, Part]:
    """Leave out access lists and certificates that nothing refers to."""
    used = {name for part in parts.values() for name in references(part)}
    return {
        name: part
        for name, part in parts.items()
        if part.type not in {ACCESS_LIST, CERTIFICATE} or name in used
    }


def build(
    parts: Parts,
    pairs: Mapping[str, Pair],
    seen: Seen,
    *,
    hub_id: str,
    server: str,
    adopted: Mapping[str, str] | None = None,
) -> Candidate:
    """Render everything and make the release; pure, and slow enough for a thread.

    `adopted`: texts changed by hand that stay, by path; without it those of the release in force.
    """
    parts = pruned(parts)
    own = parts[f"{SERVER}/{server}"]
    if seen.features is None:
        raise ValueError("nothing can be rendered for an unknown nginx")
    others = [part for part in parts.values() if part.type != SERVER]
    rendered = render(
        own, seen.features, others, pairs, nameservers=seen.nameservers, main_text=seen.main
    )
    if rendered.flaws:
        return Candidate(parts, rendered, None)
    try:
        made = _release(parts, own, rendered, seen, hub_id, adopted)
    except FlawError as error:
        flaw = Flaw(own.id, error.field, error.message)
        return Candidate(parts, replace(rendered, flaws=(flaw,)), None)
    return Candidate(parts, rendered, made)


def _release(
    parts: Parts,
    own: Part,
    rendered: Rendered,
    seen: Seen,
    hub_id: str,
    adopted: Mapping[str, str] | None,
) -> Release:
    names = (*seen.releases, *seen.partial, seen.current or "r0-")
    numbers = [int(name[1:].partition("-")[0]) for name in names]
    files = {file.path: file for file in rendered.files}
    before = seen.manifest
    if adopted is None:
        adopted = {}
        if before is not None:
            adopted = _still_adopted(before.adopted, before.parts, parts, files)
    shared = own.spec["instance"] != "own"
    stream = any(path.startswith("stream/") for path in files)
    drop_ins: dict[str, tuple[str, str]] = {}
    if shared:
        base = own.spec["base"]
        drop_ins[own.spec["drop_in"]] = ("drop_in.conf", main.drop_in(base))
        if stream:
            text = main.stream_drop_in(base)
            drop_ins[own.spec["stream_drop_in"]] = ("stream_drop_in.conf", text)
    name, manifest, final = releases.make(
        files,
        parts,
        number=max(numbers, default=0) + 1,
        hub_id=hub_id,
        previous=seen.current,
        adopted=adopted,
        instance=own.spec["instance"],
        drop_ins=drop_ins,
        lying=_lying(parts, files, before),
    )
    candidate = _main(own, seen, final, name, stream=stream)
    return Release(name, manifest, final, candidate.encode())


def _lying(
    parts: Parts, files: Mapping[str, File], before: Manifest | None
) -> dict[str, tuple[str, int]]:
    """Return hash and mode of certificates that are on the server and not in the hub any more."""
    if before is None:
        return {}
    named = {
        str(part.spec[field])
        for part in parts.values()
        if part.type == CERTIFICATE
        for field in ("chain", "key")
        if part.spec.get(field)
    }
    return {
        path: (before.sums[path], before.modes.get(path, 0o600))
        for path in named
        if path not in files and path in before.sums
    }


def _main(own: Part, seen: Seen, files: Mapping[str, File], id: str, *, stream: bool) -> str:
    """Return the main configuration that tests the release."""
    base = own.spec["base"]
    if own.spec["instance"] == "own":
        return main.own_candidate(files["nginx.conf"].data.decode(), base, id)
    return main.candidate(
        seen.main,
        lambda pattern: [path for path in seen.siblings if main.matches(path, pattern)],
        own.spec,
        id,
        stream=stream,
    )


def _still_adopted(
    adopted: Mapping[str, str], before: Parts, after: Parts, files: Mapping[str, File]
) -> dict[str, str]:
    """Keep texts changed by hand until the resource they belong to is changed.

    A renewed certificate takes the place of the old one in them; another access list ends them, for
    an old text would leave a door open.
    """
    renewed = {
        str(before[name].spec[field]): str(part.spec[field])
        for name, part in after.items()
        if part.type == CERTIFICATE and name in before
        for field in ("chain", "key")
        if field in part.spec and field in before[name].spec
    }
    kept = {}
    for path, text in adopted.items():
        file = files.get(path)
        part = None if file is None else file.part
        if part is None or part not in after or part not in before:
            continue
        doors = [name for name in references(after[part]) if not name.startswith(CERTIFICATE)]
        if all(_same(before.get(name), after.get(name)) for name in (part, *doors)):
            kept[path] = reduce(lambda found, names: found.replace(*names), renewed.items(), text)
    return kept


def _same(before: Part | None, after: Part | None) -> bool:
    return before is not None and after is not None and before.spec == after.spec


def by_hand(new: Release, seen: Seen) -> dict[str, str | None]:
    """Return the files changed by hand that a release would replace, each with its part.

    All others that were changed by hand are taken over as they are, and stay drift.
    """
    if seen.manifest is None or seen.drift is None:
        return {}
    before = {**seen.manifest.sums, **seen.manifest.drop_ins}
    after = {**new.manifest.sums, **new.manifest.drop_ins}
    outside = {*seen.manifest.drop_ins, "nginx.conf"}
    return {
        path: None if path not in new.files else new.files[path].part
        for path in seen.drift.modified
        if path in after and (path in outside or before.get(path) != after[path])
    }


def is_served(new: Candidate, seen: Seen) -> bool:
    """Tell whether a candidate is what nginx serves already, to the last byte and part."""
    release, manifest = new.release, seen.manifest
    if release is None or manifest is None or not seen.settled or seen.drift:
        return False
    same = release.id.partition("-")[2] == manifest.release.partition("-")[2]
    return same and release.manifest.parts == manifest.parts


def guilty(flaws: Sequence[Flaw], changes: Mapping[str, Part | None]) -> set[str]:
    """Return the changed parts that flaws name."""
    return {flaw.part for flaw in flaws} & {*changes}
