"""Reconciling: observe, plan, apply as a job, prove, tell; one queue for each type.

Level-triggered: what is to be done follows from what is desired and what is found, never from what
somebody said had changed.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from hub.errors import HubError, NotFound, TimedOut, Unavailable
from hub.events import ORIGIN, Context
from hub.jobs import JobCancelled, JobInterrupted
from hub.resources import applying
from hub.resources.applying import ApplyFailed, words
from hub.resources.lanes import Lane, Lanes
from hub.resources.model import (
    Condition,
    Desired,
    DriftPolicy,
    Phase,
    Recovery,
    Resource,
    Status,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.hub import Hub
    from hub.jobs import Job, JobRecord
    from hub.resources.resources import Resources

_LOGGER = logging.getLogger(__name__)

KIND: Final = "resource.apply"
RECOVER_KIND: Final = "resource.recover"
"""What jobs of the engine are called."""

FIRST_RETRY: Final = 5.0
LONGEST_RETRY: Final = 600.0
"""Seconds between attempts, doubling from the first to the longest; jittered by a fifth."""

ANSWER_SECONDS: Final = 30.0
"""How long somebody who asked for an apply is kept waiting for its job."""

USERS_SECONDS: Final = 1.0
"""Between two looks whether what refers to a resource that is to go is gone."""

OBSERVE_TIMEOUT: Final = 60.0
"""Seconds that one look outside may take."""


class Engine:
    """Makes the world match every resource whose type has a controller."""

    def __init__(self, hub: "Hub", resources: "Resources") -> None:
        """Work for `hub`."""
        self._hub = hub
        self._resources = resources
        self._board = resources.board
        self.lanes = Lanes(hub, resources.types, self._reconcile)
        self._locks: dict[str, asyncio.Lock] = {}
        self._causes: dict[str, tuple[Context, str | None]] = {}
        """Who wants a resource to be made true, and from where; until it is."""
        self._must: set[str] = set()
        """Resources whose next plan is applied even when it looks like drift."""
        self._applies: dict[str, asyncio.Future[Job | None]] = {}
        self._interrupted: dict[str, JobRecord] = {}
        self._unsettled: dict[str, JobRecord] = {}
        """Applies that were cut off and are not made up for yet."""
        self._held: dict[str, int] = {}
        """Revisions whose apply a person cancelled: they wait for a word or a new spec."""
        self._stopping = False
        self.hook: Callable[[str], None] = lambda _name: None
        """Called between the steps of an apply; crash tests end the process here."""

    async def start(self) -> None:
        """Look at every resource once; what a crash cut off comes first."""
        for record in self._hub.jobs.interrupted():
            if record.kind in {KIND, RECOVER_KIND}:
                await self._cut_off(record)
        for resource in self._resources.list():
            self.changed(resource)

    async def stop(self) -> None:
        """Stop looking; applies go on until the jobs' room stops them."""
        self._stopping = True
        await self.lanes.stop()

    async def close(self) -> None:
        """Stop the controllers, when no apply runs any more."""
        await self.lanes.close()

    async def _cut_off(self, record: "JobRecord") -> None:
        """Remember an apply that the end of the hub cut off; only the newest of a resource."""
        earlier = self._interrupted.pop(record.target, None)
        if self._resources.store.get(record.target) is None:
            earlier = record
        else:
            self._interrupted[record.target] = record
        if earlier is not None:
            await self._hub.jobs.settle(earlier.id)

    # --- what others ask for

    def changed(
        self, resource: Resource, *, gone: bool = False, context: Context | None = None
    ) -> None:
        """Look at a resource soon: it was written, or it is gone."""
        if self._stopping:
            return
        if context is not None:
            self._causes[resource.id] = (context, ORIGIN.get())
        lane = self.lanes.opened(resource.type)
        if lane is not None and not gone:
            lane.queue.add(resource.id)
        else:
            self._hub.tasks.spawn(self._enqueue(resource, gone=gone), f"look at {resource.id}")

    async def look(self, desired: Desired) -> Sequence[Step]:
        """Return what would be done; raises `Unavailable` and what the controller raises."""
        lane = await self.lanes.get(desired.type)
        if lane is None:
            return ()
        observed = await self._observe(lane, desired)
        return list(lane.controller.plan(desired, observed))

    async def apply_now(
        self, resource: Resource, context: Context, *, repair: bool
    ) -> "Job | None":
        """Look at once and do what is to be done; None = nothing was.

        Raises `Unavailable` and what the controller raises when the outside can not be looked at.
        """
        lane = await self.lanes.get(resource.type)
        if lane is None:
            return None
        waiting = self._applies.get(resource.id)
        if waiting is None:
            waiting = asyncio.get_running_loop().create_future()
            self._applies[resource.id] = waiting
        self._causes[resource.id] = (context, ORIGIN.get())
        if repair:
            self._must.add(resource.id)
        lane.queue.add(resource.id)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(waiting)
        except TimeoutError:
            raise TimedOut(
                f"{resource.id} waits for its turn and will be looked at; its status tells when"
            ) from None

    # --- lanes

    async def _enqueue(self, resource: Resource, *, gone: bool) -> None:
        try:
            lane = await self.lanes.get(resource.type)
        except HubError as error:
            self._board.set(resource.id, Status(Phase.FAILED, error.message))
            self._hub.clock.call_later(LONGEST_RETRY, lambda: self._once_more(resource.id))
            return
        if lane is None:
            if not gone:
                self._settled(resource)
        elif gone:
            lane.queue.drop(resource.id)
            self._causes.pop(resource.id, None)
            self._answer(resource.id, None)  # nobody else will: no look comes any more
            await lane.controller.forget(resource.key)
        else:
            lane.queue.add(resource.id)

    def _once_more(self, id: str) -> None:
        """Look again at a resource that no queue holds, if it is still there."""
        resource = self._resources.store.get(id)
        if resource is not None:
            self.changed(resource)

    def _settled(self, resource: Resource) -> None:
        """Note that a resource without a controller is what it is."""
        try:
            self._resources.types.get(resource.type)
        except NotFound as error:
            self._board.set(resource.id, Status(Phase.UNKNOWN, error.message))
            return
        if resource.deleting:
            self._hub.tasks.spawn(self._leave(resource), f"end of {resource.id}")
            return
        status = Status(Phase.IN_SYNC, observed_revision=resource.revision)
        self._board.set(resource.id, status, lasting=False)

    async def _leave(self, resource: Resource) -> None:
        """Let a resource without a controller go when nothing refers to it any more."""
        current = self._resources.store.get(resource.id)
        if current is None or not current.deleting:
            return
        users = self._resources.store.users(resource.id)
        if not users:
            try:
                await self._resources.removed(current)
            except HubError as error:
                _LOGGER.warning("%s can not be deleted yet: %s", resource.id, error.message)
            else:
                return
        self._board.set(resource.id, Status(Phase.DELETING, _waiting_for(users)))
        self._hub.clock.call_later(USERS_SECONDS, lambda: self._once_more(resource.id))

    # --- one look

    async def _reconcile(self, id: str) -> None:
        """Look at one resource and do what its type and policy say."""
        # The task has inherited the origin of whoever happened to wake the queue.
        ORIGIN.set(self._causes.get(id, (None, None))[1])
        resource = self._resources.store.get(id)
        if resource is None:
            self._answer(id, None)
            return
        lane = await self.lanes.get(resource.type)
        if lane is None:
            return
        seen: Status | None = None
        try:
            desired = self._resources.specs.desired(resource)
            if (record := self._interrupted.pop(id, None)) is not None:
                await self._recover(lane, desired, record)
            observed = await self._observe(lane, desired)
            seen = status = self._status(lane, desired, observed)
            steps = list(lane.controller.plan(desired, observed))
        except HubError as error:
            self._failed(lane, resource, error, seen=seen)
            self._answer(id, error)
            return
        except Exception as error:  # noqa: BLE001 - somebody else's code
            away = Unavailable(words(error))
            self._failed(lane, resource, away)
            self._answer(id, away)
            return
        if resource.deleting and self._waits_for_users(lane, resource, status):
            return
        if not steps:
            await self._in_sync(lane, resource, status)
        elif self._applies_now(lane, resource):
            await self._apply(lane, desired, steps, status)
        else:
            self._drifted(lane, resource, status, steps)

    async def _observe(self, lane: Lane, desired: Desired) -> Any:
        try:
            async with asyncio.timeout(OBSERVE_TIMEOUT):
                return await lane.controller.observe(desired)
        except TimeoutError:
            raise Unavailable(f"Looking at it took longer than {OBSERVE_TIMEOUT:g} s") from None

    def _status(self, lane: Lane, desired: Desired, observed: Any) -> Status:
        """Return the status as far as a look alone can tell."""
        before = self._board.get(desired.id)
        since = {item.type: item for item in before.conditions}
        now = self._hub.clock.time()
        conditions = []
        for item in lane.controller.conditions(desired, observed):
            known = since.get(item.type)
            same = known is not None and known.status == item.status
            moment = known.since if known is not None and same else now
            conditions.append(Condition(item.type, item.status, item.reason, item.message, moment))
        return before.but(
            conditions=conditions,
            facts=dict(lane.controller.facts(desired, observed)),
            observed_at=now,
        )

    def _applies_now(self, lane: Lane, resource: Resource) -> bool:
        """Tell an apply that is due from drift that is only to be told."""
        before = self._board.get(resource.id)
        must = resource.id in self._must
        self._must.discard(resource.id)
        if self._held.get(resource.id) == resource.revision and not must:
            return False
        return (
            must
            or resource.deleting
            or before.attempts > 0
            or before.observed_revision != resource.revision
            or lane.type.drift is DriftPolicy.REPAIR
        )

    def _waits_for_users(self, lane: Lane, resource: Resource, status: Status) -> bool:
        """Let what refers to a resource go first."""
        users = self._resources.store.users(resource.id)
        if not users:
            return False
        message = _waiting_for(users)
        self._board.set(resource.id, status.but(phase=Phase.DELETING, message=message))
        lane.queue.add(resource.id, USERS_SECONDS)
        self._answer(resource.id, None)
        return True

    async def _in_sync(self, lane: Lane, resource: Resource, status: Status) -> None:
        self._must.discard(resource.id)
        self._causes.pop(resource.id, None)
        await self._made_up(resource.id)
        if resource.deleting:
            self._answer(resource.id, None)
            await self._resources.removed(resource)
            return
        self._board.set(
            resource.id,
            status.but(
                phase=Phase.IN_SYNC,
                message="",
                observed_revision=resource.revision,
                drift=(),
                attempts=0,
                retry_at=None,
            ),
        )
        self._answer(resource.id, None)
        self._later(lane, resource)

    def _drifted(
        self, lane: Lane, resource: Resource, status: Status, steps: Sequence[Step]
    ) -> None:
        if self._held.get(resource.id) == resource.revision:
            self._answer(resource.id, None)
            self._later(lane, resource)
            return
        ignored = lane.type.drift is DriftPolicy.IGNORE
        self._board.set(
            resource.id,
            status.but(
                phase=Phase.IN_SYNC if ignored else Phase.DRIFTED,
                message="" if ignored else f"changed outside: {steps[0].summary}",
                drift=steps,
                attempts=0,
                retry_at=None,
            ),
        )
        self._answer(resource.id, None)
        self._later(lane, resource)

    def _failed(
        self,
        lane: Lane,
        resource: Resource,
        error: HubError,
        outcome: str | None = None,
        *,
        seen: Status | None = None,
    ) -> None:
        """Say what is wrong and try again later; a look that failed may pass by itself.

        `seen` = the status as far as the look came.
        """
        before = seen or self._board.get(resource.id)
        attempts = before.attempts + 1
        delay = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(attempts - 1, 10))
        delay *= random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        away = isinstance(error, Unavailable)
        if before.message != error.message:
            _LOGGER.warning("%s: %s", resource.id, error.message)
        self._board.set(
            resource.id,
            before.but(
                phase=Phase.UNKNOWN if away else Phase.FAILED,
                message=error.message,
                outcome=before.outcome if outcome is None else outcome,
                attempts=attempts,
                retry_at=self._hub.clock.time() + delay,
            ),
        )
        lane.queue.add(resource.id, delay)

    def _later(self, lane: Lane, resource: Resource) -> None:
        """Look again after the type's interval."""
        seconds = lane.type.observe_seconds * random.uniform(0.9, 1.1)  # noqa: S311 - jitter
        lane.queue.add(resource.id, seconds)

    # --- applying

    async def _apply(
        self, lane: Lane, desired: Desired, steps: Sequence[Step], status: Status
    ) -> None:
        """Do the steps as a job and wait for its end."""
        resource = self._resources.store.get(desired.id)
        if resource is None:
            self._answer(desired.id, None)
            return
        job = await self._hub.jobs.start(
            KIND,
            desired.id,
            lambda job: self._work(lane, desired, steps, job),
            self._causes.get(desired.id, (None, None))[0],
        )
        phase = Phase.DELETING if desired.deleting else Phase.APPLYING
        self._board.set(
            desired.id, status.but(phase=phase, message=steps[0].summary, job_id=job.id)
        )
        self._answer(desired.id, job)
        try:
            await job.wait()
        except HubError as error:
            if not isinstance(error, JobInterrupted):
                self._after_failure(lane, resource, error)
                await self._tell(lane, desired)
            return
        await self._after_apply(lane, desired)

    async def _work(
        self, lane: Lane, desired: Desired, steps: Sequence[Step], job: "Job"
    ) -> dict[str, Any]:
        """Wait for the outside host, then do the steps; planned anew when that took a while."""
        host = self._host(lane.type.lock(desired.spec))
        if host is None:
            return await self._run(lane, desired, steps, job)
        waited = host.locked()
        if waited:
            job.progress(0.0, "Waits for another apply on the same host")
        with job.cancel_anywhere():
            await host.acquire()
        try:
            if waited:
                steps = list(lane.controller.plan(desired, await self._observe(lane, desired)))
            if not steps:
                return {"outcome": applying.NOTHING_DONE, "steps": 0}
            return await self._run(lane, desired, steps, job)
        finally:
            host.release()

    async def _run(
        self, lane: Lane, desired: Desired, steps: Sequence[Step], job: "Job"
    ) -> dict[str, Any]:
        seconds = lane.type.apply_seconds
        return await applying.run(lane.controller, desired, steps, job, seconds, self.hook)

    async def _after_apply(self, lane: Lane, desired: Desired) -> None:
        self._held.pop(desired.id, None)
        await self._made_up(desired.id)
        before = self._board.get(desired.id)
        self._board.set(
            desired.id,
            before.but(
                phase=Phase.DELETING if desired.deleting else Phase.IN_SYNC,
                message="",
                observed_revision=desired.revision,
                drift=(),
                outcome=applying.APPLIED,
                attempts=0,
                retry_at=None,
                observed_at=self._hub.clock.time(),
            ),
        )
        # Look once more: conditions and facts are new, and what is deleted can go now.
        lane.queue.add(desired.id)

    def _after_failure(self, lane: Lane, resource: Resource, error: HubError) -> None:
        """Tell a failed apply; the phase is failed even when only the outside was away."""
        outcome = error.outcome if isinstance(error, ApplyFailed) else None
        cancelled = isinstance(error, JobCancelled)
        if cancelled:
            self._held[resource.id] = resource.revision
        self._failed(lane, resource, error, outcome)
        status = self._board.get(resource.id)
        retry_at = None if cancelled else status.retry_at
        self._board.set(resource.id, status.but(phase=Phase.FAILED, retry_at=retry_at))

    async def _tell(self, lane: Lane, desired: Desired) -> None:
        """Show what a failed apply left behind; the next attempt looks for itself."""
        try:
            observed = await self._observe(lane, desired)
            status = self._status(lane, desired, observed)
        except Exception as error:  # noqa: BLE001 - the failure itself has been told
            _LOGGER.debug("%s: no look after the failure: %s", desired.id, words(error))
            return
        self._board.set(desired.id, status)

    def _host(self, name: str | None) -> asyncio.Lock | None:
        """Return what keeps two applies from one outside host."""
        return None if name is None else self._locks.setdefault(name, asyncio.Lock())

    async def _recover(self, lane: Lane, desired: Desired, record: "JobRecord") -> None:
        """Finish or roll back an apply that the end of the hub cut off."""
        self._must.add(desired.id)
        plan, begun = record.journal.get(applying.PLAN), record.journal.get(applying.BEGUN)
        before = self._board.get(desired.id)
        self._board.set(desired.id, before.but(outcome=applying.INTERRUPTED, job_id=record.id))
        if plan is None or begun is None or lane.type.recovery is Recovery.FINISH:
            self._unsettled[desired.id] = record
            return
        steps = [Step.from_dict(item) for item in plan["steps"]][: begun + 1]
        then = await self._as_of(desired, plan["revision"])

        async def work(job: "Job") -> dict[str, Any]:
            outcome = await applying.undo(lane.controller, then, steps, job, self.hook)
            return {"outcome": outcome, "steps": len(steps)}

        async with self._host(lane.type.lock(then.spec)) or AsyncExitStack():
            job = await self._hub.jobs.start(
                RECOVER_KIND,
                desired.id,
                work,
                resume=record,
            )
            result = await job.wait()
        before = self._board.get(desired.id)
        self._board.set(desired.id, before.but(outcome=result["outcome"], job_id=job.id))

    async def _made_up(self, id: str) -> None:
        """Settle an apply that was cut off: what it should have done is done."""
        if (record := self._unsettled.pop(id, None)) is not None:
            await self._hub.jobs.settle(record.id)

    async def _as_of(self, desired: Desired, revision: int) -> Desired:
        """Return a resource as it was in an older revision; as it is when that is not kept."""
        if revision == desired.revision:
            return desired
        try:
            stored = await self._resources.stored(desired.id, revision)
        except NotFound:
            return desired
        if stored is None:
            return desired
        spec = self._resources.specs.opened(desired.type, desired.key, stored)
        return Desired(desired.type, desired.key, spec, revision, deleting=False)

    def _answer(self, id: str, result: "Job | HubError | None") -> None:
        """Tell whoever asked for an apply what became of it."""
        waiting = self._applies.pop(id, None)
        if waiting is None or waiting.done():
            return
        if isinstance(result, HubError):
            waiting.set_exception(result)
            waiting.exception()  # it is not lost when the one who asked has gone
        else:
            waiting.set_result(result)


def _waiting_for(users: Sequence[str]) -> str:
    return f"waits for {', '.join(users)} to be gone" if users else ""
