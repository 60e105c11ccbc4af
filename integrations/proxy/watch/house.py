"""Keeps what is watched, and the entities, equal to the resources."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.sdk import Entity, Hub, HubError, NotFound, Owned, Resource
from integrations.proxy.const import CERTIFICATE, DOMAIN, GROUP, HOST, SERVER
from integrations.proxy.fleet import Fleet
from integrations.proxy.watch.certificate import CertificateWatch
from integrations.proxy.watch.certificate_entities import certificate_entities
from integrations.proxy.watch.domains import Domains
from integrations.proxy.watch.entity import Room
from integrations.proxy.watch.events import CertificateEvents, SiteEvents
from integrations.proxy.watch.host import HostWatch
from integrations.proxy.watch.host_entities import host_entities
from integrations.proxy.watch.names import RESOLVERS
from integrations.proxy.watch.server import ServerWatch
from integrations.proxy.watch.server_entities import server_entities
from integrations.proxy.watch.told import Told

_LOGGER = logging.getLogger(__name__)

WATCHED: Final = (SERVER, HOST, CERTIFICATE)
STAGGER: Final = 0.2
"""Seconds between the first looks at two servers, so that a start is no storm."""
SLOW_SECONDS: Final = 900.0
"""Between two writes of what changes with the days alone."""


@dataclass(slots=True)
class _Thing:
    """A resource with what watches it."""

    watch: Told
    shape: tuple[Any, ...]
    """What decides which entities there are, and what they are called."""
    entities: list[Entity] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)


class Watch:
    """All that is watched of a fleet."""

    def __init__(self, hub: Hub, fleet: Fleet, resolvers: Sequence[str] = RESOLVERS) -> None:
        """Watch nothing before `start`; `resolvers` are asked who serves domains."""
        self.hub = hub
        self.fleet = fleet
        self.domains = Domains(hub.clock, resolvers)
        self._room = Room(hub, fleet, self.domains)
        self._owned = Owned(hub, DOMAIN, lambda _name: True)
        self.servers: dict[str, ServerWatch] = {}
        """By key."""
        self.hosts: dict[str, HostWatch] = {}
        """By key."""
        self._things: dict[str, _Thing] = {}
        self._events: dict[str, CertificateEvents] = {}
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._unlisten: Callable[[], None] | None = None

    async def start(self) -> None:
        """Add the entities of all resources and begin to look."""
        self._unlisten = self.hub.resources.listen(self._changed)
        self._dirty.update(item.id for kind in WATCHED for item in self._all(kind))
        await self.sync()
        await self._owned.sweep(
            [entity for thing in self._things.values() for entity in thing.entities]
        )
        self._spawn("sync", self._follow())
        self._spawn("days", self._days())
        self._spawn("domains", self.domains.run())

    async def stop(self) -> None:
        """Look no more and take the entities out of the house; the registries keep them."""
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        loops, self._loops = list(self._loops.values()), {}
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        async with self._lock:
            for name in list(self._things):
                await self._drop(name, forget=False)
            self.servers.clear()
            self.hosts.clear()

    async def sync(self) -> None:
        """Make what is watched equal to the resources that changed since the last time."""
        async with self._lock:
            dirty, self._dirty = self._dirty, set()
            fresh: list[Entity] = []
            for name in sorted(dirty, key=_servers_first):
                try:
                    fresh += await self._sync(name)
                except Exception:
                    _LOGGER.exception("What shows %s was not brought up to date", name)
            if fresh:
                await self.hub.entities.add(DOMAIN, fresh)

    # --- following the resources

    def _changed(self, action: str, resource: Resource) -> None:
        """Hear of a resource: cheap, for it is told of everything in the house."""
        if resource.type == GROUP and action != "status":
            self._dirty.update(f"{HOST}/{key}" for key in self.hosts)
        elif resource.type not in WATCHED:
            return
        elif action == "status":
            self._status(resource)
            return
        else:
            self._dirty.add(resource.id)
        self._wake.set()

    def _status(self, resource: Resource) -> None:
        thing = self._things.get(resource.id)
        if thing is None:
            return
        thing.watch.tell()
        if isinstance(thing.watch, CertificateWatch):
            self._events[resource.id].told(thing.watch.issued)
            for host in self.hosts.values():
                if host.spec.get("certificate_id") == resource.key:
                    host.tell()

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.sync()

    async def _days(self) -> None:
        """Let write what changes with the days: rent, and how long certificates are good for."""
        while True:
            await self.hub.clock.sleep(SLOW_SECONDS)
            for thing in list(self._things.values()):
                if not isinstance(thing.watch, HostWatch):
                    thing.watch.tell()

    # --- one resource

    async def _sync(self, id: str) -> list[Entity]:
        """Bring one resource up to date; returns the entities that are to be added."""
        kind, _, key = id.partition("/")
        try:
            resource = self.hub.resources.get(kind, key)
        except NotFound:
            await self._drop(id, forget=True)
            self._gone(kind, key)
            return []
        shape = self._shape(resource)
        thing = self._things.get(id)
        if thing is not None and self._is_another(thing.watch):
            await self._drop(id, forget=False)
            self._gone(kind, key)
            thing = None
        if thing is None:
            thing = self._things[id] = _Thing(self._watch(resource), shape)
            self._connect(thing)
            thing.entities = self._entities(thing, resource)
            return list(thing.entities)
        if isinstance(thing.watch, HostWatch):
            self._place(thing.watch, resource)
        if shape != thing.shape:
            thing.shape = shape
            return await self._reshape(thing, resource)
        thing.watch.tell()
        return []

    def _watch(self, resource: Resource) -> Told:
        if resource.type == SERVER:
            return self._server(resource.key)
        if resource.type == CERTIFICATE:
            return CertificateWatch(self.hub, resource)
        host = HostWatch(resource, ())
        self.hosts[resource.key] = host
        self._place(host, resource)
        return host

    def _server(self, key: str) -> ServerWatch:
        watch = ServerWatch(self.fleet.site(key), self.hub.clock)
        self.servers[key] = watch
        for host in self.hosts.values():
            if key in host.servers:
                watch.hosts[host.id] = host
        spread = STAGGER * len(self.servers)
        self._spawn(f"{SERVER}/{key}", watch.run(random.uniform(0, spread)))  # noqa: S311
        return watch

    def _place(self, host: HostWatch, resource: Resource) -> None:
        """Give a host to its servers, and its domains to those who ask about them."""
        servers = self.fleet.servers_of(resource.spec)
        host.become(resource, servers)
        for key, server in self.servers.items():
            if key in servers:
                server.hosts[host.id] = host
            else:
                server.hosts.pop(host.id, None)
        spec = resource.spec
        self.domains.want(host.id, spec["domain_names"], spec.get("name_servers") or (), host.tell)

    def _connect(self, thing: _Thing) -> None:
        """Listen to the site of a server, and to the status of a certificate."""
        watch = thing.watch
        if isinstance(watch, ServerWatch):
            site = self.fleet.site(watch.key)
            events = SiteEvents(self.hub, site)
            thing.undo += [site.listen(watch.tell), site.listen(events.told)]
        elif isinstance(watch, CertificateWatch):
            self._events[watch.id] = CertificateEvents(self.hub, watch.key, watch.issued)

    def _entities(self, thing: _Thing, resource: Resource) -> list[Entity]:
        name, watch = self.hub.resources.title(resource), thing.watch
        if isinstance(watch, ServerWatch):
            return server_entities(self._room, watch, name)
        if isinstance(watch, HostWatch):
            return host_entities(self._room, watch, name)
        if isinstance(watch, CertificateWatch):
            return certificate_entities(self._room, watch, name)
        raise TypeError(f"{watch!r} shows nothing")

    def _shape(self, resource: Resource) -> tuple[Any, ...]:
        spec = resource.spec
        fields = ("payment", "certificate_id", "name_servers")
        return self.hub.resources.title(resource), *(bool(spec.get(field)) for field in fields)

    async def _reshape(self, thing: _Thing, resource: Resource) -> list[Entity]:
        """Let entities come and go, and take the new name."""
        wanted = {entity.unique_id: entity for entity in self._entities(thing, resource)}
        for entity in [item for item in thing.entities if item.unique_id not in wanted]:
            thing.entities.remove(entity)
            await self._owned.forget(entity)
        for entity in thing.entities:
            device = wanted.pop(entity.unique_id).device
            if device is not None and device != entity.device:
                entity.device = device
                self._owned.rename(device)
        thing.entities += wanted.values()
        thing.watch.tell()
        return list(wanted.values())

    # --- going

    def _gone(self, type: str, key: str) -> None:
        """Forget a resource that is no more."""
        if type == SERVER:
            self.servers.pop(key, None)
            if (loop := self._loops.pop(f"{SERVER}/{key}", None)) is not None:
                loop.cancel()
        elif type == HOST and (host := self.hosts.pop(key, None)) is not None:
            self.domains.forget(host.id)
            for server in self.servers.values():
                server.hosts.pop(host.id, None)

    async def _drop(self, id: str, *, forget: bool) -> None:
        thing = self._things.pop(id, None)
        if thing is None:
            return
        self._events.pop(id, None)
        for undo in thing.undo:
            undo()
        for entity in thing.entities:
            await (self._owned.forget(entity) if forget else self._owned.silence(entity))

    def _is_another(self, watch: Told) -> bool:
        """Tell whether a server went and came again under its name."""
        return isinstance(watch, ServerWatch) and watch.site is not self.fleet.site(watch.key)

    def _all(self, type: str) -> list[Resource]:
        try:
            return self.hub.resources.list(type)
        except HubError:
            return []

    def _spawn(self, name: str, work: Any) -> None:
        self._loops[name] = self.hub.tasks.spawn(work, f"proxy watch {name}")


def _servers_first(id: str) -> tuple[bool, str]:
    """Order servers before what is given to them."""
    return not id.startswith(f"{SERVER}/"), id
