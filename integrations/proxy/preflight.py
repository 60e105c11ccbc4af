"""What stands against any deploy to a server, whatever is to be deployed."""

from hub.sdk import NotAllowed, NotFound, Unavailable
from integrations.proxy.errors import NotOurs
from integrations.proxy.models import Spec
from integrations.proxy.seen import Seen
from integrations.proxy.target import NoProgram, nowhere


def refuse(key: str, spec: Spec, seen: Seen, hub_id: str) -> None:
    """Raise what stands against any deploy to this server."""
    place = f"proxy.server/{key}"
    if seen.features is None:
        raise nowhere(key, spec, seen.version_text)
    if not seen.curl:
        raise NoProgram(f"{place}: curl is not installed there; install it")
    if seen.linked:
        raise NotOurs(
            f"{place}: base: {spec['base']} or its `current` leads elsewhere; the hub writes"
            " only into a folder of its own"
        )
    if spec["instance"] == "shared":
        if not seen.main:
            raise NotFound(f"{place}: main_config: there is no {spec['main_config']}")
        if not seen.running:
            raise Unavailable(
                f"{place}: nginx does not run there; start it (systemctl start"
                f" {spec['reload']['unit']}), the hub never starts a foreign nginx"
            )
    manifest = seen.manifest
    if seen.current is not None and manifest is None:
        raise NotOurs(f"{place}: base: the manifest of release {seen.current} can not be read")
    if manifest is not None and manifest.hub != hub_id and not spec["take_over"]:
        raise NotAllowed(
            f"{place}: take_over: hub {manifest.hub[:8]} deploys there; set it to true to take"
            " the server over, with what it serves"
        )
