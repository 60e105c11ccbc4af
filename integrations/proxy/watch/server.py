"""One server that is watched: a look each minute, and questions to the upstreams behind it."""

import asyncio
import logging
import random
import secrets
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from hub.sdk import Clock, HubError, Outcome, TimedOut, Unavailable
from integrations.proxy.const import SERVER
from integrations.proxy.models import Spec
from integrations.proxy.watch import answer, load
from integrations.proxy.watch import status as stub
from integrations.proxy.watch.answer import Look
from integrations.proxy.watch.host import Health, HostWatch, Window, judge
from integrations.proxy.watch.log import MAX_LOOK, ROTATE_AT, Following, Place, Sums, follow
from integrations.proxy.watch.told import Told
from integrations.proxy.watch.upstreams import Answer, Question, answers, questions

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = 60.0
SCRIPT_SECONDS: Final = 20.0
AT_ONCE: Final = 8
"""Upstreams that `probe.sh` asks side by side."""
PER_CALL: Final = 64
_SHORTEST: Final = 1.0
_LARGE: Final = 65536
"""Bytes of log from which on it is read beside the loop."""


class Reached(Protocol):
    """What a watch needs of a site."""

    key: str

    @property
    def spec(self) -> Spec:
        """Return the server's spec; raises `NotFound`."""

    @property
    def changes(self) -> int:
        """Return what moves with the beginning and the end of each deploy."""

    async def script(
        self,
        name: str,
        arguments: Sequence[str] = (),
        *,
        stdin: bytes | None = None,
        timeout: float = 20.0,  # noqa: ASYNC109
    ) -> Outcome:
        """Run a script on the server."""

    async def reopen(self) -> None:
        """Let nginx open its logs anew."""


class ServerWatch(Told):
    """What is known of one server's load and connections."""

    def __init__(self, site: Reached, clock: Clock) -> None:
        """Nothing is known before the first look."""
        super().__init__(f"{SERVER}/{site.key}")
        self.key = site.key
        self.site = site
        self.hosts: dict[str, HostWatch] = {}
        """The hosts that belong on it, by id."""
        self.look: Look | None = None
        """The newest; None = none, or the last attempt failed."""
        self.error: HubError | None = None
        self.at: float | None = None
        """When a look succeeded last, seconds since 1970."""
        self.requests: float | None = None
        """Per second, since the look before."""
        self.cpu: float | None = None
        """Percent, since the look before."""
        self.rubbish = 0
        """Lines of the log that were no records, since the hub started."""
        self._clock = clock
        self._changes = 0
        self._place: Place | None = None
        self._looked: float | None = None
        self._next = 0.0

    @property
    def connected(self) -> bool | None:
        """Tell whether the last look succeeded; None = there was none."""
        if self.error is not None:
            return False
        return None if self.look is None else True

    @property
    def reason(self) -> str | None:
        """Say why nothing is known; None = it is."""
        if self.error is not None:
            return self.error.code
        return "not_looked_yet" if self.look is None else None

    @property
    def served(self) -> str | None:
        """Return the release that nginx served in the last look; None = not known.

        A deploy that began or ended since then makes it a thing of the past.
        """
        if self.look is None or self._changes != self.site.changes:
            return None
        return self.look.served

    async def run(self, delay: float) -> None:
        """Look each minute for ever, and ask upstreams when they are due."""
        await self._clock.sleep(delay)
        while True:
            now = self._clock.monotonic()
            if now >= self._next:
                self._next = now + INTERVAL * random.uniform(0.95, 1.05)  # noqa: S311 - jitter
                await self.once()
            due = [host for host in self.hosts.values() if host.due(self.key) <= now]
            if due and self.error is None:
                await self.ask(due)
            soonest = min([self._next, *(host.due(self.key) for host in self._askable())])
            await self._clock.sleep(max(_SHORTEST, soonest - self._clock.monotonic()))

    async def once(self) -> None:
        """Look now; a failure becomes `error` and is logged once per outage."""
        try:
            async with asyncio.timeout(SCRIPT_SECONDS + 10):
                await self._look()
        except TimeoutError:
            self._fail(TimedOut(f"proxy.server/{self.key} did not answer in time"))
        except HubError as error:
            self._fail(error)
        except Exception as error:
            _LOGGER.exception("A look at proxy.server/%s failed in an unexpected way", self.key)
            self._fail(HubError(f"proxy.server/{self.key}: {type(error).__name__}"))

    async def ask(self, hosts: Iterable[HostWatch]) -> dict[str, list[Answer]]:
        """Ask the upstreams of hosts; returns the answers by the host's id."""
        asked: list[tuple[HostWatch, list[Question]]] = []
        now = self._clock.monotonic()
        for host in hosts:
            if host.spec.get("health_check"):
                host.asked(self.key, now)
            asked.append((host, questions(host.spec)))
        found: dict[str, list[Answer]] = {}
        for part in _calls(asked):
            found |= await self._ask(part)
        return found

    # --- private

    async def _look(self) -> None:
        mark = f"@hub:{secrets.token_hex(8)}"
        spec, place, changes = self.site.spec, self._place, self.site.changes
        inode, offset = ("-", 0) if place is None else (place.inode, place.offset)
        words = [mark, spec["base"], spec["status_port"], inode, offset, MAX_LOOK, ROTATE_AT]
        outcome = await self.site.script(
            "watch", [str(word) for word in words], timeout=SCRIPT_SECONDS
        )
        found = answer.read(outcome.check().stdout, mark)
        if found is None:
            raise Unavailable(f"proxy.server/{self.key}: the answer is not whole")
        following = await self._follow(found)
        now, before, known = self._clock.monotonic(), self.look, self._looked
        seconds = 0.0 if known is None or self.error is not None else now - known
        self.requests = stub.rate(None if before is None else before.stub, found.stub, seconds)
        self.cpu = load.cpu(None if before is None else before.ticks, found.ticks)
        if self.error is not None:
            _LOGGER.info("proxy.server/%s is back", self.key)
        self.look, self.error, self.at = found, None, self._clock.time()
        self._looked, self._place, self._changes = now, following.place, changes
        self.tell()
        # the first look reads nothing, what was logged while the server was away says nothing of
        # a minute, and without a log nobody knows: that is not the same as no visitors
        is_logged = spec.get("access_log", True) and bool(found.pieces)
        self._share(following, seconds if place is not None and is_logged else 0.0)
        if found.rotated:
            await self.site.reopen()

    async def _follow(self, found: Look) -> Following:
        if sum(len(piece.data) for piece in found.pieces) < _LARGE:
            return follow(self._place, found.pieces)
        return await asyncio.to_thread(follow, self._place, found.pieces)

    def _share(self, following: Following, seconds: float) -> None:
        """Give each host its part of the traffic."""
        tally = following.tally
        self.rubbish += tally.rubbish
        for host in self.hosts.values():
            window = None
            if seconds > 0:
                window = Window(seconds, tally.share, tally.hosts.get(host.id) or Sums())
            host.took(self.key, window, self._clock.time())

    def _fail(self, error: HubError) -> None:
        if self.error is None:
            _LOGGER.warning("proxy.server/%s can not be looked at: %s", self.key, error)
        self.look, self.error, self.requests, self.cpu = None, error, None, None
        self.tell()
        for host in self.hosts.values():
            host.away(self.key, error)

    def _askable(self) -> Iterable[HostWatch]:
        return () if self.error is not None else self.hosts.values()

    async def _ask(self, part: list[tuple[HostWatch, list[Question]]]) -> dict[str, list[Answer]]:
        mark = f"@hub:{secrets.token_hex(8)}"
        words = [word for _, asked in part for question in asked for word in question.words()]
        slowest = max((question.seconds for _, asked in part for question in asked), default=1)
        count = sum(len(asked) for _, asked in part)
        timeout = slowest * (1 + count // AT_ONCE) + SCRIPT_SECONDS
        error, replies = None, None
        try:
            outcome = await self.site.script("probe", [mark, *words], timeout=timeout)
            if outcome.status == _NO_CURL:
                error = "no_curl"
            else:
                replies = answer.replies(outcome.check().stdout, mark)
                error = None if replies is not None else "not_whole"
        except HubError as failure:
            error = failure.code
        found: dict[str, list[Answer]] = {}
        begin = 0
        for host, asked in part:
            here = {
                number - begin: reply
                for number, reply in (replies or {}).items()
                if begin <= number < begin + len(asked)
            }
            begin += len(asked)
            told = found[host.id] = [] if error is not None else answers(asked, here)
            host.answered(self.key, Health(self._clock.time(), judge(told), tuple(told), error))
        return found


_NO_CURL: Final = 70


def _calls(
    asked: list[tuple[HostWatch, list[Question]]],
) -> Iterable[list[tuple[HostWatch, list[Question]]]]:
    """Yield groups of hosts that fit into one command."""
    part: list[tuple[HostWatch, list[Question]]] = []
    count = 0
    for host, wanted in asked:
        if part and count + len(wanted) > PER_CALL:
            yield part
            part, count = [], 0
        part.append((host, wanted))
        count += len(wanted)
    if part:
        yield part
