"""All servers of the house, and which of them a resource belongs on."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from hub.sdk import Clock, Hub, HubError, NotFound, Resource
from integrations.proxy.const import (
    ACCESS_LIST,
    CERTIFICATE,
    DOMAIN,
    GROUP,
    PLACED,
    SERVER,
)
from integrations.proxy.deploying.candidates import references
from integrations.proxy.deploying.site import Site
from integrations.proxy.deploying.target import Target
from integrations.proxy.models import Pair, Part, Spec
from integrations.proxy.pairs import Pairs
from integrations.proxy.passwords import salted

_LOGGER = logging.getLogger(__name__)


class Fleet:
    """Hands out sites, and turns resources into what is deployed."""

    def __init__(self, hub: Hub) -> None:
        """Begin without looking at anything."""
        self.hub = hub
        self.pairs = Pairs(hub)
        self.hub_id: str = hub.hub_id
        self.clock: Clock = hub.clock
        self._sites: dict[str, Site] = {}
        self._secret = hub.secrets.derive("proxy access lists")

    # --- servers

    def site(self, key: str) -> Site:
        """Return one server of the fleet; its resource need not be there yet."""
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = Site(key, self)
        return site

    @property
    def sites(self) -> Iterable[Site]:
        """Return the servers that are resources."""
        return [self.site(item.key) for item in self._all(SERVER)]

    def forget(self, key: str) -> None:
        """Drop what is known of a server that is gone."""
        self._sites.pop(key, None)

    def target(self, key: str) -> Target:
        """Return the verbs of a server as its resource says now; raises `NotFound`."""
        spec = self.hub.resources.get(SERVER, key).spec
        host = spec.get("server")
        runners = self.hub.runners
        runner = runners.local(DOMAIN) if host is None else runners.host(host, DOMAIN)
        return Target(key, spec, runner, self.hub.clock)

    def look_again(self, key: str, parts: Iterable[str]) -> None:
        """Look at the resources that are or were parts on a server, and those that belong there."""
        there = {*parts, f"{SERVER}/{key}", *(item.id for item in self.on_server(key))}
        for name in sorted(there):
            kind, _, own = name.partition("/")
            if self.hub.resources.store.get(name) is not None:
                self.hub.resources.look(kind, own)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run in the background."""
        self.hub.tasks.spawn(work, name)

    # --- placement

    def servers_of(self, spec: Spec) -> list[str]:
        """Return the keys of the servers that a spec names, itself or by its group."""
        found = dict.fromkeys(spec.get("servers") or ())
        group = spec.get("group")
        if group:
            found.update(dict.fromkeys(self.group(group).get("servers", ())))
        return list(found)

    def group(self, key: str) -> Spec:
        """Return the spec of a group; empty when it is gone."""
        try:
            return self.hub.resources.get(GROUP, key).spec
        except NotFound:
            return {}

    def users_of(self, id: str) -> list[Resource]:
        """Return the hosts, redirects, dead hosts and streams that refer to a resource."""
        owner, _, key = id.partition("/")
        names = [item.partition("/") for item in self.hub.resources.used_by(owner, key)]
        found = []
        for kind, _, name in names:
            if kind in PLACED:
                found.append(self.hub.resources.get(kind, name))
        return found

    def servers_for(self, id: str, spec: Spec) -> list[str]:
        """Return where an access list or a certificate belongs: where it is said, and used."""
        found = dict.fromkeys(self.servers_of(spec))
        for user in self.users_of(id):
            if not user.deleting:
                found.update(dict.fromkeys(self.servers_of(user.spec)))
        for site in self._sites.values():
            if site.manifest is None or site.manifest.hub != self.hub_id:
                continue
            for part in site.manifest.parts.values():
                if id in references(part):
                    found[site.key] = None
        return list(found)

    def on_server(self, key: str) -> list[Resource]:
        """Return the placed resources that belong on a server."""
        return [
            item
            for kind in PLACED
            for item in self._all(kind)
            if not item.deleting and key in self.servers_of(item.spec)
        ]

    # --- parts

    def parts_on(self, key: str) -> dict[str, Part]:
        """Return what belongs on a server, as it is deployed; without what can not be read."""
        found = {}
        for resource in self.on_server(key):
            try:
                found[resource.id] = self.part(resource)
            except HubError as error:
                _LOGGER.warning("%s is left out on %s: %s", resource.id, key, error.message)
        return found

    def part(self, resource: Resource) -> Part:
        """Return a resource as it is deployed; raises `SecretUnreadable`."""
        desired = self.hub.resources.specs.desired(resource)
        return self.part_of(resource.type, resource.key, resource.revision, desired.spec)

    def part_of(self, type: str, key: str, revision: int, spec: Spec) -> Part:
        """Return an open spec as it is deployed: passwords become hashes."""
        found = dict(spec)
        if type == ACCESS_LIST:
            found["items"] = [
                {
                    "username": item["username"],
                    "hash": salted(item["username"], item["password"], self._secret),
                }
                for item in spec["items"]
            ]
        return Part(f"{type}/{key}", revision, found)

    async def with_references(self, parts: Mapping[str, Part]) -> dict[str, Part]:
        """Add the access lists and certificates that are referred to and not there yet."""
        found = dict(parts)
        for known, own in parts.items():
            # a release that was gone back to may name a pair that is not kept any more
            if own.type == CERTIFICATE and await self._lost(own):
                found[known] = await self.pairs.part(own.key) or own
        for name in dict.fromkeys(ref for part in parts.values() for ref in references(part)):
            if name not in found and (part := await self._referred(name)) is not None:
                found[name] = part
        return found

    async def _lost(self, part: Part) -> bool:
        return await self.pairs.get(part.key, part.spec["serial"]) is None

    async def _referred(self, id: str) -> Part | None:
        kind, _, key = id.partition("/")
        if kind == CERTIFICATE:
            return await self.pairs.part(key)
        try:
            return self.part(self.hub.resources.get(kind, key))
        except HubError:
            return None

    async def certificates(self, parts: Mapping[str, Part]) -> Mapping[str, Pair]:
        """Return the pairs of the certificates among parts, by the key of the certificate."""
        found = {}
        for part in parts.values():
            if part.type == CERTIFICATE:
                pair = await self.pairs.get(part.key, part.spec["serial"])
                if pair is not None:
                    found[part.key] = pair
        return found

    # --- waking

    def is_used(self, group: str) -> bool:
        """Tell whether anything is placed on a group."""
        return any(item.spec.get("group") == group for kind in PLACED for item in self._all(kind))

    def wake_users(self, group: str) -> None:
        """Deploy anew what is placed on a group whose members have changed."""
        for kind in PLACED:
            for item in self._all(kind):
                if item.spec.get("group") == group and not item.deleting:
                    self.spawn(self._apply(item), f"deploy {item.id}")

    async def _apply(self, resource: Resource) -> None:
        try:
            async with asyncio.timeout(60):
                await self.hub.resources.apply(resource.type, resource.key)
        except (HubError, TimeoutError):
            self.hub.resources.look(resource.type, resource.key)

    def _all(self, type: str) -> list[Resource]:
        try:
            return self.hub.resources.list(type)
        except NotFound:
            return []


def fleet_of(hub: Hub) -> Fleet:
    """Return the one fleet of a hub."""
    loaded = hub.loaded(DOMAIN)
    if loaded.data is None:
        loaded.data = Fleet(hub)
    if not isinstance(loaded.data, Fleet):
        raise TypeError("somebody else keeps data under the name of this integration")
    return loaded.data
