"""One deploy to one server: upload, test, swap, reload, prove; or everything as it was.

nginx's exit codes are no proof: a reload that can not bind a port answers 0 and keeps the old
configuration. Only the release id that nginx serves counts.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, TypeVar

from hub.sdk import Clock, HubError, OutcomeKind, OutcomeUnknown, TimedOut, Unavailable
from integrations.proxy.deploying import release as releases
from integrations.proxy.deploying.release import Release
from integrations.proxy.deploying.seen import Seen
from integrations.proxy.deploying.target import Target
from integrations.proxy.errors import RollbackFailed, RolledBack

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")

TRIES: Final = 4
"""How often a step after the swap is tried when the connection is lost: each can be repeated."""
_PAUSE: Final = 0.5
_CONFLICT: Final = re.compile(r"\[warn\].*conflicting server name")


class State(StrEnum):
    """How far a deploy to a server is, or how the last one ended."""

    IDLE = "idle"
    QUEUED = "queued"
    PREFLIGHT = "preflight"
    UPLOADING = "uploading"
    TESTING = "testing"
    SWAPPING = "swapping"
    RELOADING = "reloading"
    PROVING = "proving"
    DONE = "done"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    UNKNOWN = "unknown"


class TestFailed(Exception):  # noqa: N818
    """nginx refuses the candidate; carries what it wrote on standard error."""

    def __init__(self, said: str) -> None:
        """Keep nginx's words."""
        super().__init__(said)
        self.said = said


class NotTaken(HubError):  # noqa: N818
    """nginx was told to reload and still serves something else."""

    code = "not_taken"


Say = Callable[[State, str], None]


class Deploy:
    """The steps, in order, on a server whose local lock is held."""

    def __init__(self, target: Target, seen: Seen, owner: str, clock: Clock, say: Say) -> None:
        """`seen` is a fresh look; `owner` names the lock; `say` is told each state."""
        self._target = target
        self._seen = seen
        self._owner = owner
        self._clock = clock
        self._say = say

    async def rehearse(self, release: Release) -> str:
        """Upload and test, then take it away again; returns nginx's warnings.

        Raises `TestFailed`.
        """
        await self._stage(release)
        try:
            return await self._test()
        finally:
            await self._finish(release.id)

    async def release(
        self, release: Release, before_swap: Callable[[], Awaitable[None]], *, whole: bool = False
    ) -> str:
        """Make nginx serve a release; returns nginx's warnings.

        `whole` sends every file anew, also over those that were changed by hand.

        Raises `TestFailed` (nothing changed), `RolledBack`, `RollbackFailed`, `Unavailable` when
        the connection is lost for good: then the next look tells what is in force.
        """
        await self._stage(release, whole=whole)
        try:
            said = await self._test()
            await before_swap()
        except BaseException:
            await self._finish(release.id)
            raise
        await self._take(release.id, drop=release.id)
        return said

    async def take(self, id: str | None) -> None:
        """Make nginx serve a release that lies on the server; None = none of ours.

        On failure the release that was served is put back. Raises as `release` does, and `Busy`.
        """
        await self._target.lock(self._owner)
        await self._take(id, drop=None)

    async def _take(self, id: str | None, *, drop: str | None) -> None:
        before = self._seen.current
        try:
            await self._go(id)
        except (Unavailable, OutcomeUnknown):
            raise
        except HubError as error:
            await self._back(before, error)
            await self._finish(drop)
            raise RolledBack(
                f"proxy.server/{self._target.key}: {error.message};"
                f" {'release ' + before if before else 'the state before'} is served again"
            ) from error
        await self._finish(None)

    async def settle(self) -> None:
        """Finish or take back what the end of a hub or a connection cut off after the swap."""
        seen = self._seen
        previous = None if seen.manifest is None else seen.manifest.previous
        if not seen.settled:
            try:
                await self._reload_and_prove(seen.current)
            except (Unavailable, OutcomeUnknown):
                raise
            except HubError as error:
                await self._back(previous if previous in seen.releases else None, error)
        await self._finish(None)

    async def _stage(self, release: Release, *, whole: bool = False) -> None:
        self._say(State.UPLOADING, f"Uploading release {release.id}")
        before = None if whole else self._seen.manifest
        data = await asyncio.to_thread(releases.pack, release, before, self._seen.drift)
        await self._target.stage(
            release.id,
            self._owner,
            data,
            size=release.size,
            base_of=None if before is None else before.release,
            worker=self._seen.worker or "",
        )

    async def _test(self) -> str:
        """Let nginx test the candidate; warnings of a name that is taken are failures too."""
        self._say(State.TESTING, "nginx tests the candidate")
        outcome = await self._target.test()
        said = outcome.error_text[:16384]
        if outcome.kind is OutcomeKind.EXIT or _CONFLICT.search(said):
            raise TestFailed(said)
        outcome.check()
        return said

    async def _go(self, id: str | None) -> None:
        self._say(State.SWAPPING, f"Release {id} becomes the current one" if id else "Removing")
        offset = await self._sure(lambda: self._target.swap(id, self._log))
        await self._reload_and_prove(id, offset)

    async def _reload_and_prove(self, id: str | None, offset: int | None = None) -> None:
        target = self._target
        if id is None and not self._seen.running:
            self._say(State.RELOADING, "nginx does not run")
        elif target.own and id is None:
            self._say(State.RELOADING, "Ending nginx")
            await target.quit()
        elif target.own and not self._seen.running:
            self._say(State.RELOADING, "Starting nginx")
            await target.start()
        else:
            self._say(State.RELOADING, "nginx reloads")
            await self._sure(target.reload)
        self._say(State.PROVING, "Asking nginx for the release it serves")
        answer = await self._sure(lambda: target.prove(id or "-", self._log, offset))
        if answer is not None:
            raise NotTaken(_reason(answer))

    async def _back(self, before: str | None, why: HubError) -> None:
        """Put the release back that was served, and prove it."""
        self._say(State.RELOADING, f"{why.message}. Going back to {before or 'the state before'}")
        try:
            await self._sure(lambda: self._target.swap(before, self._log))
            if self._seen.running:
                await self._sure(self._target.reload)
            elif self._target.own:
                await self._target.quit()
            answer = await self._sure(lambda: self._target.prove(before or "-", self._log, None))
        except HubError as error:
            raise RollbackFailed(
                f"proxy.server/{self._target.key}: {why.message}; and going back failed:"
                f" {error.message}"
            ) from error
        if answer is not None:
            raise RollbackFailed(
                f"proxy.server/{self._target.key}: {why.message}; the release before could not be"
                f" proven either: {_reason(answer)}"
            )

    async def _sure(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do a step that may be repeated, again when the connection was lost in it."""
        for left in reversed(range(TRIES)):
            try:
                return await step()
            except (Unavailable, OutcomeUnknown, TimedOut) as error:
                if not left:
                    raise
                self._say(State.UNKNOWN, f"{error.message}; looking again")
                await self._clock.sleep(_PAUSE * 2 ** (TRIES - 1 - left))
        raise AssertionError("the last try raises")

    async def _finish(self, drop: str | None) -> None:
        """Clean up and unlock; what is not done now is done by the next deploy."""
        keep = self._target.spec["keep_releases"]
        try:
            async with asyncio.timeout(30):
                await self._target.finish(self._owner, keep, drop)
        except (HubError, TimeoutError) as error:
            _LOGGER.info("proxy.server/%s: clean-up was left: %s", self._target.key, error)

    @property
    def _log(self) -> str:
        if self._target.own:
            return f"{self._target.base}/log/error.log"
        return self._seen.error_log


def _reason(answer: str) -> str:
    """Return why nginx goes on with something else, from what it wrote into its log."""
    served, _, log = answer.partition("\n")
    found: dict[str, None] = {}
    for line in log.splitlines():
        _, mark, rest = line.partition("[emerg] ")
        if mark:
            found[re.sub(r"^[\d#: ]+", "", rest)[:200]] = None
    why = "; ".join(found) or "its log gives no reason"
    return f"nginx did not take the release over ({served}): {why}"
