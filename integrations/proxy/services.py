"""The verbs of this integration beside those of its entities; all of them answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import voluptuous as vol

from hub.sdk import (
    Context,
    Description,
    Hub,
    HubError,
    NotFound,
    NotSupported,
    Resource,
    Response,
    ServiceCall,
    Unauthorized,
)
from integrations.proxy.const import (
    ACCESS_LIST,
    CERTIFICATE,
    DOMAIN,
    HOST,
    PLACED,
    SERVER,
)
from integrations.proxy.deploying.handwork import Touched
from integrations.proxy.deploying.site import Site
from integrations.proxy.diagnostics import diagnostics
from integrations.proxy.fleet import Fleet
from integrations.proxy.models import Part
from integrations.proxy.overview import overview
from integrations.proxy.verbs import VERBS
from integrations.proxy.watch.house import Watch
from integrations.proxy.watch.switch import set_field

Answer = dict[str, Any]

AT_ONCE: Final = 8
"""Servers that are asked side by side."""
PURGE_SECONDS: Final = 120.0
_DEPLOYED: Final = (SERVER, *PLACED, ACCESS_LIST, CERTIFICATE)


class Services:
    """What a call does; rights are checked before anything is begun."""

    def __init__(self, hub: Hub, fleet: Fleet, watch: Watch) -> None:
        """Work on the fleet of `hub`."""
        self._hub, self._fleet, self._watch = hub, fleet, watch

    async def deploy(self, call: ServiceCall) -> Answer:
        """Bring resources to their servers now."""
        found = [self._resource(name, _DEPLOYED) for name in call.data["resource"]]
        for resource in found:
            self._demand(call.context, "apply", resource)
        jobs: dict[str, str | None] = {}
        for resource in found:
            job = await self._hub.resources.apply(resource.type, resource.key, call.context)
            jobs[resource.id] = None if job is None else job.id
        return {"jobs": jobs}

    async def dry_run(self, call: ServiceCall) -> Answer:
        """Let the servers test what a deploy would bring; `spec` instead of the stored one."""
        kinds = (SERVER, *PLACED, ACCESS_LIST)
        part, servers = await self._planned(call, kinds)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> Answer:
            async with slots:
                try:
                    return (await self._fleet.site(key).rehearse({part.id: part})).as_dict()
                except HubError as error:
                    return {
                        "ok": False,
                        "release": None,
                        "flaws": [],
                        "notes": [],
                        "diff": "",
                        "error": error.message,
                    }

        answers = await asyncio.gather(*map(one, servers))
        return {"servers": dict(zip(servers, answers, strict=True))}

    async def rollback(self, call: ServiceCall) -> Answer:
        """Serve an earlier release of a server again."""
        release = call.data.get("release")
        return await self._job("rollback", call, lambda site, job: site.rollback(release, job))

    async def drift(self, call: ServiceCall) -> Answer:
        """Show what was changed by hand on a server; texts of what may not be read are left out."""
        resource = self._resource_of(SERVER, call.data["server"], "server")
        for verb in ("read", "apply"):
            self._demand(call.context, verb, resource)
        found = await self._fleet.site(resource.key).handwork(call.context)

        def may(file: Touched) -> bool:
            kind, _, key = (file.part or resource.id).partition("/")
            return self._may(call.context, "read", kind, key)

        hidden = {"diff": None, "note": "not shown: you may not read its resource"}
        files = [file.as_dict() | ({} if may(file) else hidden) for file in found.files]
        return {"release": found.release, "files": files}

    async def adopt(self, call: ServiceCall) -> Answer:
        """Keep what was changed by hand on a server."""
        paths = call.data.get("paths")
        return await self._job("adopt", call, lambda site, job: site.adopt(paths, job))

    async def overwrite(self, call: ServiceCall) -> Answer:
        """Replace what was changed by hand on a server."""
        resource = self._resource_of(SERVER, call.data["server"], "server")
        self._demand(call.context, "apply", resource)
        job = await self._hub.resources.apply(SERVER, resource.key, call.context)
        return {"job_id": None if job is None else job.id}

    async def issue(self, call: ServiceCall) -> Answer:
        """Get a certificate that is missing or due, and bring it to its servers."""
        return await self._issue(call, force=False)

    async def renew(self, call: ServiceCall) -> Answer:
        """Get a new certificate in any case, and bring it to its servers."""
        return await self._issue(call, force=True)

    async def purge_cache(self, call: ServiceCall) -> Answer:
        """Delete what the servers of a host have cached of it."""
        resource = self._resource_of(HOST, call.data["host"], "host")
        self._demand(call.context, "apply", resource)

        async def one(key: str) -> int | str:
            site = self._fleet.site(key)
            arguments = [site.spec["base"], resource.key]
            outcome = await site.script("purge", arguments, timeout=PURGE_SECONDS)
            count = outcome.check().text.strip()
            return int(count) if count.isdecimal() else 0

        return {"servers": await self._everywhere(resource, one)}

    async def set_maintenance(self, call: ServiceCall) -> Answer:
        """Show the page of maintenance instead of a host, or no more."""
        resource = self._resource_of(HOST, call.data["host"], "host")
        shown = self._hub.resources.as_dict(resource)["spec"].get("maintenance") or {}
        fields = {**shown, "enabled": call.data["enabled"]}
        if "message" in call.data:
            fields["message"] = call.data["message"]
        context = call.context
        revision = await set_field(self._hub, resource.key, context, maintenance=fields)
        return {"revision": revision}

    async def test_upstream(self, call: ServiceCall) -> Answer:
        """Ask the upstreams of a host from each of its servers."""
        resource = self._resource_of(HOST, call.data["host"], "host")
        self._demand(call.context, "apply", resource)
        # What was written a moment ago is what is asked about; a caller who gives up stops nothing.
        syncing = self._hub.tasks.spawn(self._watch.sync(), "what the proxies' watch has to follow")
        await asyncio.shield(syncing)
        host = self._watch.hosts.get(resource.key)

        async def one(key: str) -> list[Answer]:
            server = self._watch.servers.get(key)
            if host is None or server is None:
                raise NotFound(f"{resource.id} is not watched on {key} yet; try again")
            found = await server.ask([host])
            health = host.health.get(key)
            if health is not None and health.error is not None:
                raise HubError(f"{key}: the upstreams could not be asked: {health.error}")
            return [answer.as_dict() for answer in found.get(host.id, [])]

        return {"servers": await self._everywhere(resource, one)}

    def status(self, call: ServiceCall) -> Answer:
        """Tell everything of the fleet that the caller may read."""
        return overview(
            self._hub,
            self._fleet,
            self._watch,
            lambda kind, key: self._may(call.context, "read", kind, key),
        )

    def diagnostics(self, call: ServiceCall) -> Answer:
        """Tell what a person needs to find a fault."""
        del call
        return diagnostics(self._fleet, self._watch)

    # --- what they share

    async def _planned(self, call: ServiceCall, kinds: tuple[str, ...]) -> tuple[Part, list[str]]:
        """Return a resource as it would be deployed, and where."""
        hub, name = self._hub, call.data["resource"]
        kind, _, key = name.partition("/")
        spec = call.data.get("spec")
        if spec is None:
            resource = self._resource(name, kinds)
            self._demand(call.context, "apply", resource)
            part = self._fleet.part(resource)
        else:
            if kind not in kinds:
                raise _no_kind(name, kinds)
            if not self._may(call.context, "apply", kind, key):
                raise Unauthorized
            present = hub.resources.store.get(name)
            specs = hub.resources.specs
            stored = specs.maker(kind, key, specs.normal(kind, key, spec))(present)
            revision = 1 if present is None else present.revision + 1
            part = self._fleet.part_of(kind, key, revision, specs.opened(kind, key, stored))
        if kind == SERVER:
            return part, [key]
        if kind == ACCESS_LIST:
            return part, self._fleet.servers_for(part.id, {})
        return part, self._fleet.servers_of(part.spec)

    async def _issue(self, call: ServiceCall, *, force: bool) -> Answer:
        from integrations.proxy.certificate import issue

        resource = self._resource_of(CERTIFICATE, call.data["certificate"], "certificate")
        self._demand(call.context, "apply", resource)
        return {"job_id": await issue(self._hub, resource.key, call.context, force=force)}

    async def _job(
        self, verb: str, call: ServiceCall, work: Callable[[Site, Any], Awaitable[Any]]
    ) -> Answer:
        """Begin a change of one server as a job."""
        resource = self._resource_of(SERVER, call.data["server"], "server")
        self._demand(call.context, "apply", resource)
        site = self._fleet.site(resource.key)

        async def run(job: Any) -> Answer:
            deployed = await work(site, job)
            return {"server": resource.key, "release": deployed.release}

        job = await self._hub.jobs.start(
            f"{DOMAIN}.{verb}", resource.id, run, call.context, cancellable=False
        )
        return {"job_id": job.id}

    async def _everywhere(
        self, resource: Resource, work: Callable[[str], Awaitable[Any]]
    ) -> dict[str, Any]:
        """Ask all servers of a host; raises the first failure when all of them failed."""
        servers = self._fleet.servers_of(resource.spec)
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> Any:
            async with slots:
                return await work(key)

        results = await asyncio.gather(*map(one, servers), return_exceptions=True)
        found: dict[str, Any] = {}
        errors: list[HubError] = []
        for key, result in zip(servers, results, strict=True):
            if isinstance(result, HubError):
                errors.append(result)
                found[key] = {"error": result.message}
            elif isinstance(result, BaseException):
                raise result
            else:
                found[key] = result
        if errors and len(errors) == len(servers):
            raise errors[0]
        return found

    def _resource(self, name: str, kinds: tuple[str, ...]) -> Resource:
        kind, _, key = name.partition("/")
        if kind not in kinds or not key:
            raise _no_kind(name, kinds)
        return self._resource_of(kind, key, "resource")

    def _resource_of(self, kind: str, key: str, field: str) -> Resource:
        """Return a resource by the key that a field holds; its whole id is understood too."""
        try:
            return self._hub.resources.get(kind, key.removeprefix(f"{kind}/"))
        except NotFound:
            raise NotFound(f"{field}: there is no {kind}/{key[:80]}") from None

    def _may(self, context: Context, verb: str, kind: str, key: str) -> bool:
        if context.user_id is None:
            return True
        user = self._hub.auth.users.get(context.user_id)
        return user is not None and user.may_resource(verb, kind, key)

    def _demand(self, context: Context, verb: str, resource: Resource) -> None:
        if not self._may(context, verb, resource.type, resource.key):
            raise Unauthorized


def _no_kind(name: str, kinds: tuple[str, ...]) -> NotSupported:
    return NotSupported(
        f"resource: expected type/key such as proxy.host/blog, of {', '.join(kinds)};"
        f" not {name[:80]!r}"
    )


def register(hub: Hub, fleet: Fleet, watch: Watch) -> Callable[[], None]:
    """Register the services of the domain; returns what removes them."""
    services = Services(hub, fleet, watch)
    undo = [
        hub.services.register(
            DOMAIN,
            verb.name,
            getattr(services, verb.name),
            schema=vol.Schema(dict(verb.schema)),
            description=Description(verb.title, verb.words, verb.fields),
            response=Response.ONLY if verb.asks else Response.OPTIONAL,
            admin=verb.admin,
        )
        for verb in VERBS
    ]

    def remove() -> None:
        for one in undo:
            one()

    return remove
