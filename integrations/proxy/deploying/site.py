"""One `proxy.server`: what it serves, and the one way to change that.

Changes that arrive while a deploy runs wait and go together in the next one. What is wrong with
one of them rejects that one; the others are deployed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from hub.sdk import Context, HubError, NotFound, Unavailable
from integrations.proxy.deploying import candidates
from integrations.proxy.deploying.asking import (
    Changes,
    Deployed,
    House,
    Listening,
    Rehearsal,
    Request,
    difference,
)
from integrations.proxy.deploying.deploy import Deploy, State, TestFailed
from integrations.proxy.deploying.handwork import Handwork, handwork
from integrations.proxy.deploying.target import NoProgram
from integrations.proxy.deploying.turn import NotNoted, Turn
from integrations.proxy.errors import Rejected
from integrations.proxy.models import Flaw, Part

FRESH: Final = 60.0
"""Seconds for which a look answers for the next one who asks."""


class Site(Turn):
    """One server of the fleet."""

    def __init__(self, key: str, house: House) -> None:
        """Nothing is known yet."""
        super().__init__(key, house)
        self._waiting: list[Request] = []
        self._busy = False

    async def known(self) -> Mapping[str, Part]:
        """Return what is served, looking only when that is not known or long ago.

        What the end of a hub cut off is made up for first. Raises `Unavailable` when nginx does not
        answer, and as `look` does.
        """
        seen = self.seen
        old = seen is None or self.error or self._house.clock.time() - seen.at > FRESH
        if seen is None or old or not seen.settled:
            seen = await self.look()
        if self._is_left_over(seen):
            seen = await self.mend()
        if seen.manifest is None:
            return {}
        if not seen.curl:
            raise NoProgram(f"proxy.server/{self.key}: curl is not installed there; install it")
        if seen.current is not None and seen.served is None:
            raise Unavailable(f"proxy.server/{self.key}: nginx does not answer there")
        return seen.manifest.parts if seen.settled else {}

    async def handwork(self, context: Context | None = None) -> Handwork:
        """Show what was changed by hand; `context` is who asks. Raises as `look` does."""
        seen, target = await self.look(deep=True), self._house.target(self.key)
        target.context = context
        known = seen.manifest is not None and seen.drift and seen.features is not None
        parts = {} if seen.manifest is None else seen.manifest.parts
        return await handwork(target, seen, await self._candidate(parts, seen) if known else None)

    async def bring(
        self,
        changes: Changes,
        listening: Listening | None = None,
        note: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None,
        *,
        overwrite: bool = False,
    ) -> Deployed:
        """Deploy parts (None = take away) and prove that they are served.

        `overwrite` replaces what was changed by hand; without it a change of such a file is
        refused, and all others of them stay as they are. `note` keeps what a crash must not lose,
        before the swap. Raises `Rejected` (nothing changed), `RolledBack`, `RollbackFailed`,
        `Busy`, `Unavailable`, `DiskFull` and others.
        """
        request = Request(changes, listening, note, overwrite)
        self._waiting.append(request)
        self._set(State.QUEUED if self.state is State.IDLE else self.state, "")
        if not self._busy:
            self._busy = True
            self._house.spawn(self._work(), f"deploy to {self.key}")
        try:
            return await request.answer
        except asyncio.CancelledError:
            if request in self._waiting:
                self._waiting.remove(request)
            raise

    async def rehearse(self, changes: Changes) -> Rehearsal:
        """Let the server test what `bring` would deploy, and show the difference."""
        async with self._lock:
            target, seen = await self._preflight(deep=True, trying=True)
            before = {} if seen.manifest is None else dict(seen.manifest.parts)
            old = await self._candidate(before, seen) if before else None
            new = await self._candidate(self._with(before, changes), seen)
            diff = difference({} if old is None else old.texts, new.texts)
            flaws: Sequence[Flaw] = new.rendered.flaws
            if new.release is not None:
                deploy = Deploy(target, seen, self._owner(), self._house.clock, self._say_to(()))
                try:
                    await deploy.rehearse(new.release)
                except TestFailed as error:
                    flaws = self._flaws(error, new)
                finally:
                    self._set(State.IDLE, "")
            return Rehearsal(seen.current, flaws, new.rendered.notes, diff)

    async def rollback(self, to: str | None, listening: Listening | None = None) -> Deployed:
        """Serve a release again that is kept on the server; None = the one before.

        Raises `NotFound` when it is not kept, and as `bring` does.
        """
        async with self._lock:
            target, seen = await self._preflight()
            wanted = to or (None if seen.manifest is None else seen.manifest.previous)
            kept = [name for name in seen.releases if name != seen.current]
            if wanted is None or wanted not in kept:
                there = ", ".join(kept) or "none"
                raise NotFound(
                    f"proxy.server/{self.key}: release: {wanted or 'an earlier one'} is not kept"
                    f" there; kept are: {there}"
                )
            deploy = self._deploy(target, seen, (listening,))
            before = self.parts or {}
            await self._ended(deploy.take(wanted))
            self._house.look_again(self.key, {*before, *(self.parts or {})})
            return Deployed(wanted)

    async def adopt(
        self, paths: Sequence[str] | None, listening: Listening | None = None
    ) -> Deployed:
        """Keep texts that were changed by hand, until their resource is changed.

        Raises `NotFound` when nothing was changed, `Rejected` when nginx refuses the text.
        """
        async with self._lock:
            target, seen = await self._preflight(deep=True)
            manifest, drift = seen.manifest, seen.drift
            found = [
                path
                for path in (() if drift is None else drift.modified)
                if _is_of_a_part(path) and (not paths or path in paths)
            ]
            if manifest is None or not found:
                raise NotFound(f"proxy.server/{self.key}: paths: no such file was changed by hand")
            texts = dict(manifest.adopted)
            for path in found:
                data = await target.read(f"{target.base}/releases/{manifest.release}/{path}")
                texts[path] = data.decode("utf-8", "strict")
            new = await self._candidate(manifest.parts, seen, adopted=texts)
            deployed = await self._serve(target, seen, new, (listening,), None)
            self._house.look_again(self.key, manifest.parts)  # what was drifted is so no more
            return deployed

    async def remove(self, listening: Listening | None = None) -> None:
        """Take the hub's files out of nginx and off the server; nginx goes on with the rest."""
        async with self._lock:
            target, seen = await self._preflight(leaving=True)
            if seen.current is not None or seen.releases:
                await self._ended(self._deploy(target, seen, (listening,)).take(None))
                await target.remove()
            self.seen = None

    async def _work(self) -> None:
        """Deploy what waits, together, until nothing waits."""
        try:
            while self._waiting:
                async with self._lock:
                    requests, self._waiting = self._waiting, []
                    try:
                        await self._together(requests)
                    except Exception as error:  # noqa: BLE001 - it is theirs who asked
                        for request in requests:
                            request.fail(error)
                    except BaseException:
                        for request in requests:
                            request.fail(Unavailable("the hub is stopping"))
                        raise
        finally:
            self._busy = False
            for request in self._waiting:
                request.fail(Unavailable("the hub is stopping"))
            self._waiting.clear()

    async def _together(self, requests: list[Request]) -> None:
        """Deploy all of them; those that are refused are told, the rest is tried without them."""
        listening = [item.listening for item in requests]
        target, seen = await self._preflight(deep=True, listening=listening)
        before = {} if seen.manifest is None else dict(seen.manifest.parts)
        left = list(requests)
        while left:
            parts: dict[str, Part] = before
            for request in left:
                parts = self._with(parts, request.changes)
            new = await self._candidate(parts, seen)
            if new.release is None:
                left = self._refuse(left, new.rendered.flaws)
                continue
            overwrite = any(item.overwrite for item in left)
            if not overwrite and candidates.is_served(new, seen):
                _answer(left, Deployed(str(seen.current), new.rendered.notes))
                self._end(State.DONE, "")
                return
            if not overwrite and (touched := self._by_hand(new, seen)):
                left = self._refuse(left, touched)
                continue
            try:
                done = await self._serve(
                    target, seen, new, [item.listening for item in left], left, whole=overwrite
                )
            except TestFailed as error:
                left = self._refuse(left, self._flaws(error, new))
                continue
            except NotNoted:
                left = [item for item in left if not item.answer.done()]
                continue
            except HubError as error:
                for request in left:
                    request.fail(error)
                return
            _answer(left, done)
            return

    def _refuse(self, requests: list[Request], flaws: Sequence[Flaw]) -> list[Request]:
        """Tell those whose parts are named; all of them when it is nobody's or everybody's."""
        place = f"proxy.server/{self.key}"
        named = [item for item in requests if candidates.guilty(flaws, item.changes)]
        for request in named:
            own = [flaw for flaw in flaws if flaw.part in request.changes]
            request.fail(Rejected(place, own))
        if named:
            self._end(State.REJECTED, "; ".join(map(str, flaws)))
            return [item for item in requests if item not in named]
        if len(requests) == 1:
            self._end(State.REJECTED, "; ".join(map(str, flaws)))
            requests[0].fail(Rejected(place, flaws))
            return []
        # nobody is named: those behind the first have their turn in a deploy of their own
        self._waiting = [*requests[1:], *self._waiting]
        return requests[:1]


def _answer(requests: Sequence[Request], done: Deployed) -> None:
    for request in requests:
        if not request.answer.done():
            request.answer.set_result(done)


def _is_of_a_part(path: str) -> bool:
    """Tell the file of a resource from those that the hub needs as they are."""
    folder, _, name = path.rpartition("/")
    return folder in {"http", "stream"} and not name.startswith("00-")
