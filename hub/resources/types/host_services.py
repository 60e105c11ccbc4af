"""Services around `host.server`: show a host's key, trust it, connect again."""

from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from hub.errors import HubError, ServiceValidationError
from hub.resources.types.host_schema import address, host_key, server
from hub.runner.errors import HostKeyChanged
from hub.runner.hostkeys import fingerprint_of, trusts
from hub.schema import boolean, port
from hub.schema.markers import resource_key
from hub.services import Description, Field, Response, ServiceCall

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.resources.model import Resource
    from hub.runner import HostKey, Server

TYPE: Final = "host.server"
_DOMAIN: Final = "host"

_SCAN: Final = vol.Schema(
    {
        vol.Exclusive("server", "host"): resource_key,
        vol.Exclusive("address", "host"): address,
        vol.Optional("port"): port,
    }
)
_TRUST: Final = vol.Schema(
    {
        vol.Required("server"): resource_key,
        vol.Required("key"): host_key,
        vol.Optional("replace", default=False): boolean,
    }
)
_CONNECT: Final = vol.Schema({vol.Required("server"): resource_key})


def stored(hub: "Hub", key: str) -> "Server | None":
    """Return a server as its resource describes it; None when there is no such resource."""
    resource = hub.resources.store.get(f"{TYPE}/{key}")
    if resource is None:
        return None
    return server(key, hub.resources.specs.desired(resource).spec)


def _text(description: str) -> Field:
    return Field({"text": {}}, description=description)


_PORT: Final = Field({"number": {"min": 1, "max": 65535}}, description="Port, 22 by default")
_REPLACE: Final = Field({"boolean": {}}, description="Whether keys trusted so far are dropped")


class HostServices:
    """The three services, for administrators."""

    def __init__(self, hub: "Hub") -> None:
        """Work on `hub`."""
        self._hub = hub

    def register(self) -> None:
        """Register the services, and answer the runner's question for servers."""
        hub = self._hub
        hub.runners.find(lambda key: stored(hub, key))
        hub.resources.listen(self._changed, TYPE)
        hub.services.register(
            _DOMAIN,
            "scan_key",
            self.scan_key,
            schema=_SCAN,
            response=Response.ONLY,
            admin=True,
            description=Description(
                "Show the key of a host",
                "Asks a host for its key, without logging in, so that it can be compared.",
                {
                    "server": _text("Key of a host.server"),
                    "address": Field(
                        {"text": {}},
                        description="Host name or IP address of a host without resource",
                    ),
                    "port": Field(
                        {"number": {"min": 1, "max": 65535}}, description="Port, 22 by default"
                    ),
                },
            ),
        )
        hub.services.register(
            _DOMAIN,
            "trust_key",
            self.trust_key,
            schema=_TRUST,
            response=Response.OPTIONAL,
            admin=True,
            description=Description(
                "Trust the key of a host",
                "Puts a key into the host_keys of a server after a person has compared it.",
                {
                    "server": _text("Key of a host.server"),
                    "key": Field(
                        {"text": {}},
                        description="The public key, or the fingerprint that the host has to show",
                    ),
                    "replace": Field(
                        {"boolean": {}}, description="Whether the keys trusted so far are dropped"
                    ),
                },
            ),
        )
        hub.services.register(
            _DOMAIN,
            "connect",
            self.connect,
            schema=_CONNECT,
            admin=True,
            description=Description(
                "Connect again",
                "Drops the connection to a server, forgets refused logins and looks again.",
                {"server": _text("Key of a host.server")},
            ),
        )

    def _changed(self, action: str, resource: "Resource") -> None:
        """Let no command run with settings that are not true any more."""
        if action != "updated" or not self._hub.runners.uses(resource.key):
            return
        try:
            found = stored(self._hub, resource.key)
        except HubError:
            found = None
        if found is None:
            self._hub.runners.remove(resource.key)
        else:
            self._hub.runners.put(found)

    async def scan_key(self, call: ServiceCall) -> dict[str, Any]:
        """Ask for the key that the host shows now."""
        name = call.data.get("server")
        if name is None and "address" not in call.data:
            raise ServiceValidationError("host.scan_key needs server or address")
        pins: tuple[str, ...] = ()
        if name is not None:
            known = self._hub.runners.server(name)
            place, at, pins = known.address, known.port, known.host_keys
        else:
            place, at = call.data["address"], call.data.get("port", 22)
        key = await self._hub.runners.fetch_host_key(place, at)
        return {
            "algorithm": key.algorithm,
            "key": str(key),
            "fingerprint": key.fingerprint,
            "trusted": trusts(pins, key),
            "trusted_fingerprints": [fingerprint_of(text) for text in pins],
        }

    async def trust_key(self, call: ServiceCall) -> dict[str, Any]:
        """Write the key into the resource; a fingerprint only if the host shows that key now."""
        name, key = call.data["server"], call.data["key"]
        if key.startswith("SHA256:"):
            key = str(await self._shown(name, key))
        hub = self._hub
        resource = hub.resources.get(TYPE, name)
        kept = [] if call.data["replace"] else list(resource.spec["host_keys"])
        if key not in kept:
            kept.append(key)
        await hub.resources.put(
            TYPE,
            name,
            {**hub.resources.as_dict(resource)["spec"], "host_keys": kept},
            if_revision=resource.revision,
            context=call.context,
            note=f"trust host key {fingerprint_of(key)}",
        )
        hub.runners.note(
            "host.trust_key", resource.id, "ok", call.context, {"fingerprint": fingerprint_of(key)}
        )
        return {"fingerprint": fingerprint_of(key), "host_keys": kept}

    async def connect(self, call: ServiceCall) -> None:
        """Forget what was refused, and look again."""
        name = call.data["server"]
        self._hub.resources.get(TYPE, name)
        self._hub.runners.reconnect(name)
        await self._hub.resources.apply(TYPE, name, context=call.context)

    async def _shown(self, name: str, wanted: str) -> "HostKey":
        known = self._hub.runners.server(name)
        shown = await self._hub.runners.fetch_host_key(known.address, known.port)
        if shown.fingerprint != wanted:
            raise HostKeyChanged(
                f"{known.id} shows {shown.algorithm} {shown.fingerprint}, not {wanted};"
                " nothing was changed",
                seen=shown,
            )
        return shown
