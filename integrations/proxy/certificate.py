"""Gets certificates, renews them before they end, and brings them to the servers that use them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.sdk import (
    Condition,
    Context,
    Controller,
    Desired,
    Hub,
    HubError,
    NotFound,
    NotProved,
    Phase,
    Progress,
    Resource,
    Step,
)
from integrations.proxy.acme import chain, dns, planning, serving
from integrations.proxy.acme.attempts import Memory
from integrations.proxy.acme.http import HttpSolver, serves
from integrations.proxy.acme.issuing import Issuer
from integrations.proxy.acme.order import HTTP, Solver
from integrations.proxy.acme.planning import Observed
from integrations.proxy.acme.serving import At
from integrations.proxy.acme.wanted import Wanted, wanted
from integrations.proxy.const import CERTIFICATE, PLACED
from integrations.proxy.deploying.site import Site
from integrations.proxy.fleet import Fleet, fleet_of
from integrations.proxy.models import Pair

REVOKED_BY_USER: Final = 0
"""Reason `unspecified` (RFC 5280 section 5.3.1)."""


class Certificates(Controller[Observed]):
    """One certificate: issued or uploaded, deployed where it is used, renewed in time."""

    def __init__(self, hub: Hub) -> None:
        """Deploy by the fleet of `hub`."""
        super().__init__(hub)
        self._fleet: Fleet = fleet_of(hub)
        self._memory = Memory(hub)
        self._issuer = Issuer(hub, self._fleet.pairs, self._memory)

    async def start(self) -> None:
        """Look at a certificate when something that uses it was deployed."""
        self._stops = [self.hub.resources.listen(self._wake, kind) for kind in PLACED]

    async def stop(self) -> None:
        """Listen no more."""
        for stop in self._stops:
            stop()

    def _wake(self, action: str, resource: Resource) -> None:
        key = resource.spec.get("certificate_id")
        if action == "status" and key and not resource.deleting:
            status = self.hub.resources.status(resource.type, resource.key)
            if status.phase is Phase.IN_SYNC:
                self.hub.resources.look(CERTIFICATE, key)

    async def observe(self, desired: Desired) -> Observed:
        """Look at what is kept, what the servers serve, and what the CA suggests."""
        record = await self._fleet.pairs.record(desired.key)
        if desired.deleting:
            return Observed(record, self.hub.clock.time())
        want = wanted(desired.spec)
        version = record.newest
        if want.upload is not None and (version is None or version.wanted != want.fingerprint):
            await self._uploaded(want)
        attempts = await self._memory.attempts(desired.key)
        if version is not None and not want.custom and version.wanted == want.fingerprint:
            attempts = await self._issuer.refreshed(desired.key, want, version)
        served, errors = await self._served(desired)
        return Observed(
            record,
            self.hub.clock.time(),
            attempts,
            None if want.custom else await self._issuer.wait(want),
            served,
            errors,
            self._unserved(desired, want),
        )

    def plan(self, desired: Desired, observed: Observed) -> Sequence[Step]:
        """Compare; raises what keeps a certificate from being issued now."""
        return planning.steps(desired, observed)

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Get a pair, or bring the newest one to servers."""
        match step.action:
            case planning.ISSUE | planning.RENEW:
                await self._issue(desired, step, progress)
            case planning.UPLOAD:
                await self._take(desired, progress)
            case _:
                await self._deploy(desired, progress)

    async def prove(self, desired: Desired, progress: Progress) -> None:
        """Look for the wanted pair; the servers have shaken hands with it when they got it."""
        del progress
        newest = (await self._fleet.pairs.record(desired.key)).newest
        if not desired.deleting and (
            newest is None or newest.wanted != wanted(desired.spec).fingerprint
        ):
            raise NotProved("the newest pair is not the one that the resource asks for")

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Keep what was issued: it is not asked for again; servers that failed went back alone."""
        del desired
        if step.action != planning.DEPLOY:
            progress.log("What was issued is kept, and deployed as soon as that is possible")

    def conditions(self, desired: Desired, observed: Observed) -> Sequence[Condition]:
        """Tell whether there is a certificate that is valid, renewed in time, and served."""
        return planning.conditions(desired, observed)

    def facts(self, desired: Desired, observed: Observed) -> Mapping[str, Any]:
        """Tell serial, dates, issuer, names, servers, the next renewal and the last error."""
        return planning.facts(desired, observed)

    async def forget(self, key: str) -> None:
        """Delete the pairs of a certificate that is gone; it is not revoked."""
        await self._fleet.pairs.forget(key)
        await self._memory.forget(key)

    # --- for services

    async def ask(self, key: str) -> None:
        """Have the newest pair replaced at the next look, whether it is time to or not."""
        newest = (await self._fleet.pairs.record(key)).newest
        if newest is not None:
            await self._memory.ask(key, newest.number)

    async def revoke(self, key: str, reason: int = REVOKED_BY_USER) -> None:
        """Revoke the newest pair, and have it replaced; raises `NotFound`, `AcmeError`."""
        newest = (await self._fleet.pairs.record(key)).newest
        resource = self.hub.resources.get(CERTIFICATE, key)
        want = wanted(self.hub.resources.specs.desired(resource).spec)
        if newest is None or want.custom:
            raise NotFound(f"{CERTIFICATE}/{key}: there is no certificate that the hub has issued")
        await self._issuer.revoke(want, newest, reason)
        await self.ask(key)
        self.hub.resources.look(CERTIFICATE, key)

    # private

    async def _issue(self, desired: Desired, step: Step, progress: Progress) -> None:
        want = wanted(desired.spec)
        solver = await self._solver(desired, want, progress)
        if isinstance(solver, HttpSolver):
            await solver.preflight(want.names)
        await progress.checkpoint()
        version = await self._issuer.issue(
            desired.key, want, solver, progress.log, step.data.get("replaces")
        )
        await progress.note("version", version.number)

    async def _solver(self, desired: Desired, want: Wanted, progress: Progress) -> Solver:
        if want.challenge != HTTP:
            return dns.solver(self.hub, want.dns)
        sites = []
        for site in self._sites(desired):
            error = await self._known(site)
            if error is None:
                sites.append(site)
            else:
                progress.log(f"{site.key} is left out: {error.message}")
        return HttpSolver([At(site) for site in sites], progress.log)

    async def _uploaded(self, want: Wanted) -> tuple[Pair, chain.Facts]:
        """Check an upload; raises `ServiceValidationError` that names the field."""
        certificate, key, rest = want.upload or ("", "", "")
        text = f"{certificate}\n{rest}".encode()
        now = self.hub.clock.time()
        pem, facts = await chain.checked(text, key.encode(), want.names, now, chain.UPLOADED)
        return Pair(pem, key.encode(), facts.serial), facts

    async def _take(self, desired: Desired, progress: Progress) -> None:
        want = wanted(desired.spec)
        pair, facts = await self._uploaded(want)
        await self._fleet.pairs.add(
            desired.key, pair, facts, since=self.hub.clock.time(), wanted=want.fingerprint
        )
        progress.log(f"Taken over: serial {facts.serial} by {facts.issuer}")

    async def _deploy(self, desired: Desired, progress: Progress) -> None:
        """Bring the newest pair to every server that uses it, and drop those before it."""
        version = (await self._fleet.pairs.record(desired.key)).newest
        if version is None:
            raise NotProved("there is no pair to deploy")
        served, errors = await self._served(desired)
        behind = [self._fleet.site(key) for key in served]
        await serving.deploy(behind, desired.id, version, progress)
        if not errors:
            await self._fleet.pairs.settle(desired.key, version.number)

    def _unserved(self, desired: Desired, want: Wanted) -> list[str]:
        """Return the names that HTTP-01 has to show and no server answers for."""
        if want.custom or want.challenge != HTTP:
            return []
        places = [At(site) for site in self._sites(desired)]
        return [name for name in want.names if not any(serves(place, name) for place in places)]

    def _sites(self, desired: Desired) -> list[Site]:
        return [self._fleet.site(key) for key in self._fleet.servers_for(desired.id, desired.spec)]

    async def _served(self, desired: Desired) -> tuple[dict[str, int], dict[str, str]]:
        """Return the version on each server that uses it, and why others are not known.

        0 = the server has none yet.
        """
        sites = self._sites(desired)
        found = await asyncio.gather(*map(self._known, sites))
        served: dict[str, int] = {}
        errors: dict[str, str] = {}
        for site, error in zip(sites, found, strict=True):
            if isinstance(error, HubError):
                errors[site.key] = error.message
            # what was seen last still counts while a server is away
            if site.parts is not None:
                version = serving.serving(site.parts, desired.id)
                if version is not None:
                    served[site.key] = version
        return served, errors

    async def _known(self, site: Site) -> HubError | None:
        """Look at a server when that is due; returns why it could not be."""
        try:
            await site.known()
        except HubError as error:
            return error
        return None


def controller_of(hub: Hub) -> Certificates:
    """Return the controller of all certificates; raises `NotFound` before the first one."""
    engine = hub.resources.engine
    lane = None if engine is None else engine.lanes.opened(CERTIFICATE)
    if lane is None or not isinstance(lane.controller, Certificates):
        raise NotFound("there is no certificate yet")
    return lane.controller


async def issue(hub: Hub, key: str, context: Context, *, force: bool = False) -> str | None:
    """Issue what is not issued yet; `force` = a new one in any case (renew).

    Returns the id of the job; None = there is nothing to do. Raises `NotFound`, and what keeps it
    from being issued.
    """
    hub.resources.get(CERTIFICATE, key)
    if force:
        await controller_of(hub).ask(key)
    job = await hub.resources.apply(CERTIFICATE, key, context)
    return None if job is None else job.id
