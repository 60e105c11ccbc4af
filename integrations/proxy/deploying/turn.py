"""One deploy on a server, from the look before it to what is known after it."""

import asyncio
import secrets
from collections.abc import Awaitable, Mapping, Sequence

from hub.sdk import HubError, Unavailable
from integrations.proxy.const import SERVER
from integrations.proxy.deploying import candidates
from integrations.proxy.deploying.asking import (
    Changes,
    Deployed,
    House,
    Listening,
    Request,
)
from integrations.proxy.deploying.candidates import Candidate
from integrations.proxy.deploying.deploy import Deploy, State, TestFailed
from integrations.proxy.deploying.diagnose import diagnose
from integrations.proxy.deploying.preflight import in_force, refuse
from integrations.proxy.deploying.seen import Manifest, Seen, after_deploy
from integrations.proxy.deploying.sight import Sight
from integrations.proxy.deploying.target import Target
from integrations.proxy.errors import Rejected
from integrations.proxy.models import Flaw, Part


class NotNoted(Exception):  # noqa: N818
    """Some could not keep what a crash must not lose: nothing was swapped, they were told."""


class Turn(Sight):
    """Deploys one candidate at a time; the lock is held by whoever calls."""

    def __init__(self, key: str, house: House) -> None:
        """Nothing is known yet."""
        super().__init__(key, house)
        self._lock = asyncio.Lock()

    async def mend(self) -> Seen:
        """Finish or take back a deploy that the end of a hub cut off; its lock tells of it."""
        async with self._lock:
            _, seen = await self._preflight(deep=True)
            self._end(self.outcome or State.IDLE, "")
            return seen

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
        before, self.changes = self.seen, self.changes + 1
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
            self.changes += 1
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

    def _is_left_over(self, seen: Seen) -> bool:
        """Tell whether a lock of this hub is on the server though nothing is deployed there."""
        return self._is_ours(seen) and not self._lock.locked() and self.state is State.IDLE
