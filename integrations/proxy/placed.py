"""Deploys hosts, redirects, dead hosts, streams and access lists to the servers they belong on."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.sdk import (
    Condition,
    Controller,
    Desired,
    Hub,
    HubError,
    NotProved,
    NotSupported,
    Progress,
    Step,
    Unavailable,
    Unfinished,
)
from integrations.proxy.const import ACCESS_LIST
from integrations.proxy.deploying import rollout
from integrations.proxy.deploying.rollout import Pace
from integrations.proxy.deploying.site import Site
from integrations.proxy.fleet import Fleet, fleet_of
from integrations.proxy.models import Part, Spec


class BudgetSpent(HubError):  # noqa: N818 - the wire names these without "Error"
    """More servers failed than the group allows."""

    code = "failure_budget_spent"
    http_status = 502


@dataclass(frozen=True, slots=True)
class Placed:
    """What the servers of a resource serve of it; None = nothing."""

    served: Mapping[str, Part | None] = field(default_factory=dict)
    errors: Mapping[str, HubError] = field(default_factory=dict)
    """Servers that could not be asked."""
    leave: Mapping[str, Part] = field(default_factory=dict)
    """Servers that serve it and should not."""


class PlacedController(Controller[Placed]):
    """One resource is one part; where it belongs follows from its spec."""

    def __init__(self, hub: Hub) -> None:
        """Deploy by the fleet of `hub`."""
        super().__init__(hub)
        self._fleet: Fleet = fleet_of(hub)
        self._failed: dict[str, dict[str, HubError]] = {}
        """Servers that a rollout goes on without, by id, until its end."""

    async def observe(self, desired: Desired) -> Placed:
        """Ask the servers that it belongs on, and those that are known to serve it."""
        wanted = [] if desired.deleting else self._servers(desired)
        before = self._before(desired)
        others = [
            site.key
            for site in self._fleet.sites
            if site.key not in wanted
            and self._is_ours(site)
            and (site.key in before if site.parts is None else desired.id in site.parts)
        ]
        keys = [*wanted, *others]
        found = await asyncio.gather(
            *(self._fleet.site(key).known() for key in keys), return_exceptions=True
        )
        served: dict[str, Part | None] = {}
        errors: dict[str, HubError] = {}
        leave: dict[str, Part] = {}
        for key, parts in zip(keys, found, strict=True):
            if isinstance(parts, HubError):
                errors[key] = parts
            elif isinstance(parts, BaseException):
                raise parts
            elif desired.type == ACCESS_LIST and desired.id not in parts:
                continue  # it comes with the first that refers to it
            elif key in wanted:
                served[key] = parts.get(desired.id)
            elif (part := (self._fleet.site(key).parts or parts).get(desired.id)) is not None:
                leave[key] = part  # also when nginx serves another release at this moment
        return Placed(served, errors, leave)

    def plan(self, desired: Desired, observed: Placed) -> Sequence[Step]:
        """Compare; raises what keeps the rest from being done."""
        part = self._part(desired)
        behind = {
            key: None if served is None else served.revision
            for key, served in observed.served.items()
            if not _same(served, part)
        }
        leave = {key: served.revision for key, served in observed.leave.items()}
        if not desired.deleting and any(key in observed.errors for key in self._servers(desired)):
            leave = {}  # it goes nowhere before all that shall have it serve it
        pace = Pace.of(self._fleet.group(desired.spec.get("group") or ""))
        steps = rollout.steps(desired.id, desired.revision, behind, leave, pace)
        if steps:
            return steps
        if observed.errors:
            raise _pending(observed, self._count(observed))
        return []

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Deploy to one wave; raises when more servers failed than the budget allows."""
        if step.data["first"]:
            self._failed.pop(desired.id, None)  # of a rollout that was cut off
        if step.action == rollout.REMOVE and not desired.deleting and self._failed.get(desired.id):
            progress.log(f"It stays on {step.target} until all others serve it")
            return
        if step.data["pause"]:
            progress.log(f"Waiting {step.data['pause']:g} s before the next wave")
            await self.hub.clock.sleep(step.data["pause"])
        part = self._part(desired) if step.action == rollout.DEPLOY else None
        servers: list[str] = step.data["servers"]
        await progress.note("before", {key: _kept(self._fleet, key, desired.id) for key in servers})
        done = 0

        async def one(key: str) -> HubError | None:
            nonlocal done
            try:
                await self._bring(key, desired.id, part, progress)
            except HubError as error:
                progress.log(f"{key}: {error.message}")
                return error
            finally:
                done += 1
                progress.progress(done / len(servers))
            return None

        results = await asyncio.gather(*map(one, servers))
        failed = {key: error for key, error in zip(servers, results, strict=True) if error}
        lost = self._failed.setdefault(desired.id, {})
        lost.update(failed)
        if len(lost) > step.data["budget"]:
            del self._failed[desired.id]
            first = next(iter(lost.values()))
            if len(lost) == 1 and not step.data["budget"]:
                raise first
            raise BudgetSpent(
                f"{len(lost)} servers failed ({', '.join(lost)}), the group allows"
                f" {step.data['budget']}: {first.message}"
            )

    async def prove(self, desired: Desired, progress: Progress) -> None:
        """Look once more: each server has proven by itself what it serves.

        A rollout that went on without a server, or could not ask one, is never a success: it
        raises `Unfinished`.
        """
        del progress
        failed = self._failed.pop(desired.id, {})
        observed = await self.observe(desired)
        part = self._part(desired)
        for key, served in observed.served.items():
            if key not in failed and not desired.deleting and not _same(served, part):
                raise NotProved(f"{key} serves revision {served.revision if served else 'none'}")
        pending = {**failed, **observed.errors}
        if pending:
            total = len({*observed.served, *observed.leave, *pending})
            first, error = next(iter(pending.items()))
            raise Unfinished(
                f"{len(pending)} of {total} servers are pending: {first}: {error.message}"
            )

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Put back what the servers of a wave served before."""
        if not step.data["rollback"]:
            raise NotSupported("the group says hold: what is deployed stays")
        before = progress.noted("before") or {}
        part = self._part(desired) if step.action == rollout.DEPLOY else None

        async def one(key: str) -> None:
            kept = before.get(key)
            old = None if kept is None else Part(desired.id, kept["revision"], kept["spec"])
            present = (await self._fleet.site(key).known()).get(desired.id)
            done = present is None if part is None else _same(present, part)
            if done:
                await self._bring(key, desired.id, old, progress)

        results = await asyncio.gather(*map(one, before), return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                raise error

    def conditions(self, desired: Desired, observed: Placed) -> Sequence[Condition]:
        """Tell whether all servers were reached, and whether all serve this revision."""
        part = self._part(desired)
        errors = observed.errors
        behind = [key for key, served in observed.served.items() if not _same(served, part)]
        message = "; ".join(f"{key}: {error.message}" for key, error in errors.items())
        served = None if observed.errors and not behind else not behind
        return (
            Condition("reachable", not observed.errors, message=message if observed.errors else ""),
            Condition(
                "served",
                served,
                "",
                message or (f"not yet on {', '.join(behind)}" if behind else ""),
            ),
        )

    def facts(self, desired: Desired, observed: Placed) -> Mapping[str, Any]:
        """Tell for each server which revision is in force, in which release."""
        del desired
        servers: dict[str, Any] = {}
        for key in [*observed.served, *observed.errors, *observed.leave]:
            part = observed.served.get(key) or observed.leave.get(key)
            site = self._fleet.site(key)
            error = observed.errors.get(key)
            servers[key] = {
                "revision": None if part is None else part.revision,
                "release": None if site.seen is None else site.seen.current,
                "error": None if error is None else error.message,
            }
        return {"servers": servers}

    # private

    def _servers(self, desired: Desired) -> list[str]:
        if desired.type == ACCESS_LIST:
            return self._fleet.servers_for(desired.id, {})
        return self._fleet.servers_of(desired.spec)

    def _is_ours(self, site: Site) -> bool:
        """Tell whether what a server is known to serve is the work of this hub."""
        return site.manifest is None or site.manifest.hub == self._fleet.hub_id

    def _before(self, desired: Desired) -> set[str]:
        """Return the servers that may serve it though they were not asked since the hub started."""
        known = self.hub.resources.status(desired.type, desired.key).facts.get("servers")
        return {*(known or ()), *(self._servers(desired) if desired.deleting else ())}

    def _part(self, desired: Desired) -> Part:
        return self._fleet.part_of(desired.type, desired.key, desired.revision, desired.spec)

    async def _bring(self, key: str, id: str, part: Part | None, progress: Progress) -> None:
        async def note(noted: Mapping[str, Any]) -> None:
            await progress.note(f"site {key}", dict(noted))

        site = self._fleet.site(key)
        if part is not None and part.type == ACCESS_LIST and id not in (site.parts or {}):
            return  # it comes with the first that refers to it
        deployed = await site.bring({id: part}, progress, note)
        for item in deployed.notes:
            if item.part == id:
                progress.log(f"{key}: {item}")

    def _count(self, observed: Placed) -> int:
        return len(observed.served) + len(observed.errors)


def _pending(observed: Placed, total: int) -> Unavailable:
    """Say which servers are still to come: they are tried again."""
    first, error = next(iter(observed.errors.items()))
    if not isinstance(error, Unavailable):
        raise error
    return Unavailable(
        f"{len(observed.errors)} of {total} servers are pending: {first}: {error.message}"
    )


def _kept(fleet: Fleet, key: str, id: str) -> dict[str, Any] | None:
    part = (fleet.site(key).parts or {}).get(id)
    return None if part is None else part.as_dict()


def _same(served: Part | None, wanted: Part) -> bool:
    """Tell whether a server serves what is wanted, whatever the number of its revision."""
    return served is not None and _plain(served.spec) == _plain(wanted.spec)


def _plain(spec: Spec) -> Any:
    """Leave out what changes nothing on a server."""
    return {name: value for name, value in spec.items() if name not in {"servers", "group"}}
