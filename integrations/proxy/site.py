"""One `proxy.server`: what it serves, and the one way to change that.

Changes that arrive while a deploy runs wait and go together in the next one. What is wrong with
one of them rejects that one; the others are deployed.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from hub.sdk import Context, HubError, NotFound, Outcome, Unavailable
from integrations.proxy import candidates
from integrations.proxy.asking import (
    Changes,
    Deployed,
    House,
    Listening,
    Rehearsal,
    Request,
    difference,
)
from integrations.proxy.candidates import Candidate
from integrations.proxy.const import SERVER
from integrations.proxy.deploy import Deploy, State, TestFailed
from integrations.proxy.diagnose import diagnose
from integrations.proxy.errors import Rejected
from integrations.proxy.handwork import Handwork, handwork
from integrations.proxy.models import Flaw, Part, Spec
from integrations.proxy.preflight import in_force, refuse
from integrations.proxy.seen import Manifest, Seen, after_deploy
from integrations.proxy.target import NoProgram, Target

_LOGGER = logging.getLogger(__name__)

FRESH: Final = 60.0
"""Seconds for which a look answers for the next one who asks."""


class NotNoted(Exception):  # noqa: N818
    """Some could not keep what a crash must not lose: nothing was swapped, they were told."""


class Site:
    """One server of the fleet."""

    def __init__(self, key: str, house: House) -> None:
        """Nothing is known yet."""
        self.key = key
        self.seen: Seen | None = None
        self.error: HubError | None = None
        """Why the last look failed."""
        self.state = State.IDLE
        self.outcome: State | None = None
        """How the last deploy ended; None = there was none since the hub started."""
        self.message = ""
        self._house = house
        self._waiting: list[Request] = []
        self._busy = False
        self._lock = asyncio.Lock()
        self._looking: asyncio.Future[Seen] | None = None
        self._changes = 0
        """Counts the beginnings and ends of deploys."""
        self._listeners: list[Callable[[], None]] = []

    # --- what is known

    @property
    def spec(self) -> Spec:
        """Return the server's spec; raises `NotFound`."""
        return self._house.target(self.key).spec

    @property
    def manifest(self) -> Manifest | None:
        """Return what the release in force says of itself."""
        return None if self.seen is None else self.seen.manifest

    @property
    def parts(self) -> Mapping[str, Part] | None:
        """Return what is served by id; None = not known."""
        if self.seen is None:
            return None
        return {} if self.seen.manifest is None else self.seen.manifest.parts

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback()` after every look and every change of state."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    # --- looking

    async def look(self, *, deep: bool = False) -> Seen:
        """Ask the server how things stand; those who ask meanwhile get the same answer.

        Raises `Unavailable` and what the runner raises.
        """
        while (under_way := self._looking) is not None and not deep:
            try:
                return await asyncio.shield(under_way)
            except asyncio.CancelledError:
                # who looked has gone: then it is the turn of one of those who waited
                task = asyncio.current_task()
                if not under_way.cancelled() or (task is not None and task.cancelling()):
                    raise
        looking: asyncio.Future[Seen] = asyncio.get_running_loop().create_future()
        self._looking = looking
        try:
            seen = await self._look(self._house.target(self.key), deep=deep)
        except Exception as error:
            looking.set_exception(error)
            looking.exception()
            raise
        except BaseException:
            looking.cancel()
            raise
        else:
            looking.set_result(seen)
            return seen
        finally:
            if self._looking is looking:
                self._looking = None

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

    async def mend(self) -> Seen:
        """Finish or take back a deploy that the end of a hub cut off; its lock tells of it."""
        async with self._lock:
            _, seen = await self._preflight(deep=True)
            self._end(self.outcome or State.IDLE, "")
            return seen

    async def _look(self, target: Target, *, deep: bool) -> Seen:
        began = self._changes
        try:
            seen = await target.look(self.seen, deep=deep)
        except HubError as error:
            self.error = error
            self._tell()
            raise
        if began != self._changes and self.seen is not None:
            return self.seen  # a deploy began or ended meanwhile: what was found is over
        if seen.drift is None and self.seen is not None and self.seen.current == seen.current:
            seen = replace(seen, drift=self.seen.drift)
        self.seen, self.error = seen, None
        self._tell()
        return seen

    async def handwork(self, context: Context | None = None) -> Handwork:
        """Show what was changed by hand; `context` is who asks. Raises as `look` does."""
        seen, target = await self.look(deep=True), self._house.target(self.key)
        target.context = context
        known = seen.manifest is not None and seen.drift and seen.features is not None
        parts = {} if seen.manifest is None else seen.manifest.parts
        return await handwork(target, seen, await self._candidate(parts, seen) if known else None)

    # --- changing

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
            return await self._serve(target, seen, new, (listening,), None)

    async def remove(self, listening: Listening | None = None) -> None:
        """Take the hub's files out of nginx and off the server; nginx goes on with the rest."""
        async with self._lock:
            target, seen = await self._preflight(leaving=True)
            if seen.current is not None or seen.releases:
                await self._ended(self._deploy(target, seen, (listening,)).take(None))
                await target.remove()
            self.seen = None

    async def script(
        self,
        name: str,
        arguments: Sequence[str] = (),
        *,
        stdin: bytes | None = None,
        timeout: float = 20.0,  # noqa: ASYNC109
    ) -> Outcome:
        """Run a script of this integration on the server, with the rights it needs there."""
        target = self._house.target(self.key)
        return await target.script(name, arguments, stdin=stdin, timeout=timeout)

    async def reopen(self) -> None:
        """Let nginx open its logs anew, after one was moved away."""
        await self._house.target(self.key).reopen()

    # --- private

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

    async def _serve(
        self,
        target: Target,
        seen: Seen,
        new: Candidate,
        listening: Sequence[Listening | None],
        requests: Sequence[Request] | None,
        *,
        whole: bool = False,
    ) -> Deployed:
        """Deploy a candidate; raises `TestFailed` and as `bring` does."""
        release = new.made()

        async def before_swap() -> None:
            noted = {"server": self.key, "from": seen.current, "to": release.id}
            failed = False
            for request in requests or ():
                try:
                    if request.note is not None:
                        await request.note(noted)
                except Exception as error:  # noqa: BLE001 - it is theirs who asked
                    request.fail(error)
                    failed = True
            if failed:
                raise NotNoted

        deploy = self._deploy(target, seen, listening)
        said = ""

        async def work() -> None:
            nonlocal said
            try:
                said = await deploy.release(release, before_swap, whole=whole)
            except TestFailed as error:
                if requests is None:
                    raise Rejected(f"proxy.server/{self.key}", self._flaws(error, new)) from error
                raise

        await self._ended(work(), release.manifest, whole=whole)
        return Deployed(release.id, new.rendered.notes, said)

    async def _ended(
        self, work: Awaitable[None], manifest: Manifest | None = None, *, whole: bool = False
    ) -> None:
        """Wait for a deploy, and note how it ended and what is served now."""
        before, self._changes = self.seen, self._changes + 1
        try:
            await work
        except NotNoted:
            raise
        except TestFailed as error:
            self._end(State.REJECTED, str(error))
            raise
        except HubError as error:
            state = {
                "rejected": State.REJECTED,
                "rolled_back": State.ROLLED_BACK,
                "outcome_unknown": State.UNKNOWN,
            }.get(error.code, State.UNKNOWN if isinstance(error, Unavailable) else State.FAILED)
            self._end(state, error.message)
            if state is State.UNKNOWN:
                self.error = error
            raise
        except BaseException:
            self._end(State.UNKNOWN, "cut off")
            raise
        finally:
            self._changes += 1
        if manifest is not None and before is not None:
            self.seen = after_deploy(before, manifest, whole=whole)
            self._end(State.DONE, "")
        else:
            self._end(State.DONE, "")
            await self.look()

    async def _preflight(
        self,
        *,
        deep: bool = False,
        listening: Sequence[Listening | None] = (),
        trying: bool = False,
        leaving: bool = False,
    ) -> tuple[Target, Seen]:
        """Look, refuse what can not work, and make up for what was cut off.

        `trying`: what goes wrong is no failed deploy.
        """
        target = self._house.target(self.key)
        self._say_to(listening)(State.PREFLIGHT, "Looking at the server")
        try:
            seen = await self._look(target, deep=deep)
            if leaving and (spec := in_force(self.key, target.spec, seen)) != target.spec:
                target.spec = spec
                seen = await self._look(target, deep=deep)
            refuse(self.key, target.spec, seen, self._house.hub_id, leaving=leaving)
            if not leaving and (
                self._is_ours(seen) or (not seen.settled and seen.running and seen.current)
            ):
                self._say_to(listening)(
                    State.RELOADING,
                    f"{seen.current} is current and nginx serves {seen.served or 'nothing'}:"
                    " making up for a deploy that was cut off",
                )
                owner = seen.lock[1] if seen.lock is not None else self._owner()
                say = self._say_to(listening)
                await Deploy(target, seen, owner, self._house.clock, say).settle()
                seen = await self._look(target, deep=deep)
        except HubError as error:
            if trying:
                self._set(State.IDLE, "")
            else:
                self._end(State.FAILED, error.message)
            raise
        except BaseException:
            self._end(State.IDLE, "")
            raise
        return target, seen

    def _is_left_over(self, seen: Seen) -> bool:
        """Tell whether a lock of this hub is on the server though nothing is deployed there."""
        return self._is_ours(seen) and not self._lock.locked() and self.state is State.IDLE

    def _is_ours(self, seen: Seen) -> bool:
        """Tell whether this hub has the lock that is on the server."""
        return seen.lock is not None and seen.lock[1].partition(" ")[0] == self._house.hub_id

    def _with(self, parts: Mapping[str, Part], changes: Changes) -> dict[str, Part]:
        found = dict(parts)
        for name, part in changes.items():
            if part is None:
                found.pop(name, None)
            else:
                found[name] = part
        target = self._house.target(self.key)
        own = f"{SERVER}/{self.key}"
        if own not in found:
            found[own] = Part(own, 0, dict(target.spec))
        return found

    async def _candidate(
        self, parts: Mapping[str, Part], seen: Seen, adopted: Mapping[str, str] | None = None
    ) -> Candidate:
        whole = await self._house.with_references(parts)
        pairs = await self._house.certificates(whole)
        return await asyncio.to_thread(
            candidates.build,
            whole,
            pairs,
            seen,
            hub_id=self._house.hub_id,
            server=self.key,
            adopted=adopted,
        )

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

    def _by_hand(self, new: Candidate, seen: Seen) -> list[Flaw]:
        """Return what stands against replacing files that were changed by hand."""
        return [
            Flaw(
                part or f"{SERVER}/{self.key}",
                "",
                f"{path} was changed by hand on {self.key}; adopt it or overwrite it first",
            )
            for path, part in candidates.by_hand(new.made(), seen).items()
        ]

    def _flaws(self, error: TestFailed, new: Candidate) -> list[Flaw]:
        release = new.made()
        base = str(new.parts[f"{SERVER}/{self.key}"].spec["base"])
        return diagnose(error.said, list(release.files.values()), base, release.id)

    def _deploy(self, target: Target, seen: Seen, listening: Sequence[Listening | None]) -> Deploy:
        return Deploy(target, seen, self._owner(), self._house.clock, self._say_to(listening))

    def _owner(self) -> str:
        return f"{self._house.hub_id} {secrets.token_hex(6)}"

    def _say_to(self, listening: Sequence[Listening | None]) -> Callable[[State, str], None]:
        def say(state: State, line: str) -> None:
            self._set(state, line)
            for item in listening:
                if item is not None:
                    item.log(f"{self.key}: {line}")

        return say

    def _set(self, state: State, message: str) -> None:
        self.state, self.message = state, message
        self._tell()

    def _end(self, outcome: State, message: str) -> None:
        self.outcome = outcome
        self._set(State.IDLE, message)

    def _tell(self) -> None:
        for callback in tuple(self._listeners):
            try:
                callback()
            except Exception:
                _LOGGER.exception("Somebody who listens to proxy.server/%s failed", self.key)


def _answer(requests: Sequence[Request], done: Deployed) -> None:
    for request in requests:
        if not request.answer.done():
            request.answer.set_result(done)


def _is_of_a_part(path: str) -> bool:
    """Tell the file of a resource from those that the hub needs as they are."""
    folder, _, name = path.rpartition("/")
    return folder in {"http", "stream"} and not name.startswith("00-")
