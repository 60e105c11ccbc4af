"""What is known of one server: the last look, how far a deploy is, and who is told of it."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hub.sdk import HubError, Outcome
from integrations.proxy.deploying.asking import (
    House,
    Listening,
)
from integrations.proxy.deploying.deploy import State
from integrations.proxy.deploying.seen import Manifest, Seen
from integrations.proxy.deploying.target import Target
from integrations.proxy.models import Part, Spec

_LOGGER = logging.getLogger(__name__)


class Sight:
    """One server as it was seen last."""

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
        self._looking: asyncio.Future[Seen] | None = None
        self.changes = 0
        """Counts the beginnings and ends of deploys: what was found before one is over."""
        self._listeners: list[Callable[[], None]] = []

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

    async def _look(self, target: Target, *, deep: bool) -> Seen:
        began = self.changes
        try:
            seen = await target.look(self.seen, deep=deep)
        except HubError as error:
            self.error = error
            self._tell()
            raise
        if began != self.changes and self.seen is not None:
            return self.seen  # a deploy began or ended meanwhile: what was found is over
        if seen.drift is None and self.seen is not None and self.seen.current == seen.current:
            seen = replace(seen, drift=self.seen.drift)
        self.seen, self.error = seen, None
        self._tell()
        return seen

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

    def _is_ours(self, seen: Seen) -> bool:
        """Tell whether this hub has the lock that is on the server."""
        return seen.lock is not None and seen.lock[1].partition(" ")[0] == self._house.hub_id
