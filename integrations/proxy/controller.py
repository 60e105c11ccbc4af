"""Keeps every `proxy.server` serving what the hub deployed there, and tells when it does not."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hub.sdk import Condition, Controller, Desired, Hub, HubError, NotProved, Progress, Step
from integrations.proxy import services
from integrations.proxy.const import PLACED
from integrations.proxy.deploying.preflight import refuse
from integrations.proxy.deploying.seen import Seen
from integrations.proxy.deploying.site import Site
from integrations.proxy.errors import Rejected
from integrations.proxy.fleet import Fleet, fleet_of
from integrations.proxy.models import Part
from integrations.proxy.watch.house import Watch

_LOGGER = logging.getLogger(__name__)

INSTALL: Final = "install"
SETTINGS: Final = "settings"
SETTLE: Final = "settle"
START: Final = "start"
OVERWRITE: Final = "overwrite"
REMOVE: Final = "remove"


class Servers(Controller[Seen | None]):
    """What is observed is a deep look; None = a server that is going and can not be asked."""

    def __init__(self, hub: Hub) -> None:
        """Work with the fleet of `hub`."""
        super().__init__(hub)
        self._fleet: Fleet = fleet_of(hub)
        self.watch: Watch | None = None
        """What is watched; None before the first server and after the end."""
        self._unregister: Callable[[], None] = lambda: None
        self._starting: set[str] = set()
        """Servers whose own nginx was found down, until its start is asked for."""

    async def start(self) -> None:
        """Offer the services and begin to watch."""
        self.watch = Watch(self.hub, self._fleet)
        self._unregister = services.register(self.hub, self._fleet, self.watch)
        await self.watch.start()

    async def stop(self) -> None:
        """End both; the servers go on as they are."""
        self._unregister()
        watch, self.watch = self.watch, None
        if watch is not None:
            await watch.stop()

    async def observe(self, desired: Desired) -> Seen | None:
        """Look at the server, every file of the release included."""
        site = self._fleet.site(desired.key)
        seen = await site.look(deep=True)
        if not desired.deleting:
            refuse(desired.key, desired.spec, seen, self.hub.hub_id)
            if desired.spec["instance"] == "own" and seen.manifest is not None and not seen.running:
                self._start_soon(desired)
        return seen

    def plan(self, desired: Desired, observed: Seen | None) -> Sequence[Step]:
        """Compare what the server serves with its own settings and with its manifest."""
        if observed is None:
            return []
        place = desired.spec["base"]
        if desired.deleting:
            if observed.current is None and not observed.releases:
                return []
            if observed.manifest is not None and observed.manifest.hub != self.hub.hub_id:
                return []  # it was never taken over: what lies there is another hub's
            what = f"take the hub's files out of nginx on {desired.key} and remove {place}"
            return [Step(REMOVE, desired.key, what)]
        if observed.manifest is None:
            how = "start an nginx of its own" if desired.spec["instance"] == "own" else "join nginx"
            return [Step(INSTALL, desired.key, f"make {place} on {desired.key} and {how}")]
        served = observed.manifest.parts.get(desired.id)
        if served is None or served.spec != desired.spec:
            before = None if served is None else dict(served.spec)
            what = f"deploy the settings of {desired.key}"
            return [Step(SETTINGS, desired.key, what, before, dict(desired.spec))]
        if desired.spec["instance"] == "own" and not observed.running:
            return [Step(START, desired.key, f"start nginx on {desired.key}")]
        if not observed.settled:
            what = f"let nginx on {desired.key} serve {observed.current}"
            return [Step(SETTLE, desired.key, what, observed.served, observed.current)]
        drift = observed.drift
        if drift:
            return [
                _overwrite(desired, path, how, first=number == 0)
                for number, (how, path) in enumerate(_drifted(observed))
            ]
        return []

    async def apply(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Deploy what is in force anew, with the present settings; drift is overwritten."""
        site = self._fleet.site(desired.key)
        if step.action == REMOVE:
            await site.remove(progress)
            return
        if step.action == OVERWRITE and not step.data["first"]:
            return  # the first of these steps deployed every file
        own = Part(desired.id, desired.revision, dict(desired.spec))
        if step.action == INSTALL:
            await self._install(site, own, progress)
            return
        await site.bring({desired.id: own}, progress, overwrite=step.action == OVERWRITE)

    async def _install(self, site: Site, own: Part, progress: Progress) -> None:
        """Deploy with the server what belongs on it: it may be new, moved or lost.

        What is refused has no say in this; its own apply tells why.
        """
        left_out: set[str] = set()
        while True:
            known = self._fleet.parts_on(site.key)
            changes = {name: part for name, part in known.items() if name not in left_out}
            try:
                await site.bring({own.id: own, **changes}, progress)
                break
            except Rejected as error:
                if not changes:
                    raise
                named = {flaw.part for flaw in error.flaws} & {*changes}
                left_out |= named or {*changes}
                progress.log(f"Without {', '.join(sorted(left_out))}: {error.message}")
        if known:
            self._fleet.look_again(site.key, known)

    async def prove(self, desired: Desired, progress: Progress) -> None:
        """Ask the server once more; the deploy itself has proven what nginx serves."""
        del progress
        if desired.deleting:
            return
        left = self.plan(desired, await self.observe(desired))
        if left and left[0].action != OVERWRITE:  # what was changed by hand is another matter
            raise NotProved(f"still to do after the apply: {left[0].summary}")

    async def undo(self, desired: Desired, step: Step, progress: Progress) -> None:
        """Nothing is left of a failed deploy: the site itself went back."""
        del desired, step
        progress.log("nginx serves what it served before")

    def conditions(self, desired: Desired, observed: Seen | None) -> Sequence[Condition]:
        """Tell whether nginx is there, runs, serves the current release, and is untouched."""
        if observed is None or desired.deleting:
            return ()
        drift = observed.drift
        unknown = self._unknown(observed)
        changed = [path for _how, path in _drifted(observed)]
        return (
            Condition("nginx", observed.features is not None),
            Condition("running", observed.running or observed.served is not None),
            Condition("serving", observed.settled, message=observed.served or ""),
            Condition(
                "untouched",
                None if drift is None else not drift,
                "drift" if drift else "",
                ", ".join(changed[:20]),
            ),
            Condition(
                "known",
                not unknown,
                "unknown" if unknown else "",
                f"served, and no resource of this hub: {', '.join(unknown[:20])}; import them"
                f" (hub proxy import server), or make and delete them"
                if unknown
                else "",
            ),
        )

    def facts(self, desired: Desired, observed: Seen | None) -> Mapping[str, Any]:
        """Tell version, modules, release and what was changed by hand."""
        del desired
        if observed is None:
            return {}
        features = observed.features
        return {
            "version": None if features is None else features.text,
            "modules": [] if features is None else sorted(features.modules | features.loaded),
            "release": observed.current,
            "served": observed.served,
            "releases": list(observed.releases),
            "drift": None if observed.drift is None else observed.drift.as_dict(),
            "unknown": self._unknown(observed),
        }

    def _unknown(self, observed: Seen) -> list[str]:
        """Return what is served and is no resource: the hub's data was lost, or another's is new.

        Certificates and access lists come and go with what refers to them.
        """
        parts = {} if observed.manifest is None else observed.manifest.parts
        store = self.hub.resources.store
        return sorted(
            name for name, part in parts.items() if part.type in PLACED and store.get(name) is None
        )

    def _start_soon(self, desired: Desired) -> None:
        """Have an nginx of the hub's own started: it crashed, or the server was started anew.

        Once: when that fails, the engine tries again by itself.
        """
        key = desired.key
        if key in self._starting or self.hub.resources.status(desired.type, key).attempts:
            return

        async def ask() -> None:
            try:
                async with asyncio.timeout(60):
                    await self.hub.resources.apply(desired.type, key)
            except (HubError, TimeoutError) as error:
                _LOGGER.info("%s could not be started: %s", desired.id, error)
            finally:
                self._starting.discard(key)

        self._starting.add(key)
        self._fleet.spawn(ask(), f"start nginx on {key}")

    async def forget(self, key: str) -> None:
        """Drop what is known of a server that is gone."""
        self._fleet.forget(key)


def _drifted(seen: Seen) -> list[tuple[str, str]]:
    drift = seen.drift
    if drift is None:
        return []
    found = [("modified", path) for path in drift.modified]
    found += [("missing", path) for path in drift.missing]
    return found + [("extra", path) for path in drift.extra]


def _overwrite(desired: Desired, path: str, how: str, *, first: bool) -> Step:
    word = {"modified": "was changed", "missing": "was deleted", "extra": "was added"}[how]
    return Step(
        OVERWRITE,
        path,
        f"{path} {word} by hand on {desired.key}: overwrite it",
        how,
        "deployed",
        {"path": path, "how": how, "first": first},
    )
