"""What stands against any deploy to a server, whatever is to be deployed."""

from typing import Final

from hub.sdk import NotAllowed, NotFound, NotSupported, Unavailable
from integrations.proxy.deploying.seen import Manifest, Seen
from integrations.proxy.deploying.target import NoProgram, nowhere
from integrations.proxy.errors import NotOurs
from integrations.proxy.models import Spec

_DROP_INS: Final = ("drop_in", "stream_drop_in")


def refuse(key: str, spec: Spec, seen: Seen, hub_id: str, *, leaving: bool = False) -> None:
    """Raise what stands against any deploy to this server.

    `leaving`: the hub's files are only taken away, which needs no nginx.
    """
    place = f"proxy.server/{key}"
    if not leaving:
        _insist(place, key, spec, seen)
    if seen.linked:
        raise NotOurs(
            f"{place}: base: {spec['base']} or its `current` leads elsewhere; the hub writes"
            " only into a folder of its own"
        )
    manifest = seen.manifest
    if seen.current is not None and manifest is None:
        raise NotOurs(f"{place}: base: the manifest of release {seen.current} can not be read")
    if manifest is not None and manifest.hub != hub_id and not spec["take_over"]:
        raise NotAllowed(
            f"{place}: take_over: hub {manifest.hub[:8]} deploys there; set it to true to take"
            " the server over, with what it serves"
        )
    if manifest is not None and not leaving:
        _same_place(place, spec, manifest, seen)


def in_force(key: str, spec: Spec, seen: Seen) -> Spec:
    """Return the spec of a server with the places where the release in force has its files."""
    part = None if seen.manifest is None else seen.manifest.parts.get(f"proxy.server/{key}")
    names = ("instance", *_DROP_INS)
    return {**spec, **{name: part.spec[name] for name in names if part and name in part.spec}}


def _same_place(place: str, spec: Spec, manifest: Manifest, seen: Seen) -> None:
    """Refuse settings with which what is served now would stay behind, and be served twice."""
    if manifest.instance != spec["instance"]:
        raise NotSupported(
            f"{place}: instance: it is {manifest.instance} and serves; make another server for the"
            " other kind, and move the hosts there"
        )
    served = in_force(place.partition("/")[2], spec, seen)
    for name in _DROP_INS:
        old, new = served[name], spec[name]
        if old != new and old in manifest.drop_ins and new not in seen.siblings:
            raise NotSupported(
                f"{place}: {name}: {old} takes the hub's files in; move it there first:"
                f" mv {old} {new}"
            )


def _insist(place: str, key: str, spec: Spec, seen: Seen) -> None:
    """Insist on an nginx that can be deployed to."""
    if seen.features is None:
        raise nowhere(key, spec, seen.version_text)
    if not seen.curl:
        raise NoProgram(f"{place}: curl is not installed there; install it")
    if spec["instance"] == "shared":
        if not seen.main:
            raise NotFound(f"{place}: main_config: there is no {spec['main_config']}")
        if not seen.running:
            raise Unavailable(
                f"{place}: nginx does not run there; start it (systemctl start"
                f" {spec['reload']['unit']}), the hub never starts a foreign nginx"
            )
